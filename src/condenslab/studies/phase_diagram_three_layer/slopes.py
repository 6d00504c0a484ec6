"""What claims and drawings of the three-layer phase diagram read off the records; no JAX."""

from collections.abc import Sequence

import numpy as np

from condenslab.sweeps import Record


def converged(record: Record) -> bool:
    """Returns whether a run came to the risk that was asked for; in older records those that did not are `done` too."""
    return bool(record.values.get("converged"))


def layer_slopes(records: Sequence[Record]) -> list[float] | None:
    """Returns the slope of log RD against log m of each layer, or None where a run did not converge or nothing moved.

    Args:
        records: Runs of one point and one seed; there is no slope of a single width.
    """
    widths = [record.case["width"] for record in records]
    if len(set(widths)) < 2 or not all(map(converged, records)):
        return None
    distances = np.array([record.values["distances"] for record in records])
    return np.polyfit(np.log(widths), np.log(distances), 1)[0].tolist() if np.all(distances > 0) else None
