"""The study `no_free_lunch`: what no search and no setting of a network can do, where a function has no structure."""

from condenslab.studies.no_free_lunch.study import STUDY

__all__ = ["STUDY"]
