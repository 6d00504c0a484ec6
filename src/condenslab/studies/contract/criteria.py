"""What a source accepts of a measured value, written once: relation, margin, verdict and wording follow from it."""

import math
import sys
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

Relation = Literal["≤", "≥", "<", ">", "="]
Verdict = Literal["holds", "fails", "undecided"]


_ON_A_STRICT_BOUND = 1e-15
"""Of the tolerance: how far outside a value counts that lies on a strict bound, so that its margin is below 0."""


@dataclass(frozen=True)
class Share:
    """How many of the cases that were asked for succeed, of which some may not be known.

    Attributes:
        successes: Cases known to succeed.
        unknown: Cases without a result.
        total: What the number is divided by: the cases asked for, or 1 where the number itself is meant.
    """

    successes: int
    unknown: int
    total: int

    def ends(self) -> tuple[float, float]:
        """Returns the smallest and the largest share that the unknown cases leave possible."""
        total = max(self.total, 1)
        return self.successes / total, (self.successes + self.unknown) / total

    def possible(self) -> list[float]:
        """Returns every share that the unknown cases leave possible, increasing."""
        total = max(self.total, 1)
        return [(self.successes + more) / total for more in range(self.unknown + 1)]


Value = float | int | bool | np.number | np.bool_ | Share | None
"""A measured value; None where it could not be measured."""


@dataclass(frozen=True)
class Judgement:
    """What a criterion says of measured values.

    Attributes:
        measured: The values as plain numbers, one or a list; None where one is missing or not finite. A share that is
            decided whatever its unknown cases would have said is given as the worst that they leave possible.
        each: Whether each value is accepted, None where it is not known.
        margin: The smallest slack / tolerance; None where undecided.
        verdict: `holds` where every value is accepted, `undecided` where one is not known, else `fails`.
    """

    measured: Any
    each: tuple[bool | None, ...]
    margin: float | None
    verdict: Verdict


@dataclass(frozen=True)
class Criterion:
    """A bound or an expected value with its tolerance. Build it with the functions below.

    The slack of a value is its distance from the nearest edge of what is accepted, positive inside; the margin is
    slack / tolerance, so that it is at least 0 exactly where the value is accepted.

    Attributes:
        relation: Of the measured to the expected value.
        expected: The bound, or the expected value.
        tolerance: The unit of the margin, in the units of the value, positive.
    """

    relation: Relation
    expected: float | int
    tolerance: float

    def __post_init__(self) -> None:
        finite = all(isinstance(v, int | float) and math.isfinite(v) for v in (self.expected, self.tolerance))
        if not finite or self.tolerance <= 0:
            raise ValueError(
                "a criterion needs a finite expected value and a positive tolerance. "
                f"Got {self.expected!r} and {self.tolerance!r}."
            )

    def accepts(self, value: Value) -> bool | None:
        """Returns whether a value is accepted, or None where it is not known."""
        slack = self._slack(value)
        return None if slack is None else slack >= 0

    def judge(self, measured: Any) -> Judgement:
        """Judges one value, or several of which the worst counts.

        Args:
            measured: A `Value`, or a list, tuple or array of them; none at all is undecided.

        Example:
            >>> within(22 / 7, 0.002).judge(math.pi).verdict
            'holds'
        """
        several = isinstance(measured, list | tuple | np.ndarray)
        values = list(measured) if several else [measured]
        slacks = [self._slack(value) for value in values]
        each = tuple(None if slack is None else slack >= 0 for slack in slacks)
        shown = [self._shown(value) for value in values]
        known = [slack for slack in slacks if slack is not None]
        if not values or len(known) < len(values):
            return Judgement(shown if several else shown[0], each, None, "undecided")
        margin = max(-sys.float_info.max, min(min(known) / self.tolerance, sys.float_info.max))
        return Judgement(shown if several else shown[0], each, margin, "holds" if all(each) else "fails")

    def _slack(self, value: Value) -> float | None:
        if isinstance(value, Share):
            if self.relation == "=" and self.tolerance * value.total >= 1:
                raise ValueError(
                    f"a tolerance of {self.tolerance} would accept a share of {value.total} cases off by one."
                )
            worst = self._worst(value)
            return None if worst is None else self._distance(worst)
        number = plain(value)
        return None if number is None else self._distance(float(number))

    def _distance(self, value: float) -> float:
        if self.relation == "=":
            return self.tolerance - abs(value - self.expected)
        slack = self.expected - value if self.relation in ("≤", "<") else value - self.expected
        return slack if slack or self.relation in ("≤", "≥") else -_ON_A_STRICT_BOUND * self.tolerance

    def _worst(self, share: Share) -> float | None:
        """Returns what a share is at worst, or None where it depends on the unknown cases what is said of it."""
        possible = share.possible()
        inside = {self._distance(one) >= 0 for one in possible}
        return min(possible, key=self._distance) if len(inside) == 1 else None

    def _shown(self, value: Value) -> Any:
        return self._worst(value) if isinstance(value, Share) else plain(value)


def at_most(bound: float) -> Criterion:
    """Accepts values ≤ bound; the unit of the margin is |bound|, or 1 where the bound is 0."""
    return Criterion("≤", bound, float(abs(bound)) or 1.0)


def at_least(bound: float) -> Criterion:
    """Accepts values ≥ bound; the unit of the margin is |bound|, or 1 where the bound is 0."""
    return Criterion("≥", bound, float(abs(bound)) or 1.0)


def below(bound: float) -> Criterion:
    """Accepts values < bound, what "negative" and "smaller" say; the unit of the margin is that of `at_most`.

    Example:
        >>> below(0).judge(0.0).verdict
        'fails'
    """
    return Criterion("<", bound, float(abs(bound)) or 1.0)


def above(bound: float) -> Criterion:
    """Accepts values > bound, what "positive" and "grows" say; the unit of the margin is that of `at_least`."""
    return Criterion(">", bound, float(abs(bound)) or 1.0)


def within(expected: float, tolerance: float) -> Criterion:
    """Accepts values with |value − expected| ≤ tolerance."""
    return Criterion("=", expected, float(tolerance))


def exactly(expected: int) -> Criterion:
    """Accepts this whole number: its margin is 1, that of any other −1 or less."""
    return Criterion("=", expected, 0.5)


def plain(value: Any) -> Any:
    """Returns a NumPy number or a bool as Python's number, lists item by item, and None for what is not finite."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return int(value) if isinstance(value, bool) else value
