"""The loss landscape of dense networks: embedding, reduction, critical points."""

from condenslab.landscape.critical import CriticalPoint, CriticalPoints, critical_points
from condenslab.landscape.embedding import Splitting, embed, equal_splitting, split, split_to_width, splitting
from condenslab.landscape.receipt import Receipt, make_receipt, risk_receipt
from condenslab.landscape.reduction import Reduction, reduce
from condenslab.landscape.starts import StartLaw
from condenslab.landscape.stationary import Fate, Polish, polish

__all__ = [
    "CriticalPoint",
    "CriticalPoints",
    "Fate",
    "Polish",
    "Receipt",
    "Reduction",
    "Splitting",
    "StartLaw",
    "critical_points",
    "embed",
    "equal_splitting",
    "make_receipt",
    "polish",
    "reduce",
    "risk_receipt",
    "split",
    "split_to_width",
    "splitting",
]
