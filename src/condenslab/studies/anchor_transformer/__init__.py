"""Does a transformer reason or memorise? Small and large initial scales on anchor functions."""

from condenslab.studies.anchor_transformer.study import STUDY

__all__ = ["STUDY"]
