"""The study `tuning_tolerance`: what more samples than the optimistic number buy."""

from condenslab.studies.tuning_tolerance.study import STUDY

__all__ = ["STUDY"]
