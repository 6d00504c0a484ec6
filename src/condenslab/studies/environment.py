"""What numbers depend on beside their case: versions, device, threads."""

import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import condenslab


def environment() -> dict[str, Any]:
    """Returns the versions, the device and the number of threads that numbers depend on.

    The device is JAX's where JAX has been imported, and the processor's name where it has not.
    """
    packages = {name: installed_version(name) for name in ("jax", "jaxlib", "numpy")}
    jax = sys.modules.get("jax")
    device = jax.devices()[0] if jax is not None else None
    return {
        "condenslab": condenslab.__version__,
        "python": platform.python_version(),
        **packages,
        "device": device.device_kind if device is not None else platform.machine(),
        "threads": _threads(),
    }


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
