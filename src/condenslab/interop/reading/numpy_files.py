"""numpy's files: an array (.npy), an archive of them (.npz), and the arrays one after the other that Equinox writes."""

import ast
import math
import struct
from typing import Any

import numpy as np

from condenslab.interop.reading import dtypes
from condenslab.interop.reading.archive import Archive
from condenslab.interop.reading.flatten import Skipped
from condenslab.interop.reading.refusal import RefusalError

MAGIC = b"\x93NUMPY"
_MOST_HEADER, _MOST_ARRAYS = 10_000, 1_000_000


def read_archive(archive: Archive) -> tuple[dict[str, np.ndarray], Skipped]:
    """Returns the arrays of an `.npz` file.

    Args:
        archive: The archive.

    Raises:
        RefusalError: A member is no array, or misshapen.
    """
    found: dict[str, np.ndarray] = {}
    skipped: Skipped = []
    for member in archive.names:
        name = member.removesuffix(".npy")
        try:
            found[name], end = array_at(raw := archive.unpacked(member), 0)
        except _ObjectsError as reason:
            skipped.append((name, str(reason)))
            continue
        if end != raw.size:
            raise RefusalError(f"the array {name[:80]} has {raw.size - end} bytes too many")
    archive.check_overlaps()
    return found, skipped


def read_sequence(raw: np.ndarray) -> dict[str, np.ndarray]:
    """Returns the arrays of a `.npy` file or of one that `equinox.tree_serialise_leaves` wrote.

    Args:
        raw: The bytes, from the first array on.

    Returns:
        Arrays by their number, `leaf.0` and so on; a single one is called `array`.

    Raises:
        RefusalError: An array is cut short, misshapen or holds Python objects.
    """
    found: dict[str, np.ndarray] = {}
    position = 0
    while position < raw.size:
        if len(found) > _MOST_ARRAYS:
            raise RefusalError(f"it holds more than {_MOST_ARRAYS} arrays")
        found[f"leaf.{len(found)}"], position = array_at(raw, position)
    return {"array": found["leaf.0"]} if len(found) == 1 else found


def array_at(raw: np.ndarray, position: int) -> tuple[np.ndarray, int]:
    """Returns the array at a position, without a copy, and where it ends.

    Args:
        raw: The bytes.
        position: Where it begins.

    Raises:
        RefusalError: It is cut short, misshapen or holds Python objects.
    """
    if raw[position : position + 6].tobytes() != MAGIC:
        raise RefusalError(f"there is no array at byte {position}")
    wide = raw.size > position + 6 and raw[position + 6] > 1
    start = position + (12 if wide else 10)
    if start > raw.size:
        raise RefusalError("an array is cut short")
    (length,) = struct.unpack("<I" if wide else "<H", raw[position + 8 : start].tobytes())
    if length > _MOST_HEADER or start + length > raw.size:
        raise RefusalError("the header of an array is cut short or too long")
    dtype, shape, fortran = _header(raw[start : start + length].tobytes())
    begin = start + length
    end = begin + math.prod(shape) * dtype.itemsize
    if end > raw.size:
        raise RefusalError(f"an array of shape {shape} is cut short")
    return raw[begin:end].view(dtype).reshape(shape, order="F" if fortran else "C"), end


class _ObjectsError(RefusalError):
    """An array that holds Python objects, as a pickle."""


def _header(text: bytes) -> tuple[np.dtype, tuple[int, ...], bool]:
    try:
        head: Any = ast.literal_eval(text.decode("latin-1").strip())
        described, shape, fortran = head["descr"], head["shape"], head["fortran_order"]
    except (ValueError, SyntaxError, TypeError, KeyError, RecursionError, MemoryError) as error:
        raise RefusalError("the header of an array cannot be parsed") from error
    if not isinstance(shape, tuple) or len(shape) > 32 or not all(type(n) is int and 0 <= n < 2**48 for n in shape):
        raise RefusalError("an array has a shape that is no tuple of sizes")
    return _dtype(described), shape, fortran is True


def _dtype(described: Any) -> np.dtype:
    if described in ("|V2", "<V2"):  # numpy forgets the name; of the types with two bytes only bfloat16 loses it
        return dtypes.NAMED["bfloat16"]
    if isinstance(described, str) and "O" in described:
        raise _ObjectsError("it holds Python objects, which are not read")
    if not isinstance(described, str) or len(described) > 4 or described[1:2] not in tuple("fciub"):
        raise _ObjectsError(f"it has the type {str(described)[:40]}, which is no type of numbers")
    try:
        return np.dtype(described)
    except TypeError as error:
        raise RefusalError(f"an array has the unknown type {described[:40]}") from error
