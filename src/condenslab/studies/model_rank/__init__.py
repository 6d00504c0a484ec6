"""How many directions of function space can a network move in, condensed and not?"""

from condenslab.studies.model_rank.study import STUDY

__all__ = ["STUDY"]
