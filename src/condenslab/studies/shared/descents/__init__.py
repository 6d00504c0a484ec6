"""What the studies `dropout`, `knobs` and `generalization` share: a descent of a tanh network, and what condenses."""

from condenslab.studies.shared.descents.cases import DESCENTS, DescentCase

__all__ = ["DESCENTS", "DescentCase"]
