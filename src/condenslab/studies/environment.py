"""What numbers depend on beside their case: versions, device, threads."""

import functools
import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import condenslab


def environment() -> dict[str, Any]:
    """Returns the versions, the device, the processor and the number of threads that numbers depend on.

    The device is JAX's where JAX has been imported, and the processor's architecture where it has not.
    """
    packages = {name: installed_version(name) for name in ("jax", "jaxlib", "numpy")}
    jax = sys.modules.get("jax")
    device = jax.devices()[0] if jax is not None else None
    return {
        "condenslab": condenslab.__version__,
        "python": platform.python_version(),
        **packages,
        "device": device.device_kind if device is not None else platform.machine(),
        "processor": _processor(),
        "threads": _threads(),
    }


@functools.cache
def _processor() -> str:
    """Returns the processor's name as Linux tells it, elsewhere as Python does."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return (names or [platform.processor() or platform.machine()])[0]


def _threads() -> int:
    """Returns the size of XLA's thread pool on CPU: NPROC, or the processors that this process may use."""
    given = os.environ.get("NPROC", "")
    if given.isdigit():
        return int(given)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def installed_version(package: str) -> str | None:
    """Returns the version of an installed package, None where it is missing.

    Args:
        package: Its name in the package index.
    """
    try:
        return version(package)
    except PackageNotFoundError:
        return None
