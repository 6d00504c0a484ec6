"""Progress on standard error: a bar with the time left on a terminal, plain lines otherwise."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from condenslab.cli.machine import say
from condenslab.sweeps import Progress

_SECONDS_BETWEEN_LINES = 5.0
_QUIET_AFTER = 60.0
"""Seconds after which lines come once a minute: a log of days stays readable."""


@contextmanager
def progress_of(name: str, *, quiet: bool) -> Iterator[Progress | None]:
    """Gives a function that shows progress, for as long as the context lasts.

    Args:
        name: What is being computed.
        quiet: Show nothing.
    """
    if quiet:
        yield None
    elif sys.stderr.isatty():
        with _bar(name) as show:
            yield show
    else:
        yield Lines(name)


class Lines:
    """Writes a line at most every five seconds, after a minute one a minute, at the first step and at the last."""

    def __init__(self, name: str):
        """Starts the clock.

        Args:
            name: What is being computed.
        """
        self._name = name
        self._start = time.monotonic()
        self._last = -float("inf")
        self._fraction = 0.0
        self._finished = False

    def __call__(self, fraction: float, text: str) -> None:
        """Takes the finished fraction, in [0, 1], and a few words; writes a line if one is due."""
        now = time.monotonic()
        self._fraction = max(fraction, self._fraction)
        finishes = fraction >= 1.0 and not self._finished
        between = _SECONDS_BETWEEN_LINES if now - self._start < _QUIET_AFTER else 60.0
        if now - self._last < between and not finishes:
            return
        self._last, self._finished = now, fraction >= 1.0
        left = time_left(now - self._start, self._fraction)
        say(f"{self._name} {100 * self._fraction:3.0f} %{left and f', {left} left'}: {text}")


def time_left(elapsed: float, fraction: float) -> str:
    """Returns the expected time that is left, for people; empty where it cannot be known yet.

    Args:
        elapsed: Seconds since the start.
        fraction: What is finished, in [0, 1].

    Example:
        >>> time_left(30.0, 0.25)
        '1:30'
    """
    if not 0.01 < fraction < 1.0:
        return ""
    return clock(elapsed * (1 - fraction) / fraction)


def clock(seconds: float) -> str:
    """Writes a duration.

    Args:
        seconds: How long, in seconds.

    Example:
        >>> clock(3723.4)
        '1:02:03'
    """
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


@contextmanager
def _bar(name: str) -> Iterator[Progress]:
    from rich.console import Console
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn
    from rich.progress import Progress as Bar

    start = time.monotonic()
    columns = (TextColumn("{task.fields[name]}"), BarColumn(), TaskProgressColumn(), TextColumn("{task.description}"))
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("starting", total=1.0, name=name)

        def show(fraction: float, text: str) -> None:
            left = time_left(time.monotonic() - start, fraction)
            bar.update(task, completed=fraction, description=f"{left} left  {text}" if left else text)

        yield show
