"""What is reported of a layer and of the heads of a block."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

VERDICTS = ("condensed", "low-rank", "as random", "undecided")
"""What is said of a layer."""


@dataclass(frozen=True)
class Null:
    """A comparison with one null.

    Attributes:
        twins: Neurons whose nearest neighbour is closer than any in any draw from the null.
        of: How many neurons were compared: all that are not dead, or a sample of a large layer.
        repeats: Draws.
        seed: Of the draws.
        median: Median |cosine| of nearest neighbours in the null.
        largest: Largest |cosine| in the null.
        cosines: |cosine| of nearest neighbours in one draw, for the page.
        directions: Fewest groups of equal direction in a draw, for each threshold.
    """

    twins: int
    of: int
    repeats: int
    seed: int
    median: float
    largest: float
    directions: list[dict[str, Any]]
    cosines: np.ndarray

    @property
    def share(self) -> float:
        """Twins by the neurons compared."""
        return self.twins / self.of if self.of else 0.0


@dataclass(frozen=True)
class LayerReport:
    """What is known of one layer; `as_dict` has it under the names of the JSON.

    Attributes:
        name: The weight's name in the file.
        kind: "dense", "convolution", "gated" or "recurrent".
        shape: The weight's shape.
        neurons: How many neurons (filters, units).
        inputs: Numbers a neuron, its bias included.
        dead: Neurons with zero weights in or out (below 1e-4 of the largest norm).
        faint: Further neurons whose weights are below a tenth of the median norm.
        pairs: Pairs with |cosine| above 0.95 and above 0.99.
        nearest: Median and largest |cosine| with the nearest neighbour.
        directions: Groups for each threshold.
        effective_width: Groups at 0.95 without dead and faint neurons.
        participation: n²/Σ cos².
        nulls: By "rotation" and "columns".
        verdict: One of `VERDICTS`.
        method: How the numbers came about, in words.
        silent: Neurons that gave 0 on every input of the user, or None without inputs.
        cosines: |cosine| of nearest neighbours, for the page.
        duplicates: Close pairs, at most a hundred.
        picture: Some neurons for the page: unit rows, a rotation of them and their norms.
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    neurons: int
    inputs: int
    dead: int
    faint: int
    pairs: dict[str, int]
    nearest: dict[str, float]
    directions: list[dict[str, Any]]
    effective_width: int
    participation: float
    nulls: dict[str, Null]
    verdict: str
    method: str
    cosines: np.ndarray
    duplicates: list[tuple[int, int]]
    picture: tuple[np.ndarray, np.ndarray, np.ndarray]
    silent: int | None = None

    def as_dict(self) -> dict[str, Any]:
        """Returns the report as plain values for JSON."""
        nulls = {
            kind: {
                "twins": null.twins,
                "of": null.of,
                "repeats": null.repeats,
                "seed": null.seed,
                "nearest": {"median": null.median, "largest": null.largest},
                "directions": null.directions,
            }
            for kind, null in self.nulls.items()
        }
        plain = {
            "name": self.name,
            "kind": self.kind,
            "shape": list(self.shape),
            "neurons": self.neurons,
            "inputs": self.inputs,
            "dead": self.dead,
            "faint": self.faint,
            "pairs": self.pairs,
            "nearest": self.nearest,
            "directions": self.directions,
            "effective_width": self.effective_width,
            "participation": self.participation,
            "null": nulls,
            "verdict": self.verdict,
            "method": self.method,
            "duplicates": [list(pair) for pair in self.duplicates],
        }
        return plain if self.silent is None else {**plain, "silent": self.silent}


@dataclass(frozen=True)
class HeadReport:
    """The heads of one block of attention.

    Attributes:
        block: Its name.
        heads: How many.
        qk: Median and largest |cosine| of a head's W_Q′W_K with the nearest other head's, and pairs above 0.95.
        ov: The same for W_V′W_O, or None where W_O was not found.
        method: In words.
    """

    block: str
    heads: int
    qk: dict[str, Any]
    ov: dict[str, Any] | None
    method: str

    def as_dict(self) -> dict[str, Any]:
        """Returns the report as plain values for JSON."""
        return {"block": self.block, "heads": self.heads, "qk": self.qk, "ov": self.ov, "method": self.method}


def verdict(nulls: Mapping[str, Null], *, inputs: int, directions: list[dict[str, Any]]) -> str:
    """Judges a layer.

    Args:
        nulls: Beside its rotations ("rotation") and with its columns permuted ("columns"); empty if none were drawn.
        inputs: Numbers a neuron.
        directions: Groups of equal direction, for each threshold.

    Returns:
        "condensed": a tenth of the neurons or more, at least four, are nearer to another one than any in a rotation,
        and columns permuted do not explain it (they do where a few large weights make random rows alike, as in a
        sparse matrix); or at some threshold at most half as many directions as in any rotation; or all share one.
        "low-rank": at most 1 % are closer than in a rotation, but a tenth or more are closer than with columns
        permuted. "as random": at most 1 % against either null. Else, and below 8 neurons, "undecided".
    """
    if not nulls or nulls["rotation"].of < 8 or inputs < 2:
        return "undecided"
    rotation, columns = nulls["rotation"], nulls["columns"]
    one = all(row["groups"] == 1 for row in directions)
    unexplained = columns.share > 0.01 or _fewer(directions, columns.directions)
    twins = rotation.share >= 0.1 and rotation.twins >= 4 and unexplained
    if twins or one or _fewer(directions, rotation.directions):
        return "condensed"
    if rotation.share > 0.01:
        return "undecided"
    if columns.share >= 0.1 or _fewer(directions, columns.directions):
        return "low-rank"
    return "as random" if columns.share <= 0.01 else "undecided"


def _fewer(directions: list[dict[str, Any]], null: list[dict[str, Any]]) -> bool:
    """Says whether there are at most half as many groups as in any draw, at one of the thresholds."""
    return any(2 * ours["groups"] <= theirs["groups"] for ours, theirs in zip(directions, null, strict=True))
