"""torch's files: the zip archive (TorchScript included) and the stream before version 1.6; also plain pickles."""

import io
from typing import Any

import numpy as np

from condenslab.interop.reading import dtypes
from condenslab.interop.reading.archive import Archive
from condenslab.interop.reading.flatten import Skipped, flatten
from condenslab.interop.reading.inert import Storage, TensorRef
from condenslab.interop.reading.machine import Machine
from condenslab.interop.reading.refusal import RefusalError
from condenslab.interop.reading.tensors import check_length, view

_MAGIC = 0x1950A86A20F9469CFC6C
_MOST_PICKLE = 1 << 30

Content = tuple[dict[str, np.ndarray], Skipped, set[str]]


def read_archive(archive: Archive, pickle: str) -> Content:
    """Returns the tensors of a zip archive of torch.

    Args:
        archive: The archive.
        pickle: Its member `…/data.pkl`.

    Raises:
        RefusalError: It is damaged, big-endian, or a kind that is not read.
    """
    root = pickle.removesuffix("data.pkl")
    order = root + "byteorder"
    if order in archive and archive.unpacked(order)[:16].tobytes().strip() != b"little":
        raise RefusalError("its numbers are big-endian: load and save it again on a little-endian machine")
    data = archive.unpacked(pickle)
    if data.size > _MOST_PICKLE:
        raise RefusalError(f"its pickle has {data.size} bytes, more than {_MOST_PICKLE}")
    machine = Machine(_storage)
    value = machine.load(io.BytesIO(data.data))
    raws: dict[str, np.ndarray] = {}

    def array(tensor: TensorRef) -> np.ndarray:
        storage = tensor.storage
        if storage.key not in raws:
            raws[storage.key] = archive.stored(f"{root}data/{storage.key}")
        check_length(storage, raws[storage.key].size)
        return view(tensor, raws[storage.key])

    tensors, skipped = flatten(value, array)
    archive.check_overlaps()
    return tensors, skipped, machine.names


def read_stream(stream: Any, raw: np.ndarray) -> Content:
    """Returns the tensors of a pickle, or of a stream of pickles that `torch.save` wrote before version 1.6.

    Args:
        stream: The mapped file, at its beginning.
        raw: The same bytes.

    Raises:
        RefusalError: As `read_archive`.
    """
    machine = Machine()
    first = machine.load(stream)
    if type(first) is not int or first != _MAGIC:
        return *flatten(first, _no_storage), machine.names
    Machine().load(stream)
    about = Machine().load(stream)
    if isinstance(about, dict) and about.get("little_endian") is False:
        raise RefusalError("its numbers are big-endian: load and save it again on a little-endian machine")
    used: dict[str, Storage] = {}

    def storage(identity: Any) -> Any:
        found = _storage(identity)
        if isinstance(found, Storage) and used.setdefault(found.key, found).dtype != found.dtype:
            raise RefusalError("its pickle gives one storage two types")
        return found

    machine = Machine(storage)
    value = machine.load(stream)
    raws = _raw_storages(Machine().load(stream), used, stream.tell(), raw)
    return *flatten(value, lambda tensor: view(tensor, _known(raws, tensor.storage))), machine.names


def _raw_storages(keys: Any, used: dict[str, Storage], position: int, raw: np.ndarray) -> dict[str, np.ndarray]:
    """Cuts what follows the pickles: for each key a count of 8 bytes and the numbers."""
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
        raise RefusalError("it has no list of storages")
    raws: dict[str, np.ndarray] = {}
    for key in keys:
        if key not in used or position + 8 > raw.size:
            raise RefusalError("it is cut short or has a storage that no tensor uses")
        count = int.from_bytes(raw[position : position + 8].tobytes(), "little")
        end = position + 8 + count * used[key].dtype.itemsize
        if end > raw.size:
            raise RefusalError(f"it is cut short: storage {key[:40]} would end at byte {end} of {raw.size}")
        raws[key] = raw[position + 8 : end]
        check_length(used[key], raws[key].size)
        position = end
    return raws


def _known(raws: dict[str, np.ndarray], storage: Storage) -> np.ndarray:
    if storage.key not in raws:
        raise RefusalError(f"it lacks the storage {storage.key[:40]}")
    return raws[storage.key]


def _no_storage(_: TensorRef) -> np.ndarray:
    raise RefusalError("its pickle refers to storages, and the file has none")


def _storage(identity: Any) -> Any:
    """Reads a persistent id: ("storage", class, key, device, count), or ("module", class, source file, source)."""
    if isinstance(identity, tuple) and len(identity) == 4 and _text(identity[0]) == "module":
        return identity[1]  # old files carry the source of their classes, which nobody looks at
    if not isinstance(identity, tuple) or len(identity) < 5 or _text(identity[0]) != "storage":
        raise RefusalError("its pickle refers to something that is no storage")
    _, kind, key, _, count = identity[:5]
    name = (_text(kind) or "").rpartition(".")[2]
    if name not in dtypes.STORAGES:
        packed = ", which packs several numbers into a byte" if "x" in name else ""
        raise RefusalError(f"it has a storage of the class {name[:40] or 'without a name'}{packed}")
    if type(count) is not int or not 0 <= count < 2**48:
        raise RefusalError("a storage has no count of numbers")
    text = str(key) if type(key) is int and 0 <= key < 2**64 else _text(key)
    if text is None or len(text) > 200:
        raise RefusalError("a storage has no name")
    view = identity[5] if len(identity) > 5 else None  # (key, start, count), which torch wrote before version 0.4
    start = view[1] if isinstance(view, tuple) and len(view) == 3 else 0
    if type(start) is not int or not 0 <= start < 2**48:
        raise RefusalError("a storage has no start")
    return Storage(dtypes.NAMED[dtypes.STORAGES[name]], text, count, start)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
