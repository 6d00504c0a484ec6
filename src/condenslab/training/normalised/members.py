"""Draws and follows the members of a normalised flow, one after the other in each thread."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from condenslab.networks import Scale, two_layer
from condenslab.training.drive import Lane, Progress, drive
from condenslab.training.engine import Problem
from condenslab.training.normalised.engine import NormalisedEngine, normalised_problem, predict, segments_of
from condenslab.training.normalised.run import Features, NormalisedRun
from condenslab.training.normalised.step import Neurons, kappa_of
from condenslab.training.trajectory import Stop

BLOCK_NUMBERS = 16384
"""Numbers of one array over samples and the neurons of a block: 128 KiB, so that a block stays in the cache."""


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

    def follow_all(
        self,
        members: Sequence[tuple[Scale, Array]],
        *,
        threads: int,
        time_limit: float | None,
        progress: Progress | None,
    ) -> list[NormalisedRun]:
        """Follows every member and returns their runs in order; interrupted, all as far as they have come.

        Args:
            members: Scale and key of each.
            threads: How many at the same time.
            time_limit: Seconds after which no member is continued.
            progress: Called in the calling thread with (fraction done, text).

        Raises:
            KeyboardInterrupt: Interrupted, and yet every member had just stopped by itself.
        """
        lanes = [
            Lane(lambda member=member: (self.problem(member), None), np.asarray(True), self.conclude)
            for member in members
        ]
        return drive(
            NormalisedEngine(self.halves),
            None,
            lanes,
            segments_of(self.max_steps),
            exhausted=Stop.STEPS_EXHAUSTED,
            threads=threads,
            time_limit=time_limit,
            progress=progress,
        )

    def problem(self, member: tuple[Scale, Array]) -> Problem:
        """Returns the problem of a member, its start drawn.

        Args:
            member: Its scale and its key.
        """
        (scale, key), data = member, self.samples
        block = min(self.width, max(256, BLOCK_NUMBERS // (self.halves * len(data.targets))))
        shape = {"width": self.width, "halves": self.halves, "block": block, "law": scale.law}
        start, lengths, kept = _draw(key, jnp.asarray(data.basis), self.kept, **shape)
        numbers = {"kappa_prime": scale.kappa_prime, "tolerance": self.tolerance}
        extras = {name: jnp.asarray(number, float) for name, number in numbers.items()}
        return normalised_problem(
            data.reduced,
            data.targets,
            start,
            goal=self.risk,
            kappa=scale.kappa,
            extras=extras | {"lengths": lengths, "kept": kept},
        )

    def conclude(self, lane: Lane, problem: Problem) -> list[NormalisedRun]:
        """Returns what the member of a lane has come to, and lets go of its parameters.

        Args:
            lane: The lane, which has ended.
            problem: Of its member.
        """
        state, times = lane.state, np.concatenate([part.times for part in lane.slices])
        assert state is not None, "a lane that has ended has begun"
        risks = np.concatenate([part.records["risk"] for part in lane.slices])
        moved = np.concatenate([part.records["moved"] for part in lane.slices])
        distances = np.sqrt(moved / np.asarray(problem.extras["lengths"]))
        run = NormalisedRun(
            stop=lane.stop_of(int(state.code)),
            risk=float(risks[-1]),
            input_distance=float(distances[-1, 0]),
            output_distance=float(distances[-1, 1]),
            steps=int(state.steps),
            tried=int(state.inner.tried),
            times=times,
            risks=risks,
            input_distances=distances[:, 0],
            output_distances=distances[:, 1],
            features=self._features(problem, state.network) if self.kept.size else None,
            outputs=None if self.grid is None else np.asarray(_evaluate(kappa_of(problem), state.network, self.grid)),
        )
        lane.release()
        return [run]

    def _features(self, problem: Problem, end: Neurons) -> Features:
        inner, outer = (np.asarray(part) for part in problem.extras["kept"])
        size = problem.network.outer.shape[1] // self.halves
        at = self.kept // size, self.kept % size
        shifts = _shifts(problem.network, end, at, self.samples.basis)
        moved, outer_moved = (np.asarray(part) for part in shifts)
        return Features(inner, outer, inner + moved, outer + outer_moved)


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
    half = Neurons(first, jnp.moveaxis(flat, 0, 1))
    if halves == 2:
        twice = jnp.concatenate([half.inner, half.inner], axis=2)
        half = Neurons(jnp.concatenate([first, -first], axis=1), twice)
    return half, lengths, (inner[kept], outer[kept])


@jax.jit
def _evaluate(kappa: Array, end: Neurons, grid: Array) -> Array:
    return kappa * predict(end, grid)[:, 0]


@jax.jit
def _shifts(start: Neurons, end: Neurons, at: tuple, basis: Array) -> tuple[Array, Array]:
    """Returns how far some neurons, at (block, place), have moved, in the coordinates of the inputs."""
    moved = end.inner[at[0], :, at[1]] - start.inner[at[0], :, at[1]]
    return moved @ basis, end.outer[at] - start.outer[at]
