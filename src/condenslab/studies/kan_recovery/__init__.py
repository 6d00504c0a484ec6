"""The study `kan_recovery`: from how many samples training recovers a spline network, by width and by grid."""

from condenslab.studies.kan_recovery.study import STUDY

__all__ = ["STUDY"]
