"""What the published heat maps show of the experiment: numbers that were read off the colours of their cells."""

FIRST: dict[str, dict[int, tuple[int, int, int, int]]] = {
    "shared": {1: (6, 7, 7, 10), 3: (8, 10, 11, 18), 10: (11, 12, 12, 16), 34: (12, 13, 13, 15), 100: (12, 12, 13, 15)},
    "unshared": {
        1: (15, 15, 17, 18), 3: (19, 19, 26, 26), 10: (22, 28, 28, 32), 34: (26, 26, 28, 30), 100: (25, 30, 30, 33),
    },
    "full": {
        1: (20, 20, 23, 28), 3: (23, 25, 28, 36), 10: (24, 26, 29, 35), 34: (26, 28, 31, 35), 100: (26, 26, 26, 35),
    },
}  # fmt: skip
"""Sharing → N times the target's width → first n from which the mean test error stays at most 1e-2, -3, -4, -5."""

THRESHOLDS = (1e-2, 1e-3, 1e-4, 1e-5)


def first(sharing: str, factor: int, threshold: float) -> int | None:
    """Returns the published first n, or None where that width was not published.

    Args:
        sharing: "shared", "unshared" or "full".
        factor: N.
        threshold: One of `THRESHOLDS`.
    """
    row = FIRST[sharing].get(factor)
    return None if row is None else row[THRESHOLDS.index(threshold)]
