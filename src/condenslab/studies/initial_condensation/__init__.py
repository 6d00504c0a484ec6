"""The study of initial condensation: how many orientations a layer has while training begins."""

from condenslab.studies.initial_condensation.study import STUDY

__all__ = ["STUDY"]
