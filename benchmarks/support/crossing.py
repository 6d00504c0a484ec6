"""The contestants that cross the plateau: each follows dθ/dt = −∇(R + l2·‖θ‖²) until R is at most the level."""

import time
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from scipy import integrate

from condenslab import networks, training
from condenslab.risk import EmpiricalRisk
from condenslab.training import GradientDescent, Stop, Until
from support.problem import L2

LEVEL = 0.05
END = 1e7
RTOL, ATOL = 1e-4, 1e-8
_MANY = 1_000_000


@dataclass(frozen=True)
class Crossing:
    """How far one method came.

    Attributes:
        name: The method.
        width: Neurons.
        finished: Whether it crossed within its budget.
        seconds: Wall seconds it ran, compilation excluded.
        time: Time of the flow that it reached: the crossing time if it finished.
        steps: Steps it took, rejected ones included (accepted ones for SciPy).
        compile_seconds: What the first call took longer.
        estimate: Seconds to cross: measured, or extrapolated, or None where that would be a guess.
        how: A sentence on what the estimate is.
    """

    name: str
    width: int
    finished: bool
    seconds: float
    time: float
    steps: int
    compile_seconds: float
    estimate: float | None
    how: str


def by_flow(
    name: str,
    risk: EmpiricalRisk,
    start: networks.TwoLayer,
    *,
    solver: Any = None,
    budget: float,
    explicit: bool = False,
) -> Crossing:
    """Returns how far `flow` came: with its own solver, or with another one of diffrax.

    Args:
        name: What tables call it.
        risk: R.
        start: The initial network.
        solver: A diffrax solver, or None for ours.
        budget: Wall seconds.
        explicit: Whether its steps on the plateau are bounded by stability, so that time passes at a constant rate.
    """
    options = {"l2": L2, "solver": solver, "rtol": RTOL, "atol": ATOL, "max_steps": _MANY}
    begun = time.perf_counter()
    training.flow(risk, start, until=Until(time=1e-6), **options)
    first = time.perf_counter() - begun
    begun = time.perf_counter()
    run = training.flow(risk, start, until=Until(time=END, risk=LEVEL), time_limit=budget, **options)
    seconds = time.perf_counter() - begun
    reached, finished = float(run.times[-1]) if run.times.size else 0.0, run.stop is Stop.RISK_REACHED
    crossing = Crossing(name, start.width, finished, seconds, reached, run.steps, first, seconds, "measured")
    return crossing if finished else _unfinished(crossing, explicit=explicit)


def by_few_steps(
    risk: EmpiricalRisk, start: networks.TwoLayer, narrow: Crossing, *, solver: Any, end: float = 0.03
) -> Crossing:
    """Returns what a diffrax solver would take whose steps are too slow for any budget: a few of them are timed.

    Args:
        risk: R.
        start: The initial network.
        narrow: What the solver came to at a smaller width: as many steps are taken to be needed at this one.
        solver: A diffrax solver.
        end: When the steps that are timed end.
    """
    options = {"l2": L2, "solver": solver, "rtol": RTOL, "atol": ATOL, "max_steps": 100}
    begun = time.perf_counter()
    training.flow(risk, start, until=Until(time=1e-9), **options)
    first = time.perf_counter() - begun
    begun = time.perf_counter()
    run = training.flow(risk, start, until=Until(time=end), **options)
    each = (time.perf_counter() - begun) / run.steps
    seconds = narrow.steps * each
    what = "crosses" if narrow.finished else f"has come to time {narrow.time:.3g} only: a lower bound"
    how = (
        f"extrapolated: {run.steps} step(s) of {each:.2g} s each were taken; at width {narrow.width} it takes "
        f"{narrow.steps} steps and {what}"
    )
    estimate = seconds if narrow.finished else None
    return Crossing(narrow.name, start.width, False, seconds, float(run.times[-1]), run.steps, first, estimate, how)


def by_scipy(method: str, risk: EmpiricalRisk, start: networks.TwoLayer, *, budget: float) -> Crossing:
    """Returns how far one of SciPy's solvers came on the same right-hand side, with our exact Hessian as its Jacobian.

    Args:
        method: `"LSODA"`, `"BDF"` or `"Radau"`.
        risk: R.
        start: The initial network.
        budget: Wall seconds.
    """
    field, jacobian, value = _compiled(risk, start)
    theta = np.asarray(networks.ravel(start))
    begun = time.perf_counter()
    field(0.0, theta), jacobian(0.0, theta), value(theta)
    first = time.perf_counter() - begun
    begun = time.perf_counter()
    solver = getattr(integrate, method)(field, 0.0, theta, END, rtol=RTOL, atol=ATOL, jac=jacobian)
    steps, risk_now = 0, value(theta)
    while risk_now > LEVEL and solver.status == "running" and time.perf_counter() - begun < budget:
        solver.step()
        steps, risk_now = steps + 1, value(solver.y)
    seconds, finished = time.perf_counter() - begun, risk_now <= LEVEL
    name = f"SciPy {method}"
    crossing = Crossing(name, start.width, finished, seconds, float(solver.t), steps, first, seconds, "measured")
    return crossing if finished else _unfinished(crossing, explicit=False)


def by_descent(risk: EmpiricalRisk, start: networks.TwoLayer, crossing_time: float, *, steps: int) -> Crossing:
    """Returns what gradient descent at the largest stable rate would take: steps needed × seconds a step.

    The rate is 2/λ, λ the largest eigenvalue of ∇²R + 2·l2·I on the plateau, looked for at a tenth, half and nine
    tenths of the crossing time. `steps` steps at 0.99 of it are taken where it is met: they are timed, and it is said
    whether they are stable.

    Args:
        risk: R.
        start: The initial network.
        crossing_time: When the flow crosses.
        steps: How many steps to time.
    """
    places = [
        training.flow(risk, start, until=Until(time=share * crossing_time), l2=L2).network for share in (0.1, 0.5, 0.9)
    ]
    curvatures = [float(jnp.linalg.eigvalsh(risk.hessian(place))[-1]) + 2 * L2 for place in places]
    curvature = max(curvatures)
    place, rate = places[curvatures.index(curvature)], 2.0 / curvature
    method = GradientDescent(0.99 * rate, decay=2 * L2)
    walls = []
    for _ in range(4):
        begun = time.perf_counter()
        run = training.descend(risk, place, method, steps=steps)
        walls.append(time.perf_counter() - begun)
    stable = run.stop is Stop.FINISHED and float(run.records["risk"][-1]) < 2 * float(run.records["risk"][0])
    needed, each = crossing_time / rate, float(np.median(walls[1:])) / steps
    how = (
        f"extrapolated: {needed:.3g} steps at rate 2/λ = {rate:.3g} (λ = {curvature:.4g} measured on the plateau), "
        f"{1e6 * each:.0f} µs each; {steps} of them were taken and were {'stable' if stable else 'NOT stable'}"
    )
    name = "GD, largest stable rate (condenslab.descend)"
    return Crossing(name, start.width, False, sum(walls), 0.0, steps, walls[0], needed * each, how)


def resolve(unfinished: Crossing, crossing_time: float) -> Crossing:
    """Returns an unfinished crossing with its estimate, now that the crossing time is known.

    Args:
        unfinished: What a method came to.
        crossing_time: When the flow crosses, by ours.
    """
    if unfinished.estimate is not None:
        return unfinished
    fraction = min(float(unfinished.time / crossing_time), 1.0)
    begin = f"did not finish: time {unfinished.time:.3g}, {fraction:.2%} of the way, after {unfinished.seconds:.0f} s"
    if unfinished.how == "explicit" and fraction > 0:
        estimate = unfinished.seconds / fraction
        how = f"{begin}; extrapolated in proportion, its steps being bounded by stability"
    else:
        estimate = None
        how = f"{begin}; not extrapolated (an implicit method's steps grow), so that is a lower bound"
    return Crossing(**{**unfinished.__dict__, "estimate": estimate, "how": how})


def _unfinished(crossing: Crossing, *, explicit: bool) -> Crossing:
    how = "explicit" if explicit else "implicit"
    return Crossing(**{**crossing.__dict__, "estimate": None, "how": how})


def _compiled(risk: EmpiricalRisk, like: networks.TwoLayer) -> tuple[Any, Any, Any]:
    """Returns the vector field, its Jacobian, and the risk as functions of the ravelled parameters."""

    def slope(theta: jax.Array) -> jax.Array:
        return -networks.ravel(risk.gradient(networks.unravel(theta, like))) - 2.0 * L2 * theta

    def bend(theta: jax.Array) -> jax.Array:
        hessian = risk.hessian(networks.unravel(theta, like))
        return -hessian - 2.0 * L2 * jnp.eye(theta.size)

    field, jacobian = jax.jit(slope), jax.jit(bend)
    value = jax.jit(lambda theta: risk.value(networks.unravel(theta, like)))
    return (
        lambda t, theta: np.asarray(field(theta)),
        lambda t, theta: np.asarray(jacobian(theta)),
        lambda theta: float(value(theta)),
    )
