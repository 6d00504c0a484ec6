"""A layer as rows of numbers, one a neuron, converted block by block so that memory stays bounded."""

import math
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Rows:
    """The input weights of neurons, and what else moves with them.

    Attributes:
        parts: Arrays whose first axis is the neuron; further axes are flattened and put beside each other.
        balanced: Whether each part of a neuron is scaled to norm 1, as for the two halves of a gated unit.
    """

    parts: tuple[np.ndarray, ...]
    balanced: bool = False

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
        return self._joined([part[chosen] for part in self.parts])

    def _joined(self, parts: list[np.ndarray]) -> np.ndarray:
        pieces = [as_float(part).reshape(len(part), math.prod(part.shape[1:])) for part in parts]
        if self.balanced:
            pieces = [piece / np.maximum(norms(piece), np.float32(1e-30))[:, None] for piece in pieces]
        return pieces[0] if len(pieces) == 1 else np.concatenate(pieces, axis=1)


class UnmeasurableError(ValueError):
    """A weight cannot be measured; the message is a clause that says why."""


def as_float(array: np.ndarray) -> np.ndarray:
    """Returns an array as float32; bfloat16 is widened by shifting its bits, which is faster than a cast.

    Args:
        array: Numbers of any real type.
    """
    if array.dtype.name == "bfloat16":
        return (np.ascontiguousarray(array).view(np.uint16).astype(np.uint32) << np.uint32(16)).view(np.float32)
    return np.ascontiguousarray(array, dtype=np.float32)


def norms(rows: np.ndarray) -> np.ndarray:
    """Returns the Euclidean norm of each row.

    Args:
        rows: Shape (neuron, number).
    """
    return np.sqrt(np.einsum("ij,ij->i", rows, rows))
