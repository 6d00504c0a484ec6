"""Training on sequences: an ensemble of decoders in one compiled program, over seeds, scales, rates, decays and data.

A member draws batch number t with fold_in(its key, t), so that it is the same alone and inside an ensemble, whatever
the records are, and a run that is continued takes the steps that it would have taken.
"""

import functools
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from condenslab.networks.conversion import Key, as_key
from condenslab.processors import wide_vectors
from condenslab.training.adamw import AdamW
from condenslab.training.checks import check_count, check_limits
from condenslab.training.sequence_data import SequenceData
from condenslab.training.stack import Stack, count_members, is_listed, select, stacked
from condenslab.training.trajectory import Stop, Trajectory

_SLICE_SECONDS = 1.0
_FIRST_SLICE = 20


class _Members(NamedTuple):
    """What all members are, each leaf with a leading member axis."""

    network: Any
    means: Any
    key: Array
    steps: Array
    finite: Array


def train_sequences(
    network: Any,
    data: SequenceData | Sequence[SequenceData] | Stack,
    method: AdamW | Sequence[AdamW] | Stack,
    *,
    steps: int,
    batch: int,
    key: Key | Sequence[Key],
    at: Sequence[int] | None = None,
    measure: Callable[[Any], Mapping[str, np.ndarray]] | None = None,
    resume: Sequence[Trajectory] | None = None,
    time_limit: float | None = None,
    progress: Callable[[float, str], None] | None = None,
) -> list[Trajectory]:
    """Trains networks that answer sequences, all members in one program, on the cross-entropy of the last token.

    Args:
        network: A network tokens → logits, a list of them, or a `Stack`, such as that of
            `jax.vmap(lambda key, gamma: networks.decoder(key, gamma=gamma, …))(keys, gammas)`.
        data: `FixedSample` or `FreshSequences`, one for all, a list, or a `Stack`.
        method: `AdamW`, one for all, a list, or a `Stack`.
        steps: Steps, those of the runs that are continued included.
        batch: Sequences in a step, drawn with replacement from a fixed sample.
        key: Of the batches; a JAX key or an integer seed, or a list with one a member.
        at: Steps after which there is a record, increasing; by default 8 equally spaced ones. The start and the end are
            always recorded.
        measure: A function of the members as one network whose arrays have a leading member axis, on the host or
            device, returning arrays with a leading member axis. `training.predicted` helps.
        resume: Runs of the same members to continue.
        time_limit: Wall seconds.
        progress: Called with (fraction, text).

    Returns:
        One trajectory a member: records "loss" (the mean over the steps since the last record, NaN at the start) and
        what `measure` returns. A member whose loss is no longer finite keeps its last finite parameters and says so.

    Raises:
        ValueError: Lists of different lengths, counts that are no positive whole numbers, members that differ in more
            than numbers, or runs to continue that do not fit.
    """
    for name, value in (("steps", steps), ("batch", batch)):
        check_count(name, value, least=1)
    check_limits(time_limit, progress)
    start, own = _started(network, data, method, key, resume)
    begun = 0 if resume is None else int(np.max(start.steps))
    marks = _marks(at, begun, steps)
    clock = _Clock(time_limit, progress, steps)
    runs = _Records(measure)
    runs.take(begun, start, np.full(len(start.steps), np.nan))
    members, stop = start, Stop.FINISHED
    try:
        for mark in marks:
            members, losses, stop = _until(members, own, batch, mark, clock)
            runs.take(int(np.max(members.steps)), members, losses)
            if stop is not Stop.FINISHED:
                break
    except KeyboardInterrupt:
        stop = Stop.INTERRUPTED
    return runs.trajectories(members, stop, clock.seconds)


def predicted(networks: Any, tokens: np.ndarray, *, together: int = 64) -> np.ndarray:
    """Returns the most probable token that every member answers, shape (member, sample).

    Args:
        networks: Members as one network whose arrays have a leading member axis.
        tokens: The same sequences for all, shape (sample, token), or one set a member, shape (member, sample, token).
        together: Members that are computed at a time.
    """
    shared = np.ndim(tokens) == 2
    count = len(jax.tree.leaves(networks)[0])
    parts = []
    for begin in range(0, count, together):
        some = jax.tree.map(lambda leaf, b=begin: leaf[b : b + together], networks)
        own = tokens if shared else tokens[begin : begin + together]
        parts.append(np.asarray(_predict(some, jnp.asarray(own, jnp.int32), shared)))
    return np.concatenate(parts)


@eqx.filter_jit
def _predict(networks: Any, tokens: Array, shared: bool) -> Array:
    return jax.vmap(lambda net, own: jnp.argmax(net(own), axis=-1), in_axes=(0, None if shared else 0))(
        networks, tokens
    )


def _started(
    network: Any, data: Any, method: Any, key: Any, resume: Sequence[Trajectory] | None
) -> tuple[_Members, tuple[Any, Any]]:
    """Returns all members at their start, and their data and methods with a leading member axis."""
    given = {"network": network, "data": data, "method": method, "key": key}
    listed = {name: value for name, value in given.items() if is_listed(value)}
    if isinstance(listed.get("key"), list):
        listed["key"] = [jax.random.key_data(as_key(one)) for one in listed["key"]]
    listed = {name: stacked(name, value) for name, value in listed.items()}
    count = count_members(listed) if listed else 1
    if "key" not in listed:
        listed["key"] = np.tile(np.asarray(jax.random.key_data(as_key(key))), (count, 1))
    repeat = lambda leaf: jnp.broadcast_to(jnp.asarray(leaf), (count, *np.shape(leaf)))  # noqa: E731
    parts = {n: listed[n] if n in listed else jax.tree.map(repeat, given[n]) for n in ("network", "data", "method")}
    networks = jax.tree.map(jnp.asarray, parts["network"])
    dtype = jnp.result_type(*jax.tree.leaves(networks))
    methods = jax.tree.map(lambda v: jnp.broadcast_to(jnp.asarray(v, dtype), (count,)), parts["method"])
    zeros = jax.tree.map(jnp.zeros_like, networks)
    steps = jnp.zeros(count, jnp.int32)
    members = _Members(networks, (zeros, zeros), jnp.asarray(listed["key"]), steps, jnp.ones(count, bool))
    if resume is not None:
        members = _resumed(members, resume)
    return members, (jax.tree.map(jnp.asarray, parts["data"]), methods)


def _resumed(members: _Members, runs: Sequence[Trajectory]) -> _Members:
    """Returns the members as earlier runs left them.

    Raises:
        ValueError: They are other members.
    """
    leaves, structure = jax.tree.flatten(members._replace(network=None))
    networks = [run.network for run in runs]
    fits = len(runs) == len(members.steps) and all(
        len(run.state) == len(leaves)
        and all(np.shape(new) == old.shape[1:] for new, old in zip(run.state, leaves, strict=True))
        and jax.tree.structure(run.network) == jax.tree.structure(members.network)
        for run in runs
    )
    if not fits:
        raise ValueError(
            "resume must be the runs of the same members, as train_sequences returned them, because their whole state "
            f"is continued. Got {len(runs)} runs for {len(members.steps)} members, or other networks."
        )
    columns = zip(*(run.state for run in runs), strict=True)
    state = [jnp.asarray(np.stack(c), leaf.dtype) for c, leaf in zip(columns, leaves, strict=True)]
    back = jax.tree.unflatten(structure, state)
    return back._replace(network=jax.tree.map(lambda *parts: jnp.stack(parts), *networks))


def _marks(at: Sequence[int] | None, begun: int, steps: int) -> list[int]:
    given = np.linspace(0, steps, 9).round().astype(int).tolist() if at is None else list(at)
    return sorted({step for step in given if begun < step < steps} | {steps})


class _Clock:
    """Time limit and progress, and how many steps a slice of a second has."""

    def __init__(self, limit: float | None, progress: Callable[[float, str], None] | None, steps: int) -> None:
        self.began, self.limit, self.progress, self.steps = time.perf_counter(), limit, progress, steps
        self.slice = _FIRST_SLICE

    @property
    def seconds(self) -> float:
        """Wall time since the start."""
        return time.perf_counter() - self.began

    def tick(self, taken: int, seconds: float, done: int, loss: float) -> bool:
        """Takes note of a slice; returns whether the time is over."""
        self.slice = max(1, min(2 * self.slice, int(taken * _SLICE_SECONDS / max(seconds, 1e-6))))
        if self.progress is not None:
            self.progress(done / self.steps, f"step {done:,} of {self.steps:,}, mean loss {loss:.3g}")
        return self.limit is not None and self.seconds >= self.limit


def _until(members: _Members, own: Any, batch: int, mark: int, clock: _Clock) -> tuple[_Members, np.ndarray, Stop]:
    """Returns the members after step `mark`, or when the time is over, and their mean losses on the way."""
    done, total = int(np.max(members.steps)), np.zeros(len(members.steps))
    first = done
    while done < mark:
        count, began = min(clock.slice, mark - done), time.perf_counter()
        members, sums = _advance_program()(members, own, batch, jnp.asarray(done), jnp.asarray(count))
        total += np.asarray(sums, np.float64)
        done += count
        over = clock.tick(count, time.perf_counter() - began, done, float(np.mean(total) / (done - first)))
        if over and done < mark:
            return members, total / (done - first), Stop.TIME_LIMIT
    return members, total / max(done - first, 1), Stop.FINISHED


@functools.cache
def _advance_program() -> Any:
    """Returns `_advance` as a program, made once."""
    return eqx.filter_jit(_advance, **wide_vectors())


def _advance(members: _Members, own: Any, batch: int, done: Array, count: Array) -> tuple[_Members, Array]:
    """Takes `count` steps of all members from step number `done`; returns the sums of their losses too."""

    def one(member: _Members, data: Any, method: AdamW, step: Array) -> tuple[_Members, Array]:
        key = jax.random.fold_in(jax.random.wrap_key_data(member.key), step)
        tokens, targets = data.draw(key, batch)
        loss, slope = eqx.filter_value_and_grad(_loss)(member.network, tokens, targets)
        network, means, norm = method.step(member.network, slope, member.means, step)
        sums = jnp.stack([jnp.sum(leaf) for leaf in jax.tree.leaves(network)])
        fine = member.finite & jnp.isfinite(loss) & jnp.isfinite(norm) & jnp.all(jnp.isfinite(sums))
        old = member.network, member.means
        network, means = jax.tree.map(lambda new, before: jnp.where(fine, new, before), (network, means), old)
        return _Members(network, means, member.key, member.steps + fine, fine), loss

    def body(k: Array, carried: tuple[_Members, Array]) -> tuple[_Members, Array]:
        after, losses = jax.vmap(one, in_axes=(0, 0, 0, None))(carried[0], own[0], own[1], done + k)
        return after, carried[1] + losses

    sums = jnp.zeros(len(members.steps), jnp.result_type(*jax.tree.leaves(members.network)))
    return jax.lax.fori_loop(0, count, body, (members, sums))


def _loss(network: Any, tokens: Array, targets: Array) -> Array:
    logits = network(tokens)
    picked = jnp.take_along_axis(logits, targets[:, None], axis=1)[:, 0]
    return jnp.mean(jax.nn.logsumexp(logits, axis=1) - picked)


class _Records:
    """What is recorded along the way."""

    def __init__(self, measure: Callable[[Any], Mapping[str, np.ndarray]] | None) -> None:
        self.measure = measure
        self.times: list[int] = []
        self.values: list[dict[str, np.ndarray]] = []

    def take(self, step: int, members: _Members, losses: np.ndarray) -> None:
        """Records the members after a step."""
        found = {} if self.measure is None else dict(self.measure(members.network))
        wrong = [name for name, value in found.items() if len(np.atleast_1d(value)) != len(losses)]
        if wrong:
            raise ValueError(f"measure must return one entry a member ({len(losses)}). Got others in {wrong[0]!r}.")
        self.times.append(step)
        self.values.append({"loss": losses, **{name: np.asarray(value) for name, value in found.items()}})

    def trajectories(self, members: _Members, stop: Stop, seconds: float) -> list[Trajectory]:
        """Returns one trajectory a member."""
        columns = {name: np.stack([v[name] for v in self.values], axis=1) for name in self.values[0]}
        host = jax.device_get(members)
        runs = []
        for k in range(len(host.steps)):
            network, state = select(host.network, k), jax.tree.leaves(host._replace(network=None))
            runs.append(
                Trajectory(
                    np.array(self.times),
                    {name: column[k] for name, column in columns.items()},
                    network,
                    stop if host.finite[k] else Stop.NOT_FINITE,
                    int(host.steps[k]),
                    seconds,
                    tuple(np.asarray(leaf[k]) for leaf in state),
                )
            )
        return runs
