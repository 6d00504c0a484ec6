"""The recovery study: training, condensation, critical functions, reduction, embedding and rank in one run."""

from condenslab.studies.recovery.study import STUDY

__all__ = ["STUDY"]
