"""One record by the beginning of its id: its case, its numbers, its arrays, and the command that makes it."""

import shlex
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from condenslab.errors import UserError
from condenslab.sweeps.planning import plans
from condenslab.sweeps.records import Record
from condenslab.sweeps.store import Store


def find(store: Store, identity: str) -> Record:
    """Returns one record.

    Args:
        store: The store.
        identity: The beginning of its id, long enough to be the only one.

    Raises:
        UserError: There is none, or there are several.
    """
    found: dict[str, Record] = {}
    for record in store.scan():
        better = record.id not in found or record.status != "failed" or found[record.id].status == "failed"
        if record.id.startswith(identity.lower()) and better:
            found[record.id] = record
    if not found or not identity:
        raise UserError(
            f"no record in {store.path} has an id that begins with {identity!r}: `condenslab export {store.path} "
            "--format csv` lists them"
        )
    if len(found) > 1:
        some = ", ".join(list(found)[:3])
        raise UserError(f"{len(found)} records have ids that begin with {identity!r} ({some} …): give more of it")
    return next(iter(found.values()))


def commands(store: Store, record: Record) -> list[str]:
    """Returns the commands that make a record: each of those that were asked for it, and those of finished runs.

    Args:
        store: The store.
        record: The record.
    """
    asked = [plan.command for plan in plans(store) if any(record.id in ids for _, ids in plan.each())]
    if not asked:
        asked = [
            command_of(run.study, run.preset, run.seed, run.overrides, run.data["name"] if run.data else None)
            for run in store.runs()
            if record.id in run.records
        ]
    return [shlex.join(["condenslab", *command, "--out", str(store.path)]) for command in asked]


def command_of(study: str, preset: str, seed: int, overrides: dict[str, Any], data: str | None) -> list[str]:
    """Returns the arguments of `condenslab` that ask for a run.

    Args:
        study: Name of the study.
        preset: Name of the preset.
        seed: The seed.
        overrides: Changed settings, by name.
        data: Name of the user's table, or None.
    """
    changed = [f"{name}={_text(value)}" for name, value in overrides.items()]
    own = ["--data", str(Path(data))] if data else []
    return ["run", study, "--preset", preset, "--seed", str(seed), *(["--set", *changed] if changed else []), *own]


def summary(record: Record) -> list[dict[str, Any]]:
    """Describes the arrays of a record.

    Args:
        record: The record.

    Returns:
        For each `name`, `dtype`, `shape`, `finite` (how many entries are), `least` and `largest` of these, or None.
    """
    rows = []
    for name, array in record.arrays.items():
        numbers = np.asarray(array, dtype=float)
        finite = numbers[np.isfinite(numbers)]
        rows.append(
            {
                "name": name,
                "dtype": str(array.dtype),
                "shape": list(array.shape),
                "finite": int(finite.size),
                "least": float(finite.min()) if finite.size else None,
                "largest": float(finite.max()) if finite.size else None,
            }
        )
    return rows


def _text(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
