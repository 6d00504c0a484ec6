"""On what the numbers were measured."""

import os
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

_PACKAGES = ("condenslab", "jax", "jaxlib", "diffrax", "equinox", "optax", "numpy", "scipy", "torch")


def describe() -> dict[str, Any]:
    """Returns processor, number of cores this process may use, system, load, and versions."""
    return {
        "processor": _processor(),
        "cores": cores(),
        "system": f"{platform.system()} {platform.machine()}",
        "load_average_at_start": round(os.getloadavg()[0], 2),
        "versions": {"python": platform.python_version(), "cc": _compiler()}
        | {name: _version(name) for name in _PACKAGES},
    }


def headline(machine: dict[str, Any]) -> str:
    """Returns the description for people.

    Args:
        machine: What `describe` returned.
    """
    versions = ", ".join(f"{name} {number}" for name, number in machine["versions"].items() if number)
    load = machine["load_average_at_start"]
    return f"{machine['processor']}, {machine['cores']} cores, load average {load} at the start; {versions}"


def cores() -> int:
    """Returns how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _compiler() -> str | None:
    try:
        done = subprocess.run(["cc", "--version"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.partition("\n")[0]


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
