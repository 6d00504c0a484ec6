"""What is damaged in a store is moved aside, never deleted, and said in a sentence; the next run computes it again."""

import contextlib
import os
from collections.abc import Callable, Iterable
from pathlib import Path

from condenslab.errors import UserError
from condenslab.sweeps.files import abandoned, listed
from condenslab.sweeps.planning import read_plan
from condenslab.sweeps.shards import check_whole
from condenslab.sweeps.store import Store, read_run


def quarantine(store: Store, say: Callable[[str], None]) -> None:
    """Moves what is damaged, and temporary files that a killed writer has left, into the folder `quarantine`.

    Everything is read, arrays included. A second writer that does the same at the same time does no harm.

    Args:
        store: The store; it is about to be written to.
        say: Called with a sentence for each.

    Raises:
        UserError: The folder cannot be read or written.
    """
    for folder, suffix, check, again in _KINDS:
        for path in listed(store.path / folder, suffix):
            try:
                check(path)
            except UserError as error:
                if not os.path.lexists(path):  # another process was quicker
                    continue
                _move(store, (path.with_suffix(".safetensors"), path))
                reason = str(error).partition(": restore")[0]
                say(f"{reason}; it is in {store.path / 'quarantine'} now, and {again}")
    left = [path for folder in ("shards", "runs", "plans") for path in abandoned(store.path / folder)]
    _move(store, left)
    if left:
        say(
            f"a writer that was killed has left {len(left)} unfinished file{'s' * (len(left) > 1)}, now in "
            f"{store.path / 'quarantine'}; what they were to hold is computed again"
        )


_KINDS: tuple[tuple[str, str, Callable[[Path], object], str], ...] = (
    ("shards", ".jsonl", check_whole, "what it held is computed again"),
    ("runs", ".json", read_run, "its claims are made again when that study is run again"),
    ("plans", ".json", read_plan, "it is written again when that request is made again"),
)
"""Folder and suffix of what a store holds, how it is read, and what becomes of what is damaged."""


def _move(store: Store, files: Iterable[Path]) -> None:
    target = store.path / "quarantine"
    with store.writing():
        for file in files:
            target.mkdir(exist_ok=True)
            with contextlib.suppress(FileNotFoundError):
                os.replace(file, target / file.name.lstrip("."))  # noqa: PTH105
