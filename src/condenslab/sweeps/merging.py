"""Two folders as one: shards are immutable and their names hold checksums, so that merging is copying files."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from condenslab.errors import UserError
from condenslab.sweeps.files import listed, read, read_sealed, write_whole
from condenslab.sweeps.shards import check_whole
from condenslab.sweeps.store import Say, Store


@dataclass(frozen=True)
class Merged:
    """What a merge did.

    Attributes:
        shards: Shards that were copied.
        runs: Runs and plans that were copied.
        present: Files that were there already.
        damaged: Shards, runs and plans that are damaged and were left out.
        cases: Cases that have a record afterwards.
    """

    shards: int
    runs: int
    present: int
    damaged: int
    cases: int


def merge(sources: Sequence[str | Path], target: str | Path, say: Say = None) -> Merged:
    """Copies everything of several stores into one, which may be one of them or be there already.

    Of records with the same id the newest counts, as within one store. What is damaged is left where it is.

    Args:
        sources: The folders.
        target: The folder that gets everything.
        say: Called with a sentence on each file that is damaged.

    Raises:
        UserError: A source is no store, or the target cannot be written.
    """
    stores = [Store(source) for source in sources]
    goal = Store(target, create=True)
    counts = dict.fromkeys(("shards", "runs", "present", "damaged"), 0)
    for store in stores:
        for folder, suffix in (("shards", ".jsonl"), ("runs", ".json"), ("plans", ".json")):
            for path in listed(store.path / folder, suffix):
                copy = goal.path / folder / path.name
                if copy.exists():
                    counts["present"] += 1
                    continue
                try:
                    _copy(path, copy, goal, whole=folder == "shards")
                    counts["shards" if folder == "shards" else "runs"] += 1
                except _DamagedError as error:
                    counts["damaged"] += 1
                    if say is not None:
                        say(f"{error}; it is left out")
    return Merged(**counts, cases=len(goal.statuses()))


class _DamagedError(Exception):
    """A source file is damaged."""


def _copy(path: Path, copy: Path, goal: Store, *, whole: bool) -> None:
    arrays = path.with_suffix(".safetensors")
    try:
        if whole:
            check_whole(path)
        content = read_sealed(path)
        tensors = read(arrays) if whole and arrays.exists() else None
    except UserError as error:
        raise _DamagedError(str(error).partition(": restore")[0]) from error
    with goal.writing():
        copy.parent.mkdir(parents=True, exist_ok=True)
        if tensors is not None:
            write_whole(copy.with_suffix(".safetensors"), tensors)
        write_whole(copy, content)
