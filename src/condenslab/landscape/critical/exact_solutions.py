"""Exact solutions, R = 0 of the squared loss: whether one lies next to a point, however steep its neurons are."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from condenslab.networks import MLP, TwoLayer, ravel, unravel
from condenslab.risk import EmpiricalRisk, SquaredLoss

_STANDS = 1e-5
_EXACT = 1e-10
_AT_REST = 1e-13
_CLOSE = 1e-3
_NEARBY = 0.05
_CONTRACTION = 4.0
_GAUSS_NEWTON = 8
_FULL_RANK = 1e-12


def attains_zero(risk: EmpiricalRisk, network: TwoLayer | MLP) -> bool:
    """Says whether an exact solution, R = 0 of the squared loss, lies next to θ.

    It does where the outputs of all samples can be moved independently and Gauss and Newton's method reaches residuals
    that are rounding at once, or by steps that contract quadratically: in a channel, where R falls towards an infimum
    at infinity, steps go on and on.

    Args:
        risk: R.
        network: θ.
    """
    if not isinstance(risk.loss, SquaredLoss) or not ravel(network).size:
        return False
    counted = np.flatnonzero(np.asarray(risk.probabilities) > 0)
    inputs, targets = np.asarray(risk.inputs)[counted], np.asarray(risk.targets)[counted]
    unit = max(float(np.abs(targets).max()), float(np.finfo(float).tiny))
    _, first = np.unique(inputs, axis=0, return_index=True)  # repeated inputs move together
    theta, last = np.asarray(ravel(network)), np.inf
    wide = len(first) == len(counted) and len(first) * targets.shape[1] <= theta.size
    for taken in range(_GAUSS_NEWTON):
        residuals, jacobian = (np.asarray(part)[counted] for part in _fit(risk, unravel(jnp.asarray(theta), network)))
        if not np.abs(residuals).max() <= _CLOSE * unit:
            return False
        jacobian = jacobian[first].reshape(-1, theta.size)
        step = np.linalg.lstsq(jacobian, residuals[first].ravel(), rcond=None)[0]
        moved = np.max(np.abs(step) / (1 + np.abs(theta)))
        exact = np.abs(residuals).max() <= _EXACT * unit
        if moved <= _STANDS and (exact or moved <= _AT_REST or not wide):
            break
        if not moved <= min(_NEARBY, last / _CONTRACTION):
            return False
        theta = theta - step
        last = moved if taken else np.inf  # the first step goes down the steep sides and tells nothing of the channel
    else:
        return False
    if not wide and not exact:
        return False
    if jacobian.shape[0] <= theta.size:  # each sample on its own scale; parameters share that of the data
        jacobian = jacobian / np.maximum(np.linalg.norm(jacobian, axis=1, keepdims=True), np.finfo(float).tiny)
    values = np.linalg.svd(jacobian, compute_uv=False)
    return bool(values[-1] > _FULL_RANK * values[0])


@eqx.filter_jit
def _fit(risk: EmpiricalRisk, network: TwoLayer | MLP) -> tuple[Array, Array]:
    return risk.residuals(network), risk.jacobian(network)


def near_zero(risk: EmpiricalRisk, networks: TwoLayer | MLP) -> np.ndarray:
    """Says of many networks whether their residuals are small enough for `attains_zero` to be worth asking.

    Args:
        risk: R.
        networks: Networks with a leading axis on every array.

    Returns:
        Shape (network,).
    """
    count = len(jax.tree.leaves(networks)[0])
    if not isinstance(risk.loss, SquaredLoss):
        return np.zeros(count, bool)
    counted = np.asarray(risk.probabilities) > 0
    unit = np.abs(np.asarray(risk.targets)[counted]).max(initial=float(np.finfo(float).tiny))
    return np.asarray(_largest_residual(risk, networks)) <= _CLOSE * unit


@eqx.filter_jit
def _largest_residual(risk: EmpiricalRisk, networks: TwoLayer | MLP) -> Array:
    counted = risk.probabilities[:, None] > 0
    return jax.vmap(lambda network: jnp.max(jnp.where(counted, jnp.abs(risk.residuals(network)), 0.0)))(networks)
