"""A layer as rows of numbers, one a neuron, converted block by block so that memory stays bounded."""

import math
from dataclasses import dataclass, replace

import numpy as np

SMALLEST = 1e-12
"""Below this norm squares lose digits in float32, so that rows are scaled first."""


@dataclass(frozen=True)
class Rows:
    """The input weights of neurons, and what else moves with them.

    Attributes:
        parts: Arrays whose first axis is the neuron; further axes are flattened and put beside each other.
        balanced: Whether each part of a neuron is scaled to norm 1, as for the two halves of a gated unit.
        scale: What all numbers are multiplied by; see `scaled`.
    """

    parts: tuple[np.ndarray, ...]
    balanced: bool = False
    scale: float = 1.0

    def __len__(self) -> int:
        return len(self.parts[0])

    @property
    def width(self) -> int:
        """Numbers a neuron."""
        return sum(part.size // max(len(part), 1) for part in self.parts)

    def block(self, begin: int, end: int) -> np.ndarray:
        """Returns the neurons from `begin` to before `end`, shape (neuron, number), float32.

        Args:
            begin: First neuron.
            end: Behind the last.
        """
        return self._joined([part[begin:end] for part in self.parts])

    def take(self, chosen: np.ndarray) -> np.ndarray:
        """Returns some neurons, shape (neuron, number), float32.

        Args:
            chosen: Which.
        """
        return self._joined([part.take(chosen, axis=0) for part in self.parts])

    def scaled(self) -> "Rows":
        """Returns the same neurons times a power of two that brings the largest number near 1.

        Raises:
            UnmeasurableError: A number is NaN or infinite.
        """
        return replace(self, scale=min(scale_of(part) for part in self.parts))

    def _joined(self, parts: list[np.ndarray]) -> np.ndarray:
        pieces = [as_float(part, self.scale).reshape(len(part), math.prod(part.shape[1:])) for part in parts]
        if self.balanced:
            pieces = [piece / np.maximum(norms(piece), np.float32(1e-30))[:, None] for piece in pieces]
        return pieces[0] if len(pieces) == 1 else np.concatenate(pieces, axis=1)


class UnmeasurableError(ValueError):
    """A weight cannot be measured; the message is a clause that says why."""


def scale_of(array: np.ndarray) -> float:
    """Returns the power of two by which the largest |number| comes to between 1 and 2; 1 where all are 0.

    Args:
        array: Numbers of any real type, the first axis being cut into blocks.

    Raises:
        UnmeasurableError: A number is NaN or infinite.
    """
    blocks = (np.abs(array[begin : begin + 2048].astype(np.float64)) for begin in range(0, len(array), 2048))
    peak = max((float(block.max(initial=0)) for block in blocks), default=0.0)
    if not math.isfinite(peak):
        raise UnmeasurableError("it holds NaN or infinity")
    return 2.0 ** -min(max(math.frexp(peak)[1] - 1, -1000), 1000) if peak else 1.0


def as_float(array: np.ndarray, scale: float = 1.0) -> np.ndarray:
    """Returns an array as float32; bfloat16 is widened by shifting its bits, which is faster than a cast.

    Args:
        array: Numbers of any real type.
        scale: What they are multiplied by, in float64.
    """
    if scale != 1.0:
        return np.ascontiguousarray(array.astype(np.float64) * scale, dtype=np.float32)
    if array.dtype.name == "bfloat16":
        return (np.ascontiguousarray(array).view(np.uint16).astype(np.uint32) << np.uint32(16)).view(np.float32)
    with np.errstate(over="ignore"):  # what exceeds float32 becomes infinite, and is scaled then
        return np.ascontiguousarray(array, dtype=np.float32)


def norms(rows: np.ndarray) -> np.ndarray:
    """Returns the Euclidean norm of each row.

    Args:
        rows: Shape (neuron, number).
    """
    with np.errstate(over="ignore"):
        return np.sqrt(np.einsum("ij,ij->i", rows, rows))
