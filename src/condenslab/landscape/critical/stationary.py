"""Solving ∇R = 0: Levenberg–Marquardt down, then Newton's method, in float64, with the reason why it stopped."""

from dataclasses import dataclass
from enum import Enum
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import optimistix as optx
from jax import Array
from jax.flatten_util import ravel_pytree

from condenslab.landscape.layers import Dense
from condenslab.landscape.receipt import Receipt, risk_receipt
from condenslab.networks import ravel, unravel
from condenslab.numerics import require_float64, rounding_floor
from condenslab.risk import EmpiricalRisk, SquaredLoss

STANDSTILL = 1e-3
"""Newton's method stands still when its step is below this, relative to 1 + |θ_j|; at infinity steps are of order 1."""

_TIGHT = 1e-13
_DESCENT_STEPS = 400
_NEWTON_STEPS = 60
_HALVINGS = 8


class Fate(Enum):
    """What became of a search for a critical point."""

    CRITICAL = "critical: the L1 norm of the gradient is at the tolerance, and Newton's method stands still"
    SATURATED = (
        "saturated: a neuron is constant on the data or steps between two samples, so the gradient only vanishes by "
        "underflow, or the search ran off that way; the critical point is at infinity, which is none"
    )
    FLAT = "flat, not critical: the gradient is at the tolerance, but Newton's method still moves; look at its Hessian"
    UNCONVERGED = "not converged: the gradient stayed above the tolerance; allow more steps, or start elsewhere"
    DIVERGED = "diverged: a parameter became NaN or infinite; start closer to the data"
    UNFINISHED = "not finished: the search was interrupted, or its time was up, before this start came to its end"


@dataclass(frozen=True)
class Polish:
    """What polishing did.

    Attributes:
        fate: Why it stopped.
        receipt: Output, risk and gradient before and after.
        newton_steps: Accepted steps of the Newton phase.
        newton_length: Length of the last Newton step, largest |δ_j|/(1 + |θ_j|).
    """

    fate: Fate
    receipt: Receipt
    newton_steps: int
    newton_length: float


def polish(
    risk: EmpiricalRisk, network: Dense, *, tolerance: float = 1e-11, descend: bool = True
) -> tuple[Dense, Polish]:
    """Brings a small network to a stationary point: downhill by Levenberg–Marquardt, then by Newton's method.

    Newton's step is the minimum-norm solution of H·δ = −g over the eigenvalues of H above rounding, so that degenerate
    points (duplicated neurons) are no obstacle; it is halved until the gradient decreases. Dense: for networks of up to
    some hundred parameters.

    Args:
        risk: R, in float64. For losses other than the squared one the descent is left out.
        network: The start, a dense network of any depth.
        tolerance: The L1 norm of the gradient that counts as zero.
        descend: Whether to go downhill first; without it the nearest stationary point may well be a saddle.

    Returns:
        The stationary network, and why the search stopped there, with a receipt.

    Raises:
        TypeError: Risk or network is not float64.
    """
    require_double(risk, network)
    theta = np.asarray(ravel(network))
    if descend and theta.size and isinstance(risk.loss, SquaredLoss):
        theta = np.asarray(_descend_one(risk, network))
    theta, norm, steps, length = newton(risk, network, theta, tolerance=tolerance)
    polished = unravel(jnp.asarray(theta), network)
    if not np.all(np.isfinite(theta)):
        fate = Fate.DIVERGED
    elif norm > tolerance:
        fate = Fate.UNCONVERGED
    else:
        fate = Fate.CRITICAL if length <= STANDSTILL else Fate.FLAT
    return polished, Polish(fate, risk_receipt(risk, network, polished), steps, length)


def newton(
    risk: EmpiricalRisk, like: eqx.Module, theta: np.ndarray, *, tolerance: float
) -> tuple[np.ndarray, float, int, float]:
    """Iterates Newton's method on ∇R = 0 until the gradient no longer decreases.

    Args:
        risk: R.
        like: A network of the shapes of θ.
        theta: The start, shape (param,).
        tolerance: L1 norm of the gradient that counts as zero; the method goes on below it while it gains.

    Returns:
        θ, the L1 norm of its gradient, the number of steps taken, and the length of the next step.
    """
    if theta.size == 0:
        return theta, 0.0, 0, 0.0
    norm, step = _norm_and_step(risk, like, theta)
    taken = 0
    while taken < _NEWTON_STEPS and norm > 0:
        trials = (theta + step / 2**halving for halving in range(_HALVINGS if norm > tolerance else 1))
        better = next(((t, *found) for t in trials if (found := _norm_and_step(risk, like, t))[0] < norm), None)
        if better is None:
            break
        theta, norm, step = better
        taken += 1
    return theta, norm, taken, float(np.max(np.abs(step) / (1 + np.abs(theta))))


def derivatives(risk: EmpiricalRisk, like: eqx.Module, theta: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
    """Returns R(θ), ∇R(θ) and ∇²R(θ) from one compiled program per shape.

    Args:
        risk: R.
        like: A network of the shapes of θ.
        theta: θ, shape (param,).
    """
    value, gradient, hessian = _derivatives(risk, like, jnp.asarray(theta))
    return float(value), np.asarray(gradient), np.asarray(hessian)


def newton_step(gradient: np.ndarray, hessian: np.ndarray) -> np.ndarray:
    """Returns the minimum-norm δ with H·δ = −g over the eigenvalues of H above the rounding floor.

    Args:
        gradient: g, shape (…, param).
        hessian: H, symmetric, shape (…, param, param).
    """
    eigenvalues, vectors = np.linalg.eigh(hessian)
    largest = np.abs(eigenvalues).max(axis=-1, keepdims=True)
    floor = largest * rounding_floor(1.0, hessian.shape[-2:])
    inverse = np.where(np.abs(eigenvalues) > floor, 1.0 / np.where(eigenvalues == 0, 1.0, eigenvalues), 0.0)
    coefficients = inverse * np.einsum("...ij,...i->...j", vectors, gradient)
    return -np.einsum("...ij,...j->...i", vectors, coefficients)


def require_double(risk: EmpiricalRisk, network: eqx.Module) -> None:
    """Checks that risk and network are in float64.

    Raises:
        TypeError: One of them is not.
    """
    for array in (risk.inputs, risk.targets, ravel(network)):
        require_float64(np.asarray(array), "a critical point", None)


class _Stopped(optx.AbstractLeastSquaresSolver[Any, Any, Any, Any]):
    """A least-squares solver that also stops after a number of steps known only at run time."""

    solver: optx.LevenbergMarquardt
    steps: Array
    rtol: float = _TIGHT
    atol: float = _TIGHT
    norm: Any = eqx.field(static=True, default=optx.max_norm)

    def init(self, fn, y, args, options, f_struct, aux_struct, tags):
        return self.solver.init(fn, y, args, options, f_struct, aux_struct, tags), jnp.array(0)

    def step(self, fn, y, args, options, state, tags):
        y, inner, aux = self.solver.step(fn, y, args, options, state[0], tags)
        return y, (inner, state[1] + 1), aux

    def terminate(self, fn, y, args, options, state, tags):
        done, result = self.solver.terminate(fn, y, args, options, state[0], tags)
        return done | (state[1] >= self.steps), result

    def postprocess(self, fn, y, aux, args, options, state, tags, result):
        return self.solver.postprocess(fn, y, aux, args, options, state[0], tags, result)


def _descend(risk: EmpiricalRisk, network: eqx.Module, steps: Array) -> Array:
    theta, back = ravel_pytree(network)
    roots = jnp.sqrt(risk.probabilities)[:, None]
    solver = _Stopped(solver=optx.LevenbergMarquardt(rtol=_TIGHT, atol=_TIGHT), steps=steps)
    return optx.least_squares(
        lambda t, _: (roots * risk.residuals(back(t))).ravel(), solver, theta, max_steps=None, throw=False
    ).value


@eqx.filter_jit
def _descend_one(risk: EmpiricalRisk, network: eqx.Module) -> Array:
    return _descend(risk, network, jnp.array(_DESCENT_STEPS))


def _norm_and_step(risk: EmpiricalRisk, like: eqx.Module, theta: np.ndarray) -> tuple[float, np.ndarray]:
    _, gradient, hessian = derivatives(risk, like, theta)
    if not np.all(np.isfinite(hessian)):
        return float("inf"), np.full_like(theta, np.nan)
    return float(np.abs(gradient).sum()), newton_step(gradient, hessian)


@eqx.filter_jit
def _derivatives(risk: EmpiricalRisk, like: eqx.Module, theta: Array) -> tuple[Array, Array, Array]:
    network = unravel(theta, like)
    value, gradient = risk.value_and_gradient(network)
    return value, ravel(gradient), risk.hessian(network)
