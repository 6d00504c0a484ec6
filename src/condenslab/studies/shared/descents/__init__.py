"""What the studies `dropout`, `knobs` and `generalization` share: a descent of a tanh network, and what condenses."""

from condenslab.studies.shared.descents.cases import DescentCase
from condenslab.studies.shared.descents.study import DescentStudy

__all__ = ["DescentCase", "DescentStudy"]
