"""The study of knobs: what makes a network condense more, on one task with one measure."""

from condenslab.studies.knobs.study import STUDY

__all__ = ["STUDY"]
