"""What the recovery study claims of minima that are embedded into the wide network; numbers only, no JAX."""

from collections.abc import Callable
from typing import Any

import numpy as np

from condenslab.studies.contract.criteria import at_least, at_most, exactly
from condenslab.studies.contract.evidence import Evidence
from condenslab.studies.contract.statements import Measured, Statement
from condenslab.studies.recovery.cases import CriticalCase
from condenslab.studies.recovery.readings import predicted_inertia
from condenslab.sweeps import Record

_EXACT = "Zhang et al., NeurIPS 2021 (EP21), Proposition 1 and Theorem 1 (exact statements, held to rounding)"
_EP22 = "Zhang et al., J. Mach. Learn. 1(1) 2022 (EP22), Theorem 6.2; EP21, Fig. 3(a)"
SADDLE = "A minimum becomes a saddle"
"""Title of a drawing."""


def embedding() -> list[Statement]:
    """Returns that embedding keeps the output, and critical points critical: exact statements, of any data."""

    def value(name: str) -> Callable[[Evidence], Any]:
        def of(evidence: Evidence) -> Any:
            searches = [part for wide, part in evidence.where(CriticalCase).by("wide").items() if wide]
            return [value for part in searches for value in part.each(lambda record: record.values.get(name))]

        return of

    return [
        Statement(
            "embedding the width-1 and width-2 minima keeps the output to rounding (1e-14 of the largest output)",
            _EXACT,
            value("embedded_output_difference"),
            at_most(1e-14),
            label="embedding the width-1 and width-2 minima keeps the output to rounding",
            needs_target=False,
        ),
        Statement(
            "an embedded minimum is still critical (L1 gradient at most 1e-11)",
            _EXACT,
            value("embedded_gradient"),
            at_most(1e-11),
            needs_target=False,
        ),
    ]


def _embedded(width: int, value: Callable[[Record], Any]) -> Callable[[Evidence], Any]:
    """Returns a reader of the embedded minimum of a width, where there is one and its counts are decided."""

    def of(records: list[Record]) -> Any:
        values = records[0].values
        sure = values.get("embedded_decided") and values.get("embedded_from_decided")
        return value(records[0]) if sure else None

    return lambda evidence: evidence.where(CriticalCase, width=width).all(of)


def strict_saddle(width: int, wide: int) -> Statement:
    """Returns what the theory predicts of the built-in target.

    Args:
        width: Width of the minimum.
        wide: Width after the embedding.
    """
    expected = predicted_inertia(width, wide)

    def deviation(record: Record) -> Measured:
        counts = record.values["embedded_inertia"]
        return Measured(int(np.abs(np.subtract(counts, expected)).max()), note=f"found {tuple(counts)}")

    return Statement(
        f"the embedded width-{width} minimum is a strict saddle with the predicted inertia",
        _EP22,
        _embedded(width, deviation),
        exactly(0),
        note=f"{tuple(expected)}; largest deviation of a count",
        figure=SADDLE,
    )


def no_count_falls(width: int, wide: int, *, other: bool = False) -> Statement:
    """Returns what holds of any data; of the built-in target the strict saddle says more.

    Args:
        width: Width of the critical point.
        wide: Width after the embedding.
        other: Whether it is claimed of other data only.
    """

    def smallest(record: Record) -> int:
        return min(np.subtract(record.values["embedded_inertia"], record.values["embedded_from"]).tolist())

    return Statement(
        f"no inertia count falls when the width-{width} critical point is embedded",
        _EP22,
        _embedded(width, smallest),
        at_least(0),
        note=f"in width {wide}; smallest increase",
        figure=SADDLE,
        needs_target=False,
        only_without_target=other,
    )
