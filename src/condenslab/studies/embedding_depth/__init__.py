"""The study `embedding_depth`: what a shallow network's critical points and plateaus are in a deeper one."""

from condenslab.studies.embedding_depth.study import STUDY

__all__ = ["STUDY"]
