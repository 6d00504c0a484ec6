"""The case that two studies share: gradient descent on some entries of a matrix; imports no JAX."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from condenslab.studies.contract.parts import Part
from condenslab.sweeps import Record

Target = Literal["M1", "M2", "M3", "M4", "M5", "M6", "M7", "M8"]
CROSS = (3, 2)
"""Row 4 and column 3, the cross of the largest entries of M1."""
SUCCESS = 1e-6
"""Test error below which one run counts as recovered."""


@dataclass(frozen=True)
class TrainCase:
    """One run of gradient descent.

    Attributes:
        part: What it is for: "hooks", "scale", "order …" or "random".
        target: The matrix.
        observed: Row-major numbers of the observed entries.
        std: Standard deviation of the initial entries.
        rate: Learning rate.
        steps: Largest number of steps.
        seed: Of the start.
        kind: Tells the sorts of case apart.
    """

    part: str
    target: Target
    observed: tuple[int, ...]
    std: float
    rate: float
    steps: int
    seed: int
    kind: Literal["train"] = "train"


PART = Part(
    case=TrainCase,
    run="condenslab.studies.shared.completion.runs:descend",
    varies=("part", "target", "observed", "std", "rate", "seed"),
    together=True,
    seconds=lambda case: 1e-3 + 2.5e-7 * case.steps,
    bytes=lambda _: 8 * 32 * 4,
)
"""All runs of as many steps share one program."""


def recovers(record: Record) -> bool:
    """Returns whether a finished run counts as recovered.

    Args:
        record: Of a run.
    """
    return record.values["test_error"] < SUCCESS


def components(observed: Sequence[int]) -> int:
    """Returns the components of the bipartite graph of observed entries of a 4 × 4 matrix: 1 for rank 7.

    Args:
        observed: Row-major numbers.
    """
    label = np.arange(8)
    for number in observed:
        i, j = divmod(number, 4)
        label[label == label[4 + j]] = label[i]
    return len(set(label.tolist()))
