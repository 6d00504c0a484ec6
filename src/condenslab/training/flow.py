"""Gradient flow dθ/dt = −∇(R + l2·‖θ‖²): implicit across plateaus, with the exact structured Hessian."""

from typing import Any

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
from jax import Array

from condenslab.networks.dense import TwoLayer, apply, ravel
from condenslab.risk import EmpiricalRisk
from condenslab.training.descent import as_data
from condenslab.training.engine import Engine, Problem, Progress, Slice, State, drive
from condenslab.training.linearise import dense_solver, two_layer_solver
from condenslab.training.rosenbrock import Rosenbrock
from condenslab.training.trajectory import DEFAULT_RECORD, Record, Stop, Trajectory, Until

_STEPS_PER_SEGMENT = 100


class Flow(Engine):
    """The engine of `flow`: a segment is at most a hundred solver steps; every accepted step is recorded.

    Attributes:
        record: Pairs of names and functions.
        solver: A diffrax solver.
    """

    record: tuple[tuple[str, Any], ...] = eqx.field(static=True)
    solver: diffrax.AbstractSolver

    def start(self, problem: Problem) -> State:
        """Returns time 0, with a first step that the vector field at the start suggests."""
        field = diffrax.ODETerm(negative_gradient)
        args = (problem.risk, problem.extras["l2"])
        controller = _controller(problem)
        begin = problem.extras["start_time"]
        first, memory = controller.init(
            field, begin, problem.until.time, problem.network, None, args, self.solver.func, self.solver.order(field)
        )
        # The heuristic sees only derivatives at the start; near a flat start it proposes a step of no use.
        length = jnp.minimum(first - begin, problem.until.time - begin)
        return State(problem.network, jnp.asarray(0), jnp.asarray(Stop.RUNNING.code), (begin, length, memory))

    def advance(self, problem: Problem, state: State, segment: Array) -> tuple[State, Slice]:
        """Takes at most a hundred solver steps."""
        begin, length, memory = state.inner
        running = state.code == Stop.RUNNING.code
        end = jnp.where(running, problem.until.time, begin)
        saveat = diffrax.SaveAt(
            subs=[diffrax.SubSaveAt(steps=True, fn=self._recorded), diffrax.SubSaveAt(t1=True)], controller_state=True
        )
        solution = diffrax.diffeqsolve(
            diffrax.ODETerm(negative_gradient),
            self.solver,
            begin,
            end,
            length,
            state.network,
            args=(problem.risk, problem.extras["l2"]),
            saveat=saveat,
            stepsize_controller=_controller(problem),
            controller_state=memory,
            event=diffrax.Event([_risk_reached(problem.until), _gradient_reached(problem.until), _not_finite]),
            adjoint=diffrax.ForwardMode(),
            max_steps=_STEPS_PER_SEGMENT,
            throw=False,
        )
        times, records = solution.ts[0], solution.ys[0]
        valid = jnp.isfinite(times) & running
        before = jnp.concatenate([begin[None], times[:-1]])
        taken = jnp.sum(valid)
        last = jnp.maximum(taken - 1, 0)
        length = jnp.where(taken > 0, times[last] - before[last], length * 1e-3)
        reached = jnp.where(running, solution.ts[1][-1], begin)
        code = jnp.where(running, _stop_code(solution, reached, length, problem), state.code)
        network = jax.tree.map(lambda new, old: jnp.where(running, new[-1], old), solution.ys[1], state.network)
        steps = state.steps + jnp.where(running, solution.stats["num_steps"], 0)
        inner = (reached, length, solution.controller_state)
        return State(network, steps, code, inner), Slice(times, records, valid)

    def _recorded(self, time: Array, params: Any, args: Any) -> dict[str, Array]:
        return {name: function(args[0], params) for name, function in self.record}


def flow(
    risk: EmpiricalRisk,
    network: Any,
    *,
    until: Until,
    l2: float | Array = 0.0,
    solver: diffrax.AbstractSolver | None = None,
    rtol: float | Array = 1e-4,
    atol: float | Array = 1e-8,
    start_time: float = 0.0,
    max_steps: int = 20_000,
    record: Record = DEFAULT_RECORD,
    time_limit: float | None = None,
    progress: Progress | None = None,
    resume: Trajectory | None = None,
) -> Trajectory:
    """Follows the gradient flow dθ/dt = −∇(R(θ) + l2·‖θ‖²).

    Args:
        risk: R, with its own normalisation (1/n by default), which fixes the unit of time.
        network: Start; any pytree that `risk.predict` takes.
        until: End time, and levels of risk (without the L2 term) and gradient norm (with it) that end the run earlier;
            looked at after every accepted step.
        l2: Coefficient of the L2 term.
        solver: A diffrax solver; by default `Rosenbrock` with the exact Hessian (by the Woodbury identity for two-layer
            networks, dense for others). `diffrax.Tsit5()` suits flows that are not stiff.
        rtol: Relative tolerance of the adaptive step.
        atol: Absolute tolerance; keep it well below the initial scale of the parameters.
        start_time: Time of the start, for a flow that goes on from an earlier one under another law.
        max_steps: Largest number of solver steps, rounded up to hundreds.
        record: Functions of (risk, params), evaluated at every accepted step.
        time_limit: Wall seconds; looked at between segments.
        progress: Called with (fraction of max_steps, text) between segments.
        resume: An earlier trajectory of the same call, continued exactly.

    Returns:
        The trajectory; its times are those of the accepted steps.

    Raises:
        ValueError: No finite end: neither an end time nor a level is given, or a negative tolerance.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> line = EmpiricalRisk(jnp.ones((1, 1)), jnp.zeros((1, 1)), predict=lambda slope, x: slope * x)
        >>> run = flow(line, jnp.asarray(1.0), until=Until(time=1.0), rtol=1e-8)
        >>> bool(abs(run.network - jnp.exp(-2.0)) < 1e-6)
        True
    """
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
    leaves = None if resume is None else resume.state
    return drive(
        engine,
        problem,
        None,
        segments,
        time_limit=time_limit,
        progress=progress,
        resume=leaves,
        exhausted=Stop.STEPS_EXHAUSTED,
    )[0]


def prepare_flow(
    risk: EmpiricalRisk,
    network: Any,
    *,
    until: Until,
    l2: float | Array = 0.0,
    solver: diffrax.AbstractSolver | None = None,
    rtol: float | Array = 1e-4,
    atol: float | Array = 1e-8,
    start_time: float = 0.0,
    max_steps: int = 20_000,
    record: Record = DEFAULT_RECORD,
) -> tuple[Engine, Problem, list[Array]]:
    """Returns the engine, the problem and the segments of a flow; arguments as in `flow`."""
    extras = as_data({"l2": l2, "rtol": rtol, "atol": atol, "start_time": start_time}, risk)
    if not jnp.any(jnp.isfinite(jnp.stack([jnp.max(jnp.asarray(v)) for v in jax.tree.leaves(until)]))):
        raise ValueError(
            "a flow needs an end: until=Until(time=…), Until(risk=…) or Until(gradient=…). Got none of them."
        )
    if jnp.any(extras["rtol"] < 0) or jnp.any(extras["atol"] < 0):
        raise ValueError(f"tolerances must not be negative. Got rtol={rtol}, atol={atol}.")
    if solver is None:
        structured = isinstance(network, TwoLayer) and risk.predict is apply
        solver = Rosenbrock(_two_layer_linearised if structured else _dense_linearised)
    problem = Problem(risk, network, None, None, as_data(until, risk), extras)
    segments = [jnp.zeros(0)] * -(-max_steps // _STEPS_PER_SEGMENT)
    return Flow(tuple(record.items()), solver), problem, segments


def negative_gradient(time: Array, params: Any, args: tuple[EmpiricalRisk, Array]) -> Any:
    """Returns −∇(R + l2·‖θ‖²), the vector field of the flow; `args` is (risk, l2)."""
    risk, l2 = args
    return jax.tree.map(lambda slope, value: -slope - 2.0 * l2 * value, risk.gradient(params), params)


def _two_layer_linearised(params: TwoLayer, args: tuple[EmpiricalRisk, Array]):
    factor = two_layer_solver(args[0], params)
    return lambda shift: factor(shift + 2.0 * args[1])


def _dense_linearised(params: Any, args: tuple[EmpiricalRisk, Array]):
    factor = dense_solver(args[0], params)
    return lambda shift: factor(shift + 2.0 * args[1])


def _controller(problem: Problem) -> diffrax.PIDController:
    return diffrax.PIDController(rtol=problem.extras["rtol"], atol=problem.extras["atol"])


def _risk_reached(until: Until):
    return lambda t, y, args, **_: args[0].value(y) <= until.risk


def _gradient_reached(until: Until):
    return lambda t, y, args, **_: jnp.linalg.norm(ravel(negative_gradient(t, y, args))) <= until.gradient


def _not_finite(t: Array, y: Any, args: Any, **_: Any) -> Array:
    return ~jnp.isfinite(args[0].value(y))


def _stop_code(solution: diffrax.Solution, reached: Array, length: Array, problem: Problem) -> Array:
    by_risk, by_gradient, by_nan = solution.event_mask
    stalled = (length <= jnp.finfo(length.dtype).eps * jnp.abs(reached)) | (length == 0)
    return jnp.select(
        [by_nan, by_risk, by_gradient, reached >= problem.until.time, stalled],
        [
            Stop.NOT_FINITE.code,
            Stop.RISK_REACHED.code,
            Stop.GRADIENT_REACHED.code,
            Stop.FINISHED.code,
            Stop.NO_PROGRESS.code,
        ],
        Stop.RUNNING.code,
    )
