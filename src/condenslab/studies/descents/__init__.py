"""What the studies `dropout`, `knobs` and `generalization` share: a descent of a tanh network, and what condenses."""

from condenslab.studies.descents.cases import DescentCase
from condenslab.studies.descents.study import DescentStudy

__all__ = ["DescentCase", "DescentStudy"]
