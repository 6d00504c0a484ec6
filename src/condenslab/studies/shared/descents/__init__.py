"""Descents of a tanh network and what condenses, for `dropout`, `knobs`, `generalization` and `no_free_lunch`."""

from condenslab.studies.shared.descents.cases import DESCENTS, DescentCase

__all__ = ["DESCENTS", "DescentCase"]
