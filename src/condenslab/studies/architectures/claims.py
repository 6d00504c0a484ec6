"""What is claimed of the architectures, and how it is read from the records; numbers only, no JAX."""

import numpy as np

from condenslab.studies.architectures.cases import (
    MNIST,
    OPTIMISTIC,
    PLANE,
    SHARINGS,
    WORDS,
    Settings,
    Sharing,
    TableCase,
)
from condenslab.studies.architectures.published import first
from condenslab.studies.contract.claims import wilson
from condenslab.studies.contract.criteria import above, at_least, exactly, within
from condenslab.studies.contract.evidence import Evidence
from condenslab.studies.contract.statements import Measured, Statement
from condenslab.studies.shared.ranks import decided
from condenslab.sweeps import Record

_TABLE = "LSH, Table 4 (caption, with biases); arXiv 2406.18035, Table 3; deck 001"
_MAPS = "Zhang et al., JMLR 26(69), 2025, Fig. 3 = LSH, Fig. 6, read off its colours"
RECOVERED = 1e-4
"""Test error of a cell that counts as recovered: at n = O − 1 no published cell is below 10^-3.1."""
FALLEN = 1e-2
"""Test error at which architectures are compared: the threshold of the published maps at which CNN comes before no
sharing and no sharing not after fully connected at every width (at 1e-4 the widest two are the other way round)."""

_CURVES, _MAP = "From how many samples it works in practice", "Test error against samples and width"


def statements(settings: Settings) -> list[Statement]:
    """Returns what is claimed.

    Args:
        settings: The settings.
    """
    counts = {"shared": settings.shared, "unshared": settings.unshared, "full": settings.full}
    widths = sorted(set(settings.factors))
    return [
        *_forms(),
        *(_rank(sharing, 1, OPTIMISTIC[sharing]) for sharing in SHARINGS),
        *(_rank(sharing, 2, PLANE[sharing]) for sharing in SHARINGS),
        *(_below(sharing) for sharing in SHARINGS),
        *(_transition(sharing, width, max(counts[sharing], default=0)) for sharing in SHARINGS for width in widths),
        *(_before("shared", "unshared", 1, width) for width in widths),
        *(_before("unshared", "full", 0, width) for width in widths),
    ]


def cell_error(cell: Evidence) -> float | None:
    """Returns the median test error over seeds at the best rate; None where one is not known or none is there.

    The rate is chosen by the test error itself, as the source does, so this is the best of a few, not an estimate of
    what a rate chosen in advance would give. A run that diverged has an infinite error.

    Args:
        cell: The runs of one network, width and number of samples.
    """
    rows = [runs.each(_error, diverged=np.inf) for runs in cell.by("rate").values()]
    if not rows or any(None in row for row in rows):
        return None
    return min(float(np.median(row)) for row in rows)


def cells(evidence: Evidence, sharing: str, factor: int) -> dict[int, float | None]:
    """Returns n → median test error at the best rate, in increasing n.

    Args:
        evidence: The cases.
        sharing: Which network.
        factor: N.
    """
    trained = evidence.where(kind="train", sharing=sharing, factor=factor)
    return {samples: cell_error(cell) for samples, cell in trained.by("samples").items()}


def first_below(evidence: Evidence, sharing: str, factor: int, threshold: float) -> int | None:
    """Returns the first n of the grid from which the test error stays at most the threshold.

    None where there is none, and where it is not known: a cell without a result may be one more that stays below.

    Args:
        evidence: The cases.
        sharing: Which network.
        factor: N.
        threshold: Of the median test error.
    """
    smallest = None
    for samples, error in reversed(cells(evidence, sharing, factor).items()):
        if error is None:
            return None
        if error > threshold:
            break
        smallest = samples
    return smallest


def _error(record: Record) -> float:
    return record.values["test_error"]


def _forms() -> list[Statement]:
    source = "Zhang et al., JMLR 26(69), 2025, Table 3 at d = 28, s = 3; deck 001 (theory only, nobody trained)"

    def experiment(record: Record) -> list[int]:
        return [abs(record.values["experiment"][s] - OPTIMISTIC[s]) for s in SHARINGS]

    def mnist(record: Record) -> list[int]:
        tables = record.values["mnist"]
        return [abs(value - k * MNIST[s]) for s in SHARINGS for k, value in enumerate(tables[s], start=1)]

    return [
        Statement(
            "in closed form O is 7 with weight sharing, 15 without, 21 fully connected",
            _TABLE,
            lambda evidence: evidence.where(TableCase).all(lambda records: experiment(records[0])),
            exactly(0),
            note="deviations",
        ),
        Statement(
            "for k kernels on MNIST's pixels O is 685k, 6,760k and 530,660k",
            source,
            lambda evidence: evidence.where(TableCase).all(lambda records: mnist(records[0])),
            exactly(0),
            note=f"k = 1 … {TableCase().kernels}; deviations",
        ),
    ]


def _rank(sharing: Sharing, axes: int, size: int) -> Statement:
    def worst(records: list[Record]) -> int | None:
        ranks = [decided(record) for record in records]
        known = [rank for rank in ranks if rank is not None]
        return max(known, key=lambda rank: abs(rank - size)) if len(known) == len(ranks) else None

    plane = "in a plane too the smallest measured rank is the closed form"
    return Statement(
        plane if axes == 2 else "the smallest model rank measured on the target set is O at every width",
        _TABLE,
        lambda evidence: evidence.where(kind="rank", sharing=sharing, axes=axes).per("seed", worst),
        exactly(size),
        note=f"{WORDS[sharing]}, {size}; the worst width",
        of="seeds",
    )


def _below(sharing: Sharing) -> Statement:
    size = OPTIMISTIC[sharing]

    def read(evidence: Evidence) -> Measured:
        below = evidence.where(kind="train", sharing=sharing, samples=lambda n: n < size)
        logs = [_log(cell_error(cell)) for cell in below.by("factor", "samples").values()]
        single = below.count(lambda record: _error(record) <= RECOVERED)
        hits, known = (single.successes, len(below) - single.unknown) if single else (0, 0)
        low, high = wilson(hits, known)
        rate = f"rate {low:.2f} to {high:.2f} at 95 %"
        return Measured(logs, f"at the best rate; of {known} single runs {hits} did, {rate}")

    return Statement(
        "below O no cell recovers the target",
        _MAPS,
        read,
        above(float(np.log10(RECOVERED))),
        note=f"{WORDS[sharing]}, n < {size}; log₁₀ of the median error",
        figure=_MAP,
    )


def _log(error: float | None) -> float | None:
    """Returns log₁₀; an infinite error, of runs that all diverged, is as large as errors get and decides nothing."""
    return None if error is None or not np.isfinite(error) else float(np.log10(max(error, 1e-30)))


def _transition(sharing: Sharing, factor: int, largest: int) -> Statement:
    size, seen = OPTIMISTIC[sharing], first(sharing, factor, RECOVERED)

    def read(evidence: Evidence) -> int | None:
        errors = cells(evidence, sharing, factor).values()
        smallest = first_below(evidence, sharing, factor, RECOVERED)
        if smallest is None and largest >= 2 * size and None not in errors:
            return largest + 1  # it has not recovered up to 2O: the claim fails rather than being undecided
        return smallest

    published = f"; published: {seen}" if seen else ""
    return Statement(
        "the first n that recovers the target lies from O to 2O",
        f"{_MAPS}; every published one does, the interval is the study's own",
        read,
        within(1.5 * size, 0.5 * size),
        note=f"{WORDS[sharing]} {factor}×, O = {size}, error ≤ {RECOVERED:g}{published}",
        figure=_MAP,
    )


def _before(left: Sharing, right: Sharing, step: int, factor: int) -> Statement:
    seen = [first(sharing, factor, FALLEN) for sharing in (left, right)]
    there = f"; published {seen[0]} and {seen[1]}" if None not in seen else ""
    what = (
        "smaller with weight sharing than without" if step else "no larger without weight sharing than fully connected"
    )

    def read(evidence: Evidence) -> Measured:
        here, other = (first_below(evidence, sharing, factor, FALLEN) for sharing in (left, right))
        gap = None if here is None or other is None else other - here
        return Measured(gap, f"n = {here} and {other}{there}")

    return Statement(
        f"the first n whose test error falls below 1e-2 is {what}",
        f"{_MAPS}; 1e-2 is the study's own",
        read,
        at_least(step),
        note=f"{factor}×",
        label=f"first n with error below 1e-2: {WORDS[left]} before {WORDS[right]}",
        figure=_CURVES,
    )
