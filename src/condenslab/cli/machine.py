"""What the command line sets on this machine before JAX starts: threads, precision, signals."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from condenslab.errors import UserError

_THREAD_VARIABLES = (
    "NPROC",  # the size of XLA's thread pools on CPU; XLA_FLAGS has none that limits them
    "PJRT_NPROC",
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
)


def limit_threads(threads: int | None) -> None:
    """Limits the threads of the computations of this process; to be called before NumPy and JAX are imported.

    Args:
        threads: At least 1, or None for all.

    Raises:
        UserError: It is less than 1.
    """
    if threads is None:
        return
    if threads < 1:
        raise UserError(f"--threads must be at least 1. Got {threads}")
    for variable in _THREAD_VARIABLES:
        os.environ[variable] = str(threads)


def prepare_jax() -> None:
    """Enables float64 in JAX, which ranks, inertias and critical points need."""
    import jax

    jax.config.update("jax_enable_x64", True)


@contextmanager
def interruptible() -> Iterator[None]:
    """Makes SIGINT and SIGTERM raise KeyboardInterrupt, for as long as the context lasts.

    A shell makes its background processes ignore SIGINT; here they heed it.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, _interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt(signal.Signals(number).name)
