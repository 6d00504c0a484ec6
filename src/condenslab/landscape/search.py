"""The compiled part of the search for critical points, and the verdict on where each start ended."""

from dataclasses import dataclass

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from condenslab.landscape.stationary import STANDSTILL, Fate, newton_step, solve
from condenslab.networks import TwoLayer, ravel
from condenslab.risk import EmpiricalRisk

_CONSTANT = 1e-6


@dataclass(frozen=True, eq=False)
class Ends:
    """Where the starts ended.

    Attributes:
        networks: All end points, with a leading axis on every array.
        norms: L1 norm of ∇R, shape (start,).
        newton: Length of the next Newton step, largest |δ_j|/(1 + |θ_j|), infinite where not finite, shape (start,).
    """

    networks: TwoLayer
    norms: np.ndarray
    newton: np.ndarray

    def network(self, start: int) -> TwoLayer:
        """Returns the end point of one start."""
        return jax.tree.map(lambda leaf: jnp.asarray(leaf[start]), self.networks)


def search(risk: EmpiricalRisk, networks: TwoLayer, descent_steps: Array, root_steps: int) -> Ends:
    """Runs `stationary.solve` from every start in one compiled program.

    Args:
        risk: R.
        networks: The starts, with a leading axis on every array.
        descent_steps: Steps of descent of each start, shape (start,).
        root_steps: At most so many steps of the root finder.
    """
    ended, theta, gradient, hessian = _search(risk, networks, descent_steps, root_steps)
    theta, gradient, hessian = np.asarray(theta), np.asarray(gradient), np.asarray(hessian)
    lengths = np.full(len(theta), np.inf)
    finite = np.isfinite(theta).all(axis=1) & np.isfinite(hessian).all(axis=(1, 2))
    step = newton_step(gradient[finite], hessian[finite])
    lengths[finite] = np.max(np.abs(step) / (1 + np.abs(theta[finite])), axis=1)
    return Ends(jax.tree.map(np.asarray, ended), np.abs(gradient).sum(axis=1), lengths)


def judge(risk: EmpiricalRisk, ends: Ends, *, tolerance: float, steepest: float) -> list[Fate]:
    """Says what became of every start; see `critical_points` for the criteria.

    Args:
        risk: R.
        ends: Where the starts ended.
        tolerance: The L1 norm of the gradient that counts as zero.
        steepest: The largest jump of w·x between neighbouring samples.
    """
    saturated = _saturated(risk, ends.networks, steepest)
    fates = []
    for norm, length, flat in zip(ends.norms, ends.newton, saturated, strict=True):
        if not np.isfinite(length):
            fates.append(Fate.DIVERGED)
        elif norm > tolerance:
            fates.append(Fate.UNCONVERGED)
        elif flat:
            fates.append(Fate.SATURATED)
        else:
            fates.append(Fate.CRITICAL if length <= STANDSTILL else Fate.FLAT)
    return fates


@eqx.filter_jit
def _search(
    risk: EmpiricalRisk, networks: TwoLayer, descent_steps: Array, root_steps: int
) -> tuple[TwoLayer, Array, Array, Array]:
    def one(network: TwoLayer, steps: Array) -> tuple[TwoLayer, Array, Array, Array]:
        end = solve(risk, network, steps, root_steps)
        return end, ravel(end), ravel(risk.gradient(end)), risk.hessian(end)

    return jax.vmap(one)(networks, descent_steps)


def _saturated(risk: EmpiricalRisk, networks: TwoLayer, steepest: float) -> np.ndarray:
    """Whether some neuron of each network is constant on the data, or steps between two samples, shape (start,)."""
    if networks.activation.homogeneity is not None:
        return np.zeros(len(networks.input_weights), dtype=bool)
    flat = np.asarray(_constant_neurons(risk, networks))
    projections = np.einsum("nd,skd->skn", np.asarray(risk.inputs), networks.input_weights)
    return np.any(flat | (_median_jump(projections) > steepest), axis=1)


def _median_jump(projections: np.ndarray) -> np.ndarray:
    """Returns the median of the positive differences of neighbours along the last axis, 0 where there is none."""
    jumps = np.sort(np.diff(np.sort(projections, axis=-1), axis=-1), axis=-1)
    positive = np.count_nonzero(jumps > 0, axis=-1)
    if jumps.shape[-1] == 0:
        return np.zeros(positive.shape)
    middle = np.minimum(jumps.shape[-1] - positive + positive // 2, jumps.shape[-1] - 1)
    return np.take_along_axis(jumps, middle[..., None], axis=-1)[..., 0]


@eqx.filter_jit
def _constant_neurons(risk: EmpiricalRisk, networks: TwoLayer) -> Array:
    def one(network: TwoLayer) -> Array:
        value, slope = network.activation.derivatives(network.preactivations(risk.inputs), 1)
        return jnp.abs(slope).max(axis=0) <= _CONSTANT * jnp.abs(value).max(axis=0)

    return jax.vmap(one)(networks)
