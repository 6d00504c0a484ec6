"""How few samples a target needs: optimistic sample size in theory and by measurement, and local linear recovery."""

from condenslab.sample_size import optimistic, planning
from condenslab.sample_size.coefficients import TangentRank, tangent_rank
from condenslab.sample_size.decoder_accuracy import DecoderAccuracy
from condenslab.sample_size.empirical import EmpiricalSize, SizeTried, empirical
from condenslab.sample_size.optimistic import OptimisticSize
from condenslab.sample_size.points import (
    convolution_points,
    deep_diagonal_points,
    deep_points,
    dense_points,
    diagonal_points,
    factorisation_points,
)
from condenslab.sample_size.recovery import Transition, llr_transition, tangent_features, transition_of
from condenslab.sample_size.samples import (
    Design,
    first_recovering,
    hooks,
    matrix_design,
    minimal_design,
    observed_components,
    order_ranks,
)
from condenslab.sample_size.target_set import TargetPoint, TargetSetMinimum, minimum_rank
from condenslab.sample_size.trials import Request, Trial
from condenslab.sample_size.tuning import OptunaSearch

__all__ = [
    "DecoderAccuracy",
    "Design",
    "EmpiricalSize",
    "OptimisticSize",
    "OptunaSearch",
    "Request",
    "SizeTried",
    "TangentRank",
    "TargetPoint",
    "TargetSetMinimum",
    "Transition",
    "Trial",
    "convolution_points",
    "deep_diagonal_points",
    "deep_points",
    "dense_points",
    "diagonal_points",
    "empirical",
    "factorisation_points",
    "first_recovering",
    "hooks",
    "llr_transition",
    "matrix_design",
    "minimal_design",
    "minimum_rank",
    "observed_components",
    "optimistic",
    "order_ranks",
    "planning",
    "tangent_features",
    "tangent_rank",
    "transition_of",
]
