"""What is claimed of lifted critical points and of merging linear layers; numbers only, no JAX."""

from collections.abc import Callable
from typing import Any

from condenslab.studies.contract.criteria import Share, at_least, at_most, exactly
from condenslab.studies.contract.evidence import Evidence
from condenslab.studies.contract.statements import Measured, Statement
from condenslab.studies.embedding_depth.cases import (
    EPD,
    LiftCase,
    MergeCase,
    Problem,
)
from condenslab.studies.shared.columns import rows
from condenslab.studies.shared.conditional import among
from condenslab.sweeps import Record

MERGED = 5
"""Of ten layers, that the source merges."""
AGREEMENT = 0.9854
_FIG7 = f"{EPD}, Fig. 7: 5 of 10 layers merged, agreement 98.54 %, accuracy 95.4 % to 95.27 % (60,000 images of MNIST)"
_NOT_REPRODUCED = (
    "Merging five of ten layers is reproduced by neither reading of the published start, nor in five further settings "
    "that were tried."
)
METHODS = {"adam": "Adam", "sgd": "SGD"}
LIFTED = "Inertia of lifted critical points"


def merge_title(variance: float, method: str) -> str:
    """Returns the title of the drawing of linear layers."""
    return f"Linear layers of a deep network, start of variance {variance:.2g}, {METHODS[method]}"


def lift_statements(problem: Problem) -> list[Statement]:
    """Returns what is claimed of lifted critical points.

    Args:
        problem: The data and the network that is lifted.
    """
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
            f"{EPD}, Proposition 1",
            largest("output_difference"),
            at_most(1e-13),
            note=network,
            figure=LIFTED,
        ),
        Statement(
            "a lift keeps the point critical (L1 gradient at most 1e-11)",
            f"{EPD}, Proposition 2",
            largest("gradient"),
            at_most(1e-11),
            note=network,
            figure=LIFTED,
        ),
        Statement(
            "no count of positive, zero or negative eigenvalues decreases when a layer is inserted",
            f"{EPD}, Fig. 4; its own point, read off the figure: {own_point}",
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
        Share(losing, len(lifts) - len(decided), 1) if lifts else None,
        note=f"of {len(lifts)} lifts of {points} points, {len(lifts) - len(decided)} undecided",
    )


def merge_statements(variance: float, method: str, words: str) -> list[Statement]:
    """Returns what is claimed of merging linear layers.

    Args:
        variance: Of the initial weights.
        method: "adam" or "sgd".
        words: Both, in words.
    """

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
