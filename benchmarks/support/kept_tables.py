"""Planted tables through the study `table`, one line of JSON kept for each, so that an interrupted run goes on."""

import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from condenslab.studies.table import compute
from condenslab.studies.table.cases import FitsCase
from condenslab.sweeps import Record
from condenslab.tasks import Table


def kept(
    seeds: range, cells: Iterable[tuple], run: Callable[..., dict[str, Any]], out: Path | None
) -> Iterator[dict[str, Any]]:
    """Yields run(*cell, seed), seed by seed, so that an interrupted run has as many of every cell.

    Args:
        seeds: Seeds of the tables.
        cells: Arguments of `run` before the seed.
        run: Computes what one table gave, with its "cell" and its "seed".
        out: Where one line of JSON a table is kept and read from; nowhere if None.
    """
    lines = [json.loads(line) for line in out.read_text().splitlines()] if out is not None and out.exists() else []
    known = {(*line["cell"], line["seed"]): line for line in lines}
    each = list(cells)
    for seed in seeds:
        for cell in each:
            done = known.get((*cell, seed))
            if done is None:
                done = run(*cell, seed)
                if out is not None:
                    with out.open("a") as file:
                        file.write(json.dumps(done) + "\n")
            yield done


def record_of(case: Any, table: Table) -> Record:
    """Returns what a case of the study gives, as a store would keep it."""
    run: Any = compute.run_fits if isinstance(case, FitsCase) else compute.run_folds
    outcome = run(case, lambda *_: None, data=table)
    return Record("table", "", vars(case), "done", values=dict(outcome.values), arrays=outcome.arrays)
