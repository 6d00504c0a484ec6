"""Decides the claims of the study of architectures from stored records; numbers only, no JAX."""

from collections.abc import Sequence

import numpy as np

from condenslab.studies.architectures.cases import MNIST, OPTIMISTIC, PLANE, SHARINGS, WORDS
from condenslab.studies.architectures.published import first
from condenslab.studies.contract.claims import Claim, wilson
from condenslab.studies.seeds import over_seeds
from condenslab.studies.shared.ranks import decided
from condenslab.sweeps import Record

_TABLE = "LSH, Table 4 (caption, with biases); arXiv 2406.18035, Table 3; deck 001"
_MAPS = "Zhang et al., JMLR 26(69), 2025, Fig. 3 = LSH, Fig. 6, read off its colours"
RECOVERED = 1e-4
"""Test error of a cell that counts as recovered: at n = O − 1 no published cell is below 10^-3.1."""
FALLEN = 1e-2
"""Test error at which architectures are compared: the threshold of the published maps at which CNN comes before no
sharing and no sharing not after fully connected at every width (at 1e-4 the widest two are the other way round)."""

STATEMENTS = (
    "in closed form O is 7 with weight sharing, 15 without, 21 fully connected",
    "the smallest model rank measured on the target set is O at every width",
    "in a plane too the smallest measured rank is the closed form",
    "for k kernels on MNIST's pixels O is 685k, 6,760k and 530,660k",
    "below O no cell recovers the target",
    "the first n that recovers the target lies from O to 2O",
    "the first n whose test error falls below 1e-2 is smaller with weight sharing than without",
    "the first n whose test error falls below 1e-2 is no larger without weight sharing than fully connected",
)


def decide(records: Sequence[Record]) -> list[Claim]:
    """Returns the claims.

    Args:
        records: In any order; what is missing or failed makes claims undecided. A run that diverged is an infinite
            test error.
    """
    return [*_forms(records), *_ranks(records), *_below(records), *_transition(records), *_order(records)]


def cell_error(records: Sequence[Record], sharing: str, factor: int, samples: int) -> float | None:
    """Returns the median test error over seeds at the best rate; None where runs failed or none is there.

    The rate is chosen by the test error itself, as the source does, so this is the best of a few, not an estimate of
    what a rate chosen in advance would give.

    Args:
        records: All records.
        sharing: Which network.
        factor: N.
        samples: n.
    """
    own = [r for r in _trained(records, sharing, factor) if r.case["samples"] == samples]
    if not own or any(r.status == "failed" for r in own):
        return None
    medians = [
        float(np.median([_error(r) for r in own if r.case["rate"] == rate])) for rate in {r.case["rate"] for r in own}
    ]
    return min(medians)


def cells(records: Sequence[Record], sharing: str, factor: int) -> dict[int, float | None]:
    """Returns n → median test error at the best rate, in increasing n.

    Args:
        records: All records.
        sharing: Which network.
        factor: N.
    """
    counts = sorted({r.case["samples"] for r in _trained(records, sharing, factor)})
    return {n: cell_error(records, sharing, factor, n) for n in counts}


def first_below(records: Sequence[Record], sharing: str, factor: int, threshold: float) -> int | None:
    """Returns the first n of the grid from which the test error stays at most the threshold; None where there is none.

    Args:
        records: All records.
        sharing: Which network.
        factor: N.
        threshold: Of the median test error.
    """
    found = None
    for n, error in reversed(cells(records, sharing, factor).items()):
        if error is None or error > threshold:
            break
        found = n
    return found


def factors(records: Sequence[Record]) -> list[int]:
    """Returns all N that were trained, in increasing order."""
    return sorted({r.case["factor"] for r in records if r.case["kind"] == "train"})


def _trained(records: Sequence[Record], sharing: str, factor: int) -> list[Record]:
    return [
        r for r in records if r.case["kind"] == "train" and (r.case["sharing"], r.case["factor"]) == (sharing, factor)
    ]


def _error(record: Record) -> float:
    return record.values["test_error"] if record.status == "done" else float("inf")


def _forms(records: Sequence[Record]) -> list[Claim]:
    table = next((r.values for r in records if r.case["kind"] == "table" and r.status == "done"), None)
    off = mnist = None
    if table is not None:
        off = [abs(table["experiment"][s] - OPTIMISTIC[s]) for s in SHARINGS]
        mnist = [abs(value - k * MNIST[s]) for s in SHARINGS for k, value in enumerate(table["mnist"][s], start=1)]
    text = f"{STATEMENTS[3]} (k = 1 … {0 if table is None else len(table['mnist']['full'])}; deviations)"
    source = "Zhang et al., JMLR 26(69), 2025, Table 3 at d = 28, s = 3; deck 001 (theory only, nobody trained)"
    return [
        Claim.count(f"{STATEMENTS[0]} (deviations)", _TABLE, expected=0, measured=off),
        Claim.count(text, source, expected=0, measured=mnist),
    ]


def _ranks(records: Sequence[Record]) -> list[Claim]:
    claims = []
    for number, axes, expected in ((1, 1, OPTIMISTIC), (2, 2, PLANE)):
        for sharing in SHARINGS:
            own = [
                r
                for r in records
                if r.case["kind"] == "rank" and (r.case["sharing"], r.case["axes"]) == (sharing, axes)
            ]
            seeds = sorted({r.case["seed"] for r in own})
            worst = [_worst([r for r in own if r.case["seed"] == seed], expected[sharing]) for seed in seeds]
            text = f"{STATEMENTS[number]} ({WORDS[sharing]}, {expected[sharing]}; the worst width)"
            text = over_seeds(text, [rank == expected[sharing] for rank in worst])
            claims.append(Claim.count(text, _TABLE, expected=expected[sharing], measured=worst or None))
    return claims


def _worst(records: Sequence[Record], expected: int) -> int | None:
    """Returns the rank farthest from the expected one; None where one is missing or undecided."""
    ranks = [decided(r) for r in records]
    known = [rank for rank in ranks if rank is not None]
    return max(known, key=lambda rank: abs(rank - expected)) if known and len(known) == len(ranks) else None


def _below(records: Sequence[Record]) -> list[Claim]:
    claims = []
    for sharing in SHARINGS:
        size = OPTIMISTIC[sharing]
        found = [
            error for factor in factors(records) for n, error in cells(records, sharing, factor).items() if n < size
        ]
        own = [
            r
            for factor in factors(records)
            for r in _trained(records, sharing, factor)
            if r.case["samples"] < size and r.status != "failed"
        ]
        hits = sum(_error(r) <= RECOVERED for r in own)
        low, high = wilson(hits, len(own))
        text = (
            f"{STATEMENTS[4]} ({WORDS[sharing]}, n < {size}; log₁₀ of the median error at the best rate; of {len(own)} "
            f"single runs {hits} did, rate {low:.2f} to {high:.2f} at 95 %)"
        )
        claims.append(Claim.at_least(text, _MAPS, bound=float(np.log10(RECOVERED)), measured=_logs(found)))
    return claims


def _logs(errors: Sequence[float | None]) -> list[float | None] | None:
    """Returns log₁₀; an infinite error, of runs that all diverged, is as large as errors get and decides nothing."""
    return [None if e is None or not np.isfinite(e) else float(np.log10(max(e, 1e-30))) for e in errors] or None


def _transition(records: Sequence[Record]) -> list[Claim]:
    claims = []
    for sharing in SHARINGS:
        size, known = OPTIMISTIC[sharing], {f: cells(records, sharing, f) for f in factors(records)}
        largest = max((n for row in known.values() for n in row), default=0)
        for factor in known:
            found = first_below(records, sharing, factor, RECOVERED)
            seen = first(sharing, factor, RECOVERED)
            there = f"; published: {seen}" if seen else ""
            text = f"{STATEMENTS[5]} ({WORDS[sharing]} {factor}×, O = {size}, error ≤ {RECOVERED:g}{there})"
            if found is None and largest >= 2 * size and None not in known[factor].values():
                found = largest + 1  # it has not recovered up to 2O: the claim fails rather than being undecided
            claims.append(Claim.within(text, _MAPS, expected=1.5 * size, measured=found, tolerance=0.5 * size))
    return claims


def _order(records: Sequence[Record]) -> list[Claim]:
    claims = []
    for number, left, right, step in ((6, "shared", "unshared", 1), (7, "unshared", "full", 0)):
        for factor in factors(records):
            pair = [first_below(records, sharing, factor, FALLEN) for sharing in (left, right)]
            seen = [first(sharing, factor, FALLEN) for sharing in (left, right)]
            text = f"{STATEMENTS[number]} ({factor}×: n = {pair[0]} and {pair[1]}; published {seen[0]} and {seen[1]})"
            gap = None if None in pair else (pair[1] or 0) - (pair[0] or 0)
            claims.append(Claim.at_least(text, _MAPS, bound=step, measured=gap))
    return claims
