"""What the study of initial condensation claims; numbers only, no JAX."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from condenslab.studies.contract.criteria import above, at_least, at_most, exactly
from condenslab.studies.contract.evidence import Evidence
from condenslab.studies.contract.statements import Measured, Statement
from condenslab.studies.initial_condensation.cases import MULTIPLICITY, Settings
from condenslab.sweeps import Record

_IC = "Zhou et al., NeurIPS 2022 (IC)"
_LEAST_COSINE = 0.99
_STAGE = 0.7
"""The initial stage lasts while the risk is above this part of the initial one."""
_TOLD = 5
"""So many runs that are past the initial stage are named."""
LINES = {"tanh": 2, "x_tanh": 4, "x2_tanh": 6, "relu": 3}
"""Orientations in the heat maps with five inputs: 1, 2 and 3 lines of two opposite ones each; of ReLU three, of which
two are opposite (its earlier version, Fig. 2f)."""

_WEAK = (
    "At leading order the linear part of the target alone drives tanh neurons. By epoch 200 it is fitted to a "
    "hundredth, and higher orders spread them, mostly where it was small: 0.9 to 5.5 % of the risk in six of the eight "
    "of 20 draws with more than two orientations, 6 to 31 % in the twelve others. From std 1e-4 18 of the 20 have two "
    "(run once)."
)
_LATE = (
    "Epoch 100 is past the stage of leading order: at epoch 50 19 of 20 runs have two orientations, and from std "
    "1.6e-7, that of the source's notebook, at epoch 100 too (run once)."
)
_SIGNS = (
    "The published maps are of one run each, and show stripes; with several inputs no bound is proven for p ≥ 2. Adam "
    "divides by the size of the gradient: in the middle one of 20 runs 44 % (x·tanh x), 52 % (x²·tanh x) and 24 % "
    "(ReLU) of the neurons are within 18° of a direction of signs, of random ones 3 %. Under gradient flow 43 to 49 of "
    "50 directions are left (p ≥ 2), and from std 1e-4 or at epoch 50 Adam leaves 2 to 20 (run once)."
)
_FITTED = (
    "Random samples, not the source's even ones, decide how fast Adam fits. With tanh the risk at epoch 200 is the "
    "initial one less the linear part of the target, to a hundredth: 8 % of it on even samples, 1 to 31 % in 20 random "
    "draws. With x·tanh x the largest |eigenvalue| of the mean of y·(x, 1)(x, 1)ᵀ drives neurons; relative to the "
    "target it is 0.45 to 0.49 in the three draws that lost most, in the 17 others 0.20 to 0.38 (run once)."
)


def statements(settings: Settings) -> list[Statement]:
    """Returns what is claimed. Counts in deep networks are drawn, not claimed.

    Args:
        settings: The settings.
    """
    names = [name for name in dict.fromkeys(settings.activations) if name in MULTIPLICITY]
    five = [name for name in dict.fromkeys(settings.five_activations) if name in LINES]
    return [
        *(s for design in dict.fromkeys(settings.designs) for name in names for s in _plane(name, design)),
        *map(_five, five),
        _stage(names, five),
        *(s for name in dict.fromkeys(settings.direction_activations) for s in _direction(settings, name)),
    ]


def _orientations(record: Record) -> int:
    return record.values["orientations"]


def _plane(activation: str, design: str) -> list[Statement]:
    words = {"grid": "evenly spaced samples", "random": "random samples"}[design]
    bound = 2 * MULTIPLICITY[activation]

    def read(evidence: Evidence) -> Measured:
        runs = evidence.where(kind="plane", design=design, activation=activation)
        return Measured(runs.each(_orientations), failing=_growing(runs, bound))

    shared: dict[str, Any] = {
        "values": read,
        "reason": _WEAK if (activation, design) == ("tanh", "random") else "",
        "note": f"{activation}, p = {bound // 2}, {words}, cosine 0.95, strays at most 3 % (ours)",
        "of": "seeds",
        "figure": "Orientations while training begins",
    }
    most = "with one input a layer has at most 2p orientations at epoch 200"
    seen = "with one input 2p orientations are seen at epoch 200"
    return [
        Statement(
            most,
            f"{_IC}, section 3 and Figs 5 and 6 (a conjecture for Adam; proved at leading order under flow)",
            criterion=at_most(bound),
            label=f"one input, {words}, {activation}: at most 2p orientations at epoch 200",
            **shared,
        ),
        Statement(
            seen,
            f"{_IC}, Figs 5 and 6, one run",
            criterion=exactly(bound),
            label=f"one input, {words}, {activation}: 2p orientations at epoch 200",
            **shared,
        ),
    ]


def _growing(runs: Evidence, bound: int) -> str:
    """Returns in how many directions the theory lets neurons grow, where a run has another number of orientations."""

    def told(run: Record) -> str:
        grown = run.arrays.get("growing")
        if grown is None or _orientations(run) == bound:
            return ""
        return f"{np.count_nonzero(grown)} (seed {run.case['seed']})"

    rows = ", ".join(filter(None, runs.each(told)))
    return f"Of {bound} directions, so many grow at leading order in the runs that differ: {rows}." if rows else ""


def _five(activation: str) -> Statement:
    return Statement(
        f"with five inputs the published {LINES[activation]} orientations are seen at epoch 100",
        f"deck 002; {_IC}, Fig. 3, one run each (read off the heat maps)",
        lambda evidence: evidence.where(kind="five", activation=activation).each(_orientations),
        exactly(LINES[activation]),
        f"{activation}, cosine 0.95, strays at most 3 % (ours)",
        "seeds",
        label=f"with five inputs the published {LINES[activation]} orientations are seen, {activation}",
        figure="Orientations while training begins",
        reason=_LATE if MULTIPLICITY.get(activation) == 1 else _SIGNS,
    )


def _stage(names: Sequence[str], five: Sequence[str]) -> Statement:
    def least(evidence: Evidence) -> Measured:
        counted = (("plane", names), ("five", five))
        runs = [evidence.where(kind=kind, activation=tuple(chosen)) for kind, chosen in counted]
        ratios = [ratio for part in runs for ratio in part.each(lambda record: record.values["ratio"])]
        smallest = min(ratios) if ratios and None not in ratios else None
        note = f"in the {len(ratios)} runs whose orientations are counted above"
        past = [text for part in runs for text in part.each(_past) if text]
        told = f"Runs that are past it: {len(past)}, first {'; '.join(past[:_TOLD])}." if past else ""
        return Measured(smallest, note, failing=told)

    return Statement(
        "at these epochs training is in its initial stage: the risk is above 70 % of the initial one",
        f"{_IC}, section 3",
        least,
        above(_STAGE),
        reason=_FITTED,
        label="at these epochs the risk is above 70 % of the initial one",
    )


def _past(run: Record) -> str:
    """Returns what a run that is past the initial stage had at its last record within it, or nothing."""
    if run.values["ratio"] > _STAGE or "risk" not in run.arrays:
        return ""
    risk, times, counts = (run.arrays[name] for name in ("risk", "times", "counts"))
    last = int(np.argmax(risk <= _STAGE * risk[0])) - 1
    name = f"{run.case['activation']}, {run.case['design']} samples, seed {run.case['seed']}"
    return f"{name} ({counts[last]} orientations at epoch {times[last]}, the last within, and {_orientations(run)} now)"


def _direction(settings: Settings, activation: str) -> list[Statement]:
    smallest = min(settings.stds, default=None)
    when = "when the risk has fallen by 0.1 %"
    where = when if smallest is None else f"std {smallest:g}, {when}"
    source = f"deck 002; {_IC}, Proposition 1: exact at leading order, hence"
    shared: dict[str, Any] = {"of": "seeds", "figure": "The direction ±Σ y x, under gradient flow and Adam"}

    def runs(evidence: Evidence) -> Evidence:
        return evidence.where(kind="direction", activation=activation, method="flow", std=smallest)

    return [
        Statement(
            f"under gradient flow from small weights {activation} neurons point along ±Σ y x",
            f"{source} a cosine near 1; the bound 0.99 is ours",
            lambda evidence: runs(evidence).each(lambda record: record.values["mean_cosine"]),
            at_least(_LEAST_COSINE),
            f"|cosine| averaged by amplitude, {where}",
            **shared,
        ),
        Statement(
            f"under gradient flow from small weights {activation} neurons with five inputs have two orientations",
            f"{source} 2p = 2",
            lambda evidence: runs(evidence).each(_orientations),
            exactly(2),
            where,
            **shared,
        ),
    ]
