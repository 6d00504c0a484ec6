"""Gradient descent and its relatives: any optax optimiser, full batch or minibatches, dropout, one compiled scan."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from condenslab.networks.conversion import Key, as_key
from condenslab.networks.dense import Dropout
from condenslab.risk import EmpiricalRisk, Function, Risk, require_risk, sample_count
from condenslab.training.checks import check_count, check_recorders
from condenslab.training.drive import Lane, Progress, drive
from condenslab.training.engine import (
    EnsembleEngine,
    Problem,
    Slice,
    State,
    as_data,
    judge_levels,
    precision,
    strong,
    work,
)
from condenslab.training.methods import optimiser, require_runnable, step
from condenslab.training.stretches import SLOTS, Stretches, cut
from condenslab.training.trajectory import DEFAULT_RECORDERS, Recorders, Stop, Trajectory, Until, check_levels

_CHECK_EVERY = 100
_WORK = 2**25
"""A segment has at least so many steps × parameters × samples: tens of milliseconds, beside which an entry is cheap."""


class Descent(EnsembleEngine):
    """The engine of `descend`.

    Attributes:
        record: Pairs of names and functions.
        batch: Samples a minibatch, or None for the full batch.
        dropout: Whether there is dropout (its rate is data).
    """

    record: tuple[tuple[str, Any], ...] = eqx.field(static=True)
    batch: int | None = eqx.field(static=True)
    dropout: bool = eqx.field(static=True)

    @property
    def slots(self) -> int:
        """Returns how many stretches a segment has."""
        return SLOTS

    @property
    def cost(self) -> int:
        """Returns 1: this is the unit."""
        return 1

    @property
    def tiny(self) -> int:
        """Returns 0 with minibatches, because a vectorised member would shuffle its samples in every step."""
        return 512 if self.batch is None else 0

    def start(self, problem: Problem) -> State:
        """Returns step 0 with a fresh optimiser."""
        fresh = optimiser(problem.method).init(problem.network)
        order = None if self.batch is None else jnp.arange(problem.risk.inputs.shape[0])
        return State(problem.network, jnp.zeros((), int), jnp.full((), Stop.RUNNING.code, int), (fresh, order))

    def judge(self, problem: Problem, state: State) -> Array:
        """Returns the code of the level that the full-batch risk or its gradient has reached."""
        return judge_levels(problem.risk, state.network, problem.until, problem.risk.gradient)

    def clock(self, state: State) -> Array:
        """Returns the step number."""
        return state.steps

    def records_start(self, state: State) -> Array:
        """Returns true: step 0 is a record."""
        return jnp.asarray(True)

    def advance(self, problem: Problem, state: State, segment: Stretches) -> tuple[State, Slice]:
        """Takes the stretches one after the other."""

        def stretch(state: State, item: Any) -> tuple[State, Slice]:
            count, wanted = item
            moved = jax.lax.fori_loop(
                0,
                -(-count // _CHECK_EVERY),
                lambda k, s: self._go_on(problem, s, jnp.minimum(count - k * _CHECK_EVERY, _CHECK_EVERY)),
                state,
            )
            stopped = moved.code != Stop.RUNNING.code
            valid = (moved.steps > state.steps) & (wanted | stopped)
            shapes = eqx.filter_eval_shape(self.recorded, problem, state.network)
            records = jax.lax.cond(
                valid,
                lambda: self.recorded(problem, moved.network),
                lambda: jax.tree.map(lambda like: jnp.zeros(like.shape, like.dtype), shapes),
            )
            return moved, Slice(moved.steps, records, valid, jnp.where(stopped, 1.0, segment.done))

        end, slices = jax.lax.scan(stretch, state, (segment.steps, segment.recorded))
        return end, slices._replace(done=slices.done[-1])

    def _go_on(self, problem: Problem, state: State, count: Array) -> State:
        """Takes some steps and looks at the levels, unless the member has stopped."""

        def move(state: State) -> State:
            moved = jax.lax.fori_loop(0, count, lambda _, s: self._step(problem, s), state)
            code = self.judge(problem, moved)
            lost = code == Stop.NOT_FINITE.code
            kept = jax.tree.map(lambda new, old: jnp.where(lost, old, new) if eqx.is_array(new) else new, moved, state)
            return dataclasses.replace(kept, code=code)

        return jax.lax.cond(state.code == Stop.RUNNING.code, move, lambda state: state, state)

    def _step(self, problem: Problem, state: State) -> State:
        carried, order = state.inner
        risk, scale = problem.risk, None
        keys: Any = (None, None) if problem.key is None else jax.random.split(problem.key)
        if self.batch is not None:
            order, chosen = _next_batch(keys[0], state.steps, order, self.batch)
            risk, scale = _restricted(risk, chosen)
        if self.dropout:
            dropout = Dropout(jax.random.fold_in(keys[1], state.steps), problem.extras["dropout"])
            predict: Any = risk.predict
            risk = dataclasses.replace(risk, predict=lambda params, inputs: predict(params, inputs, dropout))
        moved, carried = step(problem.method, risk, scale, state.network, carried)
        return State(moved, state.steps + 1, state.code, (carried, order))


def descend(
    risk: Risk,
    network: Any,
    method: Any,
    *,
    steps: int,
    key: Key | None = None,
    until: Until = Until(),
    record: Recorders = DEFAULT_RECORDERS,
    at: Sequence[int] | np.ndarray | None = None,
    batch: int | None = None,
    dropout: float | Array = 0.0,
    time_limit: float | None = None,
    progress: Progress | None = None,
    resume: Trajectory | None = None,
) -> Trajectory:
    """Minimises a risk by an iterative first-order method.

    Args:
        risk: R.
        network: Start; any pytree that `risk.predict` takes.
        method: `GradientDescent(rate=…)`, `Adam(rate=…)`, or an optax gradient transformation: also those with line
            searches, with schedules that watch the risk, and with noise of their own. The numbers of the first two are
            data; an optax optimiser is part of the program, so make it once and use it again.
        steps: How many steps to take, a whole number.
        key: A JAX key or an integer seed; needed for minibatches and dropout, and used for nothing else.
        until: Levels of risk and gradient norm (of the full batch, without decay and dropout) that end the run; looked
            at in the beginning, every 100 steps and at every record.
        record: Functions of (risk, params) evaluated in the compiled program.
        at: Steps at which to record, about 200 logarithmically spaced ones by default; start and end always are.
        batch: Samples a minibatch (drawn without replacement, reshuffled every epoch, an incomplete last one left out),
            or None for the full batch. With sample weights p its gradient is (n/batch)·Σ p_i ∇ℓ_i, which is unbiased.
        dropout: DROP probability on hidden activations, in [0, 1); `risk.predict` must then take the noise as its third
            argument, as `networks.apply` does.
        time_limit: Wall seconds; looked at between segments (a run has about a hundred).
        progress: Called with (fraction, text) between segments.
        resume: An earlier trajectory of the same network and method: its whole state is continued, step numbers go on,
            and `steps` and `at` count from there. `network` then only gives the shapes.

    Returns:
        The trajectory, which says why it stopped. After Ctrl-C it holds what was finished.

    Raises:
        ValueError: A missing key, a batch larger than the data, a rate of dropout outside [0, 1), steps that are no
            whole number of at least 0, a time limit below 0, or the trajectory of another kind of run to resume.
        TypeError: The method is none, or needs more than the risk, its gradient, and both as functions.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from condenslab.training import GradientDescent
        >>> line = EmpiricalRisk(jnp.ones((1, 1)), jnp.full((1, 1), 3.0), predict=lambda slope, x: slope * x)
        >>> run = descend(line, jnp.zeros(()), GradientDescent(rate=0.25), steps=100)
        >>> round(float(run.network), 6)
        3.0
    """
    require_risk(risk)
    engine, problem, segments = prepare_descent(
        risk, network, method, steps=steps, key=key, until=until, record=record, at=at, batch=batch, dropout=dropout
    )
    lane = Lane(lambda: (None, None if resume is None else resume.state), np.asarray(True))
    runs = drive(engine, problem, [lane], segments, exhausted=Stop.FINISHED, time_limit=time_limit, progress=progress)
    return runs[0]


def prepare_descent(
    risk: Risk,
    network: Any,
    method: Any,
    *,
    steps: int,
    key: Key | None = None,
    until: Until = Until(),
    record: Recorders = DEFAULT_RECORDERS,
    at: Sequence[int] | np.ndarray | None = None,
    batch: int | None = None,
    dropout: float | Array | np.ndarray = 0.0,
) -> tuple[Descent, Problem, list[Stretches]]:
    """Returns the engine, the problem and the segments of a descent.

    Arguments are as in `descend`; `until` and `dropout` may also hold arrays with one entry a member.
    """
    check_levels(until)
    noisy = not (isinstance(dropout, float | int) and dropout == 0)
    check_recorders(record)
    if np.asarray(dropout).dtype.kind in "cSUO" or not np.all((np.asarray(dropout) >= 0) & (np.asarray(dropout) < 1)):
        raise ValueError(f"dropout must be a DROP probability in [0, 1). Got {dropout}.")
    if (noisy or batch is not None) and key is None:
        raise ValueError(
            "minibatches and dropout must be given a random key. Got key=None; pass key=jax.random.key(seed)."
        )
    samples = sample_count(risk)
    if isinstance(risk, Function):
        if noisy or batch is not None:
            raise TypeError("minibatches and dropout need the samples of an EmpiricalRisk. Got a risk.Function.")
        risk.require_defined(network)
    if batch is not None and not 1 <= (batch := check_count("batch", batch)) <= samples:
        raise ValueError(f"batch must be between 1 and the number of samples, {samples}. Got {batch}.")
    network, key = strong(network), None if key is None else as_key(key)
    require_runnable(method, risk, network)
    dtype = precision(network)
    extras = {"dropout": as_data(dropout, dtype)} if noisy else {}
    problem = Problem(strong(risk), network, as_data(method, dtype), key, as_data(until, dtype), extras)
    segments = cut(steps, at, max(1, _WORK // work(problem)))
    return Descent(tuple(record.items()), batch, noisy), problem, segments


def _restricted(risk: EmpiricalRisk, chosen: Array) -> tuple[EmpiricalRisk, Array | None]:
    """Returns the risk on some samples, and by what its gradient is to be multiplied to be unbiased (None: by 1)."""
    inputs, targets = risk.inputs[chosen], risk.targets[chosen]
    if risk.weights is None:
        return dataclasses.replace(risk, inputs=inputs, targets=targets), None
    weights = risk.weights[chosen]
    share = jnp.sum(weights) / jnp.sum(risk.weights)
    # A minibatch of padding alone counts nothing; equal weights keep its risk defined.
    weights = jnp.where(share > 0, weights, 1.0)
    part = dataclasses.replace(risk, inputs=inputs, targets=targets, weights=weights)
    return part, share * (risk.inputs.shape[0] / chosen.shape[0])


def _next_batch(key: Array, step: Array, order: Array, batch: int) -> tuple[Array, Array]:
    """Returns the (re)shuffled order and the indices of this step's minibatch."""
    number = order.shape[0] // batch
    place = step % number
    shuffle = jax.random.fold_in(key, step // number)
    order = jax.lax.cond(place == 0, lambda: jax.random.permutation(shuffle, order.shape[0]), lambda: order)
    return order, jax.lax.dynamic_slice(order, (place * batch,), (batch,))
