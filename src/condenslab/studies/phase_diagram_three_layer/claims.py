"""What the study of the three-layer phase diagram claims; numbers only, no JAX."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from condenslab.studies.contract.criteria import above, at_least, below
from condenslab.studies.contract.evidence import Evidence
from condenslab.studies.contract.statements import Statement
from condenslab.studies.phase_diagram_three_layer.cases import Settings
from condenslab.studies.phase_diagram_three_layer.slopes import layer_slopes
from condenslab.sweeps import Record

SOURCE = "Three-layer phase diagram, arXiv 2205.12101 (abstract and figure captions only)"
_LINEAR, _BETWEEN, _CONDENSED = 1.0, 1.5, 2.0
"""γ₃ at which the first layer is looked at."""
_CLEAR = 0.1


def statements(settings: Settings) -> list[Statement]:
    """Returns what is claimed.

    Args:
        settings: The settings.
    """
    where = f"{SOURCE}; γ₂ = 0"
    shared: dict[str, Any] = {"of": "seeds", "figure": "How far each layer moves at γ₂ = 0"}
    return [
        Statement(
            "at γ₂ = 0, γ₃ = 1 the first layer is linear: its slope is negative",
            where,
            lambda evidence: _first_layer(evidence, _LINEAR),
            below(0),
            label="at γ₂ = 0, γ₃ = 1 the first layer's slope is negative",
            **shared,
        ),
        Statement(
            "at γ₂ = 0, γ₃ = 2 the first layer is condensed: its slope is positive",
            where,
            lambda evidence: _first_layer(evidence, _CONDENSED),
            above(0),
            label="at γ₂ = 0, γ₃ = 2 the first layer's slope is positive",
            **shared,
        ),
        Statement(
            "at γ₂ = 0 the slope of the first layer grows from γ₃ = 1 to 1.5 to 2",
            where,
            _growth,
            above(0),
            label="at γ₂ = 0 the first layer's slope grows from γ₃ = 1 to 2",
            **shared,
        ),
        Statement(
            "layers can be in different regimes: at some point one slope is below −0.1 and another above 0.1",
            f"{SOURCE}, abstract",
            _mixed,
            at_least(1),
            label="layers can be in different regimes",
            figure="Each layer has its own boundary",
        ),
    ]


def _first_layer(evidence: Evidence, gamma3: float) -> list[float | None]:
    """Returns the slope of the first layer at (0, γ₃) for every seed."""
    return evidence.where(gamma2=0.0, gamma3=gamma3).per("seed", _first_slope)


def _first_slope(records: Sequence[Record]) -> float | None:
    slopes = layer_slopes(records)
    return None if slopes is None else slopes[0]


def _growth(evidence: Evidence) -> list[float | None]:
    """Returns the smaller of the two differences of the first layer's slopes, for every seed."""
    levels = (_LINEAR, _BETWEEN, _CONDENSED)

    def least(records: list[Record]) -> float | None:
        slopes = [_first_slope([r for r in records if r.case["gamma3"] == level]) for level in levels]
        return None if None in slopes else float(np.diff(np.array(slopes, float)).min())

    return evidence.where(gamma2=0.0, gamma3=levels).per("seed", least)


def _mixed(evidence: Evidence) -> int | None:
    """Returns at how many points, seeds apart, layers are in different regimes."""
    slopes = [point.all(layer_slopes) for point in evidence.by("gamma2", "gamma3", "seed").values()]
    known = [row for row in slopes if row is not None]
    if not known or len(known) < len(slopes):
        return None
    return sum(min(row) < -_CLEAR and max(row) > _CLEAR for row in known)
