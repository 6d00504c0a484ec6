"""Polishing: downhill by Levenberg–Marquardt, then Newton's method on ∇R = 0, and what was reached, decided."""

from dataclasses import dataclass
from typing import Any, TypeVar

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import optimistix as optx
from jax import Array
from jax.flatten_util import ravel_pytree
from jaxtyping import PyTree

from condenslab.landscape.critical.downhill import downhill
from condenslab.landscape.critical.exact_solutions import attains_zero
from condenslab.landscape.critical.function_fate import judged
from condenslab.landscape.critical.further_out import fate_further_out
from condenslab.landscape.critical.saturation import suspects
from condenslab.landscape.critical.stationary import NEWTON_STEPS, STANDSTILL, Fate, newton, require_double
from condenslab.landscape.critical.units import Units, standardises, units_of
from condenslab.landscape.receipt import Receipt, risk_receipt
from condenslab.networks import ravel, unravel
from condenslab.networks.checks import check_positive
from condenslab.networks.layered import Dense
from condenslab.risk import EmpiricalRisk, Function, Risk, SquaredLoss, require_risk, require_samples

Params = TypeVar("Params")

_TIGHT = 1e-13
_DESCENT_STEPS = 400
_RETOUCH = 1e-6


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
    risk: Risk, network: Params, *, tolerance: float = 1e-11, descend: bool = True, steps: int | None = None
) -> tuple[Params, Polish]:
    """Brings a small network to a stationary point: downhill by Levenberg–Marquardt, then by Newton's method.

    Newton's step is the minimum-norm solution of H·δ = −g over the eigenvalues of H above rounding, so that degenerate
    points (duplicated neurons) are no obstacle; it is halved until the gradient decreases. Whether a point whose
    gradient counts as zero is critical or lies at infinity is decided by what R does further out
    (`critical.further_out`). All this is done in standardised units, inputs and targets in about [−1, 1], and reported
    in the user's. Dense: for networks of up to some hundred parameters. Losses other than the squared one go downhill
    by the Gauss–Newton part of theirs, a `risk.Function` by |∇²R|, in its own units and in any parameters.

    Args:
        risk: R, in float64.
        network: The start, a dense network of any depth; for a `risk.Function`, or a risk with `predict` of your own,
            any pytree.
        tolerance: The L1 norm of the gradient that counts as zero, in standardised units.
        descend: Whether to go downhill first; without it the nearest stationary point may well be a saddle.
        steps: At most so many steps downhill, and as many of Newton's method; by default 400 and 60.

    Returns:
        The stationary network, and why the search stopped there, with a receipt.

    Raises:
        TypeError: Risk or network is not float64.
        ValueError: The number of steps is not a positive integer, or the tolerance not a positive number.
    """
    require_risk(risk)
    if steps is not None and (isinstance(steps, bool) or not isinstance(steps, int | np.integer) or steps < 1):
        raise ValueError(f"steps must be a positive integer. Got {steps!r}.")
    check_positive("tolerance", tolerance)
    if isinstance(risk, Function):
        risk.require_defined(network)
    require_double(risk, network)
    if isinstance(risk, Function):
        return _polish_function(risk, network, tolerance, steps, descend=descend)
    require_samples(risk)
    risk = risk.counted()
    given: Any = network
    units = units_of(risk, given) if standardises(risk, given) else None
    inner, start = (risk, given) if units is None else _entered(units, risk, given)
    flat, back = ravel_pytree(start)
    theta = np.asarray(flat)
    if descend and theta.size and isinstance(risk.loss, SquaredLoss):
        theta = np.asarray(_descend(inner, start, jnp.array(steps or _DESCENT_STEPS)))
    elif descend and theta.size:
        theta = downhill(inner, start, theta, steps or _DESCENT_STEPS)
    theta, norm, taken, length = newton(inner, start, theta, tolerance=tolerance, steps=steps or NEWTON_STEPS)
    ended = back(jnp.asarray(theta))
    if not np.all(np.isfinite(theta)):
        fate = Fate.DIVERGED
    elif norm > tolerance:
        fate = Fate.UNCONVERGED
    elif units is None:
        fate = Fate.CRITICAL if length <= STANDSTILL else Fate.FLAT
    else:
        fate = fate_further_out(inner, ended, suspects(inner, ended))
        if fate is Fate.CRITICAL and length > STANDSTILL and not attains_zero(inner, ended):
            fate = Fate.FLAT
    polished = ended if units is None else retouched(risk, units.leave(ended, _factor(risk)))
    return polished, Polish(fate, risk_receipt(risk, network, polished), taken, length)


def _polish_function(
    risk: Function, params: Params, tolerance: float, steps: int | None, *, descend: bool
) -> tuple[Params, Polish]:
    theta, back = ravel_pytree(params)
    place = np.asarray(theta)
    if descend:
        place = downhill(risk, params, place, steps or _DESCENT_STEPS)
    end = judged(risk, params, place, tolerance, steps or NEWTON_STEPS)
    polished = back(jnp.asarray(end.theta))
    return polished, Polish(end.fate, risk_receipt(risk, params, polished), end.steps, end.length)


def retouched(risk: EmpiricalRisk, network: Dense) -> Dense:
    """Returns the network after Newton steps in the user's units, where they gain and move it by rounding only."""
    theta = np.asarray(ravel(network))
    if not np.all(np.isfinite(theta)):
        return network
    better, _, _, _ = newton(risk, network, theta, tolerance=np.inf, steps=3)
    near = np.all(np.abs(better - theta) <= _RETOUCH * (1 + np.abs(theta)))
    return unravel(jnp.asarray(better), network) if near else network


def _entered(units: Units, risk: EmpiricalRisk, network: Dense) -> tuple[EmpiricalRisk, Dense]:
    return units.risk(risk), units.enter(network, _factor(risk))


def _factor(risk: EmpiricalRisk) -> float:
    return 1.0 if risk.scale is None else float(risk.scale)


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


@eqx.filter_jit
def _descend(risk: EmpiricalRisk, params: PyTree, steps: Array) -> Array:
    theta, back = ravel_pytree(params)
    roots = jnp.sqrt(risk.probabilities)[:, None]
    solver = _Stopped(solver=optx.LevenbergMarquardt(rtol=_TIGHT, atol=_TIGHT), steps=steps)
    return optx.least_squares(
        lambda t, _: (roots * risk.residuals(back(t))).ravel(), solver, theta, max_steps=None, throw=False
    ).value
