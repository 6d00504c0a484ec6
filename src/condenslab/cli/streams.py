"""Standard output and error as they come: closed, full, or without Unicode."""

import contextlib
import errno
import io
import os
import re
import sys
from collections.abc import Iterator
from typing import TextIO


class _Closed(io.TextIOBase):
    """A standard output that was closed before the program began: writing fails as it does in the system."""

    def write(self, text: str, /) -> int:
        """Raises what the system would.

        Raises:
            OSError: Always, but for nothing to write.
        """
        if text:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        return 0


def prepare() -> None:
    """Gives this process three open streams, and lets none of them stumble over a character that it cannot show."""
    with contextlib.suppress(OSError):
        while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:  # else the next file opened would be a stream
            pass
        os.close(descriptor)
    if sys.stdout is None:
        sys.stdout = _Closed()
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115, PTH123 (it is open as long as the process)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without Unicode gets a question mark, not a traceback


@contextlib.contextmanager
def results_alone() -> Iterator[None]:
    """Sends to standard error what code prints that a command calls: standard output is for `write` alone."""
    _results.append(sys.stdout)
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    finally:
        _results.pop()


def results() -> TextIO:
    """Returns the stream that results go to."""
    return _results[-1] if _results else sys.stdout


def write(text: str, *, now: bool = False) -> None:
    """Writes a result.

    Args:
        text: It, its newline included.
        now: Whether nothing of it may wait in the buffer.

    Raises:
        OutputError: Standard output cannot be written.
    """
    with writing():
        results().write(harmless(text))
        if now:
            results().flush()


@contextlib.contextmanager
def writing() -> Iterator[None]:
    """Tells the errors of standard output from all others.

    Raises:
        OutputError: Standard output cannot be written.
    """
    try:
        yield
    except OSError as error:
        raise OutputError(error) from error


class OutputError(Exception):
    """Standard output cannot be written."""

    def __init__(self, error: OSError) -> None:
        """Takes what the system says."""
        self.is_left = isinstance(error, BrokenPipeError)
        super().__init__("it is closed" if error.errno == errno.EBADF else os.strerror(error.errno or errno.EIO))


_results: list[TextIO] = []
"""Standard output, while it is set aside."""


def give_up_output() -> None:
    """Sends to nowhere what is left in the buffer, so that the flush at the end of the process does not complain."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def harmless(text: str) -> str:
    """Returns a text with control characters and marks of direction written out: a name in a store moves no cursor.

    Args:
        text: The text; where it is JSON it stays the same JSON.
    """
    return re.sub(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]", _code, text)


def _code(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"


def printable(text: str) -> str:
    """Returns a text with its control characters written out, so that a name in a file moves no cursor.

    Args:
        text: The text, newlines included.
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
