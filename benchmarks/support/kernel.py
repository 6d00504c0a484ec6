"""The C competitor: builds step.c and calls it."""

import ctypes
import subprocess
from pathlib import Path

import numpy as np

from support.problem import RATE
from support.timing import Contestant, count_text

SOURCE = Path(__file__).parent.parent / "step.c"
# Without associativity e + 2^k - 1 is not reordered, which would cost the accuracy of tanh near 0; sums over samples
# are vectorised by hand, so it costs nothing.
FLAGS = ("-O3", "-march=native", "-ffast-math", "-fno-associative-math", "-shared", "-fPIC", "-Wno-psabi")
_LANES = 16
_ROUNDINGS = 4.0
_ALIGNMENT = 64


class Kernel:
    """The compiled kernel in one precision.

    Attributes:
        threads: Whether it was built with OpenMP.
    """

    def __init__(self, folder: Path, precision: str) -> None:
        """Builds the kernel.

        Args:
            folder: Where the library goes.
            precision: `"float32"` or `"float64"`.

        Raises:
            OSError: There is no C compiler, or it cannot build the kernel.
        """
        self._precision = precision
        self._library = ctypes.CDLL(str(_build(folder, precision)))
        self._library.advance.restype = self._library.apply_tanh.restype = None
        self.threads = bool(self._library.has_threads())

    def tanh_error(self) -> float:
        """Returns the largest relative error of its tanh, in units of the precision's epsilon."""
        points = aligned(np.concatenate([np.linspace(-15, 15, 4096), np.geomspace(1e-6, 10, 4096)]), self._precision)
        values = aligned(points, self._precision)
        self._library.apply_tanh(ctypes.c_long(points.size), _pointer(points), _pointer(values))
        exact = np.tanh(points.astype("float128" if hasattr(np, "float128") else "float64"))
        return float(np.max(np.abs(values / exact - 1))) / float(np.finfo(self._precision).eps)

    def gradient(self, inputs: np.ndarray, targets: np.ndarray, parameters: np.ndarray) -> np.ndarray:
        """Returns ∇R for every member, shape (member, 3, neuron).

        Args:
            inputs: x, shape (sample,).
            targets: y, shape (sample,).
            parameters: Shape (member, 3, neuron).
        """
        block = pad(parameters, self._precision)
        self._advance(inputs, targets, block, 0.0, 1.0, 1, 1)
        return block[..., : parameters.shape[2]]

    def contestant(self, inputs: np.ndarray, targets: np.ndarray, width: int, threads: int) -> Contestant:
        """Returns it as a contestant.

        Args:
            inputs: x, shape (sample,).
            targets: y, shape (sample,).
            width: Neurons of a member.
            threads: How many it uses: over members, or over the neurons of a single one.
        """

        def advance(block: np.ndarray, steps: int) -> np.ndarray:
            self._advance(inputs, targets, block, 1.0, -RATE, steps, threads)
            return block

        name = f"C kernel, {count_text(threads)}"
        return Contestant(
            name, lambda start: pad(start, self._precision), advance, lambda block: block[..., :width], 5_000
        )

    def _advance(
        self, x: np.ndarray, y: np.ndarray, block: np.ndarray, keep: float, scale: float, steps: int, threads: int
    ) -> None:
        real = ctypes.c_float if self._precision == "float32" else ctypes.c_double
        x, y = (np.ascontiguousarray(part, self._precision) for part in (x, y))
        sizes = (ctypes.c_int(number) for number in (block.shape[0], block.shape[2], x.size))
        data = (_pointer(part) for part in (x, y, block))
        self._library.advance(*sizes, *data, real(keep), real(scale), ctypes.c_long(steps), ctypes.c_int(threads))


def check_tanh(kernel: Kernel, precision: str) -> None:
    """Refuses a kernel whose tanh is not accurate to rounding: it would be fast for a wrong reason.

    Raises:
        ValueError: It is not.
    """
    error = kernel.tanh_error()
    if not error <= _ROUNDINGS:
        raise ValueError(f"the C kernel's tanh is wrong by {error:.1f} roundings in {precision} on this machine")


def pad(parameters: np.ndarray, precision: str) -> np.ndarray:
    """Returns an aligned copy with zeros up to a whole number of vectors, shape (member, 3, padded).

    Args:
        parameters: Shape (member, 3, neuron).
        precision: `"float32"` or `"float64"`.
    """
    missing = -parameters.shape[2] % _LANES
    return aligned(np.pad(parameters, ((0, 0), (0, 0), (0, missing))), precision)


def aligned(values: np.ndarray, precision: str) -> np.ndarray:
    """Returns a copy that begins at an address divisible by 64.

    Args:
        values: What to copy.
        precision: `"float32"` or `"float64"`.
    """
    size = values.size * np.dtype(precision).itemsize
    raw = np.empty(size + _ALIGNMENT, np.uint8)
    begin = -raw.ctypes.data % _ALIGNMENT
    copy = raw[begin : begin + size].view(precision).reshape(values.shape)
    copy[...] = values
    return copy


def _build(folder: Path, precision: str) -> Path:
    library = folder / f"step_{precision}.so"
    command = ["cc", *FLAGS, *(["-DDOUBLE"] if precision == "float64" else []), str(SOURCE), "-o", str(library)]
    for threads in (["-fopenmp"], []):
        attempt = subprocess.run([*command, *threads], capture_output=True, text=True, check=False)
        if attempt.returncode == 0:
            return library
    raise OSError(f"cc could not build step.c: {(attempt.stderr.strip() or 'no message').splitlines()[0]}")


def _pointer(values: np.ndarray) -> ctypes.c_void_p:
    return ctypes.c_void_p(values.ctypes.data)
