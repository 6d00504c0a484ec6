"""What is claimed where a function has no structure, and where it has some; numbers only, no JAX."""

from collections.abc import Callable
from dataclasses import asdict
from math import log, sqrt
from typing import Any

from condenslab.studies.contract.criteria import above, at_least, exactly, within
from condenslab.studies.contract.evidence import Evidence
from condenslab.studies.contract.statements import Measured, Statement
from condenslab.studies.no_free_lunch.cases import (
    LEARNERS,
    PLANTED,
    SCHEMES,
    RankCase,
    SearchCase,
    Settings,
    descent,
)
from condenslab.studies.shared.descents.cases import PLACES, TaskName
from condenslab.studies.shared.ranks import decided
from condenslab.sweeps import Record

SEARCHED, LABELS, RANKS = "All functions searched", "Labels that were not given", "Samples that a function needs"
"""Titles of drawings."""
LEVEL = 1e-3
"""The chance that any setting comes outside the band by luck."""

_SLIDE = "deck 001, 'No Free Lunch Theorem' (Wolpert and Macready)"
_SARD = (
    "deck 001, optimistic sample size, the least rank over networks that are the function; by Sard's theorem functions "
    "of networks of smaller rank are a null set"
)


def band(settings: Settings) -> float:
    """Returns how far a share of right labels may be from 1/2 in any setting, but for a chance of `LEVEL`.

    Given what was trained on, labels drawn by themselves are right with a chance of 1/2 each; Hoeffding's inequality.

    Args:
        settings: The settings.
    """
    return sqrt(log(2 * len(SCHEMES) / LEVEL) / (2 * settings.seeds * (PLACES - settings.samples)))


def statements(settings: Settings) -> list[Statement]:
    """Returns what is claimed.

    Args:
        settings: The settings.
    """
    return [*_searches(settings), *_labels(settings), *_ranks(settings)]


def _searches(settings: Settings) -> list[Statement]:
    functions = settings.values**settings.places
    return [
        Statement(
            "over all functions no search is better than blind search",
            _SLIDE,
            lambda evidence: evidence.where(SearchCase).each(lambda record: record.values["otherwise"]),
            exactly(0),
            f"{functions:,} functions of {settings.places} points; how many have another best value than blind search "
            "counts, after any number of points",
            "searches",
            figure=SEARCHED,
        ),
        Statement(
            "over functions with one peak searches that learn are better than blind search",
            "contrast of the study's own: with structure there is a lunch",
            lambda evidence: evidence.where(SearchCase, search=LEARNERS).each(
                lambda record: record.values["blind_peaked"] - record.values["peaked"]
            ),
            above(0),
            "how many points fewer until the peak is found, on average",
            "searches",
            figure=SEARCHED,
        ),
    ]


def _labels(settings: Settings) -> list[Statement]:
    allowed, others = band(settings), PLACES - settings.samples
    words = f"{', '.join(SCHEMES)}; share of {others} labels that were not given, over {settings.seeds} seeds"
    return [
        Statement(
            "random labels are predicted by no setting better than by chance",
            f"{_SLIDE}; the band has a chance of {LEVEL:g} to be left",
            lambda evidence: _shares(settings, evidence, "random_labels"),
            within(0.5, allowed),
            words,
            "settings",
            figure=LABELS,
        ),
        Statement(
            "the same settings predict the labels of a function of three neurons",
            "contrast of the study's own: the signs of tanh(x − 7) − tanh(x) + tanh(x + 7)",
            lambda evidence: _shares(settings, evidence, "planted_labels"),
            at_least(0.5 + allowed),
            words,
            "settings",
            figure=LABELS,
        ),
    ]


def _shares(settings: Settings, evidence: Evidence, task: TaskName) -> Measured:
    """Returns the share of right labels of every setting, and in words how many of the given labels were learned."""

    def mean(name: str) -> Callable[[list[Record]], float]:
        return lambda records: sum(record.values[name] for record in records) / len(records)

    runs = [evidence.where(**_fields(settings, task, scheme)) for scheme in SCHEMES]
    learned = [part.all(mean("right")) for part in runs]
    known = ", ".join("unknown" if share is None else f"{share:.2f}" for share in learned)
    return Measured([part.all(mean("test_right")) for part in runs], note=f"of the given labels: {known}")


def _fields(settings: Settings, task: TaskName, scheme: str) -> dict[str, Any]:
    case = asdict(descent(settings, task, scheme, 0))
    return {name: value for name, value in case.items() if name != "seed"}


def _ranks(settings: Settings) -> list[Statement]:
    def rank(name: str) -> Callable[[Evidence], list[Any]]:
        return lambda evidence: evidence.where(RankCase).each(lambda record: decided(record, name))

    return [
        Statement(
            "a random function has the optimistic sample size of the whole set: no value follows from others",
            _SARD,
            rank("random"),
            exactly(settings.points),
            f"rank at the networks of {settings.neurons} neurons found for {settings.points} random values on as many "
            "points",
            "functions",
            label="a random function's optimistic sample size is the whole set",
            figure=RANKS,
        ),
        Statement(
            "a function of few neurons has k(d + 2) in the same network",
            "deck 001, table of optimistic sample sizes; arXiv 2406.18035, Theorem 5 (with biases)",
            rank("planted"),
            exactly(3 * PLANTED),
            f"least rank over the target set, k = {PLANTED} neurons with bias of one input",
            "functions",
            figure=RANKS,
        ),
    ]
