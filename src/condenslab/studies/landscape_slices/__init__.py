"""The landscape_slices study: lines and planes through embedded critical points and along a training trajectory."""

from condenslab.studies.landscape_slices.study import STUDY

__all__ = ["STUDY"]
