"""What the studies `dropout`, `knobs` and `generalization` share: a descent of a tanh network, and what condenses."""

from condenslab.studies.descents.cases import DescentCase, compile_key

__all__ = ["DescentCase", "compile_key"]
