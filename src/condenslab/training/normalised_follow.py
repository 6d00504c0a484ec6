"""Draws and follows the members of a normalised flow, one after the other in each thread."""

import functools
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from condenslab.networks import Scale, two_layer
from condenslab.processors import wide_vectors
from condenslab.training import normalised_step as steps
from condenslab.training.drive import Progress
from condenslab.training.normalised_run import Fate, Features, NormalisedRun

BLOCK_NUMBERS = 16384
"""Numbers of one array over samples and the neurons of a block: 128 KiB, so that a block stays in the cache."""
_TRIES = 64
"""Steps that one entry of the compiled program tries, the most between two looks at the clock."""
_FATES = {steps.CONVERGED: Fate.CONVERGED, steps.STALLED: Fate.STALLED, steps.OVERFLOW: Fate.OVERFLOW}


class Samples(NamedTuple):
    """The samples in an orthonormal basis of the space that they span; no weight ever moves out of it.

    Attributes:
        targets: y, shape (sample,).
        basis: An orthonormal basis in its rows, shape (basis, input + 1).
        reduced: x in this basis, shape (sample, basis).
    """

    targets: np.ndarray
    basis: np.ndarray
    reduced: np.ndarray

    @classmethod
    def of(cls, augmented: np.ndarray, targets: np.ndarray) -> "Samples":
        """Returns the samples, in the given coordinates unless there are fewer samples than coordinates.

        Args:
            augmented: x with the constant entry, shape (sample, input + 1).
            targets: y, shape (sample,).
        """
        if len(augmented) >= augmented.shape[1]:
            return cls(targets, np.eye(augmented.shape[1]), augmented)
        basis, reduced = np.linalg.qr(augmented.T)
        return cls(targets, np.ascontiguousarray(basis.T), np.ascontiguousarray(reduced.T))


@dataclass(frozen=True, eq=False)
class Follower:
    """What all members have in common.

    Attributes:
        samples: What is learnt.
        width: m.
        halves: 2 for an anti-symmetric start.
        kept: Numbers of the neurons to return.
        grid: Inputs with the constant entry at which to evaluate, shape (point, input + 1), or None.
        risk: R at which a run has converged.
        tolerance: Accepted relative error of a step.
        max_steps: Most steps to try.
    """

    samples: Samples
    width: int
    halves: int
    kept: np.ndarray
    grid: np.ndarray | None
    risk: float
    tolerance: float
    max_steps: int

    def follow(self, member: tuple[Scale, Array], halt: threading.Event, deadline: float) -> NormalisedRun:
        """Returns what a member comes to.

        Args:
            member: Its scale and its key.
            halt: Ends it early.
            deadline: By `time.monotonic`; no segment begins after it.
        """
        problem, lengths, kept = self.prepare(member)
        state, parts = _begin(problem, halves=self.halves), []
        first = float(steps.risk_of(state.residual))
        while int(state.code) == steps.RUNNING and int(state.tried) < self.max_steps:
            if halt.is_set() or time.monotonic() > deadline:
                break
            state, recorded = self.advance(problem, state, min(_TRIES, self.max_steps - int(state.tried)))
            parts.append(jax.device_get(recorded))
        records = _Records.of(first, parts, lengths)
        exhausted = Fate.STEPS_EXHAUSTED if int(state.tried) >= self.max_steps else Fate.TIME_LIMIT
        return NormalisedRun(
            fate=_FATES.get(int(state.code), exhausted),
            risk=float(records.risks[-1]),
            input_distance=float(records.distances[-1, 0]),
            output_distance=float(records.distances[-1, 1]),
            steps=int(state.accepted),
            tried=int(state.tried),
            times=records.times,
            risks=records.risks,
            input_distances=records.distances[:, 0],
            output_distances=records.distances[:, 1],
            features=self._features(problem, state, kept) if self.kept.size else None,
            outputs=None if self.grid is None else np.asarray(_evaluate(problem.kappa, state.neurons, self.grid)),
        )

    def prepare(self, member: tuple[Scale, Array]) -> tuple[steps.Problem, Array, tuple]:
        """Returns the problem of a member, the squared lengths of its two layers, and the neurons to return.

        Args:
            member: Its scale and its key.
        """
        (scale, key), data = member, self.samples
        block = min(self.width, max(256, BLOCK_NUMBERS // (self.halves * len(data.targets))))
        shape = {"width": self.width, "halves": self.halves, "block": block, "law": scale.law}
        start, lengths, kept = _draw(key, jnp.asarray(data.basis), self.kept, **shape)
        kappa, kappa_prime, tolerance, goal = (
            jnp.asarray(number, float) for number in (scale.kappa, scale.kappa_prime, self.tolerance, self.risk)
        )
        x, y = jnp.asarray(data.reduced), jnp.asarray(data.targets)
        return steps.Problem(x, y, kappa, kappa_prime, start, tolerance, goal), lengths, kept

    def advance(self, problem: steps.Problem, state: steps.State, most: int) -> tuple[steps.State, steps.Records]:
        """Tries at most so many steps.

        Args:
            problem: What is learnt.
            state: Where the member stands.
            most: At most 64.
        """
        return _advance_program()(problem, state, most, tries=_TRIES)

    def compile(self, member: tuple[Scale, Array]) -> None:
        """Compiles the programs, in the calling thread, whose settings of JAX hold.

        Args:
            member: Any of the members.
        """
        problem, *_ = self.prepare(member)
        self.advance(problem, _begin(problem, halves=self.halves), 0)

    def _features(self, problem: steps.Problem, state: steps.State, kept: tuple) -> Features:
        inner, outer = (np.asarray(part) for part in kept)
        size = problem.start.outer.shape[1] // self.halves
        at = self.kept // size, self.kept % size
        shifts = _shifts(problem.start, state.neurons, at, self.samples.basis)
        moved, outer_moved = (np.asarray(part) for part in shifts)
        return Features(inner, outer, inner + moved, outer + outer_moved)


class _Records(NamedTuple):
    """The records of all segments, in order, those of the start in front."""

    times: np.ndarray
    risks: np.ndarray
    distances: np.ndarray

    @classmethod
    def of(cls, first: float, parts: list[steps.Records], lengths: Array) -> "_Records":
        taken = [jax.tree.map(lambda column, part=part: column[part.valid], part) for part in parts]
        moved = np.concatenate([np.zeros((1, 2)), *(part.moved for part in taken)])
        times = np.concatenate([[0.0], *(part.time for part in taken)])
        risks = np.concatenate([[first], *(part.risk for part in taken)])
        return cls(times, risks, np.sqrt(moved / np.asarray(lengths)))


def follow_all(
    follower: Follower,
    members: list[tuple[Scale, Array]],
    threads: int,
    time_limit: float | None,
    progress: Progress | None,
) -> list[NormalisedRun]:
    """Follows every member and returns their runs in order.

    Args:
        follower: What they have in common.
        members: Scale and key of each.
        threads: How many at the same time.
        time_limit: Seconds after which no member is continued.
        progress: Called in the calling thread with (fraction of the members done, text).
    """
    deadline = np.inf if time_limit is None else time.monotonic() + time_limit
    halt = threading.Event()
    follower.compile(members[0])

    def work(member: tuple[Scale, Array]) -> NormalisedRun:
        with jax.enable_x64(True):  # a setting of JAX holds in one thread only
            return follower.follow(member, halt, deadline)

    runs: list[NormalisedRun] = []
    with ThreadPoolExecutor(threads, thread_name_prefix="condenslab") as pool:
        try:
            for future in [pool.submit(work, member) for member in members]:
                runs.append(future.result())
                if progress is not None:
                    progress(len(runs) / len(members), f"{len(runs)} of {len(members)} flows have ended")
        except BaseException:
            halt.set()
            pool.shutdown(cancel_futures=True)
            raise
    return runs


@functools.partial(jax.jit, static_argnames=("width", "halves", "block", "law"))
def _draw(key: Array, basis: Array, kept: Array, *, width: int, halves: int, block: int, law: str) -> tuple:
    """Returns the start in blocks (the last one filled up with zeros, which never move), squared lengths, features."""
    unit = Scale(1.0, 1.0, law=law)  # type: ignore[arg-type]
    network = two_layer(key, width=width, inputs=basis.shape[1] - 1, activation="relu", scale=unit)
    assert network.biases is not None
    outer, inner = network.output_weights[0], jnp.column_stack([network.input_weights, network.biases])
    lengths = jnp.stack([jnp.sum(inner**2), jnp.sum(outer**2)])
    blocks = -(-width // block)
    padding = blocks * block - width
    first = jnp.pad(outer, (0, padding)).reshape(blocks, block)
    flat = jnp.pad(basis @ inner.T, ((0, 0), (0, padding))).reshape(len(basis), blocks, block)
    half = steps.Neurons(first, jnp.moveaxis(flat, 0, 1))
    if halves == 2:
        twice = jnp.concatenate([half.inner, half.inner], axis=2)
        half = steps.Neurons(jnp.concatenate([first, -first], axis=1), twice)
    return half, lengths, (inner[kept], outer[kept])


@functools.cache
def _advance_program() -> Any:
    """Returns `steps.advance` as a program, made once, with vectors of 512 bits: measured 1.2 times as fast."""
    return jax.jit(steps.advance, static_argnames="tries", **wide_vectors())


_begin = jax.jit(steps.begin_state, static_argnames="halves")


@jax.jit
def _evaluate(kappa: Array, end: steps.Neurons, grid: Array) -> Array:
    def at(x: Array) -> Array:
        return kappa * jnp.sum(end.outer * jnp.maximum(jnp.einsum("r,brk->bk", x, end.inner), 0))

    return jax.lax.map(at, grid)


@jax.jit
def _shifts(start: steps.Neurons, end: steps.Neurons, at: tuple, basis: Array) -> tuple[Array, Array]:
    """Returns how far some neurons, at (block, place), have moved, in the coordinates of the inputs."""
    moved = end.inner[at[0], :, at[1]] - start.inner[at[0], :, at[1]]
    return moved @ basis, end.outer[at] - start.outer[at]
