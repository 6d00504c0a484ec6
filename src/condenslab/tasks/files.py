"""Files of the user's: opened only where they end, and read only as far as memory and their own size allow."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from condenslab.errors import UserError
from condenslab.memory import shortage, words

FilePath = str | os.PathLike[str]

_UNPACKED = 2**28
_RATIO = 200
"""A packed file may hold 256 MiB, and beyond that 200 times its own size: real images pack by less than 20."""


def regular_size(path: FilePath) -> int:
    """Returns the size of a regular file, in bytes.

    Raises:
        UserError: There is none, or it is a folder, a device, a pipe or a socket, which need not end.
    """
    try:
        status = Path(path).stat()
    except (OSError, ValueError) as error:  # ValueError: a zero byte in the name
        raise unreadable(path, error) from None
    if stat.S_ISDIR(status.st_mode):
        raise UserError(f"{path} is a folder: give one of the files in it.")
    if not stat.S_ISREG(status.st_mode):
        kind = next((word for test, word in _KINDS if test(status.st_mode)), "special file")
        raise UserError(f"{path} is a {kind}, whose end cannot be known: save its content to a file and give that.")
    return status.st_size


def unreadable(path: FilePath, error: Exception) -> UserError:
    """Builds the error for a file that the system does not give."""
    if isinstance(error, FileNotFoundError) and "://" in str(path):
        return UserError(f"{path} is an address, and nothing is fetched: download the file and give its name.")
    if isinstance(error, FileNotFoundError):
        return UserError(f"there is no file {path}: check the name and the folder.")
    if isinstance(error, IsADirectoryError):
        return UserError(f"{path} is a folder: give one of the files in it.")
    reason = getattr(error, "strerror", None) or str(error)
    return UserError(f"{str(path)!r} cannot be read ({reason}): check the file and its permissions.")


def require_memory(path: FilePath, needed: float) -> None:
    """Refuses to read what does not fit into memory.

    Args:
        path: The file.
        needed: Bytes that reading it takes.

    Raises:
        UserError: More than is free.
    """
    missing = shortage(needed)
    if missing:
        raise UserError(f"{path} is too large for this machine: {missing}. Give a part of it.")


def require_believable(path: FilePath, announced: int, held: int) -> None:
    """Refuses an array that a file announces and can hardly hold.

    Args:
        path: The file.
        announced: Bytes of the array.
        held: Bytes of the file.

    Raises:
        UserError: More than any file of images unpacks to: the header is damaged, or made to fill memory.
    """
    if announced > max(_UNPACKED, _RATIO * held):
        raise UserError(
            f"{path} announces {words(announced)} in a file of {words(held)}: its header is damaged, or it is made to "
            "fill the memory. Fetch it again, or unpack it first."
        )


@contextmanager
def reading(path: FilePath) -> Iterator[None]:
    """Turns what goes wrong while a file is read into one sentence.

    Raises:
        UserError: The system does not give the file, memory does not suffice, or what is in it cannot be understood.
    """
    try:
        yield
    except UserError:
        raise
    except MemoryError:
        raise UserError(f"{path} does not fit into memory: give a part of it.") from None
    except OSError as error:
        raise unreadable(path, error) from None
    except Exception as error:  # the decoders raise almost anything on damaged files
        reason = " ".join(str(error).split())[:80] or type(error).__name__
        raise UserError(f"{path} is damaged, or of another kind ({reason}): fetch or write it again.") from None


_KINDS = (
    (stat.S_ISFIFO, "pipe"),
    (stat.S_ISSOCK, "socket"),
    (stat.S_ISCHR, "device"),
    (stat.S_ISBLK, "device"),
)
