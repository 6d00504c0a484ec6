"""What the study of generalization claims; numbers only, no JAX."""

from collections.abc import Callable
from functools import partial
from typing import Any

from condenslab.studies.contract.criteria import above, at_least, at_most
from condenslab.studies.contract.evidence import Evidence
from condenslab.studies.contract.statements import Statement
from condenslab.studies.generalization.cases import Settings
from condenslab.studies.generalization.flow_claims import NEAR, SOURCE, against_width, in_the_spot, worst
from condenslab.studies.shared.descents import DescentCase
from condenslab.sweeps import Record


def statements(settings: Settings) -> list[Statement]:
    """Returns what is claimed. Scales are compared for a seed where both of its runs came to the risk asked for.

    Args:
        settings: The settings.
    """
    large, small = min(settings.exponents), max(settings.exponents)
    scales = f"exponent γ = {large:g} against {small:g} of N(0, m^−γ)"
    shared: dict[str, Any] = {"of": "seeds", "figure": "Over seeds"}
    return [
        Statement(
            "from the largest scale the test error is larger than from the smallest",
            SOURCE,
            partial(_pairs, settings, lambda a, b: a.values["test_error"] / b.values["test_error"]),
            above(1),
            f"{scales}, at equal training risk; ratio",
            **shared,
        ),
        Statement(
            "from the smallest scale fewer groups remain than from the largest",
            SOURCE,
            partial(_pairs, settings, lambda a, b: a.values["groups"] - b.values["groups"]),
            at_least(1),
            f"{scales}; how many fewer",
            **shared,
        ),
        Statement(
            "both fit the samples to the same risk",
            "the study's own, so that only what lies between the samples differs",
            partial(_pairs, settings, worst, fitted=False),
            at_most(NEAR * settings.risk),
            f"{settings.risk:g}",
            **shared,
        ),
        *against_width(settings),
        in_the_spot(settings),
    ]


def _pairs(
    settings: Settings, value: Callable[[Record, Record], Any], evidence: Evidence, *, fitted: bool = True
) -> list[Any]:
    """Returns value(from the largest scale, from the smallest) for every seed, None where they are not `fitted`."""
    level = NEAR * settings.risk

    def of(records: list[Record]) -> Any:
        pair = sorted(records, key=lambda record: record.case["exponent"])
        if len(pair) != 2 or (fitted and worst(*pair) > level):
            return None
        return value(pair[0], pair[1])

    ends = (min(settings.exponents), max(settings.exponents))
    return evidence.where(DescentCase, exponent=ends, width=settings.width).per("seed", of)
