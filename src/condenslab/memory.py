"""How much memory there is: what is about to be asked for is estimated and compared before it is asked for."""

import os
from pathlib import Path

_CGROUPS = (
    ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
    ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes"),
)


def available_bytes() -> int | None:
    """Returns how many bytes this process can still be given, or None where the system does not say.

    The least of what the kernel calls available, of what the container's limit leaves, and of the address space that
    `ulimit -v` leaves.
    """
    found = [value for value in (_kernel(), _container(), _address_space()) if value is not None]
    return min(found, default=None)


def words(count: float) -> str:
    """Writes a number of bytes.

    Example:
        >>> words(11e9)
        '11 GB'
    """
    for unit, size in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= size:
            return f"{count / size:.3g} {unit}"
    return f"{count:.0f} bytes"


def shortage(needed: float) -> str | None:
    """Returns a clause on what is missing ("11 GB of memory are needed and 3 GB are free"), or None if it is enough.

    Args:
        needed: Bytes that are about to be asked for.
    """
    free = available_bytes()
    if free is None or needed <= free:
        return None
    return f"{words(needed)} of memory are needed and {words(free)} are free"


def _kernel() -> int | None:
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_AVPHYS_PAGES")
    except (OSError, ValueError, AttributeError):
        return None


def _container() -> int | None:
    for limit, usage in _CGROUPS:
        try:
            return max(0, int(Path(limit).read_text()) - int(Path(usage).read_text()))
        except (OSError, ValueError):  # no such file, or "max"
            continue
    return None


def _address_space() -> int | None:
    try:
        import resource

        limit = resource.getrlimit(resource.RLIMIT_AS)[0]
        used = int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except (ImportError, OSError, ValueError, AttributeError):
        return None
    return None if limit == resource.RLIM_INFINITY else max(0, limit - used)
