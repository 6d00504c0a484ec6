"""Standard output and error as they come: closed, full, or without Unicode."""

import contextlib
import errno
import io
import os
import sys


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


def output_failure(error: Exception) -> str | None:
    """Returns why standard output could not be written, or None where the error is another one.

    Only errors of writing to an open file come without a file's name; those of the store are told by the store.
    """
    if isinstance(error, OSError) and error.filename is None and error.errno in _WRITING:
        return "it is closed" if error.errno == errno.EBADF else os.strerror(error.errno)
    return None


_WRITING = (errno.ENOSPC, errno.EIO, errno.EFBIG, errno.EDQUOT, errno.EBADF)


def give_up_output() -> None:
    """Sends to nowhere what is left in the buffer, so that the flush at the end of the process does not complain."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def printable(text: str) -> str:
    """Returns a text with its control characters written out, so that a name in a file moves no cursor.

    Args:
        text: The text, newlines included.
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
