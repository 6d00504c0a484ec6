"""Files made by hand, with the standard library alone: small good ones, and every kind of bad one."""

import json
import pickle
import struct
import zipfile
from pathlib import Path

import numpy as np

NUMBERS = np.arange(4, dtype="<f4").tobytes()


def archive(path: Path, pkl: bytes, storages=(), *, compression=zipfile.ZIP_STORED, extra=()) -> Path:
    """Writes a zip archive as torch lays it out."""
    with zipfile.ZipFile(path, "w", compression) as out:
        out.writestr("net/data.pkl", pkl)
        for key, data in storages:
            out.writestr(f"net/data/{key}", data)
        for name, data in extra:
            out.writestr(name, data)
    return path


def tensor(*, count=4, shape=b"K\x04\x85", stride=b"K\x01\x85", offset=b"K\x00", kind=b"FloatStorage") -> bytes:
    """Returns the pickle of one tensor."""
    storage = b"(X\x07\x00\x00\x00storagectorch\n" + kind + b"\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpu"
    head = b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage + b"J" + struct.pack("<i", count) + b"tQ"
    return b"\x80\x02" + head + offset + shape + stride + b"\x89ccollections\nOrderedDict\n)RtR."


def safetensors(path: Path, head, data=b"", length=None) -> Path:
    """Writes a safetensors file with any header."""
    text = head if isinstance(head, bytes) else json.dumps(head).encode()
    path.write_bytes(struct.pack("<Q", len(text) if length is None else length) + text + data)
    return path


def entry(shape, begin, end, dtype="F32") -> dict:
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


def stream(path: Path, pkl: bytes | None = None, keys=("0",), count=4, data=NUMBERS, little=True) -> Path:
    """Writes torch's format before version 1.6."""
    about = {"protocol_version": 1001, "little_endian": little, "type_sizes": {"short": 2, "int": 4, "long": 4}}
    parts = [pickle.dumps(part, 2) for part in (0x1950A86A20F9469CFC6C, 1001, about)]
    parts += [tensor() if pkl is None else pkl, pickle.dumps(list(keys), 2), struct.pack("<q", count), data]
    path.write_bytes(b"".join(parts))
    return path


class Calls:
    """Pickles to a call."""

    def __init__(self, function, *args):
        self.reduced = (function, args)

    def __reduce__(self):
        return self.reduced


def laughs(opening: bytes, closing: bytes) -> bytes:
    """Returns a pickle of 30 containers, each holding the one before it ten times."""
    levels = (b"(" + (b"h" + bytes([level])) * 10 + closing + b"q" + bytes([level + 1]) for level in range(30))
    return b"\x80\x02" + opening + b"q\x00" + b"".join(levels) + b"."


def npy(header: bytes, data=b"") -> bytes:
    """Returns a .npy file with any header."""
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + data
