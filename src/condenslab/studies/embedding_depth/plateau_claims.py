"""What is claimed of plateaus in training, with and without batch normalisation; numbers only, no JAX."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

from condenslab.studies.contract.criteria import above, at_least, below, exactly
from condenslab.studies.contract.evidence import Evidence
from condenslab.studies.contract.statements import Measured, Statement
from condenslab.studies.embedding_depth.cases import (
    EPD,
    GAMMAS,
    NormCase,
    PlateauCase,
    Settings,
)
from condenslab.studies.shared.conditional import among
from condenslab.studies.shared.resting import decades_near, nearest_rest
from condenslab.sweeps import Record

PLATEAU, READING, LONG = 0.109, 0.1, 0.5
"""The shared plateau of EPD, Fig. 3, at about 0.1 there: the risk of the minimum of one neuron on these data; how well
the figure can be read, and the decades of steps from which on a stay is a plateau and no inflection."""
_LEFT = 0.05
LINEAR = 0.99
TRAINED = 1e-3
"""The risk below which the source calls a network trained."""
_ENOUGH_STEPS = 10_000
"""Runs of fewer steps are over before the plateau."""
_FIG3 = f"{EPD}, Fig. 3 (level read off the figure, ±10 %; the number of samples is not given)"
_AS_VARIANCE = (
    "Read as a variance, the published 0.01 starts so large that deep networks leave the plateau far earlier than in "
    "the figure; read as a standard deviation it gives the published plateau."
)
NORMED = "Batch normalisation shortens the plateau"
"""Titles of drawings."""


def plateau_title(std: float) -> str:
    """Returns the title of the drawing of a plateau."""
    return f"A plateau of shallow and deep networks, start of standard deviation {std:g}"


def plateau_statements(settings: Settings, words: str, std: float, steps: int) -> list[Statement]:
    """Returns what is claimed of the plateau that shallow and deep networks share.

    Args:
        settings: The settings.
        words: How the published initial scale is read, in words.
        std: The standard deviation of that reading.
        steps: Of training.
    """
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
            f"{EPD}, section 5, on Fig. 3",
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


def left_plateau(record: Record) -> float:
    """Returns the step at which R has fallen below 0.05, about half of the shared risk; infinite if it has not.

    Args:
        record: A record of training.
    """
    low = np.flatnonzero(record.arrays["risk"] < _LEFT)
    return float(record.arrays["times"][low[0]]) if low.size else np.inf


def norm_statements() -> list[Statement]:
    """Returns what is claimed of the plateau under batch normalisation."""
    normed = tuple(gamma for gamma in GAMMAS if gamma is not None)
    return [
        Statement(
            "batch normalisation shortens the plateau: the larger γ, the earlier R falls below 0.05",
            f"{EPD}, Fig. 5",
            lambda evidence: evidence.where(NormCase, gamma=normed).per("seed", _out_of_order),
            exactly(0),
            note="pairs out of order",
            of="seeds",
            label="batch normalisation shortens the plateau, a larger γ more",
            figure=NORMED,
        ),
        Statement(
            "with γ = 1.5 there is no plateau: less than half a decade of steps within 10 % of the shared risk",
            f"{EPD}, Fig. 5",
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
