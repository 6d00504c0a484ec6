"""The study of dropout: does it condense, and is it its mean penalty that does?"""

from condenslab.studies.dropout.study import STUDY

__all__ = ["STUDY"]
