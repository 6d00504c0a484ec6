"""SIGINT and SIGTERM as a KeyboardInterrupt that does not get lost.

Python drops an exception that a signal raises during a garbage collection, in which JAX runs code of its own: so the
progress function, which is called between the steps of a computation, raises it again.
"""

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from condenslab.sweeps import Progress

_received = threading.Event()


@contextmanager
def interruptible() -> Iterator[None]:
    """Makes SIGINT and SIGTERM raise KeyboardInterrupt, also where a shell made a background process ignore SIGINT."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    _received.clear()
    handlers = {number: signal.signal(number, _interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
    hook, sys.unraisablehook = sys.unraisablehook, _say_dropped
    try:
        yield
    finally:
        sys.unraisablehook = hook
        for number, handler in handlers.items():
            signal.signal(number, handler)


def heeding(progress: "Progress | None") -> "Progress":
    """Wraps a progress function so that it raises KeyboardInterrupt if there was an interruption before.

    Args:
        progress: The function, or None.
    """

    def report(fraction: float, text: str) -> None:
        if _received.is_set():
            raise KeyboardInterrupt
        if progress is not None:
            progress(fraction, text)

    return report


def _interrupt(number: int, frame: FrameType | None) -> None:
    _received.set()
    raise KeyboardInterrupt(signal.Signals(number).name)


def _say_dropped(dropped: Any) -> None:
    """Says what Python drops, but for an interruption: that is heeded at the next step."""
    if not issubclass(dropped.exc_type, KeyboardInterrupt):
        sys.__unraisablehook__(dropped)
