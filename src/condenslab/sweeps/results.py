"""A store as tables and arrays, for people who work in Python."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from condenslab.sweeps.records import Record, Run
from condenslab.sweeps.store import Store


@dataclass(frozen=True)
class Results:
    """Everything that a store holds, arrays read when they are asked for.

    Attributes:
        records: One record a case.
        runs: Every run, oldest first.
    """

    records: list[Record]
    runs: list[Run]

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The records as flat dictionaries, which `pandas.DataFrame(rows)` takes as they are.

        The keys are `study`, `id`, `status`, `message`, and with their prefix `case.NAME` and `values.NAME`.
        """
        return [flat(record) for record in self.records]

    @property
    def claims(self) -> list[dict[str, Any]]:
        """The claims of every run as rows; see `Run`."""
        return [row for run in self.runs for row in run.claims]

    def arrays(self, name: str) -> dict[str, np.ndarray]:
        """Reads one array of every record that has it.

        Args:
            name: Name of the array.

        Returns:
            The arrays by the id of their record.
        """
        return {record.id: record.arrays[name] for record in self.records if name in record.arrays}


def load(path: str | Path, study: str | None = None) -> Results:
    """Reads a store.

    Args:
        path: Its folder, the `--out` of the command line.
        study: Only what belongs to this study.

    Raises:
        UserError: There is no store, a newer condenslab wrote it, or a file of it is damaged.
    """
    store = Store(path)
    runs = [run for run in store.runs(latest=False) if study in (None, run.study)]
    return Results(list(store.records(study).values()), runs)


def flat(record: Record) -> dict[str, Any]:
    """Returns a record as a flat dictionary; a case that holds a dictionary becomes several columns.

    Args:
        record: The record.

    Returns:
        The keys `study`, `id`, `status`, `message`, `case.NAME` and `values.NAME`.
    """
    head = {"study": record.study, "id": record.id, "status": record.status, "message": record.message}
    return head | _named("case", record.case) | {f"values.{name}": value for name, value in record.values.items()}


def _named(prefix: str, content: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in content.items():
        found |= _named(f"{prefix}.{name}", value) if isinstance(value, dict) else {f"{prefix}.{name}": value}
    return found
