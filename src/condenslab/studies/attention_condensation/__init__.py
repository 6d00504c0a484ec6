"""The study `attention_condensation`: which parts of a transformer condense along training."""

from condenslab.studies.attention_condensation.study import STUDY

__all__ = ["STUDY"]
