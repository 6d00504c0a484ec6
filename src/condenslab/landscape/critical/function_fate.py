"""What an end point of a search is, for a scalar risk of the user's own."""

from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import PyTree

from condenslab.landscape.critical.equal_units import in_equal_units
from condenslab.landscape.critical.further_out import fate_along, incoming
from condenslab.landscape.critical.saturation import suspects
from condenslab.landscape.critical.stationary import (
    NEWTON_STEPS,
    STANDSTILL,
    Fate,
    counts_as_zero,
    derivatives,
    newton,
)
from condenslab.measures.smoothness import jump_at
from condenslab.networks import MLP, TwoLayer
from condenslab.networks.layered import widths
from condenslab.risk import EmpiricalRisk, Function

_SHAKES = 8
_NOISE = 16.0
_OUTWARDS = (1.5, 2.0, 4.0)
_EPSILON = float(np.finfo(np.float64).eps)


@dataclass(frozen=True, eq=False)
class Judged:
    """An end point, polished.

    Attributes:
        fate: What it is.
        theta: θ, shape (param,).
        steps: Newton steps taken.
        length: Length of the next one, largest |δ_j|/(1 + |θ_j|).
    """

    fate: Fate
    theta: np.ndarray
    steps: int
    length: float


def judged(risk: Function, like: PyTree, theta: np.ndarray, tolerance: float, steps: int = NEWTON_STEPS) -> Judged:
    """Polishes an end point by Newton's method and says what it is.

    Args:
        risk: R.
        like: Parameters of the shapes of θ.
        theta: θ, shape (param,).
        tolerance: The L1 norm of ∇R that counts as zero; so does one below the rounding of θ.
        steps: At most so many steps.
    """
    if not np.all(np.isfinite(theta)):
        return Judged(Fate.DIVERGED, theta, 0, np.inf)
    theta, _, taken, length = newton(risk, like, theta, tolerance=tolerance, steps=steps)
    theta = in_equal_units(risk, like, theta)
    norm = float(np.abs(derivatives(risk, like, theta)[1]).sum())
    return Judged(_fate(risk, like, theta, norm <= tolerance, length), theta, taken, length)


def _fate(risk: Function, like: PyTree, theta: np.ndarray, zero: bool, length: float) -> Fate:
    value, gradient, hessian = derivatives(risk, like, theta)
    if not (np.isfinite(value) and np.all(np.isfinite(gradient)) and np.all(np.isfinite(hessian))):
        return Fate.DIVERGED
    if jump_at(risk, ravel_pytree(like)[1](jnp.asarray(theta))) is not None:
        return Fate.KINKED
    if not zero and not counts_as_zero(theta, gradient, hessian):
        return Fate.UNCONVERGED
    return Fate.FLAT if length > STANDSTILL else _further_out(risk, like, theta)


def _further_out(risk: Function, like: PyTree, theta: np.ndarray) -> Fate:
    """Says whether a point is critical or at infinity, as the search of samples does, by what R does further out.

    Neurons that look like steps or constants on the risk's inputs are followed; without inputs no neuron looks like
    anything, and all are.
    """
    network, noise = ravel_pytree(like)[1](jnp.asarray(theta)), _noise(risk, like, theta)
    if not isinstance(network, TwoLayer | MLP) or network.activation.homogeneity is not None:
        return fate_along(risk, network, theta, (), noise, exact=Fate.CRITICAL)
    if risk.inputs is not None:
        found = suspects(EmpiricalRisk(risk.inputs, network(risk.inputs)), network)
        return fate_along(risk, network, theta, found, noise, exact=Fate.SATURATED)
    every = [(layer, neuron) for layer, width in enumerate(widths(network)[1:-1]) for neuron in range(width)]
    if any(_stands_still(risk, network, theta, incoming(network, *own), noise) for own in every):
        return Fate.SATURATED
    return fate_along(risk, network, theta, every, noise, exact=Fate.CRITICAL)


def _stands_still(risk: Function, like: PyTree, theta: np.ndarray, held: np.ndarray, noise: float) -> bool:
    """Whether R knows a neuron and yet no longer changes, everything else held, as its input weights grow."""
    factors = np.ones((1 + len(_OUTWARDS), theta.size))
    factors[:, held] = np.array([0.0, *_OUTWARDS])[:, None]
    without, *far = (float(risk.value(ravel_pytree(like)[1](jnp.asarray(row * theta)))) for row in factors)
    here = float(risk.value(ravel_pytree(like)[1](jnp.asarray(theta))))
    return abs(without - here) > noise and all(abs(one - here) <= noise for one in far)


def _noise(risk: Function, like: PyTree, theta: np.ndarray) -> float:
    """Returns how far rounding alone moves R: at a critical point, what the last digits of θ do to it."""
    signs = np.random.default_rng(0).choice([-1.0, 1.0], (_SHAKES, theta.size))
    here = derivatives(risk, like, theta)[0]
    moved = [derivatives(risk, like, theta * (1 + _EPSILON * row))[0] - here for row in signs]
    return _NOISE * max(_EPSILON * abs(here), float(np.max(np.abs(moved), initial=0.0)))
