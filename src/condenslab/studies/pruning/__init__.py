"""The pruning study: how few neurons does a network need that rests on a plateau?"""

from condenslab.studies.pruning.study import STUDY

__all__ = ["STUDY"]
