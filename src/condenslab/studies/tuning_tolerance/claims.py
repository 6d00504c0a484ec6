"""Decides the claims of the study of tuning tolerance from stored records; numbers only, no JAX."""

from collections.abc import Sequence

import numpy as np

from condenslab.studies.contract.claims import Claim, wilson
from condenslab.studies.matrix_completion.claims import SUCCESS
from condenslab.studies.tuning_tolerance.cases import ENTRIES, OPTIMISTIC
from condenslab.sweeps import Record

_FIG3 = "OPT, Fig. 3b (M1, rate 0.05, read off its colours)"
_DECK = "deck 001 (more samples than O ease tuning); OPT, Fig. 3b"
_OWN = "our own question: the sources vary the initial scale only"
HALF = 0.5
"""A setting is in the range where at least this share of runs succeeds."""
NEARLY_ALL = 0.95
PUBLISHED = {7: 1e-3, 8: 1e-3, 9: 1e-3, 10: 1e-3, 11: 1e-3, 12: 1e-3, 13: 1e-3, 14: 1e-2, 15: 1e-2, 16: 1e-1}
"""n → largest of 1e-5, 1e-4, …, 1e-1 at which the published mean test error is at most 1e-6."""

_TENS = (1e-5, 1e-4, 1e-3, 1e-2, 1e-1)

STATEMENTS = (
    "on the cross the largest initial scale that succeeds never falls while samples are added",
    "on the cross the range of scales that succeed grows by a factor of 10 or more from n = O to all entries",
    "the largest of the published initial scales that succeeds is the published one",
    "over random orders of the entries the largest scale that succeeds never falls while samples are added",
    "over random orders the share of runs that succeed grows from n = O to all entries by more than its intervals",
    "with all entries observed nearly every scale and order succeeds",
    "the largest learning rate that succeeds never falls while samples are added",
)


def decide(records: Sequence[Record]) -> list[Claim]:
    """Returns the claims.

    Args:
        records: In any order; a run that diverged has not succeeded, and one that failed makes claims undecided.
    """
    return [
        *_growth(records),
        *_published(records),
        _never_falls(records, 3, "random", "std", _DECK),
        *_shares(records),
        _never_falls(records, 6, "rates", "rate", _OWN),
    ]


def successes(records: Sequence[Record], part: str, samples: int, name: str, value: float) -> tuple[int, int]:
    """Returns how many of how many runs have a test error of at most 1e-6.

    Args:
        records: All records.
        part: "cross", "random" or "rates".
        samples: n.
        name: Which setting: "std" or "rate".
        value: Its value.
    """
    own = [r for r in _of(records, part, samples) if r.case[name] == value and r.status != "failed"]
    return sum(r.status == "done" and r.values["test_error"] <= SUCCESS for r in own), len(own)


def settings(records: Sequence[Record], part: str, name: str) -> list[float]:
    """Returns the values of a setting that were tried, in increasing order.

    Args:
        records: All records.
        part: As for `successes`.
        name: As for `successes`.
    """
    return sorted({r.case[name] for r in records if r.case["part"] == part})


def counts(records: Sequence[Record], part: str) -> list[int]:
    """Returns the numbers of samples of a part, in increasing order."""
    return sorted({len(r.case["observed"]) for r in records if r.case["part"] == part})


def largest(records: Sequence[Record], part: str, samples: int, name: str) -> float | None:
    """Returns the largest value up to which at least half of the runs succeed, all smaller ones included.

    Args:
        records: All records.
        part: As for `successes`.
        samples: n.
        name: As for `successes`.

    Returns:
        The value, 0 where already the smallest does not succeed, or None where a run failed or none is there.
    """
    if not _of(records, part, samples) or any(r.status == "failed" for r in _of(records, part, samples)):
        return None
    found = 0.0
    for value in settings(records, part, name):
        hits, trials = successes(records, part, samples, name, value)
        if not trials or hits / trials < HALF:
            break
        found = value
    return found


def _of(records: Sequence[Record], part: str, samples: int) -> list[Record]:
    return [r for r in records if r.case["part"] == part and len(r.case["observed"]) == samples]


def _never_falls(records: Sequence[Record], number: int, part: str, name: str, source: str) -> Claim:
    found = [largest(records, part, n, name) for n in counts(records, part)]
    known = [value for value in found if value is not None]
    row = ", ".join(f"{value:g}" for value in known)
    text = f"{STATEMENTS[number]} ({name} {row} at n = {', '.join(map(str, counts(records, part)))}; steps down)"
    down = int(np.sum(np.diff(known) < 0)) if known and len(known) == len(found) else None
    return Claim.count(text, source, expected=0, measured=down)


def _growth(records: Sequence[Record]) -> list[Claim]:
    ends = [largest(records, "cross", n, "std") for n in (OPTIMISTIC, ENTRIES)]
    tried = settings(records, "cross", "std")
    # Where nothing succeeds the range ends below the smallest scale tried, which is the cautious number.
    ratio = None if None in ends else (ends[1] or 0.0) / max(ends[0] or 0.0, tried[0])
    text = f"{STATEMENTS[1]} (largest std {ends[0]} and {ends[1]})"
    return [
        _never_falls(records, 0, "cross", "std", _DECK),
        Claim.at_least(text, _FIG3, bound=10.0, measured=ratio),
    ]


def _published(records: Sequence[Record]) -> list[Claim]:
    claims = []
    tried = [std for std in settings(records, "cross", "std") if std in _TENS]
    for n in (n for n in counts(records, "cross") if n in (OPTIMISTIC, 12, 14, ENTRIES) and PUBLISHED[n] in tried):
        found = largest(records, "cross", n, "std")
        below = None if found is None else max((std for std in tried if std <= found), default=1e-12)
        log = None if below is None else float(np.log10(below))
        text = f"{STATEMENTS[2]} (n = {n}, log₁₀; there the mean error, here half of the runs; design not stated)"
        claims.append(Claim.within(text, _FIG3, expected=np.log10(PUBLISHED[n]), measured=log, tolerance=0.5))
    return claims


def _shares(records: Sequence[Record]) -> list[Claim]:
    ends, bounds = {}, {}
    for n in (OPTIMISTIC, ENTRIES):
        own = _of(records, "random", n)
        whole = bool(own) and all(r.status != "failed" for r in own)
        hits = sum(r.status == "done" and r.values["test_error"] <= SUCCESS for r in own)
        ends[n], bounds[n] = (hits / len(own) if whole else None), wilson(hits, len(own))
    low, high = bounds[OPTIMISTIC], bounds[ENTRIES]
    text = (
        f"{STATEMENTS[4]} (95 %: {low[0]:.2f} to {low[1]:.2f} at n = {OPTIMISTIC}, {high[0]:.2f} to {high[1]:.2f} at "
        f"n = {ENTRIES}; distance of the intervals)"
    )
    gap = None if None in ends.values() else high[0] - low[1]
    return [
        Claim.at_least(text, _DECK, bound=0.0, measured=gap),
        Claim.at_least(f"{STATEMENTS[5]} (share)", _FIG3, bound=NEARLY_ALL, measured=ends[ENTRIES]),
    ]
