"""The distinct critical functions of several searches, joined from their records; numbers only, no JAX."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from condenslab.sweeps import Record

_SAME = 1e-3


@dataclass(frozen=True, eq=False)
class Functions:
    """The distinct functions of several searches, by risk.

    Attributes:
        risks: Shape (function,).
        widths: The width each first appears at, shape (function,).
        outputs: On the training inputs, shape (function, sample).
        curves: On the grid, shape (function, point).
        inertia: (positive, zero, negative) in the own width.
        decided: Whether these counts are.
        symmetric: Whether the function is odd, as the target is.
        hits: Starts that ended on it, over all searches.
    """

    risks: np.ndarray
    widths: np.ndarray
    outputs: np.ndarray
    curves: np.ndarray
    inertia: list[tuple[int, ...]]
    decided: list[bool]
    symmetric: list[bool]
    hits: list[int]

    def nearest(self, outputs: np.ndarray) -> int | None:
        """Returns the number of the function with these outputs on the training inputs, or None."""
        distances = np.abs(self.outputs - outputs).max(axis=1, initial=0.0)
        best = int(np.argmin(distances)) if len(distances) else None
        return best if best is not None and distances[best] <= _SAME * np.abs(self.outputs).max() else None

    def mirror(self, number: int) -> int | None:
        """Returns the number of the mirror image −f(−x), itself for an odd function, or None if it was not found."""
        return self.nearest(-self.outputs[number, ::-1])


def collect(records: Sequence[Record]) -> Functions:
    """Joins the functions of several searches, each once.

    Args:
        records: Finished records, in any order.
    """
    rows: list[tuple] = []
    for record in records:
        v, a = record.values, record.arrays
        for k, risk in enumerate(v["risks"]):
            rows.append(
                (
                    risk,
                    v["widths"][k],
                    a["outputs"][k],
                    a["functions"][k],
                    tuple(v["inertia"][k]),
                    v["inertia_decided"][k],
                    v["symmetric"][k],
                    v["hits"][k],
                )
            )
    kept: list[list] = []
    for row in sorted(rows, key=lambda row: (row[1], row[0])):
        scale = max(np.abs(row[2]).max(initial=0.0), 1.0)
        near = next((old for old in kept if np.abs(old[2] - row[2]).max() <= _SAME * scale), None)
        if near is None:
            kept.append(list(row))
        else:
            near[7] += row[7]
    kept.sort(key=lambda row: row[0])
    columns = list(zip(*kept, strict=True)) or [()] * 8
    return Functions(
        np.array(columns[0]),
        np.array(columns[1]),
        np.array(columns[2]),
        np.array(columns[3]),
        list(columns[4]),
        list(columns[5]),
        list(columns[6]),
        list(columns[7]),
    )
