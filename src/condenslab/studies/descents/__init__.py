"""What the studies `dropout`, `knobs` and `generalization` share: one descent of a tanh network, and how it condenses."""

from condenslab.studies.descents.cases import DescentCase, compile_key

__all__ = ["DescentCase", "compile_key"]
