"""The study `embedding_width`: what becomes of a minimum of a narrow network in a wider one."""

from condenslab.studies.embedding_width.study import STUDY

__all__ = ["STUDY"]
