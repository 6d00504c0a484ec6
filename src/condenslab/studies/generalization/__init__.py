"""The study of generalization: interpolation in one dimension from large and from small weights."""

from condenslab.studies.generalization.study import STUDY

__all__ = ["STUDY"]
