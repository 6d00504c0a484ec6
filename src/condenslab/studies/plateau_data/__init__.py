"""The study `plateau_data`: whether more data free a deep network from a plateau sooner."""

from condenslab.studies.plateau_data.study import STUDY

__all__ = ["STUDY"]
