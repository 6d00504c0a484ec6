"""What is read from stored records of the recovery study; numbers only, no JAX."""

from collections.abc import Sequence

import numpy as np

from condenslab.sweeps import Record

WIDTH_1_MINIMUM = 0.1090227421
WIDTH_2_MINIMUM = 0.0697915121
"""Where plateaus are looked for; solved outside this package. The papers print 0.11 and 0.07, which is claimed."""


class Results:
    """The finished records of a run, sorted by what they answer.

    Args:
        records: Finished records in any order.
    """

    def __init__(self, records: Sequence[Record]) -> None:
        self.flows = [r for r in records if r.case["kind"] == "flow"]
        self.critical = {r.case["width"]: r for r in records if r.case["kind"] == "critical"}

    def flow(self, start: str, *, decayed: bool) -> list[Record]:
        """Returns the flows from a start, with or without the L2 term, by seed."""
        chosen = [r for r in self.flows if r.case["start"] == start and (r.case["l2"] > 0) == decayed]
        return sorted(chosen, key=lambda r: r.case["seed"])


def plateau(record: Record, level: float) -> tuple[float, float] | None:
    """Returns the longest uninterrupted interval of time, in decades, with R within 10 % of a level, or None.

    Args:
        record: A flow record.
        level: The risk of the plateau.
    """
    times, inside = record.arrays["times"], np.abs(record.arrays["risk"] / level - 1) <= 0.1
    edges = np.flatnonzero(np.diff(np.concatenate([[False], inside & (times > 0), [False]]).astype(int)))
    spans = [(float(times[first]), float(times[end - 1])) for first, end in edges.reshape(-1, 2)]
    return max(spans, key=lambda span: span[1] / span[0], default=None)


def plateau_decades(record: Record, level: float) -> float:
    """Returns the length of `plateau` in decades of time, 0 if there is none."""
    interval = plateau(record, level)
    return float(np.log10(interval[1] / interval[0])) if interval else 0.0


def distances(record: Record, outputs: np.ndarray) -> np.ndarray:
    """Returns the relative rms distance of the network's outputs to those of a function, shape (time,).

    Args:
        record: A flow record.
        outputs: The function on the training inputs, shape (sample,).
    """
    along = record.arrays["outputs"][:, :, 0]
    return np.sqrt(np.mean((along - outputs) ** 2, axis=1) / np.mean(outputs**2))


def minima(record: Record, level: float) -> list[float]:
    """Returns the risks of the strict minima of their own width nearest to a level: width 2 has a mirrored pair.

    Args:
        record: A record of critical functions.
        level: R.
    """
    width = record.case["width"]
    inertia = np.reshape(record.values["inertia"], (-1, 3))
    strict = (inertia[:, 0] == 3 * width) & np.array(record.values["inertia_decided"], dtype=bool)
    risks = np.array(record.values["risks"])[strict]
    return sorted(risks[np.argsort(np.abs(risks - level))[: min(width, 2) if level > 0 else 1]].tolist())


def lowest_outputs(record: Record) -> np.ndarray | None:
    """Returns the critical function of lowest risk on the training inputs, or None where none was found.

    Args:
        record: A record of critical functions.
    """
    if not record.values["risks"]:
        return None
    return record.arrays["outputs"][int(np.argmin(record.values["risks"]))]


def predicted_inertia(width: int, wide: int) -> list[int]:
    """Returns the inertia that a nondegenerate minimum gets when its neurons are split with positive shares.

    Each further copy adds one positive, one zero and one negative direction where the matrix A of its neuron is
    indefinite, as it is for the width-1 and width-2 minima of the three-tanh exercise (EP21, Fig. 3(a)).

    Args:
        width: Width of the minimum, which has 3·width parameters.
        wide: Width after the embedding.
    """
    return [3 * width + wide - width, wide - width, wide - width]
