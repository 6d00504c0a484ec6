"""Gradient descent and its relatives: any optax optimiser, full batch or minibatches, dropout, one compiled scan."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array

from condenslab.networks.dense import Dropout, ravel
from condenslab.risk import EmpiricalRisk
from condenslab.training.engine import Engine, Problem, Progress, Slice, State, drive
from condenslab.training.trajectory import DEFAULT_RECORD, Record, Stop, Trajectory, Until

_CHECK_EVERY = 100
_SEGMENTS = 50


class GradientDescent(eqx.Module):
    """v ← momentum·v + ∇R(θ) + decay·θ, θ ← θ − rate·v: the conventions of PyTorch's SGD.

    Attributes:
        rate: Learning rate.
        momentum: Heavy-ball momentum, or None for none.
        decay: Weight decay, that is the gradient of (decay/2)·‖θ‖², or None for none.
    """

    rate: float | Array
    momentum: float | Array | None = None
    decay: float | Array | None = None

    def transformation(self) -> optax.GradientTransformation:
        """Returns the optax optimiser."""
        parts = [optax.scale(-self.rate)]
        if self.momentum is not None:
            parts.insert(0, optax.trace(decay=self.momentum))
        if self.decay is not None:
            parts.insert(0, optax.add_decayed_weights(self.decay))
        return optax.chain(*parts)


class Adam(eqx.Module):
    """Adam with decoupled weight decay (AdamW), bias-corrected.

    Attributes:
        rate: Learning rate.
        b1: Decay of the first moment.
        b2: Decay of the second moment.
        eps: Added to the root of the second moment.
        decay: Decoupled weight decay: θ shrinks by rate·decay·θ a step.
    """

    rate: float | Array
    b1: float | Array = 0.9
    b2: float | Array = 0.999
    eps: float | Array = 1e-8
    decay: float | Array = 0.0

    def transformation(self) -> optax.GradientTransformation:
        """Returns the optax optimiser."""
        return optax.adamw(self.rate, b1=self.b1, b2=self.b2, eps=self.eps, weight_decay=self.decay)


class Descent(Engine):
    """The engine of `descend`: a segment is a list of stretches, each a number of steps followed by one record.

    Attributes:
        record: Pairs of names and functions.
        batch: Samples a minibatch, or None for the full batch.
        dropout: Whether there is dropout (its rate is data).
    """

    record: tuple[tuple[str, Any], ...] = eqx.field(static=True)
    batch: int | None = eqx.field(static=True)
    dropout: bool = eqx.field(static=True)

    def start(self, problem: Problem) -> State:
        """Returns step 0 with a fresh optimiser."""
        optimiser = _optimiser(problem.method).init(problem.network)
        samples = problem.risk.inputs.shape[0]
        order = None if self.batch is None else jnp.arange(samples)
        return State(problem.network, jnp.asarray(0), jnp.asarray(Stop.RUNNING.code), (optimiser, order))

    def advance(self, problem: Problem, state: State, segment: Array) -> tuple[State, Slice]:
        """Takes the stretches of `segment` (numbers of steps; −1 pads), recording after each."""

        def stretch(state: State, count: Array) -> tuple[State, Slice]:
            live = (state.code == Stop.RUNNING.code) & (count >= 0)
            goal = state.steps + jnp.maximum(count, 0)
            state = jax.lax.while_loop(
                lambda s: (s.code == Stop.RUNNING.code) & (s.steps < goal),
                lambda s: self._checked(problem, s, jnp.minimum(goal - s.steps, _CHECK_EVERY)),
                state,
            )
            records = {name: function(problem.risk, state.network) for name, function in self.record}
            return state, Slice(state.steps, records, live)

        return jax.lax.scan(stretch, state, segment)

    def _checked(self, problem: Problem, state: State, count: Array) -> State:
        moved = jax.lax.fori_loop(0, count, lambda _, s: self._step(problem, s), state)
        value, gradient = problem.risk.value_and_gradient(moved.network)
        norm = jnp.linalg.norm(ravel(gradient))
        finite = jnp.isfinite(value) & jnp.isfinite(norm)
        code = jnp.select(
            [~finite, value <= problem.until.risk, norm <= problem.until.gradient],
            [Stop.NOT_FINITE.code, Stop.RISK_REACHED.code, Stop.GRADIENT_REACHED.code],
            Stop.RUNNING.code,
        )
        kept = jax.tree.map(lambda new, old: jnp.where(finite, new, old), moved, state)
        return dataclasses.replace(kept, code=code)

    def _step(self, problem: Problem, state: State) -> State:
        optimiser, order = state.inner
        risk = problem.risk
        if self.batch is not None:
            order, chosen = _next_batch(problem.key, state.steps, order, self.batch)
            weights = None if risk.weights is None else risk.weights[chosen]
            risk = dataclasses.replace(risk, inputs=risk.inputs[chosen], targets=risk.targets[chosen], weights=weights)
        if self.dropout:
            noise = Dropout(jax.random.fold_in(problem.key, state.steps), problem.extras["dropout"])
            predict = risk.predict
            risk = dataclasses.replace(risk, predict=lambda params, inputs: predict(params, inputs, noise))
        updates, optimiser = _optimiser(problem.method).update(risk.gradient(state.network), optimiser, state.network)
        network = optax.apply_updates(state.network, updates)
        return State(network, state.steps + 1, state.code, (optimiser, order))


def descend(
    risk: EmpiricalRisk,
    network: Any,
    method: Any,
    *,
    steps: int,
    key: Array | None = None,
    until: Until = Until(),
    record: Record = DEFAULT_RECORD,
    at: Sequence[int] | None = None,
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
        method: `GradientDescent(rate=…)`, `Adam(rate=…)`, or any optax gradient transformation.
        steps: How many steps to take.
        key: A JAX key; needed for minibatches and dropout, and used for nothing else.
        until: Levels of risk and gradient norm that end the run; looked at every 100 steps and at every record.
        record: Functions of (risk, params) evaluated in the compiled program.
        at: Steps at which to record, by default 0 and about 200 logarithmically spaced ones.
        batch: Samples a minibatch (drawn without replacement, reshuffled every epoch), or None for the full batch.
        dropout: DROP probability on hidden activations, in [0, 1).
        time_limit: Wall seconds; looked at between segments (a run has about fifty).
        progress: Called with (fraction, text) between segments.
        resume: An earlier trajectory of the same risk and method: its optimiser state is continued, step numbers go on,
            and `steps` and `at` count from there. `network` then only gives the shapes.

    Returns:
        The trajectory, which says why it stopped.

    Raises:
        ValueError: A missing key, a batch larger than the data, a rate of dropout outside [0, 1), or negative steps.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> line = EmpiricalRisk(jnp.ones((1, 1)), jnp.full((1, 1), 3.0), predict=lambda slope, x: slope * x)
        >>> run = descend(line, jnp.zeros(()), GradientDescent(rate=0.25), steps=100)
        >>> round(float(run.network), 6)
        3.0
    """
    engine, problem, segments = prepare_descent(
        risk, network, method, steps=steps, key=key, until=until, record=record, at=at, batch=batch, dropout=dropout
    )
    leaves = None if resume is None else resume.state
    return drive(engine, problem, None, segments, time_limit=time_limit, progress=progress, resume=leaves)[0]


def prepare_descent(
    risk: EmpiricalRisk,
    network: Any,
    method: Any,
    *,
    steps: int,
    key: Array | None = None,
    until: Until = Until(),
    record: Record = DEFAULT_RECORD,
    at: Sequence[int] | None = None,
    batch: int | None = None,
    dropout: float | Array = 0.0,
) -> tuple[Engine, Problem, list[Array]]:
    """Returns the engine, the problem and the segments of a descent; arguments as in `descend`."""
    noisy = not (isinstance(dropout, float | int) and dropout == 0)
    if isinstance(dropout, float | int) and not 0 <= dropout < 1:
        raise ValueError(f"dropout must be a DROP probability in [0, 1). Got {dropout}.")
    if (noisy or batch is not None) and key is None:
        raise ValueError(
            "minibatches and dropout must be given a random key. Got key=None; pass key=jax.random.key(seed)."
        )
    samples = risk.inputs.shape[0]
    if batch is not None and not 1 <= batch <= samples:
        raise ValueError(f"batch must be between 1 and the number of samples, {samples}. Got {batch}.")
    problem = Problem(
        risk,
        network,
        as_data(method, risk),
        key,
        as_data(until, risk),
        as_data({"dropout": dropout}, risk) if noisy else {},
    )
    engine = Descent(tuple(record.items()), batch, noisy)
    return engine, problem, _segments(record_steps(steps) if at is None else np.asarray(sorted(set(at))), steps)


def record_steps(steps: int, points: int = 200) -> np.ndarray:
    """Returns 0 and at most `points` logarithmically spaced step numbers up to and including `steps`.

    Raises:
        ValueError: A negative number of steps.
    """
    if steps < 0:
        raise ValueError(f"steps must not be negative. Got {steps}.")
    if steps == 0:
        return np.zeros(1, dtype=np.int64)
    return np.unique(np.append(0, np.geomspace(1, steps, points).round())).astype(np.int64)


def as_data(tree: Any, risk: EmpiricalRisk) -> Any:
    """Returns the tree with its Python numbers as arrays of the precision of the data, so that they are traced."""
    dtype = jnp.result_type(risk.targets.dtype, jnp.float32)
    return jax.tree.map(lambda leaf: jnp.asarray(leaf, dtype) if isinstance(leaf, float | int) else leaf, tree)


def _segments(points: np.ndarray, steps: int) -> list[Array]:
    if points[0] < 0 or points[-1] > steps:
        raise ValueError(f"records must lie between step 0 and step {steps}. Got {points[0]} … {points[-1]}.")
    if points[-1] < steps:
        points = np.append(points, steps)
    counts = np.diff(points, prepend=0)
    slots = -(-counts.size // _SEGMENTS)
    padded = np.append(counts, np.full(-counts.size % slots, -1))
    return list(jnp.asarray(padded.reshape(-1, slots)))


def _optimiser(method: Any) -> optax.GradientTransformation:
    return method.transformation() if isinstance(method, GradientDescent | Adam) else method


def _next_batch(key: Array, step: Array, order: Array, batch: int) -> tuple[Array, Array]:
    """Returns the (re)shuffled order and the indices of this step's minibatch; a last incomplete one is left out."""
    number = order.shape[0] // batch
    place = step % number
    shuffle = jax.random.fold_in(key, step // number)
    order = jax.lax.cond(place == 0, lambda: jax.random.permutation(shuffle, order.shape[0]), lambda: order)
    return order, jax.lax.dynamic_slice(order, (place * batch,), (batch,))
