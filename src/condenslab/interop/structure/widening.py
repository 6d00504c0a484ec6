"""Embeddings in width: units of a group split or added, and the gradient that theory gives them.

Splitting copies the input weights of a unit and shares out its output weights (EP21, Definition 5); a null unit has
zero input and output weights and any bias (EP22, Definition 4.3). Then ∇R′(Tθ) = D∇R(θ) for every θ, with the shares
in D for input weights and 1 for output weights (EP21, Lemma 1).
"""

from dataclasses import dataclass

import numpy as np

from condenslab.interop.structure.gauges import Symmetry
from condenslab.interop.structure.surgery import Weights


@dataclass(frozen=True, eq=False)
class Widening:
    """A group made wider.

    Attributes:
        symmetry: The group.
        order: For each new unit the old one that it copies, shape (unit,).
        shares: Which share of that one's output weights it has; 0 for null units, shape (unit,).
    """

    symmetry: Symmetry
    order: np.ndarray
    shares: np.ndarray

    @property
    def null(self) -> np.ndarray:
        """The null units."""
        return np.flatnonzero(self.shares == 0)

    def apply(self, weights: Weights) -> None:
        """Edits the arrays.

        Args:
            weights: The weights.
        """
        group = self.symmetry.group
        matrix = np.zeros((len(self.order), weights.size(group)))
        matrix[np.arange(len(self.order)), self.order] = self.shares
        weights.transform(group, self.order, matrix)
        if len(self.null):
            self._empty(weights)

    def _empty(self, weights: Weights) -> None:
        """Takes the input weights of null units away.

        A bias may stay, which tells null units apart, where the biases behind them make the gradient of their output
        weights vanish at a critical point: σ(b)·∂R/∂b_next. Statistics that must be positive stay copies.
        """
        group = self.symmetry.group
        biased = all(reading.bias is not None and not reading.padded for reading in group.readings)
        for member in group.makers:
            values = weights.by_unit(member, group.atom)
            matrix = weights.arrays[member.parameter].ndim > 1
            if matrix or (not biased and values.min() <= 0):
                weights.put(member, group.atom, self.null, np.zeros_like(values[self.null]))

    def gradient(self, known: Weights) -> None:
        """Turns gradients, as weights with the same axes, into those that theory gives after the embedding.

        What null units have is put to 0: exact for their input weights; their output weights have the gradient of the
        biases behind them times a constant, 0 at a critical point.

        Args:
            known: The gradients, edited.
        """
        group = self.symmetry.group
        known.select(group, self.order)
        for member in group.makers:
            values = known.by_unit(member, group.atom) * self.shares[:, None, None]
            known.put(member, group.atom, np.arange(len(self.order)), values)
        for member in group.readers if len(self.null) else ():
            values = known.by_unit(member, group.atom)[self.null]
            known.put(member, group.atom, self.null, np.zeros_like(values))


def widening(symmetry: Symmetry, old: int, width: int, kind: str, rng: np.random.Generator) -> Widening:
    """Chooses the units that are copied and the shares, or null units.

    Args:
        symmetry: The group.
        old: Its width.
        width: Its new width.
        kind: "split" or "null".
        rng: Draws the units and shares.
    """
    rounds = -(-(width - old) // old)
    copies = np.concatenate([np.zeros(0, np.int64), *(rng.permutation(old) for _ in range(rounds))])[: width - old]
    order = np.concatenate([np.arange(old), copies])
    if kind == "null":
        return Widening(symmetry, order, np.where(np.arange(width) < old, 1.0, 0.0))
    shares = rng.uniform(0.25, 1.0, width)
    totals = np.bincount(order, weights=shares, minlength=old)
    return Widening(symmetry, order, shares / totals[order])
