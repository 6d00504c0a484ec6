"""What is claimed of training spline networks; numbers only, no JAX."""

from math import exp, log
from statistics import fmean

from condenslab.studies.contract.criteria import Criterion, at_least, at_most, exactly, within
from condenslab.studies.contract.evidence import Evidence
from condenslab.studies.contract.statements import Measured, Statement
from condenslab.studies.kan_recovery.cases import STEP, RankCase, Settings, TrainCase, parameters
from condenslab.studies.shared.ranks import decided
from condenslab.sweeps import Record

RECOVERED = 1e-3
"""A target is recovered where the mean squared error off the samples is at most this part of the target's variance."""
FIGURE = "Samples that training needs"

_DECK = "decks 001 and 002, KAN: 'increase m preserves sample efficiency', 'increase G reduces sample efficiency'"
_OWN = "recovery at 1e-3 of the variance, and one step of the numbers tried, are the study's own"

_WIDER = (
    "The model rank, and with it the optimistic sample size, is the same; training from these starts does not come as "
    "near to it with more neurons."
)
_LAX = (
    "At the six targets of the preset quick thirteen directions change the function by at least 0.047 of its standard "
    "deviation per unit of the coefficients, the 14th and 15th, where the rank counts them, by 3e-4 to 1e-2 and 2e-6 "
    "to 6e-5: an error of 1e-3 of the variance, 0.03 of the deviation, does not see these. And the linear model at the "
    "target, fitted with least norm, comes below that error from 10 samples for two targets; training starts near 0."
)
"""Measured once: singular values of the tangents at the target over the deviation on 1,000 points; norms are near 1."""

Network = tuple[int, int]


def statements(settings: Settings) -> list[Statement]:
    """Returns what is claimed: of samples below the rank, of width, of grid, of both, and of the rank's prediction.

    Args:
        settings: The settings.
    """
    target, wide, fine = _networks(settings)
    return [
        Statement(
            "no network recovers the target from fewer samples than its model rank there",
            f"deck 001, optimistic sample size as a lower bound; {_OWN}",
            _too_early,
            exactly(0),
            "runs that do",
            figure=FIGURE,
        ),
        _growth(
            "a wider network needs no more samples",
            wide,
            target,
            at_most(STEP),
            f"{wide[0]} neurons against {target[0]}, {parameters(*wide)} parameters against {parameters(*target)}",
        ),
        _growth(
            "a finer grid needs more samples",
            fine,
            target,
            at_least(STEP),
            f"grid halved {fine[1]} times, {parameters(*fine)} parameters against {parameters(*target)}",
        ),
        _growth(
            "a finer grid needs more samples than a wider network",
            fine,
            wide,
            at_least(STEP),
            f"{parameters(*fine)} parameters against {parameters(*wide)}",
        ),
        _as_the_rank("width", wide, target),
        _as_the_rank("grid", fine, target),
    ]


def needed(records: list[Record]) -> int:
    """Returns the least number of samples from which on all numbers that were tried recover; 0 where the last does not.

    Args:
        records: The runs of one network on one target.
    """
    found = 0
    for record in sorted(records, key=lambda record: -record.case["samples"]):
        if record.values["test_error"] > RECOVERED:
            break
        found = record.case["samples"]
    return found


def _networks(settings: Settings) -> tuple[Network, Network, Network]:
    """Returns the target's own network, the widest, and the finest."""
    first = settings.widths[0]
    return (first, 0), (max(settings.widths), 0), (first, max(settings.refinements, default=0))


def _too_early(evidence: Evidence) -> Measured:
    """Returns how many runs recover from fewer samples than the rank of their network at their target."""
    ranks = _ranks(evidence)
    runs = evidence.where(TrainCase).each(
        lambda record: (ranks.get(_place(record)), record.case["samples"], record.values["test_error"])
    )
    if not runs or any(run is None or run[0] is None for run in runs):
        return Measured(None)
    below = [error for rank, samples, error in runs if samples < rank]
    others = [error for rank, samples, error in runs if samples >= rank]
    told = " and ".join(
        f"{min(errors):.1e} {where}" for errors, where in ((below, "below the rank"), (others, "from it on")) if errors
    )
    return Measured(
        sum(error <= RECOVERED for error in below),
        f"{len(below)} runs",
        failing=f"The rank counts what exact recovery needs, and this is an error: the least are {told}. {_LAX}",
    )


def _ranks(evidence: Evidence) -> dict[tuple[int, int, int], int | None]:
    known = evidence.where(RankCase).each(lambda record: (_place(record), decided(record)))
    return dict(pair for pair in known if pair is not None)


def _place(record: Record) -> tuple[int, int, int]:
    return record.case["width"], record.case["refinements"], record.case["seed"]


def _growth(text: str, larger: Network, smaller: Network, criterion: Criterion, note: str) -> Statement:
    def read(evidence: Evidence) -> Measured:
        # What needs more samples than were tried counts with as many: the mean is then a lower bound.
        tried = evidence.where(TrainCase).fields("samples")
        exact, told = _pairs(evidence, larger, smaller)
        pairs, _ = _pairs(evidence, larger, smaller, max(tried, default=0))
        mean = _mean(pairs)
        ratio = None if mean is None else exp(mean)
        if None in exact and ratio is not None and criterion.relation == "≤" and criterion.accepts(ratio):
            ratio = None
        return Measured(ratio, told, _same(larger, smaller), _fitted(evidence, larger, smaller))

    words = f"{note}; ratio of the least numbers that recover, geometric mean over the seeds"
    reason = _WIDER if criterion.relation == "≤" else ""
    return Statement(text, f"{_DECK}; {_OWN}", read, criterion, words, figure=FIGURE, reason=reason)


def _as_the_rank(name: str, larger: Network, smaller: Network) -> Statement:
    def read(evidence: Evidence) -> Measured:
        ranks, seeds = _ranks(evidence), evidence.fields("seed")
        grown, told = _pairs(evidence, larger, smaller)
        rows = [[ranks.get((*network, seed)) for seed in seeds] for network in (larger, smaller)]
        both = [None if a is None or b is None else (a, b) for a, b in zip(*rows, strict=True)]
        samples, rank = _mean(grown), _mean(both)
        mean = None if samples is None or rank is None else samples - rank
        words = [", ".join("unknown" if one is None else str(one) for one in row) for row in rows]
        fitted = _fitted(evidence, larger, smaller)
        beyond = f"A target needs more samples than were tried. {fitted}".strip() if "more than tried" in told else ""
        return Measured(mean, f"{told}; ranks {words[0]} against {words[1]}", _same(larger, smaller) or beyond, fitted)

    return Statement(
        f"with the {name} the samples needed grow as the model rank does",
        f"{_DECK}; rank as the number of samples, deck 001; {_OWN}",
        read,
        within(0.0, log(STEP)),
        "log of the growth of the samples over that of the rank, mean over the seeds",
        figure=FIGURE,
        reason=_WIDER if larger[0] > smaller[0] else "",
    )


def _fitted(evidence: Evidence, larger: Network, smaller: Network) -> str:
    """Returns in words how many runs of both networks came to the risk that they were asked for."""

    def late(network: Network) -> str:
        runs = evidence.where(TrainCase, width=network[0], refinements=network[1])
        done = [
            end
            for end in runs.each(lambda run: run.values.get("final_risk", 0) > 1.1 * run.case["risk"])
            if end is not None
        ]
        return f"{sum(done)} of {len(runs)} runs of {parameters(*network)} parameters"

    return f"Above the risk asked for, after all steps, end {late(larger)} and {late(smaller)}."


def _mean(pairs: list[tuple[int, int] | None]) -> float | None:
    """Returns the mean log ratio over the seeds, None where one is not known."""
    known = [log(pair[0] / pair[1]) for pair in pairs if pair is not None]
    return fmean(known) if known and len(known) == len(pairs) else None


def _same(larger: Network, smaller: Network) -> str:
    return "Only one such network was asked for: there is nothing to compare." if larger == smaller else ""


def _pairs(
    evidence: Evidence, larger: Network, smaller: Network, most: int = 0
) -> tuple[list[tuple[int, int] | None], str]:
    """Returns for every seed how many samples both networks need, and both rows in words.

    A larger network that needs more than were tried counts with `most`, or not at all where that is 0.
    """
    rows = [
        evidence.where(TrainCase, width=width, refinements=times).per("seed", needed)
        for width, times in (larger, smaller)
    ]
    words = [", ".join("unknown" if n is None else str(n or "more than tried") for n in row) for row in rows]
    ends = [n if n is None else n or most for n in rows[0]]
    return [(a, b) if a and b else None for a, b in zip(ends, rows[1], strict=True)], f"{words[0]} against {words[1]}"
