"""What opens from the cells of a heat map over settings: what every run behind a cell gave."""

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from condenslab import figures
from condenslab.sweeps import Record


def cell_runs(
    name: str,
    cells: Mapping[tuple[int, int], Iterable[Record]],
    value: Callable[[Record], float],
    *,
    logarithmic: bool = True,
    word: Callable[[Record], str] = lambda record: f"seed {record.case['seed']}",
) -> dict[tuple[int, int], dict[str, Any]]:
    """Returns the runs of every cell, for `figures.value_map`; a cell without a run has no entry.

    Args:
        name: What was measured.
        cells: (row, column) → the records behind the cell; what failed is left out, what diverged is named.
        value: What a finished record gave.
        logarithmic: Whether values are compared by their logarithms.
        word: What a run is called; of several with one name the later ones are numbered.
    """
    found = {}
    for place, records in cells.items():
        rows: dict[str, float] = {}
        for record in sorted((r for r in records if r.status != "failed"), key=lambda r: r.case["seed"]):
            called, number = word(record), 1
            while (label := called if number == 1 else f"{called}, {number}") in rows:
                number += 1
            rows[label] = value(record) if record.status == "done" else math.nan
        if rows:
            found[place] = figures.seeds_detail(name, rows, logarithmic=logarithmic)
    return found
