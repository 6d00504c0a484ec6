"""Gradient flow dθ/dt = −∇(R + l2·‖θ‖²): implicit across plateaus, with the exact structured Hessian."""

import dataclasses
from typing import Any

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.flatten_util import ravel_pytree

from condenslab.networks.dense import TwoLayer, apply
from condenslab.risk import EmpiricalRisk, Function, Risk, require_risk
from condenslab.training.checks import check_count, check_number, check_recorders
from condenslab.training.drive import Lane, Progress, drive
from condenslab.training.engine import EnsembleEngine, Problem, Slice, State, as_data, judge_levels, precision, strong
from condenslab.training.field import dense_linearised, negative_gradient, two_layer_linearised
from condenslab.training.linearise import require_room
from condenslab.training.rosenbrock import Rosenbrock
from condenslab.training.sliding import name_sliding
from condenslab.training.trajectory import DEFAULT_RECORDERS, Recorders, Stop, Trajectory, Until, check_levels

_STEPS_PER_SEGMENT = 100
_FIELD = diffrax.ODETerm(negative_gradient)


class Clockwork(eqx.Module):
    """What a flow carries beside its network.

    Attributes:
        time: Where it stands.
        length: The step that is to be tried next.
        unit: The very first step, the unit in which progress in logarithmic time is told.
        solver: State of the diffrax solver.
        controller: State of the step-size controller.
    """

    time: Array
    length: Array
    unit: Array
    solver: Any
    controller: Any


class Flow(EnsembleEngine):
    """The engine of `flow`: a segment is a hundred solver steps, and every accepted step is recorded.

    The solver and the step-size control are diffrax's, entered step by step: `diffrax.diffeqsolve` checks its arguments
    by host callbacks, which defeat the compile cache, and does not hand on the proposed step, without which a run in
    segments is not the same as a run in one piece.

    Attributes:
        record: Pairs of names and functions.
        solver: A diffrax solver.
    """

    record: tuple[tuple[str, Any], ...] = eqx.field(static=True)
    solver: diffrax.AbstractSolver

    @property
    def slots(self) -> int:
        """Returns how many steps a segment has."""
        return _STEPS_PER_SEGMENT

    @property
    def cost(self) -> int:
        """Returns about what a step of the structured Rosenbrock method costs."""
        return 64

    @property
    def tiny(self) -> int:
        """Returns what width 20 on 60 samples needs: below, a step is mostly calls of small operations."""
        return 4096

    def start(self, problem: Problem) -> State:
        """Returns the start time, with a first step that the vector field suggests."""
        begin, args = problem.extras["start_time"], (problem.risk, problem.extras["l2"])
        solver, controller = self._tools(problem)
        after, memory = controller.init(
            _FIELD, begin, problem.until.time, problem.network, None, args, solver.func, solver.error_order(_FIELD)
        )
        carried = solver.init(_FIELD, begin, after, problem.network, args)
        # diffrax starts with plain booleans, which would be part of the program.
        inner = Clockwork(begin, after - begin, after - begin, *jax.tree.map(jnp.asarray, (carried, memory)))
        return State(problem.network, jnp.zeros((), int), jnp.full((), Stop.RUNNING.code, int), inner)

    def judge(self, problem: Problem, state: State) -> Array:
        """Returns the code of the level or of the end time that is reached."""
        level = judge_levels(
            problem.risk,
            state.network,
            problem.until,
            lambda params: negative_gradient(state.inner.time, params, (problem.risk, problem.extras["l2"])),
        )
        ended = (level == Stop.RUNNING.code) & (state.inner.time >= problem.until.time)
        return jnp.where(ended, Stop.FINISHED.code, level)

    def clock(self, state: State) -> Array:
        """Returns the time."""
        return state.inner.time

    def records_start(self, state: State) -> Array:
        """Returns whether the start is also the end: otherwise the records are those of the accepted steps."""
        return state.code != Stop.RUNNING.code

    def advance(self, problem: Problem, state: State, segment: Array) -> tuple[State, Slice]:
        """Tries a hundred steps; `segment` is the fraction of the largest number of steps that is then behind."""
        shapes = eqx.filter_eval_shape(self.recorded, problem, state.network)

        def attempt(state: State) -> tuple[State, Slice]:
            after = self._step(problem, state)
            records, fraction = self.recorded(problem, after.network), _fraction(problem, after)
            return after, Slice(after.inner.time, records, after.inner.time > state.inner.time, fraction)

        def skip(state: State) -> tuple[State, Slice]:
            nothing = jax.tree.map(lambda like: jnp.zeros(like.shape, like.dtype), shapes)
            return state, Slice(state.inner.time, nothing, jnp.asarray(False), jnp.ones_like(state.inner.time))

        def step(state: State, _: None) -> tuple[State, Slice]:
            return jax.lax.cond(state.code == Stop.RUNNING.code, attempt, skip, state)

        end, slices = jax.lax.scan(step, state, None, length=_STEPS_PER_SEGMENT)
        # The fraction of time is undefined where the end is the start.
        return end, slices._replace(done=jnp.fmax(slices.done[-1], segment))

    def _tools(self, problem: Problem) -> tuple[Any, diffrax.PIDController]:
        """Returns the solver, an implicit one with the tolerances of the steps, and the step-size controller."""
        controller = diffrax.PIDController(rtol=problem.extras["rtol"], atol=problem.extras["atol"])
        solver: Any = self.solver
        if isinstance(solver, diffrax.AbstractRungeKutta) and solver.scan_kind is None:
            # diffrax's default would store every stage for a reverse pass that is never made.
            solver = eqx.tree_at(lambda s: s.scan_kind, solver, "lax", is_leaf=lambda leaf: leaf is None)
        if isinstance(solver, diffrax.AbstractImplicitSolver):
            unset = diffrax.with_stepsize_controller_tols(diffrax.VeryChord)().rtol
            for name in ("rtol", "atol", "norm"):
                if getattr(solver.root_finder, name) is unset:
                    own = getattr(controller, name)
                    solver = eqx.tree_at(lambda s, name=name: getattr(s.root_finder, name), solver, own)
        return solver, controller

    def _step(self, problem: Problem, state: State) -> State:
        """Tries one step, which ends at the end time at the latest."""
        solver, controller = self._tools(problem)
        args, now = (problem.risk, problem.extras["l2"]), state.inner
        end = jnp.minimum(now.time + now.length, problem.until.time)
        network, error, _, carried, result = solver.step(_FIELD, now.time, end, state.network, args, now.solver, False)
        usable = jnp.all(jnp.isfinite(ravel_pytree(network)[0])) & (result == diffrax.RESULTS.successful)
        error = jax.tree.map(lambda leaf: jnp.where(usable & ~jnp.isnan(leaf), leaf, jnp.inf), error)
        order = solver.error_order(_FIELD)
        accepted, time, next_end, _, memory, _ = controller.adapt_step_size(
            now.time, end, state.network, network, args, error, order, now.controller
        )
        network, carried = jax.tree.map(
            lambda new, old: jnp.where(accepted, new, old), (network, carried), (state.network, now.solver)
        )
        inner = Clockwork(jnp.asarray(time), jnp.asarray(next_end - time), now.unit, carried, memory)
        after = State(network, state.steps + 1, state.code, inner)
        code = self.judge(problem, after)
        kept = jax.tree.map(lambda new, old: jnp.where(code == Stop.NOT_FINITE.code, old, new), after, state)
        stalled = (code == Stop.RUNNING.code) & (next_end <= time)
        return dataclasses.replace(kept, code=jnp.where(stalled, Stop.NO_PROGRESS.code, code))


def flow(
    risk: Risk,
    network: Any,
    *,
    until: Until,
    l2: float | Array = 0.0,
    solver: diffrax.AbstractSolver | None = None,
    rtol: float | Array = 1e-4,
    atol: float | Array = 1e-8,
    start_time: float | Array = 0.0,
    max_steps: int = 20_000,
    record: Recorders = DEFAULT_RECORDERS,
    time_limit: float | None = None,
    progress: Progress | None = None,
    resume: Trajectory | None = None,
) -> Trajectory:
    """Follows the gradient flow dθ/dt = −∇(R(θ) + l2·‖θ‖²).

    Args:
        risk: R, with its own normalisation (1/n by default), which fixes the unit of time.
        network: Start; any pytree that `risk.predict` takes. In float64, unless the flow is short: in single precision
            the rounding of the solves keeps the step short on a plateau.
        until: End time, and levels of risk (without the L2 term) and gradient norm (with it) that end the run earlier;
            looked at in the beginning and after every step.
        l2: Coefficient of the L2 term.
        solver: A diffrax solver; by default `Rosenbrock` with the exact Hessian (by the Woodbury identity for two-layer
            networks, dense for others). `diffrax.Tsit5()` suits flows that are not stiff.
        rtol: Relative tolerance of the adaptive step.
        atol: Absolute tolerance; keep it well below the initial scale of the parameters.
        start_time: Time of the start, for a flow that goes on from an earlier one under another law.
        max_steps: Largest number of solver steps, rejected ones included, rounded up to hundreds.
        record: Functions of (risk, params), evaluated at every accepted step.
        time_limit: Wall seconds; looked at between segments (of a hundred steps).
        progress: Called with (fraction, text) between segments; the fraction is of logarithmic time or of `max_steps`,
            whichever is further.
        resume: An earlier trajectory of the same risk, L2 term and solver, continued as if it had not been interrupted;
            `until` and `max_steps` count anew. `network` then only gives the shapes.

    Returns:
        The trajectory; its times are those of the accepted steps (the start is left out, unless the run ends there).
        After Ctrl-C it holds what was finished. Where steps ran out, or time stood still, because the flow of a
        piecewise linear network slides along a kink, `stop` is `Stop.SLIDING`.

    Raises:
        ValueError: No end (neither an end time nor a level is given), an end before the start, a number that is
            negative, NaN or infinite, or the trajectory of another kind of run to resume.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> line = EmpiricalRisk(jnp.ones((1, 1)), jnp.zeros((1, 1)), predict=lambda slope, x: slope * x)
        >>> run = flow(line, jnp.asarray(1.0), until=Until(time=1.0), rtol=1e-8)
        >>> bool(abs(run.network - jnp.exp(-2.0)) < 1e-6)
        True
    """
    require_risk(risk)
    engine, problem, segments = prepare_flow(
        risk,
        network,
        until=until,
        l2=l2,
        solver=solver,
        rtol=rtol,
        atol=atol,
        start_time=start_time,
        max_steps=max_steps,
        record=record,
    )
    lane = Lane(lambda: (None, None if resume is None else resume.state), np.asarray(True))
    exhausted = Stop.STEPS_EXHAUSTED
    runs = drive(engine, problem, [lane], segments, exhausted=exhausted, time_limit=time_limit, progress=progress)
    return explained(runs[0], problem)


def explained(run: Trajectory, problem: Problem) -> Trajectory:
    """Returns a run of a problem, with the reason why it got stuck where that is known: it slides along a kink."""
    return name_sliding(run, negative_gradient, (problem.risk, problem.extras["l2"]))


def prepare_flow(
    risk: Risk,
    network: Any,
    *,
    until: Until,
    l2: float | Array | np.ndarray = 0.0,
    solver: diffrax.AbstractSolver | None = None,
    rtol: float | Array | np.ndarray = 1e-4,
    atol: float | Array | np.ndarray = 1e-8,
    start_time: float | Array | np.ndarray = 0.0,
    max_steps: int = 20_000,
    record: Recorders = DEFAULT_RECORDERS,
) -> tuple[Flow, Problem, list[np.ndarray]]:
    """Returns the engine, the problem and the segments of a flow.

    Arguments are as in `flow`; `until` and the numbers may also hold arrays with one entry a member.
    """
    levels = np.broadcast_arrays(*(np.asarray(level) for level in (until.risk, until.gradient, until.time)))
    if not np.all(np.any(np.isfinite(levels), axis=0)):
        raise ValueError(
            "a flow needs an end: until=Until(time=…), Until(risk=…) or Until(gradient=…). Got none of them."
        )
    check_levels(until)
    check_recorders(record)
    if solver is not None and not isinstance(solver, diffrax.AbstractSolver):
        raise TypeError(f"solver must be a solver of Diffrax, diffrax.Tsit5() say, or None. Got {solver!r}.")
    for name, number in (("l2", l2), ("rtol", rtol), ("atol", atol), ("start_time", start_time)):
        check_number(name, number)
    if np.any((np.asarray(rtol) == 0) & (np.asarray(atol) == 0)):
        raise ValueError("rtol and atol must not both be 0: no step would be accepted.")
    if np.any(np.asarray(until.time) < np.asarray(start_time)):
        raise ValueError(f"the end time must not lie before start_time, {start_time}. Got {until.time}.")
    if isinstance(risk, Function):
        risk.require_defined(network)
    if solver is None:
        structured = isinstance(network, TwoLayer) and isinstance(risk, EmpiricalRisk) and risk.predict is apply
        require_room(risk, network)
        solver = Rosenbrock(two_layer_linearised if structured else dense_linearised)
    network = strong(network)
    dtype = precision(network)
    extras = as_data({"l2": l2, "rtol": rtol, "atol": atol, "start_time": start_time}, dtype)
    problem = Problem(strong(risk), network, None, None, as_data(until, dtype), extras)
    count = -(-check_count("max_steps", max_steps) // _STEPS_PER_SEGMENT)
    return Flow(tuple(record.items()), solver), problem, [np.asarray((k + 1) / count) for k in range(count)]


def _fraction(problem: Problem, state: State) -> Array:
    """Returns how much of the logarithmic time is behind."""
    begin, unit = problem.extras["start_time"], state.inner.unit
    return jnp.log1p((state.inner.time - begin) / unit) / jnp.log1p((problem.until.time - begin) / unit)
