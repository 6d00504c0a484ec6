"""What the study of embeddings in depth claims, and how it is read from records; numbers only, no JAX."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

from condenslab.studies.contract.criteria import above, at_least, at_most, below, exactly
from condenslab.studies.contract.evidence import Evidence
from condenslab.studies.contract.statements import Measured, Statement
from condenslab.studies.embedding_depth.cases import (
    GAMMAS,
    READINGS,
    LiftCase,
    MergeCase,
    NormCase,
    PlateauCase,
    Problem,
    Settings,
)
from condenslab.studies.shared.columns import rows
from condenslab.studies.shared.conditional import among
from condenslab.studies.shared.resting import decades_near, nearest_rest
from condenslab.sweeps import Record

PLATEAU, READING, LONG = 0.109, 0.1, 0.5
"""The shared plateau of EPD, Fig. 3, at about 0.1 there: the risk of the minimum of one neuron on these data; how well
the figure can be read, and the decades of steps from which on a stay is a plateau and no inflection."""
MERGED = 5
"""Of ten layers, that the source merges."""
_LEFT = 0.05
LINEAR = 0.99
TRAINED = 1e-3
"""The risk below which the source calls a network trained."""
AGREEMENT = 0.9854
_ENOUGH_STEPS = 10_000
"""Runs of fewer steps are over before the plateau."""

_EPD = "Bai et al., arXiv 2205.13283 (EPD)"
_FIG3 = f"{_EPD}, Fig. 3 (level read off the figure, ±10 %; the number of samples is not given)"
_FIG7 = f"{_EPD}, Fig. 7: 5 of 10 layers merged, agreement 98.54 %, accuracy 95.4 % to 95.27 % (60,000 images of MNIST)"
_AS_VARIANCE = (
    "Read as a variance, the published 0.01 starts so large that deep networks leave the plateau far earlier than in "
    "the figure; read as a standard deviation it gives the published plateau."
)
_NOT_REPRODUCED = (
    "Merging five of ten layers is reproduced by neither reading of the published start, nor in five further settings "
    "that were tried."
)

METHODS = {"adam": "Adam", "sgd": "SGD"}
LIFTED = "Inertia of lifted critical points"
NORMED = "Batch normalisation shortens the plateau"
"""Titles of drawings."""


def plateau_title(std: float) -> str:
    """Returns the title of the drawing of a plateau."""
    return f"A plateau of shallow and deep networks, start of standard deviation {std:g}"


def merge_title(variance: float, method: str) -> str:
    """Returns the title of the drawing of linear layers."""
    return f"Linear layers of a deep network, start of variance {variance:.2g}, {METHODS[method]}"


def statements(settings: Settings) -> list[Statement]:
    """Returns what is claimed with these settings: nothing about cases that they leave out.

    Args:
        settings: The settings.
    """
    plateaus = ((settings.seeds, settings.steps), (settings.plateau_seeds, settings.plateau_steps))
    merges = (
        (settings.merge_seeds, 0.05**2, "adam", "standard deviation 0.05, Adam"),
        (settings.printed_seeds, 0.05, "sgd", "as printed: variance 0.05, SGD"),
    )
    found: list[Statement] = []
    for (words, std), (seeds, steps) in zip(READINGS, plateaus, strict=True):
        found += _plateaus(settings, words, std, steps) if seeds else []
    found += _lifts("three_tanh") if settings.starts else []
    found += _lifts("iris") if settings.iris_starts else []
    for seeds, variance, method, words in merges:
        found += _merges(variance, method, words) if seeds else []
    return found + (_norms() if settings.norm_seeds else [])


def _plateaus(settings: Settings, words: str, std: float, steps: int) -> list[Statement]:
    depths = " and ".join(map(str, sorted(set(settings.depths))))
    shared = Statement(
        "shallow and deep networks share a plateau: at least half a decade of steps within 10 % of R = 0.109",
        _FIG3,
        _long_enough(std, steps, lambda runs: runs.per("seed", lambda several: min(map(stay, several)))),
        at_least(LONG),
        note=f"start: {words}; {depths} hidden layers; decades of the depth that stays shortest",
        of="seeds",
        label="shallow and deep networks rest for half a decade at R = 0.109",
        reason=_AS_VARIANCE if std > 0.05 else "",
        figure=plateau_title(std),
    )
    return [shared, *_linear_layers(settings, words, std, steps)]


def _linear_layers(settings: Settings, words: str, std: float, steps: int) -> list[Statement]:
    deep = tuple(depth for depth in settings.depths if depth >= 3)
    title, why = plateau_title(std), _AS_VARIANCE if std > 0.05 else ""
    return [
        Statement(
            "on that plateau the first two layers of the deep network are effectively linear (MPC > 0.99)",
            _FIG3,
            _long_enough(std, steps, lambda runs: runs.where(depth=3).each(_first_two)),
            above(LINEAR),
            note=f"start: {words}; the smaller one",
            of="seeds",
            label="on the plateau the deep network's first two layers are effectively linear",
            figure=title,
            reason=why,
        ),
        Statement(
            "a trained network (R < 0.001) with L hidden layers has L − 2 effectively linear ones",
            f"{_EPD}, section 5, on Fig. 3",
            _long_enough(std, steps, lambda runs: among(runs.where(depth=deep), _trained, _excess, called="trained")),
            exactly(0),
            note=f"start: {words}; linear layers more than that",
            of="networks",
            label="a trained network with L hidden layers has L − 2 linear ones",
            figure=title,
            reason=why,
        ),
    ]


def _long_enough(std: float, steps: int, values: Callable[[Evidence], Any]) -> Callable[[Evidence], Any]:
    """Returns a reader of the runs from a start, which settle nothing where they end before the plateau."""
    short = f"{steps:,} steps end before the plateau: allow {_ENOUGH_STEPS:,} at least"

    def of(evidence: Evidence) -> Any:
        runs = evidence.where(PlateauCase, std=std)
        return values(runs) if steps >= _ENOUGH_STEPS else Measured(None, unsettled=short)

    return of


def rest(record: Record) -> int | None:
    """Returns the number of the moment at which a run rests nearest the published plateau, or None.

    Args:
        record: A record of training.
    """
    level = nearest_rest(record.arrays["times"], record.arrays["risk"], PLATEAU)
    return None if level is None else int(np.flatnonzero(record.arrays["risk"] == level)[-1])


def stay(record: Record) -> float:
    """Returns the decades of steps of the longest stay near the plateau.

    Args:
        record: A record of training.
    """
    return decades_near(record.arrays["times"], record.arrays["risk"], PLATEAU, READING)


def _first_two(record: Record) -> float | None:
    moment = rest(record)
    return None if moment is None else float(record.arrays["linearity"][moment, :2].min())


def _trained(record: Record) -> bool:
    return record.values["final_risk"] < TRAINED


def _excess(record: Record) -> int:
    return int(np.sum(record.arrays["linearity"][-1] > LINEAR)) - (record.case["depth"] - 2)


def _lifts(problem: Problem) -> list[Statement]:
    network, own_point = {
        "iris": ("4-2-3 on Iris", "(10, 8, 1), (11, 12, 2), (12, 16, 3) of 19, 25, 31"),
        "three_tanh": ("1-2-1 on three tanh", "(4, 3, 0), (5, 7, 1), (6, 11, 2) of 7, 13, 19"),
    }[problem]

    def largest(column: str) -> Callable[[Evidence], Any]:
        return lambda evidence: evidence.where(LiftCase, problem=problem).all(
            lambda records: max((row[column] for record in records for row in rows(record)), default=None)
        )

    return [
        Statement(
            "a lift keeps the output on the training inputs to rounding (1e-13 of the largest)",
            f"{_EPD}, Proposition 1",
            largest("output_difference"),
            at_most(1e-13),
            note=network,
            figure=LIFTED,
        ),
        Statement(
            "a lift keeps the point critical (L1 gradient at most 1e-11)",
            f"{_EPD}, Proposition 2",
            largest("gradient"),
            at_most(1e-11),
            note=network,
            figure=LIFTED,
        ),
        Statement(
            "no count of positive, zero or negative eigenvalues decreases when a layer is inserted (of those decided)",
            f"{_EPD}, Fig. 4; its own point, read off the figure: {own_point}",
            lambda evidence: evidence.where(LiftCase, problem=problem).all(_losing),
            exactly(0),
            note=f"{network}; lifts with one that does",
            label="inserting a layer decreases no count of positive, zero or negative eigenvalues",
            figure=LIFTED,
        ),
    ]


def _losing(records: list[Record]) -> Measured:
    """Returns how many lifts have fewer eigenvalues of a sign than the point that was lifted."""
    lifts = [(record.values["narrow"][row["point"]], row) for record in records for row in rows(record)]
    decided = [(before, row["counts"]) for before, row in lifts if row["decided"]]
    points = sum(len(record.values["narrow"]) for record in records)
    losing = sum(any(b < a for a, b in zip(before, after, strict=True)) for before, after in decided)
    return Measured(
        losing if decided else None,
        note=f"of {len(decided)} decided lifts of {points} points, {len(lifts) - len(decided)} undecided",
    )


def _merges(variance: float, method: str, words: str) -> list[Statement]:
    def networks(evidence: Evidence) -> Evidence:
        return evidence.where(MergeCase, method=method)

    return [
        Statement(
            "five layers of the trained ten-layer network are effectively linear and go",
            _FIG7,
            lambda evidence: Measured(
                networks(evidence).each(lambda record: len(record.values["merged"])),
                failing=_state(networks(evidence)),
            ),
            exactly(MERGED),
            note=f"{words}; layers merged",
            of="seeds",
            figure=merge_title(variance, method),
            reason=_NOT_REPRODUCED,
        ),
        Statement(
            "merged and briefly retrained it predicts the same class on at least 98.54 % of held-out digits",
            _FIG7,
            lambda evidence: among(
                networks(evidence),
                lambda record: bool(record.values["merged"]),
                lambda record: record.values["retrained_agreement"],
                called="merged",
            ),
            at_least(AGREEMENT),
            note=words,
            of="networks",
            label="merged and briefly retrained, 98.54 % of its predictions on held-out digits stay",
            figure=merge_title(variance, method),
            reason=_NOT_REPRODUCED,
        ),
    ]


def _state(runs: Evidence) -> str:
    """Returns how far the networks were trained and how linear their layers are."""
    known = [value for value in runs.each(lambda r: (r.values["risk"], r.values["linearity"])) if value is not None]
    each = [
        f"cross-entropy {risk:.2g}, correlations {', '.join(f'{layer:.3f}' for layer in layers if layer is not None)}"
        for risk, layers in known
    ]
    return f"When merged: {'; '.join(each)}." if each else ""


def left_plateau(record: Record) -> float:
    """Returns the step at which R has fallen below 0.05, about half of the shared risk; infinite if it has not.

    Args:
        record: A record of training.
    """
    low = np.flatnonzero(record.arrays["risk"] < _LEFT)
    return float(record.arrays["times"][low[0]]) if low.size else np.inf


def _norms() -> list[Statement]:
    normed = tuple(gamma for gamma in GAMMAS if gamma is not None)
    return [
        Statement(
            "batch normalisation shortens the plateau: the larger γ, the earlier R falls below 0.05",
            f"{_EPD}, Fig. 5",
            lambda evidence: evidence.where(NormCase, gamma=normed).per("seed", _out_of_order),
            exactly(0),
            note="pairs out of order",
            of="seeds",
            label="batch normalisation shortens the plateau, a larger γ more",
            figure=NORMED,
        ),
        Statement(
            "with γ = 1.5 there is no plateau: less than half a decade of steps within 10 % of the shared risk",
            f"{_EPD}, Fig. 5",
            lambda evidence: evidence.where(NormCase, gamma=max(normed)).each(stay),
            below(LONG),
            note="decades",
            of="seeds",
            label="with γ = 1.5 no run stays half a decade at the shared risk",
            figure=NORMED,
        ),
    ]


def _out_of_order(runs: list[Record]) -> int:
    steps = [left_plateau(run) for run in sorted(runs, key=lambda run: run.case["gamma"])]
    return sum(later >= sooner for sooner, later in pairwise(steps))
