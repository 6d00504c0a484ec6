"""The study `matrix_completion`: which entries of a low-rank matrix determine the others."""

from condenslab.studies.matrix_completion.study import STUDY

__all__ = ["STUDY"]
