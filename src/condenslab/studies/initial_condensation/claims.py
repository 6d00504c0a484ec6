"""What the study of initial condensation claims; numbers only, no JAX."""

from typing import Any

from condenslab.studies.contract.criteria import at_least, at_most, exactly
from condenslab.studies.contract.evidence import Evidence
from condenslab.studies.contract.statements import Measured, Statement
from condenslab.studies.initial_condensation.cases import MULTIPLICITY, Settings
from condenslab.sweeps import Record

_IC = "Zhou et al., NeurIPS 2022 (IC)"
_LEAST_COSINE = 0.99


def statements(settings: Settings) -> list[Statement]:
    """Returns what is claimed. Counts with five inputs, in deep networks and for ReLU are drawn, not claimed.

    Args:
        settings: The settings.
    """
    names = [name for name in dict.fromkeys(settings.activations) if name in MULTIPLICITY]
    return [*(statement for name in names for statement in _plane(name)), _stage(), *_direction(settings)]


def _orientations(record: Record) -> int:
    return record.values["orientations"]


def _plane(activation: str) -> list[Statement]:
    bound = 2 * MULTIPLICITY[activation]
    shared: dict[str, Any] = {
        "values": lambda evidence: evidence.where(kind="plane", design="grid", activation=activation).each(
            _orientations
        ),
        "note": f"{activation}, p = {bound // 2}, evenly spaced samples, cosine 0.95, strays at most 3 %",
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
            label=f"{most}, {activation}",
            **shared,
        ),
        Statement(
            seen, f"{_IC}, Figs 5 and 6, one run", criterion=exactly(bound), label=f"{seen}, {activation}", **shared
        ),
    ]


def _stage() -> Statement:
    def least(evidence: Evidence) -> Measured:
        runs = (evidence.where(kind="plane", design="grid"), evidence.where(kind="five"))
        ratios = [ratio for part in runs for ratio in part.each(lambda record: record.values["ratio"])]
        smallest = min(ratios) if ratios and None not in ratios else None
        return Measured(smallest, note=f"in {len(ratios)} runs")

    return Statement(
        "at these epochs training is in its initial stage: the risk is above 70 % of the initial one",
        f"{_IC}, section 3",
        least,
        at_least(0.7),
        label="at these epochs the risk is above 70 % of the initial one",
    )


def _direction(settings: Settings) -> list[Statement]:
    smallest = min(settings.stds, default=None)
    when = "when the risk has fallen by 0.1 %"
    where = when if smallest is None else f"std {smallest:g}, {when}"
    source = f"deck 002; {_IC}, Proposition 1: exact at leading order, hence"
    shared: dict[str, Any] = {"of": "seeds", "figure": "The direction ±Σ y x, under gradient flow and Adam"}

    def runs(evidence: Evidence) -> Evidence:
        return evidence.where(kind="direction", method="flow", std=smallest)

    return [
        Statement(
            "under gradient flow from small weights tanh neurons point along ±Σ y x",
            f"{source} a cosine near 1; the bound 0.99 is ours",
            lambda evidence: runs(evidence).each(lambda record: record.values["mean_cosine"]),
            at_least(_LEAST_COSINE),
            f"|cosine| averaged by amplitude, {where}",
            **shared,
        ),
        Statement(
            "under gradient flow from small weights tanh neurons with five inputs have two orientations",
            f"{source} 2p = 2",
            lambda evidence: runs(evidence).each(_orientations),
            exactly(2),
            where,
            **shared,
        ),
    ]
