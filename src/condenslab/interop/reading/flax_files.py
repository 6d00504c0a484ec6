"""Flax's msgpack files (`flax.serialization.to_bytes`): nested names, arrays as (shape, type, bytes)."""

import math
from typing import Any

import msgspec
import numpy as np

from condenslab.interop.reading import dtypes
from condenslab.interop.reading.flatten import Skipped, flatten
from condenslab.interop.reading.inert import Storage, TensorRef, Unread
from condenslab.interop.reading.refusal import RefusalError

_ARRAYS = (1, 3)  # numpy's arrays, and its single numbers in the same form
_CHUNKS = "__msgpack_chunked_array__"


def read(raw: np.ndarray) -> tuple[dict[str, np.ndarray], Skipped]:
    """Returns the arrays of a file.

    Args:
        raw: The whole file, one axis of uint8.

    Raises:
        RefusalError: It is no msgpack map, or an array is misshapen.
    """
    raws: list[np.ndarray] = []

    def extension(code: int, data: memoryview) -> Any:
        return _array(data, raws) if code in _ARRAYS else None

    try:
        value = msgspec.msgpack.decode(raw.data, ext_hook=extension)
    except (msgspec.DecodeError, RecursionError) as error:
        raise RefusalError(f"it is no msgpack file ({str(error)[:60]})") from error
    if not isinstance(value, dict):
        raise RefusalError("it is no msgpack map of names")
    return _joined(*flatten(value, lambda tensor: _shaped(tensor, raws)), value)


def _joined(
    found: dict[str, np.ndarray], skipped: Skipped, value: dict[Any, Any]
) -> tuple[dict[str, np.ndarray], Skipped]:
    """Puts together the arrays that Flax cuts above 1 GiB: a map of a mark, the shape and the flat pieces by number."""
    for name in [name for name in found if name.endswith(".chunks.0")]:
        whole = name.removesuffix(".chunks.0")
        about: Any = value
        for part in whole.split("."):
            about = about.get(part) if isinstance(about, dict) else None
        if not isinstance(about, dict) or _CHUNKS not in about:
            continue
        shape, pieces = about.get("shape"), about.get("chunks")
        sizes = tuple(shape.get(str(n)) for n in range(len(shape))) if isinstance(shape, dict) else shape
        parts = [found.pop(f"{whole}.chunks.{n}", None) for n in range(len(pieces))]
        if any(part is None or part.ndim != 1 for part in parts) or not isinstance(sizes, tuple | list):
            raise RefusalError(f"the pieces of the array {whole[:80]} do not fit together")
        joined = np.concatenate(parts)
        if not all(type(size) is int and size >= 0 for size in sizes) or math.prod(sizes) != joined.size:
            raise RefusalError(f"the pieces of the array {whole[:80]} do not fill its shape")
        found[whole] = joined.reshape(sizes)
    return found, skipped


def _array(data: memoryview, raws: list[np.ndarray]) -> TensorRef | Unread:
    """Parses an array; its numbers stay a view of the file until they are asked for."""
    try:
        shape, name, numbers = msgspec.msgpack.decode(data, type=tuple[tuple[int, ...], str, bytes])
    except msgspec.ValidationError as error:
        raise RefusalError("an array in it has no shape, type and bytes") from error
    if name not in dtypes.NAMED:
        return Unread(f"its type {name[:40]} is packed or unknown")
    if len(shape) > 32 or not all(0 <= size < 2**48 for size in shape):
        raise RefusalError("an array in it has a shape that is no list of sizes")
    dtype = dtypes.NAMED[name]
    if math.prod(shape) * dtype.itemsize != len(numbers):
        raise RefusalError(f"an array in it has {len(numbers)} bytes for the shape {shape} of {name}")
    raws.append(np.frombuffer(numbers, np.uint8))
    storage = Storage(dtype, str(len(raws) - 1), math.prod(shape))
    return TensorRef(storage, dtype, 0, shape, shape)


def _shaped(tensor: TensorRef, raws: list[np.ndarray]) -> np.ndarray:
    return raws[int(tensor.storage.key)].view(tensor.dtype).reshape(tensor.shape)
