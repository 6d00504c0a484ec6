"""What is damaged in a store is moved aside, never deleted, and said in a sentence; the next run computes it again."""

import contextlib
import os
from collections.abc import Callable, Iterable
from pathlib import Path

from condenslab.errors import UserError
from condenslab.sweeps.files import abandoned
from condenslab.sweeps.shards import check_whole
from condenslab.sweeps.store import Store


def quarantine(store: Store, say: Callable[[str], None]) -> None:
    """Moves damaged shards, and temporary files that a killed writer has left, into the folder `quarantine`.

    Everything is read, arrays included. A second writer that does the same at the same time does no harm.

    Args:
        store: The store; it is about to be written to.
        say: Called with a sentence for each.

    Raises:
        UserError: The folder cannot be read or written.
    """
    for path in store.shards():
        try:
            check_whole(path)
        except UserError as error:
            if not path.exists():  # another process was quicker
                continue
            _move(store, (path.with_suffix(".safetensors"), path))
            reason = str(error).partition(": restore")[0]
            say(f"{reason}; it is in {store.path / 'quarantine'} now, and what it held is computed again")
    left = [path for folder in ("shards", "runs", "plans") for path in abandoned(store.path / folder)]
    _move(store, left)
    if left:
        say(
            f"a writer that was killed has left {len(left)} unfinished file{'s' * (len(left) > 1)}, now in "
            f"{store.path / 'quarantine'}; what they were to hold is computed again"
        )


def _move(store: Store, files: Iterable[Path]) -> None:
    target = store.path / "quarantine"
    with store.writing():
        for file in files:
            target.mkdir(exist_ok=True)
            with contextlib.suppress(FileNotFoundError):
                os.replace(file, target / file.name.lstrip("."))  # noqa: PTH105
