"""Hessian and tangents of a risk: of one rank where residuals are rounding; elsewhere, what float64 sees of them."""

import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import PyTree

from condenslab.losses import SquaredLoss
from condenslab.measures.coincidences import is_common
from condenslab.measures.rank import Rank, rank_of_tangents
from condenslab.measures.rank_evidence import tangents_again
from condenslab.measures.tangent_array import tangent_array
from condenslab.memory import shortage
from condenslab.networks import MatrixFactorisation
from condenslab.risk import EmpiricalRisk

_EPSILON = float(np.finfo(np.float64).eps)
_MARGIN = 4.0
"""So many times what the last digits of θ and of the sums change count as rounding of an output."""
_FAR = 1e-6
"""A residual above this, beside the largest output or target, is none: no tangents are computed for it."""


def tangents_where_interpolating(risk: EmpiricalRisk, network: PyTree) -> Rank | None:
    """Returns the rank of the tangents ∂f_o(x_i)/∂θ on the data where θ interpolates them; elsewhere None.

    It interpolates where every residual is no larger than what the last digits of θ, of the output and of the target
    change: eps·(Σ_j |θ_j ∂f/∂θ_j| + |f| + |y|), to first order. Then ∇²R = 2·Σ_i p_i ∇f_i ∇f_iᵀ up to as much. None
    also where memory does not hold the tangents.

    Args:
        risk: R; only the squared loss is known to be curved wherever it is at its minimum.
        network: θ.
    """
    if not isinstance(risk.loss, SquaredLoss):
        return None
    counted = risk.counted().matching(network)
    residuals = np.abs(np.asarray(counted.residuals(network), dtype=np.float64))
    outputs, targets = np.abs(np.asarray(counted.outputs(network))), np.abs(np.asarray(counted.targets))
    if np.max(residuals) > _FAR * max(np.max(outputs), np.max(targets)):
        return None
    theta = np.asarray(ravel_pytree(network)[0])
    if shortage(3 * 8 * residuals.size * theta.size):
        return None
    jacobian = tangent_array(network, counted.inputs, predict=counted.predict)
    scale = 1.0 if counted.scale is None else abs(float(counted.scale))
    size = scale * (np.abs(jacobian) @ np.abs(theta)) + outputs + targets
    if not np.all(residuals <= _MARGIN * _EPSILON * size):
        return None
    return rank_of_tangents(network, counted.inputs, counted.predict, jacobian)


def float64_sees_tangents(risk: EmpiricalRisk, network: PyTree) -> bool:
    """Whether float64 sees in a Hessian all tangents that there are on the data.

    The Hessian squares them: those below √eps are not seen. Neurons that nearly agree, that are saturated or of tiny
    weight have such; then an eigenvalue that looks zero need not be. Where there are many samples, half as many rows
    again as parameters are looked at.

    Args:
        risk: R.
        network: θ.
    """
    if isinstance(network, MatrixFactorisation):
        return True  # a low rank of its factors is no coincidence of entries, and lost where they are moved
    counted = risk.counted().matching(network)
    samples, outputs = counted.targets.shape
    needed = min(samples, -(-3 * ravel_pytree(network)[0].size // (2 * outputs)) + 8)
    probes = counted.inputs[np.random.default_rng(0).permutation(samples)[:needed]]
    tangents = tangent_array(network, probes, predict=counted.predict)
    values = np.linalg.svd(tangents.reshape(-1, tangents.shape[-1]), compute_uv=False)
    seen = int(np.count_nonzero(values > np.sqrt(_EPSILON) * np.max(values, initial=0.0)))
    again = tangents_again(network, probes, counted.predict, tangents, seen)
    if isinstance(again, str):
        return is_common(network, probes, counted.predict, seen)
    return again.rank <= seen or not again.firm  # what the last digits of θ decide is rounding
