"""What the critical_functions study claims, and how it is read from records; numbers only, no JAX."""

from collections.abc import Callable
from typing import Any

import numpy as np

from condenslab.studies.contract.criteria import at_least, at_most, exactly
from condenslab.studies.contract.evidence import Evidence
from condenslab.studies.contract.statements import Measured, Statement
from condenslab.studies.critical_functions.cases import SearchCase, Settings
from condenslab.studies.critical_functions.functions import Functions, collect
from condenslab.sweeps import Record

_DECK = "deck 000, exercise on width-3 tanh nets"
_LEVELS = "deck 000, exercise; EP21, Fig. 4, which prints 0.11, 0.07 and, for a risk of 1e-5 along training, 0"

KNOWN = ((0, 5.1453300991), (1, 0.1090227421), (2, 0.0697915121), (2, 0.0697915121), (3, 0.0))
"""Width and risk of the five functions that the deck counts: zero, width 1, a mirrored pair of width 2, the target."""
GALLERY, HIERARCHY = "Gallery of critical functions", "Hierarchy of critical functions"
"""Titles of drawings."""

_PRINTED, _PRECISION = {1: 0.11, 2: 0.07, 3: 0.0}, 0.005
"""Levels of width 1 to 3 as printed, to two decimals; that of the zero function is the mean of y², by definition."""
_WIDEST = max(width for width, _ in KNOWN)


def statements(settings: Settings) -> list[Statement]:
    """Returns what is claimed with these settings.

    Args:
        settings: The settings.
    """
    return [*_exercise(), *_found(settings), *_minima(settings), *_kicks(settings)]


def _exercise() -> list[Statement]:
    def widest(value: Callable[[Record], Any]) -> Callable[[Evidence], Any]:
        return lambda evidence: evidence.where(SearchCase, width=_WIDEST).each(value)

    return [
        Statement(
            "the parameter space of the width-3 network has dimension 9",
            _DECK,
            widest(lambda record: record.values["parameters"]),
            exactly(9),
        ),
        Statement(
            "a zero-loss global minimum exists",
            _DECK,
            widest(lambda record: min(record.values["risks"], default=None)),
            at_most(1e-20),
            figure=GALLERY,
        ),
        Statement(
            "the loss is not convex: midway between two global minima it is positive",
            _DECK,
            widest(lambda record: record.values["midpoint_risk"]),
            at_least(1e-12),
        ),
    ]


def _per_seed(settings: Settings, value: Callable[[list[Record]], Any]) -> Callable[[Evidence], Any]:
    """Returns a reader of value(searches of all widths) for every seed."""
    narrow = f"widths up to {settings.largest_width} are searched; the last of the known functions has {_WIDEST}"

    def of(evidence: Evidence) -> Any:
        complete = settings.largest_width >= _WIDEST
        return evidence.per("seed", value) if complete else Measured(None, unsettled=narrow)

    return of


def _found(settings: Settings) -> list[Statement]:
    return [
        Statement(
            "there are at least 5 critical functions",
            f"{_DECK}: '≥ 5'",
            _per_seed(settings, lambda records: len(collect(records).risks)),
            at_least(5),
            of="seeds",
            figure=GALLERY,
        ),
        Statement(
            "the five known ones are among those found, at their published levels",
            _LEVELS,
            _per_seed(settings, _off_level),
            at_most(_PRECISION),
            of="seeds",
            label="the five known critical functions are found, at their published levels",
            figure=GALLERY,
        ),
    ]


def _minima(settings: Settings) -> list[Statement]:
    return [
        Statement(
            "the known ones are strict minima of their own width, with inertia (3, 0, 0), twice (6, 0, 0), (9, 0, 0)",
            "EP21, Fig. 3(a) and Fig. 4, computed for this grid",
            _per_seed(settings, _strict_minima),
            exactly(4),
            of="seeds",
            label="the known critical functions are strict minima of their own width",
            figure=GALLERY,
        ),
        Statement(
            "each of the four that are not zero has a Newton–Kantorovich certificate",
            "Newton–Kantorovich theorem, in floating point",
            _per_seed(settings, _certificates),
            exactly(4),
            of="seeds",
            label="each of the four that are not zero has a certificate",
        ),
    ]


def _numbers(functions: Functions) -> list[int]:
    """Returns the numbers of the known functions, of each width the ones nearest to the published level."""
    numbers: list[int] = []
    for width in range(_WIDEST + 1):
        levels = [risk for m, risk in KNOWN if m == width]
        of_width = np.flatnonzero(functions.widths == width)
        order = of_width[np.argsort(np.abs(functions.risks[of_width] - levels[0]))]
        numbers += order[: len(levels)].tolist()
    return numbers


def _off_level(records: list[Record]) -> float | None:
    """Returns the largest distance of a known function from its printed level, or None where one was not found."""
    functions = collect(records)
    numbers = _numbers(functions)
    if len(numbers) < len(KNOWN):
        return None
    return max(abs(functions.risks[k] - _PRINTED[m]) for k, (m, _) in zip(numbers, KNOWN, strict=True) if m)


def _strict_minima(records: list[Record]) -> int | None:
    """Returns how many known functions have the published inertia, or None where one is not found or not decided."""
    functions = collect(records)
    numbers = _numbers(functions)
    if len(numbers) < len(KNOWN):
        return None
    known = [(k, m) for k, (m, _) in zip(numbers, KNOWN, strict=True) if m]
    return (
        sum(functions.inertia[k] == (3 * m, 0, 0) for k, m in known)
        if all(functions.decided[k] for k, _ in known)
        else None
    )


def _certificates(records: list[Record]) -> int | None:
    """Returns how many of the known functions are certified in the search of their own width.

    A test that does not certify has not refuted: the number is then None.
    """
    certified: list[bool] = []
    for record in records:
        values, width = record.values, record.case["width"]
        levels = [risk for m, risk in KNOWN if m == width]
        of_width = [k for k, m in enumerate(values["widths"]) if m == width]
        of_width.sort(key=lambda k: abs(values["risks"][k] - levels[0]))
        certified += [bool(values["certified"][k]) for k in of_width[: len(levels)] if width]
    return len(certified) if all(certified) else None


def _kicks(settings: Settings) -> list[Statement]:
    def kicked(value: Callable[[list[Record]], Any]) -> Callable[[Evidence], Any]:
        return lambda evidence: evidence.where(SearchCase, kicked=settings.kicked).all(value)

    return [
        Statement(
            "a function of positive risk is a strict saddle one neuron wider, after its neurons are split",
            "EP21, Fig. 3(a); EP22, section 6",
            kicked(_fewest_negative),
            at_least(1),
            note="fewest negative eigenvalues",
            label="a function of positive risk is a strict saddle one neuron wider",
            figure=HIERARCHY,
        ),
        Statement(
            "a kick along a negative direction and gradient flow lead to a lower risk",
            "gradient flow never raises R",
            kicked(_not_lower),
            exactly(0),
            note="kicks after which R is not lower",
            figure=HIERARCHY,
        ),
    ]


def _fewest_negative(records: list[Record]) -> int | None:
    negative = []
    for values in (record.values for record in records if "kick_from" in record.values):
        rows = zip(values["kick_negative"], values["kick_width"], values["kick_from"], strict=True)
        negative += [count for count, width, k in rows if width > values["widths"][k] > 0]
    return min(negative, default=None)


def _not_lower(records: list[Record]) -> int | None:
    changes = []
    for values in (record.values for record in records if "kick_from" in record.values):
        risks = zip(values["kick_risk"], values["kick_risk_before"], strict=True)
        changes += [after - before for after, before in risks]
    return sum(not change < 0 for change in changes) if changes else None
