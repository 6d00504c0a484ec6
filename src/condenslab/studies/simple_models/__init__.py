"""What does small initialisation reach against the optimistic sample size, in models with nothing hidden?"""

from condenslab.studies.simple_models.study import STUDY

__all__ = ["STUDY"]
