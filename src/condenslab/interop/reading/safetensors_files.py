"""safetensors: a header in JSON and the numbers behind it, mapped."""

import json
import math
from typing import Any

import numpy as np

from condenslab.interop.reading import dtypes
from condenslab.interop.reading.refusal import RefusalError

_MOST_HEADER, _MOST_TENSORS = 100 << 20, 1_000_000


def header_length(raw: np.ndarray) -> int | None:
    """Returns the length of the header if the file may be one of safetensors, else None.

    Args:
        raw: The whole file, one axis of uint8.
    """
    if raw.size < 9 or raw[8] != ord("{"):
        return None
    return int.from_bytes(raw[:8].tobytes(), "little")


def read(raw: np.ndarray) -> dict[str, np.ndarray]:
    """Returns the tensors, without a copy.

    Args:
        raw: The whole file, one axis of uint8.

    Raises:
        RefusalError: The header does not fit the file or is no JSON object, or tensors overlap or are misshapen.
    """
    length = int.from_bytes(raw[:8].tobytes(), "little")
    if length > min(_MOST_HEADER, raw.size - 8):
        raise RefusalError(f"its header would have {length} bytes, and the file has {raw.size}")
    head = _header(raw[8 : 8 + length].tobytes())
    head.pop("__metadata__", None)
    if len(head) > _MOST_TENSORS:
        raise RefusalError(f"it names {len(head)} tensors, more than {_MOST_TENSORS}")
    data = raw[8 + length :]
    spans: list[tuple[int, int]] = []
    found: dict[str, np.ndarray] = {}
    for name, entry in head.items():
        dtype, shape, begin, end = _entry(name, entry)
        if not begin <= end <= data.size or end - begin != math.prod(shape) * dtype.itemsize:
            raise RefusalError(f"{name[:80]} has {end - begin} bytes of {data.size} for the shape {shape} of {dtype}")
        spans.append((begin, end))
        found[name] = data[begin:end].view(dtype).reshape(shape)
    ends = [0, *(end for _, end in sorted(spans))]
    begins = [*(begin for begin, _ in sorted(spans)), data.size]
    if begins != ends:
        raise RefusalError("its tensors overlap, leave holes or end before the file does")
    return found


def _header(text: bytes) -> dict[str, Any]:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        entries = dict(pairs)
        if len(entries) != len(pairs):
            raise RefusalError("a name occurs twice in its header")
        return entries

    try:
        head = json.loads(text, object_pairs_hook=once)
    except (ValueError, RecursionError) as error:
        raise RefusalError(f"its header is no JSON ({str(error)[:60]})") from error
    if not isinstance(head, dict):
        raise RefusalError("its header is no JSON object")
    return head


def _entry(name: str, entry: Any) -> tuple[np.dtype, tuple[int, ...], int, int]:
    try:
        code, shape, (begin, end) = entry["dtype"], entry["shape"], entry["data_offsets"]
        numbers = [*shape, begin, end]
    except (KeyError, TypeError, ValueError) as error:
        raise RefusalError(f"{name[:80]} has no dtype, shape or data_offsets") from error
    if not isinstance(code, str) or code not in dtypes.SAFETENSORS:
        packed = " (packed: several numbers in a byte)" if str(code)[:2] in ("I4", "U4", "F4", "F6") else ""
        raise RefusalError(f"{name[:80]} has the type {str(code)[:40]}, which is not read{packed}")
    if len(numbers) > 34 or not all(type(number) is int and 0 <= number < 2**48 for number in numbers):
        raise RefusalError(f"{name[:80]} has a shape or offsets that are no sizes")
    return dtypes.NAMED[dtypes.SAFETENSORS[code]], tuple(shape), begin, end
