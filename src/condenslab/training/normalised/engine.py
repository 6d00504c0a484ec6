"""The engine of the normalised flow: what its problem and its states are in terms of those of all training."""

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from condenslab.risk import EmpiricalRisk
from condenslab.training.engine import Engine, Problem, Slice, State
from condenslab.training.normalised.step import (
    Course,
    Neurons,
    attempt,
    outputs_of,
    risk_of,
    squares,
    target_vector,
    total,
)
from condenslab.training.trajectory import Stop, Until

TRIES = 64
"""Steps that a segment tries, the most between two looks at the clock."""


class Segment(NamedTuple):
    """How many steps a segment tries at most, and the fraction of the largest number that is then behind."""

    most: Array | np.ndarray
    done: Any


class NormalisedEngine(Engine):
    """The engine of `normalised_flow`; a segment tries 64 steps, and every step taken is recorded.

    In its problem θ are the `Neurons` in blocks, `risk.scale` is κ, the level of `until` is one of R = Σe²/(2n), and
    `extras` has κ′ and the tolerance, besides numbers of the start that only the result needs.

    Attributes:
        halves: 2 for an anti-symmetric start, else 1.
    """

    halves: int = eqx.field(static=True)

    def start(self, problem: Problem) -> State:
        """Returns the start of the flow, whose first step is still to be chosen."""
        residual = self._outputs(problem, problem.network) - target_vector(problem)
        zero, none = jnp.zeros(()), jnp.zeros((), int)
        course = Course(residual, jnp.zeros((2, self.halves)), zero, zero, none, none)
        return State(problem.network, none, jnp.full((), Stop.RUNNING.code, int), course)

    def judge(self, problem: Problem, state: State) -> Array:
        """Returns whether the level is reached, or the residual out of range."""
        risk = risk_of(state.inner.residual)
        code = jnp.where(risk <= problem.until.risk, Stop.RISK_REACHED.code, Stop.RUNNING.code)
        return jnp.where(jnp.isfinite(risk), code, Stop.NOT_FINITE.code)

    def clock(self, state: State) -> Array:
        """Returns κ·t."""
        return state.inner.time

    def records_start(self, state: State) -> Array:
        """Returns true: the start is a record."""
        return jnp.asarray(True)

    def recorded(self, problem: Problem, network: Neurons) -> dict[str, Array]:
        """Returns R and the squared distances of the first half to its start, input and output weights."""
        residual = self._outputs(problem, network) - target_vector(problem)
        moved = jax.vmap(lambda one, other: squares(one, other, halves=self.halves))(network, problem.network)
        return {"risk": risk_of(residual), "moved": jnp.sum(moved, axis=0)[:, 0]}

    def advance(self, problem: Problem, state: State, segment: Segment) -> tuple[State, Slice]:
        """Tries steps until the member stops, at most as many as the segment says, and records every one it takes."""
        row = jnp.zeros(TRIES)
        empty = Slice(row, {"risk": row, "moved": jnp.zeros((TRIES, 2))}, jnp.zeros(TRIES, bool), segment.done)

        def body(loop: tuple[Array, State, Slice]) -> tuple[Array, State, Slice]:
            at, old, kept = loop
            new = attempt(problem, old)
            values = {"risk": risk_of(new.inner.residual), "moved": new.inner.moved[:, 0]}
            columns, row = (kept.times, kept.records, kept.valid), (new.inner.time, values, new.steps > old.steps)
            columns = jax.tree.map(lambda column, value: column.at[at].set(value), columns, row)
            return at + 1, new, Slice(*columns, done=kept.done)

        def going(loop: tuple[Array, State, Slice]) -> Array:
            return (loop[0] < segment.most) & (loop[1].code == Stop.RUNNING.code)

        _, state, records = jax.lax.while_loop(going, body, (jnp.zeros((), int), state, empty))
        return state, records

    def _outputs(self, problem: Problem, network: Neurons) -> Array:
        return total(lambda one: outputs_of(problem, one), network)


def segments_of(max_steps: int) -> list[Segment]:
    """Returns the segments that try `max_steps` steps together.

    Args:
        max_steps: At least 1.
    """
    ends = [*range(TRIES, max_steps, TRIES), max_steps]
    begins = [0, *ends[:-1]]
    return [
        Segment(np.asarray(end - begin), np.asarray(end / max_steps)) for begin, end in zip(begins, ends, strict=True)
    ]


def normalised_problem(
    inputs: np.ndarray, targets: np.ndarray, start: Neurons, *, goal: float, kappa: Any, extras: dict[str, Any]
) -> Problem:
    """Returns the problem of one member.

    Args:
        inputs: x in the basis of the neurons, shape (sample, basis).
        targets: y, shape (sample,).
        start: The parameters at the start.
        goal: R at which it has converged.
        kappa: κ.
        extras: κ′ as `kappa_prime`, the `tolerance`, and what only the result needs.
    """
    risk = EmpiricalRisk(inputs, targets[:, None], predict=predict, scale=jnp.asarray(kappa, float))
    return Problem(risk, start, None, None, Until(risk=jnp.asarray(goal, float)), extras)


def predict(neurons: Neurons, inputs: Array) -> Array:
    """Returns f/κ on inputs in the basis of the neurons, shape (sample, 1).

    Args:
        neurons: The parameters, in blocks.
        inputs: A batch, shape (sample, basis).
    """

    def at(x: Array) -> Array:
        return jnp.sum(neurons.outer * jnp.maximum(jnp.einsum("r,brk->bk", x, neurons.inner), 0))

    return jax.lax.map(at, inputs)[:, None]
