"""Decides the claims of the study of trajectories from stored records; numbers only, no JAX."""

from collections.abc import Sequence

import numpy as np

from condenslab.studies.contract.claims import Claim
from condenslab.studies.seeds import over_seeds
from condenslab.sweeps import Record

LEVELS = (0.027, 0.0055, 0.0028, 1e-4)
"""Levels at which the risk of the run in the lecture notes rests, read off a logarithmic figure."""

_TOLERANCE = 0.15
_NOTES = (
    "Xu's lecture notes, Fig. 1.7 (one run, levels read off the figure; its epochs do not fit rate 0.1 and std 1e-4)"
)
PAIR_ANGLES = (-np.pi + np.arctan(1 / 3), -np.arctan(1 / 3))
PAIR_AMPLITUDE = 0.2 * np.sqrt(10) / 3
_RESTING = 0.5
"""A risk rests where |d log R/d log t| has a local minimum below this."""

STATEMENTS = (
    "the risk rests within 15 % of the published level",
    "more groups at the end than on the first plateau",
    "the target 0.2·R(x − 1/3) + 0.2·R(−x − 1/3) ends as two groups",
    "they point along −atan(1/3) and −π + atan(1/3)",
    "the summed amplitude of each is 0.2·√10/3",
)
"""What the study claims, before anything is measured; a run adds levels, seeds and intervals."""


def resting_levels(times: np.ndarray, risk: np.ndarray) -> np.ndarray:
    """Returns the risks at which a run is slowest on logarithmic axes: the local minima of |d log R/d log t| below 0.5.

    A run that ends at rest ends on a level.

    Args:
        times: Increasing times, those of 0 are left out, shape (time,).
        risk: Positive risks, shape (time,).
    """
    later = times > 0
    logs = np.log(np.maximum(risk[later], np.finfo(float).tiny))
    slope = np.abs(np.gradient(logs, np.log(times[later])))
    padded = np.concatenate([[np.inf], slope, [np.inf]])
    lowest = (slope <= padded[:-2]) & (slope <= padded[2:]) & (slope < _RESTING)
    return risk[later][lowest]


def deviations(record: Record) -> np.ndarray:
    """Returns for each published level the smallest relative deviation of a resting level of the run, shape (level,).

    Args:
        record: A record of the four-neuron target.
    """
    found = resting_levels(record.arrays["times"], record.arrays["risk"])
    if not found.size:
        return np.full(len(LEVELS), np.inf)
    return np.array([np.abs(found / level - 1).min() for level in LEVELS])


def on_task(records: Sequence[Record], task: str) -> list[Record]:
    """Returns the finished records of a target, by seed.

    Args:
        records: Any records.
        task: Name of the target.
    """
    return sorted((r for r in records if r.status == "done" and r.case["task"] == task), key=lambda r: r.case["seed"])


def nearest(runs: Sequence[Record]) -> Record:
    """Returns the run that comes nearest to the published levels: the smallest sum of deviations, each at most 1.

    The published run is one of an unknown seed, and runs of different seeds pass different levels.

    Args:
        runs: At least one record of the four-neuron target.
    """
    return min(runs, key=lambda run: float(np.minimum(deviations(run), 1.0).sum()))


def decide(records: Sequence[Record]) -> list[Claim]:
    """Returns the claims of a run.

    Args:
        records: The records.
    """
    return [*_levels(on_task(records, "four_relu")), *_pair(on_task(records, "relu_pair"))]


def _levels(runs: list[Record]) -> list[Claim]:
    asked = [r for r in runs if r.case["steps"] >= 100_000]
    if not asked:
        return [Claim.undecided(text, _NOTES, expected=LEVELS) for text in STATEMENTS[:2]]
    best, all_of_them = nearest(asked), np.array([deviations(r) for r in asked])
    claims = []
    for number, level in enumerate(LEVELS):
        share = f"{int((all_of_them[:, number] <= _TOLERANCE).sum())} of {len(asked)} seeds do"
        text = f"{STATEMENTS[0]} {level:g} (seed {best.case['seed']}, the nearest to all four; {share})"
        measured = float(deviations(best)[number])
        claims.append(
            Claim.at_most(text, _NOTES, bound=_TOLERANCE, measured=measured if np.isfinite(measured) else None)
        )
    growth = [int(r.arrays["group_counts"][-1] - _plateau_count(r)) for r in asked]
    falls = [int((np.diff(r.arrays["group_counts"][_plateau_start(r) :]) < 0).sum()) for r in asked]
    text = over_seeds(f"{STATEMENTS[1]} (the count falls in between {falls} times)", [more >= 1 for more in growth])
    source = "arXiv 2504.09484, abstract: 'typically' increases; deck 002, '1d example'"
    return [*claims, Claim.at_least(text, source, bound=1, measured=growth)]


def _plateau_start(record: Record) -> int:
    """Returns the first tracked moment at which the risk is within 1 % of the first level, 0.0273, or 0."""
    times, risk = record.arrays["times"], record.arrays["risk"]
    near = times[(np.abs(risk / 0.0273 - 1) < 0.01)]
    return int(np.searchsorted(record.arrays["group_times"], near[0])) if near.size else 0


def _plateau_count(record: Record) -> int:
    return int(record.arrays["group_counts"][_plateau_start(record)])


def _pair(runs: list[Record]) -> list[Claim]:
    source = (
        "dlphenomena/condensation, condense.ipynb; closed form: merging all neurons of an orientation gives the target"
    )
    if not runs or max(r.case["steps"] for r in runs) < 10_000:
        return [Claim.undecided(text, source, expected=None) for text in STATEMENTS[2:]]
    counts = [r.values["dominant_groups"] for r in runs]
    angle = [_pair_deviation(r, "dominant_angles", list(PAIR_ANGLES)) for r in runs]
    amplitude = [_pair_deviation(r, "dominant_amplitudes", [PAIR_AMPLITUDE] * 2) for r in runs]
    sums = f"{STATEMENTS[4]} = {PAIR_AMPLITUDE:.5f} to 1 % (relative deviation)"
    relative = [None if value is None else value / PAIR_AMPLITUDE for value in amplitude]
    return [
        Claim.count(over_seeds(STATEMENTS[2], [c == 2 for c in counts]), source, expected=2, measured=counts),
        Claim.at_most(
            over_seeds(f"{STATEMENTS[3]} to 2e-3 rad", [a is not None and a <= 2e-3 for a in angle]),
            source,
            bound=2e-3,
            measured=angle,
        ),
        Claim.at_most(
            over_seeds(sums, [a is not None and a <= 0.01 for a in relative]), source, bound=0.01, measured=relative
        ),
    ]


def _pair_deviation(record: Record, name: str, expected: list[float]) -> float | None:
    """Returns the largest deviation of the two dominant groups, ordered by angle, or None where there are not two."""
    if record.values["dominant_groups"] != 2:
        return None
    order = np.argsort(record.values["dominant_angles"])
    return float(np.abs(np.array(record.values[name])[order] - expected).max())
