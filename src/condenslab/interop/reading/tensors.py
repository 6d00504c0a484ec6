"""A tensor as a view of the bytes of its storage."""

import math

import numpy as np

from condenslab.interop.reading.inert import Storage, TensorRef
from condenslab.interop.reading.refusal import RefusalError

_MOST_REPEATED_BYTES = 16 << 20


def view(tensor: TensorRef, raw: np.ndarray) -> np.ndarray:
    """Returns a read-only array, without a copy.

    Args:
        tensor: Which numbers.
        raw: The bytes of its storage, one axis of uint8.

    Raises:
        RefusalError: It reaches beyond its storage, or repeats its numbers (stride 0) into more than 16 MiB.
    """
    dtype, count = tensor.dtype, math.prod(tensor.shape)
    if not count:
        if any(size > 2**31 for size in tensor.shape):
            raise RefusalError("an empty tensor has an axis of more than 2**31")
        return np.empty(tensor.shape, dtype)
    last = tensor.offset + sum((size - 1) * step for size, step in zip(tensor.shape, tensor.stride, strict=True))
    if (last + 1) * dtype.itemsize > raw.size:
        shape = "x".join(map(str, tensor.shape))
        raise RefusalError(f"a tensor of shape {shape or 'one number'} reaches beyond its storage of {raw.size} bytes")
    held = raw.size // dtype.itemsize
    if count > held and count * dtype.itemsize > _MOST_REPEATED_BYTES:
        raise RefusalError(f"a tensor repeats the {held} numbers of its storage to {count}")
    strides = [step * dtype.itemsize for step in tensor.stride]
    found = np.ndarray(tensor.shape, dtype, raw.data, tensor.offset * dtype.itemsize, strides)
    found.flags.writeable = False
    return found


def check_length(storage: Storage, nbytes: int) -> None:
    """Refuses a storage that has not as many bytes as its pickle says.

    Args:
        storage: The storage.
        nbytes: Bytes that the file has for it.

    Raises:
        RefusalError: They differ.
    """
    if storage.numel * storage.dtype.itemsize != nbytes:
        raise RefusalError(f"storage {storage.key[:40]} has {nbytes} bytes for {storage.numel} numbers {storage.dtype}")
