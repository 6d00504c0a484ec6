"""The critical_functions study: the exercise on width-3 tanh networks, answered by searches of widths 1, 2 and 3."""

from condenslab.studies.critical_functions.study import STUDY

__all__ = ["STUDY"]
