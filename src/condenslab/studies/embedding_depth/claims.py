"""Decides the claims of the study of embeddings in depth from stored records; numbers only, no JAX."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from condenslab.studies.contract.claims import Claim
from condenslab.studies.seeds import over_seeds
from condenslab.studies.trajectory.claims import resting_levels
from condenslab.sweeps import Record

PLATEAU, READING = 0.1, 0.1
"""The shared plateau of EPD, Fig. 3, read off the figure, and how well that can be read."""
LINEAR = 0.99
TRAINED = 1e-3
"""The risk below which the source calls a network trained."""
AGREEMENT = 0.9854

_EPD = "Bai et al., arXiv 2205.13283 (EPD)"

STATEMENTS = (
    "shallow and deep networks rest within 10 % of the same published risk, 0.1",
    "on that plateau the first two layers of the deep network are effectively linear (MPC > 0.99)",
    "a trained network (R < 0.001) with L hidden layers has L − 2 effectively linear ones",
    "a lift keeps the output on the training inputs to rounding (1e-13 of the largest)",
    "a lift keeps the point critical (L1 gradient at most 1e-11)",
    "no count of positive, zero or negative eigenvalues decreases when a layer is inserted (of those decided)",
    "some layers of the trained ten-layer network are effectively linear and go",
    "merged and briefly retrained it predicts the same class on at least 98.54 % of held-out digits",
    "batch normalisation shortens the plateau: the larger γ, the earlier R falls below 0.05 (pairs out of order)",
    "with γ = 1.5 there is no plateau: no run rests within 10 % of the shared risk (runs that do)",
)
"""What the study claims, before anything is measured; a run adds seeds and intervals."""


def decide(records: Sequence[Record]) -> list[Claim]:
    """Returns the claims of a run, in the order of `STATEMENTS`; those on cases that were not asked for are left out.

    Args:
        records: The records, in any order.
    """
    plateaus, lifts, merges, norms = (of_kind(records, kind) for kind in ("plateau", "lift", "merge", "norm"))
    claims = []
    for std in sorted({record.case["std"] for record in plateaus}):
        claims += _plateaus([record for record in plateaus if record.case["std"] == std])
    for record in lifts:
        claims += _lifts(record)
    for method in ("adam", "sgd"):
        claims += _merges([record for record in merges if record.case["method"] == method], method)
    return claims + (_norms(norms) if norms else [])


def of_kind(records: Sequence[Record], kind: str) -> list[Record]:
    """Returns the finished records of a kind, by depth and seed.

    Args:
        records: Any records.
        kind: "plateau", "lift", "merge" or "norm".
    """
    found = [record for record in records if record.case["kind"] == kind and record.status == "done"]
    return sorted(found, key=lambda record: (record.case.get("depth", 0), record.case["seed"]))


def rows(record: Record) -> list[dict[str, Any]]:
    """Returns the rows of a record of lifts, one a lift; none where no critical point was found.

    Args:
        record: A record of lifts.
    """
    names = [name for name in record.values if name.startswith("row_")]
    length = len(record.values[names[0]]) if names else 0
    return [{name[4:]: record.values[name][k] for name in names} for k in range(length)]


def rest(record: Record) -> int | None:
    """Returns the number of the record at which a run rests nearest the published plateau, or None.

    A run rests where |d log R/d log t| has a local minimum below 1/2.

    Args:
        record: A record of training.
    """
    risk = record.arrays["risk"]
    found = resting_levels(record.arrays["times"], risk)
    if not found.size:
        return None
    nearest = found[np.argmin(np.abs(found / PLATEAU - 1))]
    return int(np.flatnonzero(risk == nearest)[-1])


def _plateaus(runs: list[Record]) -> list[Claim]:
    source = f"{_EPD}, Fig. 3 (level read off the figure, ±10 %; the number of samples is not given)"
    start = "variance 0.01, as printed" if runs[0].case["std"] > 0.05 else "standard deviation 0.01"
    if runs[0].case["steps"] < 10_000:
        return [Claim.undecided(f"{text} (start: {start})", source, expected=None) for text in STATEMENTS[:3]]
    seeds = sorted({record.case["seed"] for record in runs})
    away = [_worst([_away(record) for record in runs if record.case["seed"] == seed]) for seed in seeds]
    deep = [record for record in runs if record.case["depth"] == 3]
    first_two = [_first_two(record) for record in deep]
    trained = [record for record in runs if record.case["depth"] >= 3 and record.values["final_risk"] < TRAINED]
    excess = [int(np.sum(r.arrays["linearity"][-1] > LINEAR)) - (r.case["depth"] - 2) for r in trained]
    depths = " and ".join(str(depth) for depth in sorted({record.case["depth"] for record in runs}))
    shared = over_seeds(
        f"{STATEMENTS[0]} (start: {start}; {depths} hidden layers; largest relative distance)",
        [a is not None and a <= READING for a in away],
    )
    linear = over_seeds(
        f"{STATEMENTS[1]} (start: {start}; the smaller one)", [v is not None and v > LINEAR for v in first_two]
    )
    counted = over_seeds(
        f"{STATEMENTS[2]} (start: {start}; linear layers more than that)", [more == 0 for more in excess]
    )
    return [
        Claim.at_most(shared, source, bound=READING, measured=away),
        Claim.at_least(linear, source, bound=LINEAR, measured=first_two or None),
        Claim.count(counted, f"{_EPD}, section 5, on Fig. 3", expected=0, measured=excess or None),
    ]


def _worst(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return max(known) if len(known) == len(values) else None


def _away(record: Record) -> float | None:
    where = rest(record)
    return None if where is None else float(abs(record.arrays["risk"][where] / PLATEAU - 1))


def _first_two(record: Record) -> float | None:
    where = rest(record)
    return None if where is None else float(record.arrays["linearity"][where, :2].min())


def _lifts(record: Record) -> list[Claim]:
    iris = record.case["problem"] == "iris"
    where = " (4-2-3 on Iris)" if iris else " (1-2-1 on three tanh)"
    found = rows(record)
    context = (
        "its own point, read off the figure: (10, 8, 1), (11, 12, 2), (12, 16, 3) of 19, 25, 31"
        if iris
        else "its own point, read off the figure: (4, 3, 0), (5, 7, 1), (6, 11, 2) of 7, 13, 19"
    )
    difference = max((row["output_difference"] for row in found), default=None)
    gradient = max((row["gradient"] for row in found), default=None)
    decided = [row for row in found if row["decided"]]
    narrow = record.values.get("narrow", [])
    lost = [row for row in decided if any(b < a for a, b in zip(narrow[row["point"]], row["counts"], strict=True))]
    text = f"{STATEMENTS[5]}{where}, of {len(decided)} lifts of {len(narrow)} points: lifts with one that does"
    return [
        Claim.at_most(STATEMENTS[3] + where, f"{_EPD}, Proposition 1", bound=1e-13, measured=difference),
        Claim.at_most(STATEMENTS[4] + where, f"{_EPD}, Proposition 2", bound=1e-11, measured=gradient),
        Claim.count(text, f"{_EPD}, Fig. 4; {context}", expected=0, measured=len(lost) if decided else None),
    ]


def _merges(runs: list[Record], method: str) -> list[Claim]:
    if not runs:
        return []
    source = (
        f"{_EPD}, Fig. 7: 5 of 10 layers merged, agreement 98.54 %, accuracy 95.4 % to 95.27 % (60,000 images of MNIST)"
    )
    settings = {"adam": "standard deviation 0.05, Adam", "sgd": "as printed: variance 0.05, SGD"}[method]
    gone = [len(record.values["merged"]) for record in runs]
    merged = [record.values["retrained_agreement"] for record in runs if record.values["merged"]]
    some = over_seeds(f"{STATEMENTS[6]} ({settings}; layers merged)", [g >= 1 for g in gone])
    same = over_seeds(f"{STATEMENTS[7]} ({settings})", [a >= AGREEMENT for a in merged])
    return [
        Claim.at_least(some, source, bound=1, measured=gone),
        Claim.at_least(same, source, bound=AGREEMENT, measured=merged or None),
    ]


def left_plateau(record: Record) -> float:
    """Returns the step at which R has fallen below half of the shared risk; infinite if it has not.

    Args:
        record: A record of training.
    """
    low = np.flatnonzero(record.arrays["risk"] < PLATEAU / 2)
    return float(record.arrays["times"][low[0]]) if low.size else np.inf


def _norms(runs: list[Record]) -> list[Claim]:
    source = f"{_EPD}, Fig. 5"
    by_seed: dict[int, dict[float, Record]] = {}
    for record in runs:
        if record.case["gamma"] is not None:
            by_seed.setdefault(record.case["seed"], {})[record.case["gamma"]] = record
    steps = [[left_plateau(own[gamma]) for gamma in sorted(own)] for own in by_seed.values()]
    wrong = [sum(later >= sooner for sooner, later in pairwise(s)) for s in steps]
    rests = [own[max(own)] for own in by_seed.values()]
    resting = [int((away := _away(record)) is not None and away <= READING) for record in rests]
    return [
        Claim.count(over_seeds(STATEMENTS[8], [w == 0 for w in wrong]), source, expected=0, measured=wrong or None),
        Claim.count(over_seeds(STATEMENTS[9], [r == 0 for r in resting]), source, expected=0, measured=resting or None),
    ]
