"""Descents of a tanh network and what condenses, for the studies of knobs, of dropout and of generalization."""

from condenslab.studies.shared.descents.cases import DESCENTS, DescentCase

__all__ = ["DESCENTS", "DescentCase"]
