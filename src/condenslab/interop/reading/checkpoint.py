"""Reading one: the file's first bytes say its format, and every mistake becomes one sentence."""

import hashlib
import json
import mmap
import os
import struct
import zipfile
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from condenslab.errors import UserError
from condenslab.interop.reading import flax_files, folders, numpy_files, orbax_folders, safetensors_files, torch_files
from condenslab.interop.reading.archive import Archive
from condenslab.interop.reading.flatten import LONGEST_NAME
from condenslab.interop.reading.refusal import RefusalError

_DAMAGE = (
    *(ValueError, KeyError, IndexError, TypeError, AttributeError, OverflowError, EOFError, RecursionError),
    *(MemoryError, NotImplementedError, RuntimeError, AssertionError, zipfile.BadZipFile, zipfile.LargeZipFile),
    *(struct.error, zlib.error),
)
_FOREIGN = {
    b"GGUF": "it is a GGUF file, whose numbers are packed: take the weights that it was made from",
    b"\x89HDF": "it is an HDF5 file (Keras): save its arrays with numpy.savez",
    b"\x1f\x8b": "it is compressed with gzip: unpack it first",
    b"BZh9": "it is compressed with bzip2: unpack it first",
    b"\xfd7zX": "it is compressed with xz: unpack it first",
    b"\x28\xb5\x2f\xfd": "it is compressed with zstd: unpack it first",
}


@dataclass(frozen=True)
class Checkpoint:
    """The arrays of a file, by name.

    Attributes:
        path: The file or folder.
        format: "safetensors", "torch", "torch stream", "TorchScript", "pickle", "npz", "npy", "equinox", "flax" or
            "orbax".
        tensors: Read-only arrays by their dotted names, mapped from the file where it holds them plainly; types that
            numpy lacks (bfloat16, float8) are those of ml_dtypes.
        skipped: Name and reason of every tensor that is no plain array.
        files: The files that were read.
        config: The `config.json` beside them, or an empty dict.
        names: What a pickle would have imported, which nobody did.
    """

    path: Path
    format: str
    tensors: dict[str, np.ndarray]
    skipped: list[tuple[str, str]] = field(default_factory=list)
    files: list[Path] = field(default_factory=list)
    config: dict[str, Any] = field(default_factory=dict)
    names: frozenset[str] = frozenset()

    @property
    def sha256(self) -> str:
        """The SHA-256 of the file; of several files that of the lines "digest  name", in order of the names."""
        digests = []
        for file in sorted(self.files):
            with file.open("rb") as stream:
                digests.append((hashlib.file_digest(stream, "sha256").hexdigest(), file.name))
        if len(digests) == 1:
            return digests[0][0]
        return hashlib.sha256("".join(f"{digest}  {name}\n" for digest, name in digests).encode()).hexdigest()


def read(path: str | os.PathLike[str]) -> Checkpoint:
    """Reads the arrays of any checkpoint, without the library that wrote it and without running anything in it.

    Formats: safetensors; torch's zip archives and the stream before version 1.6, with state dicts, nested checkpoints,
    whole pickled modules and TorchScript; plain pickles of arrays; .npz and .npy; Equinox leaves; Flax msgpack; Orbax's
    folders (by tensorstore, the extra "orbax"); an index of shards; a folder with one of these and a `config.json`. A
    pickle is interpreted as data: its globals are names that import nothing, and a call that no checkpoint needs
    (os.system, eval) is refused.

    Args:
        path: The file or folder.

    Returns:
        The checkpoint. Arrays are views of the mapped file, so that reading costs memory only where it is looked at.

    Raises:
        UserError: The file is missing, damaged, hostile, holds no arrays, or is of a kind that is not read; one
            sentence says which and why.

    Example:
        >>> import numpy as np, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     np.savez(f"{folder}/net.npz", weight=np.eye(3, dtype=np.float32))
        ...     read(f"{folder}/net.npz").tensors["weight"].shape
        (3, 3)
    """
    place = Path(path)
    try:
        if not os.fspath(path) or not place.exists():
            raise UserError(f"there is no file {path}: check the name")
        trees = orbax_folders.items_of(place) if place.is_dir() else {}
        file = folders.weights_file(place) if place.is_dir() and not trees else place
        if trees:
            found = Checkpoint(place, "orbax", *orbax_folders.read(trees))
        elif file.name.endswith(".index.json"):
            found = _sharded(file)
        else:
            found = _file(file)
        if any(len(name) > LONGEST_NAME for name in found.tensors):
            raise RefusalError(f"a name in it has over {LONGEST_NAME} characters")
    except RefusalError as reason:
        raise UserError(f"{place} is not read because {reason}") from reason
    except OSError as error:
        raise UserError(
            f"{place} cannot be read ({error.strerror or error}): check that it is a file of yours"
        ) from error
    except _DAMAGE as error:
        what = str(error).splitlines()[0][:80] if str(error) else "no further words"
        raise UserError(f"{place} is not read because it is damaged ({type(error).__name__}: {what})") from error
    if not found.tensors:
        left = f", and {found.skipped[0][0][:80]} is left out because {found.skipped[0][1]}" if found.skipped else ""
        raise UserError(f"{place} is not read because it holds no arrays{left}")
    return Checkpoint(
        place, found.format, found.tensors, found.skipped, found.files, folders.config_beside(place), found.names
    )


def _sharded(index: Path) -> Checkpoint:
    tensors: dict[str, np.ndarray] = {}
    skipped: list[tuple[str, str]] = []
    files = [index]
    kind = "safetensors"
    for shard, names in sorted(folders.shards(index).items()):
        part = _file(index.parent / shard)
        left_out = dict(part.skipped)
        for name in names:
            if name in part.tensors:
                tensors[name] = part.tensors[name]
            elif name not in left_out:
                raise RefusalError(f"its shard {shard} lacks the tensor {name[:80]}")
        skipped += part.skipped
        unnamed = part.tensors.keys() - set(names)
        skipped += [(name, f"it is in the shard {shard}, but the index does not name it") for name in sorted(unnamed)]
        files.append(index.parent / shard)
        kind = part.format
    return Checkpoint(index, kind, tensors, skipped, files)


def _file(path: Path) -> Checkpoint:
    if not path.is_file():
        raise RefusalError("it is neither a file nor a folder")
    with path.open("rb") as stream:
        if os.fstat(stream.fileno()).st_size == 0:
            raise RefusalError("it is empty")
        mapped = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
        raw = np.frombuffer(mapped, np.uint8)
        head = raw[:512].tobytes()
        if head[:4] == b"PK\x03\x04":
            kind, tensors, skipped, names = _archive(Archive(raw, stream))
        else:
            kind, tensors, skipped, names = _plain(head, raw, mapped)
    return Checkpoint(path, kind, tensors, skipped, [path], {}, frozenset(names))


def _archive(archive: Archive) -> tuple[str, Any, Any, set[str]]:
    pickles = [name for name in archive.names if name == "data.pkl" or name.endswith("/data.pkl")]
    if len(pickles) == 1:
        root = pickles[0].removesuffix("data.pkl")
        script = any(name.startswith(f"{root}code/") for name in archive.names)
        return "TorchScript" if script else "torch", *torch_files.read_archive(archive, pickles[0])
    if archive.names and all(name.endswith(".npy") for name in archive.names):
        return "npz", *numpy_files.read_archive(archive), set()
    if any(name.endswith("archive_format") for name in archive.names):
        raise RefusalError("it is a program of torch.export (.pt2): save the state_dict of the module with torch.save")
    if any(name.endswith(("model.weights.h5", "config.json")) for name in archive.names):
        raise RefusalError("it is a Keras archive: save its arrays with numpy.savez")
    raise RefusalError("it is a zip archive, but neither of torch nor of numpy")


def _plain(head: bytes, raw: np.ndarray, mapped: mmap.mmap) -> tuple[str, Any, Any, set[str]]:
    for magic, reason in _FOREIGN.items():
        if head.startswith(magic):
            raise RefusalError(reason)
    if head[257:262] == b"ustar":
        raise RefusalError("it is a tar archive (torch before 0.1.10 wrote such): load it there and save it again")
    if safetensors_files.header_length(raw) is not None:
        return "safetensors", safetensors_files.read(raw), [], set()
    if head.startswith(numpy_files.MAGIC):
        found = numpy_files.read_sequence(raw)
        return "npy" if len(found) == 1 else "equinox", found, [], set()
    if head[:1] == b"\x80" and head[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05"):
        tensors, skipped, names = torch_files.read_stream(mapped, raw)
        return "torch stream" if "torch._utils._rebuild_tensor_v2" in names else "pickle", tensors, skipped, names
    line = raw[: 1 << 20].tobytes().partition(b"\n")[0] if head[:1] == b"{" else b""
    if line and raw[len(line) + 1 : len(line) + 7].tobytes() == numpy_files.MAGIC:
        json.loads(line)  # Equinox's custom: hyperparameters in a first line
        return "equinox", numpy_files.read_sequence(raw[len(line) + 1 :]), [], set()
    if (head[:1] and 0x80 <= head[0] <= 0x8F) or head[:1] in (b"\xde", b"\xdf"):
        return "flax", *flax_files.read(raw), set()
    raise RefusalError(f"its first bytes {head[:8]!r} are those of no format that is read")
