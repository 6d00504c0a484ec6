"""Orbax's folders: zarr arrays, most often in an OCDBT database, read by tensorstore, which reads data and no code."""

import importlib
import math
from pathlib import Path
from typing import Any

import numpy as np

from condenslab.interop.reading import dtypes
from condenslab.interop.reading.flatten import MOST_TENSORS, Skipped
from condenslab.interop.reading.refusal import RefusalError

_DATABASE = "manifest.ocdbt"
_MARKS = ("_METADATA", "_CHECKPOINT_METADATA", "_sharding", "checkpoint.ocdbt", _DATABASE)
_KINDS = {".zarray": "zarr", "zarr.json": "zarr3"}
_FREE_BYTES, _MOST_RATIO = 64 << 20, 100


def items_of(folder: Path) -> dict[str, Path]:
    """Returns the saved trees of a folder by name, or an empty dict if it is none of Orbax.

    Args:
        folder: A saved tree, or one step of a manager with one tree or several.

    Raises:
        RefusalError: It holds several steps of a manager.
    """
    inside = {entry.name: entry for entry in folder.iterdir()}
    if any(mark in inside for mark in ("_METADATA", _DATABASE, "checkpoint.ocdbt")):
        return {"": folder}
    below = {name: entry for name, entry in sorted(inside.items()) if entry.is_dir() and _is_tree(entry)}
    if below:
        return below
    steps = [name for name, entry in inside.items() if entry.is_dir() and (entry / "_CHECKPOINT_METADATA").is_file()]
    if steps:
        named = ", ".join(sorted(steps, key=lambda name: (len(name), name))[:5])
        raise RefusalError(f"it holds the steps {named} of an Orbax manager: name one, and more behind --against")
    return {"": folder} if any(mark in inside for mark in _MARKS) else {}


def _is_tree(folder: Path) -> bool:
    return any((folder / mark).is_file() for mark in ("_METADATA", _DATABASE))


def read(items: dict[str, Path]) -> tuple[dict[str, np.ndarray], Skipped, list[Path]]:
    """Returns the arrays of saved trees, what was left out, and the files that were read.

    Args:
        items: What `items_of` returned.

    Raises:
        RefusalError: tensorstore is not installed; or an array would be more than a hundred times its folder.
        ValueError: The database or an array is damaged.
    """
    try:
        tensorstore = importlib.import_module("tensorstore")
    except ModuleNotFoundError as error:
        raise RefusalError(
            "it is an Orbax checkpoint, which is read by tensorstore, and that is not installed: pip install "
            "'condenslab[orbax]', or save its arrays with flax.serialization.to_bytes or numpy.savez"
        ) from error
    found: dict[str, np.ndarray] = {}
    skipped: Skipped = []
    files: list[Path] = []
    for item, folder in items.items():
        own = [path for path in sorted(folder.rglob("*")) if path.is_file()]
        budget = max(_FREE_BYTES, _MOST_RATIO * sum(path.stat().st_size for path in own))
        start = f"{item}." if len(items) > 1 else ""
        for name, driver, store in _arrays(tensorstore, folder):
            array = tensorstore.open({"driver": driver, "kvstore": store}, read=True, open=True).result()
            if reason := _unread(array):
                skipped.append((start + name, reason))
                continue
            budget -= _bytes(array, array.shape)
            if budget < 0 or max(_bytes(array, chunk) for chunk in _chunks(array)) > budget + _FREE_BYTES:
                raise RefusalError(f"the array {name[:80]} of shape {tuple(array.shape)} is far larger than its folder")
            found[start + name] = np.asarray(array.read().result())
            found[start + name].flags.writeable = False
        files += own
    return found, skipped, files


def _arrays(tensorstore: Any, folder: Path) -> list[tuple[str, str, dict[str, Any]]]:
    """Returns name, driver and place of each array, by the keys that its metadata have in the store."""
    base: dict[str, Any] = {"driver": "file", "path": f"{folder.absolute()}/"}
    if (folder / _DATABASE).is_file():
        base = {"driver": "ocdbt", "base": base}
        store = tensorstore.KvStore.open(base).result()
        keys = [key.decode("utf-8", "replace") for key in store.list().result()]
    else:
        keys = [path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*")) if path.name in _KINDS]
    if len(keys) > 10 * MOST_TENSORS:
        raise RefusalError(f"its database has {len(keys)} entries")
    start = base["path"] if base["driver"] == "file" else ""
    return [
        (above.replace("/", "."), _KINDS[kind], {**base, "path": f"{start}{above}/"})
        for above, _, kind in sorted(key.rpartition("/") for key in keys)
        if kind in _KINDS and above
    ]


def _unread(array: Any) -> str | None:
    dtype = array.dtype.numpy_dtype
    if dtype.kind not in "fciub" and not dtypes.is_number(dtype):
        return f"its type {array.dtype.name[:40]} is packed or no number"
    return None


def _chunks(array: Any) -> tuple[Any, Any]:
    layout = array.chunk_layout
    return layout.read_chunk.shape or (), layout.write_chunk.shape or ()  # one number has no shape


def _bytes(array: Any, shape: Any) -> int:
    return math.prod(shape) * array.dtype.numpy_dtype.itemsize
