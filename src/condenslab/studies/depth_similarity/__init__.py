"""The study `depth_similarity`: whether networks of different depths rest at the same risks."""

from condenslab.studies.depth_similarity.study import STUDY

__all__ = ["STUDY"]
