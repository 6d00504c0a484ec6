"""The loss landscape of dense networks: embedding, degeneracy, reduction, critical points."""

from condenslab.landscape.compatible import CompatibleEmbedding
from condenslab.landscape.constructors import as_compatible, compose, k_step, null_neuron, three_fold, two_fold_null
from condenslab.landscape.critical import CriticalPoint, CriticalPoints, critical_points
from condenslab.landscape.degeneracy import (
    CriticalSubspace,
    SaddleCertificate,
    critical_subspace,
    local_test_matrix,
    saddle_certificate,
)
from condenslab.landscape.embedding import Splitting, embed, equal_splitting, split, split_to_width, splitting
from condenslab.landscape.fixture import make_critical
from condenslab.landscape.receipt import Receipt, make_receipt, risk_receipt
from condenslab.landscape.reduction import Reduction, reduce
from condenslab.landscape.starts import StartLaw
from condenslab.landscape.stationary import Fate, Polish, polish

__all__ = [
    "CompatibleEmbedding",
    "CriticalPoint",
    "CriticalPoints",
    "CriticalSubspace",
    "Fate",
    "Polish",
    "Receipt",
    "Reduction",
    "SaddleCertificate",
    "Splitting",
    "StartLaw",
    "as_compatible",
    "compose",
    "critical_points",
    "critical_subspace",
    "embed",
    "equal_splitting",
    "k_step",
    "local_test_matrix",
    "make_critical",
    "make_receipt",
    "null_neuron",
    "polish",
    "reduce",
    "risk_receipt",
    "saddle_certificate",
    "split",
    "split_to_width",
    "splitting",
    "three_fold",
    "two_fold_null",
]
