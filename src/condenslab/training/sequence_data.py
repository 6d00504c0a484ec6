"""What a decoder is trained on: a fixed sample of sequences, or new sequences at every step."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from condenslab.tasks.anchors import AnchorTask, Sequences


class FixedSample(eqx.Module):
    """n sequences with their answers, padded so that samples of different n share one program.

    Attributes:
        tokens: Shape (room, token); rows from `count` on are padding that is never drawn.
        targets: Shape (room,).
        count: n.
    """

    tokens: Array
    targets: Array
    count: Array

    @classmethod
    def of(cls, sequences: Sequences | tuple[Any, Any], room: int | None = None) -> "FixedSample":
        """Returns a sample.

        Args:
            sequences: Sequences of a task, or (tokens, targets) of your own.
            room: Rows with padding, at least n; by default n.

        Raises:
            ValueError: There are no sequences, tokens and targets do not fit, or there is too little room.
        """
        own = isinstance(sequences, Sequences)
        tokens, targets = (sequences.tokens, sequences.targets) if own else map(np.asarray, sequences)
        n, size = len(tokens), len(tokens) if room is None else room
        if tokens.ndim != 2 or targets.shape != (n,) or not n or size < n:
            raise ValueError(
                "a sample needs tokens of shape (sample, token), one target each, and room for all. Got shapes "
                f"{tokens.shape} and {targets.shape} and room for {size}."
            )
        for name, array in (("tokens", tokens), ("targets", targets)):
            if array.dtype.kind not in "iu" or array.min() < 0:
                raise ValueError(f"{name} must be whole numbers of at least 0. Got {array.dtype}, from {array.min()}.")
        padding = size - n
        return cls(
            jnp.asarray(np.pad(tokens, ((0, padding), (0, 0))), jnp.int32),
            jnp.asarray(np.pad(targets, (0, padding)), jnp.int32),
            jnp.asarray(n, jnp.int32),
        )

    def draw(self, key: Array, batch: int) -> tuple[Array, Array]:
        """Returns a batch, drawn with replacement: tokens (batch, token) and targets (batch,)."""
        rows = jax.random.randint(key, (batch,), 0, self.count)
        return self.tokens[rows], self.targets[rows]


class FreshSequences(eqx.Module):
    """New sequences at every step: a random training triple of a task with new noise around it.

    Attributes:
        triples: (key, rule, position) of training, shape (triple, 3), perhaps padded.
        count: How many there are.
        rules: Anchor tokens, shape (rule, anchor).
        answers: Offsets, shape (rule,).
        low: The first item.
        high: One more than the last.
        length: Tokens in a sequence.
        key_first: Whether the key stands before its anchors.
    """

    triples: Array
    count: Array
    rules: Array
    answers: Array
    low: Array
    high: Array
    length: int = eqx.field(static=True)
    key_first: bool = eqx.field(static=True)

    @classmethod
    def of(cls, task: AnchorTask, room: int | None = None) -> "FreshSequences":
        """Returns the stream of the training triples of a task.

        Args:
            task: The task.
            room: Rows of triples with padding, so that tasks share a program; by default as many as there are.

        Raises:
            ValueError: There is too little room.
        """
        triples = task.triples("train")
        size = len(triples) if room is None else room
        if size < len(triples):
            raise ValueError(f"{task.name} has {len(triples)} training triples. Got room for {size}.")
        numbers = (np.pad(triples, ((0, size - len(triples)), (0, 0))), len(triples), task.rules, task.answers)
        items = (task.layout.items[0], task.layout.items[1] + 1)
        arrays = (jnp.asarray(part, jnp.int32) for part in (*numbers, *items))
        return cls(*arrays, length=task.layout.length, key_first=task.layout.key_first)

    def draw(self, key: Array, batch: int) -> tuple[Array, Array]:
        """Returns a batch: tokens (batch, token) and targets (batch,)."""
        noise, chosen = jax.random.split(key)
        keys, rules, positions = self.triples[jax.random.randint(chosen, (batch,), 0, self.count)].T
        tokens = jax.random.randint(noise, (batch, self.length), self.low, self.high)
        rows, q = jnp.arange(batch), self.rules.shape[1]
        tokens = tokens.at[rows, positions + (0 if self.key_first else q)].set(keys)
        for k in range(q):
            place = positions + k + (1 if self.key_first else 0)
            tokens = tokens.at[rows, place].set(self.rules[rules, k])
        return tokens, keys + self.answers[rules]


SequenceData = FixedSample | FreshSequences
