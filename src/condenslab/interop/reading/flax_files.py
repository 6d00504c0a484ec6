"""Flax's msgpack files (`flax.serialization.to_bytes`): nested names, arrays as (shape, type, bytes)."""

import math
from typing import Any

import msgspec
import numpy as np

from condenslab.interop.reading import calls, dtypes
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
    return flatten(_joined(value, raws), lambda tensor: _shaped(tensor, raws))


def _joined(value: Any, raws: list[np.ndarray]) -> Any:
    """Puts together the arrays that Flax cuts above 1 GiB: a map of a mark, the shape and the flat pieces by number."""
    if isinstance(value, list):
        return [_joined(part, raws) for part in value]
    if not isinstance(value, dict):
        return value
    if _CHUNKS not in value:
        return {name: _joined(part, raws) for name, part in value.items()}
    shape, pieces = ([*v.values()] if isinstance(v, dict) else v for v in (value.get("shape"), value.get("chunks")))
    if not isinstance(shape, list) or not isinstance(pieces, list) or not pieces:
        raise RefusalError("an array that was cut has no shape or no pieces")
    parts = [piece for piece in pieces if isinstance(piece, TensorRef)]
    if len(parts) < len(pieces) or any(part.dtype != parts[0].dtype for part in parts):
        raise RefusalError("the pieces of an array that was cut do not fit together")
    sizes, count = calls.sizes(shape, "a shape"), sum(part.storage.numel for part in parts)
    if math.prod(sizes) != count:
        raise RefusalError("the pieces of an array that was cut do not fill its shape")
    raws.append(np.concatenate([raws[int(part.storage.key)] for part in parts]))
    return TensorRef(Storage(parts[0].dtype, str(len(raws) - 1), count), parts[0].dtype, 0, sizes, sizes)


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
