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
from condenslab.studies.architectures.published import THRESHOLDS, first
from condenslab.studies.contract.claims import wilson
from condenslab.studies.contract.criteria import at_least, below, exactly
from condenslab.studies.contract.evidence import Evidence
from condenslab.studies.contract.statements import Measured, Statement
from condenslab.studies.shared.ranks import decided
from condenslab.sweeps import Record

_TABLE = "LSH, Table 4 (caption, with biases); arXiv 2406.18035, Table 3; deck 001"
_MAPS = "Zhang et al., JMLR 26(69), 2025, Fig. 3 = LSH, Fig. 6, read off its colours"
RECOVERED = 1e-6
"""Test error of a single run that counts as recovered: where the colour bars of the published maps end."""
FALLEN = 1e-2
"""The coarsest threshold, at which curves are drawn."""

_CURVES, _MAP = "From how many samples it works in practice", "Test error against samples and width"


def statements(settings: Settings) -> list[Statement]:
    """Returns what is claimed.

    Args:
        settings: The settings.
    """
    widths = sorted(set(settings.factors))
    wider = [width for width in widths if width > 1]
    return [
        *_forms(),
        *(_rank(sharing, 1, OPTIMISTIC[sharing]) for sharing in SHARINGS),
        *(_rank(sharing, 2, PLANE[sharing]) for sharing in SHARINGS),
        *(_below(sharing) for sharing in SHARINGS),
        *(_fewer(settings, sharing, width) for sharing in SHARINGS for width in wider),
        *(_growth(settings, sharing, widths[0], width) for sharing in SHARINGS for width in widths[1:]),
        *(_before(settings, "shared", "unshared", 1, width) for width in widths),
        *(_before(settings, "unshared", "full", 0, width) for width in widths),
    ]


def cell_error(cell: Evidence) -> float | None:
    """Returns the median test error over seeds; None where one is not known or none is there.

    Args:
        cell: The runs of one network, width and number of samples.
    """
    errors = seed_errors(cell)
    return None if errors is None else float(np.median(list(errors.values())))


def seed_errors(cell: Evidence) -> dict[int, float] | None:
    """Returns seed → test error at the rate that the other seeds choose; None where one is not known or none is there.

    The source tunes the rate of every cell by the test error. To do that without choosing by what is then reported,
    each seed has the rate whose median over the other seeds is smallest: the error is that of a rate chosen in advance.
    A run that diverged has an infinite error. With one seed and several rates nothing can be chosen.

    Args:
        cell: The runs of one network, width and number of samples.
    """
    seeds = cell.fields("seed")
    rows = [
        [error for one in runs.by("seed").values() for error in one.each(_error, diverged=np.inf)]
        for runs in cell.by("rate").values()
    ]
    if not rows or any(None in row for row in rows):
        return None
    errors = np.array(rows, dtype=float)  # shape (rate, seed)
    if len(errors) == 1:
        return dict(zip(seeds, errors[0].tolist(), strict=True))
    if len(seeds) == 1:
        return None
    others = np.array([np.median(np.delete(errors, seed, axis=1), axis=1) for seed in range(len(seeds))])
    chosen = errors[np.argmin(others, axis=1), np.arange(len(seeds))]
    return dict(zip(seeds, chosen.tolist(), strict=True))


def cells(evidence: Evidence, sharing: str, factor: int) -> dict[int, float | None]:
    """Returns n → median test error at the rate that other seeds choose, in increasing n.

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
        runs = evidence.where(kind="train", sharing=sharing, samples=lambda n: n < size)
        hits = [runs.count(lambda record, t=t: _error(record) <= t) for t in THRESHOLDS]
        known = len(runs) - (hits[0].unknown if hits[0] else 0)
        levels = ", ".join(f"{share.successes} at {t:g}" for t, share in zip(THRESHOLDS, hits, strict=True) if share)
        low, high = wilson(0, known)
        rate = f"no run in {known} leaves a rate of {low:.2f} to {high:.2f} at 95 %"
        return Measured(runs.count(lambda record: _error(record) <= RECOVERED), f"{levels}; {rate}")

    return Statement(
        "below O no single run recovers the target, at whatever rate",
        "Zhang et al., JMLR 26(69), 2025, Corollary 1: below O no point of the target set is recovered locally; 1e-6 "
        "is where the colour bars of its Fig. 3 end",
        read,
        exactly(0),
        note=f"{WORDS[sharing]}, n < {size}; runs with a test error of at most {RECOVERED:g}",
        figure=_MAP,
    )


def _firsts(evidence: Evidence, settings: Settings, sharing: Sharing, factor: int) -> list[int | None]:
    """Returns the first n of every threshold."""
    return [first_below(evidence, sharing, factor, float(threshold)) for threshold in settings.thresholds]


def _published(settings: Settings, sharing: Sharing, factor: int) -> str:
    """Returns what the published map shows, or nothing where it has no such width."""
    seen = [first(sharing, factor, float(threshold)) for threshold in settings.thresholds]
    return "" if None in seen else ", ".join(map(str, seen))


def _levels(settings: Settings) -> str:
    return f"at test errors of {', '.join(settings.thresholds)}"


def _fewer(settings: Settings, sharing: Sharing, factor: int) -> Statement:
    parameters, seen = factor * OPTIMISTIC[sharing], _published(settings, sharing, factor)
    published = f"; published {seen}" if seen else ""
    return Statement(
        "a network wider than the target recovers it from fewer samples than it has parameters",
        _MAPS,
        lambda evidence: _firsts(evidence, settings, sharing, factor),
        below(parameters),
        note=f"{WORDS[sharing]} {factor}×, M = {parameters}; first n {_levels(settings)}{published}",
        figure=_MAP,
    )


def _growth(settings: Settings, sharing: Sharing, narrow: int, wide: int) -> Statement:
    def read(evidence: Evidence) -> list[float | None]:
        few, many = (_firsts(evidence, settings, sharing, factor) for factor in (narrow, wide))
        return [None if a is None or b is None else b / a for a, b in zip(few, many, strict=True)]

    return Statement(
        "the number of samples grows less with the width than the number of parameters",
        f"{_MAPS}: O does not depend on the width",
        read,
        below(wide / narrow),
        note=f"{WORDS[sharing]}, {wide}× against {narrow}×; ratio of the first n {_levels(settings)}",
        figure=_CURVES,
    )


def _before(settings: Settings, left: Sharing, right: Sharing, step: int, factor: int) -> Statement:
    what = (
        "smaller with weight sharing than without" if step else "no larger without weight sharing than fully connected"
    )
    seen = [_published(settings, sharing, factor) for sharing in (left, right)]
    there = f"; published {seen[0]} and {seen[1]}" if all(seen) else ""

    def read(evidence: Evidence) -> Measured:
        here, other = (_firsts(evidence, settings, sharing, factor) for sharing in (left, right))
        gaps = [None if a is None or b is None else b - a for a, b in zip(here, other, strict=True)]
        counts = [", ".join(map(str, row)) for row in (here, other)]
        return Measured(gaps, f"n = {counts[0]} and {counts[1]}{there}")

    return Statement(
        f"the first n is {what}, as O is",
        _MAPS,
        read,
        at_least(step),
        note=f"{factor}×; differences {_levels(settings)}",
        label=f"first n: {WORDS[left]} before {WORDS[right]}",
        figure=_CURVES,
        reason="In the published map too the order is the other way round at some thresholds from N = 10 on.",
    )
