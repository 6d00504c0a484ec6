"""What is claimed of tuning tolerance, and how it is read from the records; numbers only, no JAX."""

from collections.abc import Callable, Sequence

import numpy as np

from condenslab.studies.contract.claims import wilson
from condenslab.studies.contract.criteria import above, at_least, exactly, within
from condenslab.studies.contract.evidence import Evidence
from condenslab.studies.contract.statements import Measured, Statement
from condenslab.studies.shared.completion.cases import recovers
from condenslab.studies.tuning_tolerance.cases import ENTRIES, OPTIMISTIC, Settings

_FIG3 = "OPT, Fig. 3b (M1, rate 0.05, read off its colours)"
_DECK = "deck 001 (more samples than O ease tuning); OPT, Fig. 3b"
_OWN = "our own question: the sources vary the initial scale only"
HALF = 0.5
"""A setting is in the range where at least this share of runs succeeds."""
NEARLY_ALL = 0.95
PUBLISHED = {7: 1e-3, 8: 1e-3, 9: 1e-3, 10: 1e-3, 11: 1e-3, 12: 1e-3, 13: 1e-3, 14: 1e-2, 15: 1e-2, 16: 1e-1}
"""n → largest of 1e-5, 1e-4, …, 1e-1 at which the published mean test error is at most 1e-6."""

_TENS = (1e-5, 1e-4, 1e-3, 1e-2, 1e-1)

_SHARES, _RANGES = "More samples forgive larger scales and rates", "How large the initial entries may be"


def statements(settings: Settings) -> list[Statement]:
    """Returns what is claimed.

    Args:
        settings: The settings.
    """
    return [
        _never_falls("on the cross the largest initial scale that succeeds", "cross", "std", _DECK),
        Statement(
            "on the cross the range of scales that succeed grows by a factor of 10 or more from n = O to all entries",
            _FIG3,
            _growth,
            at_least(10.0),
            label="on the cross the range of scales grows tenfold from O to all entries",
            figure=_RANGES,
        ),
        *_published(settings),
        _never_falls("over random orders of the entries the largest scale that succeeds", "random", "std", _DECK),
        Statement(
            "over random orders the share of runs that succeed grows from n = O to all entries by more than its "
            "intervals",
            _DECK,
            _apart,
            above(0),
            label="over random orders the share that succeeds grows from O to all entries",
            figure=_RANGES,
        ),
        Statement(
            "with all entries observed nearly every scale and order succeeds",
            f"{_FIG3}; {NEARLY_ALL:.0%} for nearly every one is the study's own",
            lambda evidence: _of(evidence, "random", ENTRIES).share(recovers),
            at_least(NEARLY_ALL),
            note="share",
            figure=_SHARES,
        ),
        _never_falls("the largest learning rate that succeeds", "rates", "rate", _OWN),
    ]


def successes(evidence: Evidence, part: str, samples: int, name: str, value: float) -> tuple[int, int]:
    """Returns how many runs have a test error below 1e-6, of how many whose result is known.

    Args:
        evidence: The cases.
        part: "cross", "random" or "rates".
        samples: n.
        name: Which setting: "std" or "rate".
        value: Its value.
    """
    share = _of(evidence, part, samples).where(**{name: value}).share(recovers)
    return (share.successes, share.total - share.unknown) if share else (0, 0)


def largest(evidence: Evidence, part: str, samples: int, name: str) -> float | None:
    """Returns the largest value up to which at least half of the runs succeed, all smaller ones included.

    Args:
        evidence: The cases.
        part: As for `successes`.
        samples: n.
        name: As for `successes`.

    Returns:
        The value, 0 where already the smallest does not succeed, or None where too many are unknown to say.
    """
    found: float | None = None
    for value, runs in _of(evidence, part, samples).by(name).items():
        enough = at_least(HALF).accepts(runs.share(recovers))
        if enough is None:
            return None
        if not enough:
            return found or 0.0
        found = value
    return found


def counts(evidence: Evidence, part: str) -> list[int]:
    """Returns the numbers of samples of a part, in increasing order."""
    return sorted({len(observed) for observed in evidence.where(part=part).fields("observed")})


def _of(evidence: Evidence, part: str, samples: int) -> Evidence:
    return evidence.where(part=part, observed=lambda observed: len(observed) == samples)


def _never_falls(what: str, part: str, name: str, source: str) -> Statement:
    def steps_down(evidence: Evidence) -> Measured:
        numbers = counts(evidence, part)
        ends = [largest(evidence, part, n, name) for n in numbers]
        row = ", ".join("unknown" if end is None else f"{end:g}" for end in ends)
        known = [end for end in ends if end is not None]
        down = int(np.sum(np.diff(known) < 0)) if known and len(known) == len(ends) else None
        few = "with one number of samples nothing is added" if len(numbers) == 1 else ""
        return Measured(down, f"{name} {row} at n = {', '.join(map(str, numbers))}; steps down", few)

    text = f"{what} never falls while samples are added"
    figure = _SHARES if part == "rates" else _RANGES
    return Statement(text, source, steps_down, exactly(0), label=text.replace(" of the entries", ""), figure=figure)


def _growth(evidence: Evidence) -> Measured:
    ends = [largest(evidence, "cross", n, "std") for n in (OPTIMISTIC, ENTRIES)]
    tried = evidence.where(part="cross").fields("std")
    first, last = ends
    # Where nothing succeeds the range ends below the smallest scale tried, which is the cautious number.
    ratio = None if first is None or last is None else last / max(first, tried[0])
    return Measured(ratio, f"largest std {first} and {last}")


def _published(settings: Settings) -> list[Statement]:
    tried = sorted(std for std in set(settings.stds) if std in _TENS)
    numbers = [n for n in sorted(set(settings.samples)) if n in (OPTIMISTIC, 12, 14, ENTRIES)]
    return [
        Statement(
            "the largest of the published initial scales that succeeds is the published one",
            _FIG3,
            _largest_published(n, tried),
            within(float(np.log10(PUBLISHED[n])), 0.5),
            note=f"n = {n}, log₁₀; there the mean error, here half of the runs; design not stated",
            figure=_RANGES,
        )
        for n in numbers
        if PUBLISHED[n] in tried
    ]


def _largest_published(samples: int, tried: Sequence[float]) -> Callable[[Evidence], float | None]:
    def read(evidence: Evidence) -> float | None:
        end = largest(evidence, "cross", samples, "std")
        return None if end is None else float(np.log10(max((std for std in tried if std <= end), default=1e-12)))

    return read


def _apart(evidence: Evidence) -> Measured:
    """Returns the distance of the intervals of the shares of success at n = O and with all entries."""
    shares = [_of(evidence, "random", n).share(recovers) for n in (OPTIMISTIC, ENTRIES)]
    known = [share for share in shares if share is not None and not share.unknown]
    if len(known) < len(shares):
        return Measured(None)
    low, high = (wilson(share.successes, share.total) for share in known)
    ranges = [f"{a:.2f} to {b:.2f} at n = {n}" for (a, b), n in zip((low, high), (OPTIMISTIC, ENTRIES), strict=True)]
    return Measured(high[0] - low[1], f"95 %: {', '.join(ranges)}; distance of the intervals")
