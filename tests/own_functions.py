"""Functions that a user might sweep over, for tests; importable by every worker."""

import os
from pathlib import Path

import numpy as np


def product(width, rate, seed=0):
    """A number, a truth and an array."""
    return {"risk": rate * width, "wide": width > 5, "curve": np.arange(width), "zero_d": np.float64(seed)}


def edge(x, a, noise=0.0):
    """Crosses 0 at x = a."""
    return {"f": x - a + noise}


def threshold(n, need, seed=0):
    """Succeeds from n = need on."""
    return {"ok": n >= need}


def bowl(x, y, centre=0.0, kind="round"):
    """Is smallest, 0, at (centre, 1)."""
    return {"f": (x - centre) ** 2 + (y - 1) ** 2 + (kind != "round")}


def counted(x, folder):
    """Leaves a file for every call."""
    Path(folder, f"{x}-{os.getpid()}-{len(list(Path(folder).iterdir()))}").touch()
    return {"x": x}


def raises(x):
    """Fails at 2."""
    if x == 2:
        raise ValueError("two is\n  too many")
    return {"x": x}


def many(points):
    """Takes all points at a time."""
    return [{"double": 2 * point["x"], "together": len(points)} for point in points]


def wrong(x):
    """Returns what cannot be stored."""
    return {1: [x], 2: object(), 3: {"value": object()}}[x]
