"""Files that are whole or absent: written aside, forced to disk, renamed; and names that hold a checksum."""

import contextlib
import hashlib
import os
import platform
from datetime import UTC, datetime
from pathlib import Path

from condenslab.errors import UserError

_CHECKSUM_DIGITS = 16


def write_whole(path: Path, content: bytes) -> None:
    """Writes a file so that at every moment, a crash of the machine included, it is either absent or complete.

    The content goes to a hidden temporary file beside it, is forced to the disk, and takes its name by one rename. If
    anything fails the temporary file is removed.

    Args:
        path: The file.
        content: Its bytes.

    Raises:
        OSError: The disk is full or read-only, or the like.
    """
    temporary = path.with_name(f".{path.name}.{_host()}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)  # noqa: PTH105 (one name for the system call, as in the tests that interrupt it)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def sealed_name(content: bytes) -> str:
    """Returns a new file name without suffix: the time, by which names sort, and the checksum of the content.

    Args:
        content: The bytes that the file is to hold; `read_sealed` checks them against the name.
    """
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%S-%f")
    return f"{moment}-{checksum(content)}"


def read_sealed(path: Path) -> bytes:
    """Reads a file whose name was made by `sealed_name`.

    Args:
        path: The file.

    Returns:
        Its bytes, which are those that were written.

    Raises:
        UserError: It is truncated, altered or unreadable.
    """
    content = read(path)
    if path.stem.rpartition("-")[2] != checksum(content):
        raise damaged(path, "its content does not match the checksum in its name")
    return content


def read(path: Path) -> bytes:
    """Reads a file of the store.

    Raises:
        UserError: It cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise UserError(f"the store's file {path} cannot be read: {error.strerror}") from error


def listed(folder: Path, suffix: str) -> list[Path]:
    """Returns the files of a folder with this suffix in the order of their names, hidden ones left out.

    Raises:
        UserError: The folder is there and cannot be read: that is not the same as an empty one.
    """
    try:
        with os.scandir(folder) as entries:
            names = sorted(entry.name for entry in entries)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise unusable(folder, error) from error
    return [folder / name for name in names if name.endswith(suffix) and not name.startswith(".")]


def unusable(path: str | Path, error: OSError) -> UserError:
    """Builds the error for a folder that the system does not let be seen."""
    shown = str(path) if len(str(path)) < 200 else f"{str(path)[:200]}…"
    return UserError(
        f"the folder {shown!r} cannot be read ({error.strerror or error}): check its name and its permissions"
    )


def damaged(path: Path, reason: str) -> UserError:
    """Builds the error for a file of the store that is truncated or altered.

    Args:
        path: The file.
        reason: How it can be seen.
    """
    return UserError(
        f"the store's file {path} is truncated or damaged ({reason}): restore it from a copy, or move the files "
        f"{path.stem}.* out of the store, and the next run computes what they held again"
    )


def abandoned(folder: Path) -> list[Path]:
    """Returns the temporary files of a folder whose writer is dead: a process of this machine that is no more.

    Args:
        folder: The folder.
    """
    try:
        names = sorted(entry.name for entry in os.scandir(folder))
    except OSError:
        return []
    found = []
    for name in names:
        parts = name.split(".")
        if name.startswith(".") and parts[-1] == "tmp" and parts[-3] == _host() and not _alive(parts[-2]):
            found.append(folder / name)
    return found


def _alive(process: str) -> bool:
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return False
    except (OSError, ValueError):
        return True
    return True


def _host() -> str:
    """Returns the name of this machine without dots: machines that share a disk may have processes of one number."""
    return platform.node().replace(".", "-") or "host"


def checksum(content: bytes) -> str:
    """Returns the checksum of a file's content, as its name holds it.

    Args:
        content: The bytes.
    """
    return hashlib.sha256(content).hexdigest()[:_CHECKSUM_DIGITS]


def _sync_folder(folder: Path) -> None:
    """Forces a rename to disk where the system can (Windows and some network file systems cannot)."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
