"""Made-up courses of a risk that rests at given levels."""

import numpy as np


def staircase(levels, leaves, last=1e5):
    """Returns times and a risk that falls steeply to each level at a step and rests there."""
    times = np.geomspace(1.0, last, 400)
    risk = np.full(times.size, 1.0)
    for level, start in zip(levels, leaves, strict=True):
        share = 1 / (1 + (times / start) ** -12)
        risk = risk * (1 - share) + level * share
    return times, risk
