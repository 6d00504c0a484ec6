"""The branches of the target set: their ranks, how fast flow comes to them, and from how many samples it recovers."""

from condenslab.studies.branches.study import STABILITY, STUDY

__all__ = ["STABILITY", "STUDY"]
