"""Claims: a measured value against what the source expects, with a margin and a verdict."""

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any, Literal

import numpy as np

Number = int | float | np.number
Measured = Number | np.bool_ | None | Sequence[Number | np.bool_ | None] | np.ndarray


@dataclass(frozen=True)
class Claim:
    """A measurable assertion and what was measured.

    The margin is slack / tolerance, where the slack is the distance of the measured value from the nearest edge of what
    is accepted, positive inside: at least 0 exactly where the claim holds. Of several measured values, one a seed, the
    worst counts. Build claims with the methods below; each also takes NumPy numbers.

    Attributes:
        statement: What is asserted, one sentence.
        source: Where it is asserted: deck and slide, or paper and figure.
        expected: The value that the source expects: a number, or a string or list for people to read.
        measured: The measured value, or a list of them, one a seed.
        tolerance: The unit of the margin, in the units of the value.
        margin: slack / tolerance; None where the claim is undecided.
        verdict: `holds`, `fails` or `undecided`.
        relation: Of the measured to the expected value: "≤", "≥" or "=".
        label: The assertion in at most 15 words.
        figure: Title of the drawing that shows it.
        records: Ids of the cases that it rests on, those without a finished record included.
        deck: Number of the lecture deck it belongs to.
        part: "condensation", "landscape" or "generalization".
        reason: Why it fails, where that is known, or why it is undecided.
    """

    statement: str
    source: str
    expected: Any
    measured: Any
    tolerance: float | None
    margin: float | None
    verdict: Literal["holds", "fails", "undecided"]
    relation: Literal["≤", "≥", "="] = "="
    label: str = ""
    figure: str = ""
    records: Sequence[str] = ()
    deck: str = ""
    part: str = ""
    reason: str = ""

    @classmethod
    def within(cls, statement: str, source: str, *, expected: Number, measured: Measured, tolerance: Number) -> "Claim":
        """Claims that |measured − expected| ≤ tolerance; slack = tolerance − |measured − expected|.

        Args:
            statement: What is asserted.
            source: Where.
            expected: The source's value.
            measured: The measured value, or a list; a None or a number that is not finite makes the claim undecided.
            tolerance: Half-width of what is accepted, positive.

        Raises:
            ValueError: The tolerance is not positive, or the expected value or the tolerance is not finite.

        Example:
            >>> Claim.within("π is 22/7", "Archimedes", expected=22 / 7, measured=math.pi, tolerance=0.002).verdict
            'holds'
        """
        expected, width = _finite("expected", expected), float(_finite("tolerance", tolerance))
        if width <= 0:
            raise ValueError(f"tolerance must be positive. Got {tolerance}.")
        values = _values(measured)
        slacks = None if values is None else [width - abs(value - expected) for value in values]
        return cls._decide(statement, source, expected, measured, width, slacks)

    @classmethod
    def at_most(cls, statement: str, source: str, *, bound: Number, measured: Measured) -> "Claim":
        """Claims that measured ≤ bound; slack = bound − measured, tolerance = |bound|, or 1 where the bound is 0.

        Args:
            statement: What is asserted.
            source: Where.
            bound: The largest accepted value.
            measured: As for `within`.

        Raises:
            ValueError: The bound is not finite.
        """
        bound = _finite("bound", bound)
        values = _values(measured)
        slacks = None if values is None else [bound - value for value in values]
        return cls._decide(statement, source, bound, measured, float(abs(bound)) or 1.0, slacks)

    @classmethod
    def at_least(cls, statement: str, source: str, *, bound: Number, measured: Measured) -> "Claim":
        """Claims that measured ≥ bound; slack = measured − bound, tolerance = |bound|, or 1 where the bound is 0.

        Args:
            statement: What is asserted.
            source: Where.
            bound: The smallest accepted value.
            measured: As for `within`.

        Raises:
            ValueError: The bound is not finite.
        """
        bound = _finite("bound", bound)
        values = _values(measured)
        slacks = None if values is None else [value - bound for value in values]
        return cls._decide(statement, source, bound, measured, float(abs(bound)) or 1.0, slacks)

    @classmethod
    def count(cls, statement: str, source: str, *, expected: int, measured: Measured) -> "Claim":
        """Claims that a whole number is exactly the expected one.

        The tolerance is 0.5, so that the margin is 1 for the expected number and −1 or less for any other.

        Args:
            statement: What is asserted.
            source: Where.
            expected: The source's count.
            measured: As for `within`.
        """
        return cls.within(statement, source, expected=expected, measured=measured, tolerance=0.5)

    @classmethod
    def undecided(cls, statement: str, source: str, *, expected: Any, measured: Any = None) -> "Claim":
        """Says that the computation did not decide the claim.

        Args:
            statement: What is asserted.
            source: Where.
            expected: The source's value.
            measured: What was measured, if anything.
        """
        return cls(statement, source, expected, _plain(measured), None, None, "undecided")

    @classmethod
    def _decide(
        cls,
        statement: str,
        source: str,
        expected: int | float,
        measured: Any,
        tolerance: float,
        slacks: list[float] | None,
    ) -> "Claim":
        if slacks is None:
            return cls(statement, source, expected, _plain(measured), tolerance, None, "undecided")
        margin = max(-sys.float_info.max, min(min(slacks) / tolerance, sys.float_info.max))
        verdict = "holds" if margin >= 0 else "fails"
        return cls(statement, source, expected, _plain(measured), tolerance, margin, verdict)


def wilson(successes: int, trials: int, confidence: float = 0.95) -> tuple[float, float]:
    """Returns Wilson's score interval for a proportion.

    With p = successes/trials, n = trials and z the normal quantile of (1 + confidence)/2:
    (p + z²/2n ± z·√(p(1−p)/n + z²/4n²)) / (1 + z²/n). Without trials it is (0, 1).

    Args:
        successes: How often it happened, at most `trials`.
        trials: Out of how many.
        confidence: Of the interval, in (0, 1).

    Returns:
        Its ends.

    Raises:
        ValueError: The counts are negative, there are more successes than trials, or the confidence is not in (0, 1).

    References:
        E. B. Wilson, J. Am. Stat. Assoc. 22 (1927) 209–212.

    Example:
        >>> low, high = wilson(3, 3)
        >>> round(low, 3), high
        (0.439, 1.0)
    """
    if not 0 <= successes <= trials or not 0 < confidence < 1:
        raise ValueError(
            "wilson needs 0 <= successes <= trials and 0 < confidence < 1. "
            f"Got {successes} of {trials} at confidence {confidence}."
        )
    if trials == 0:
        return 0.0, 1.0
    z2 = NormalDist().inv_cdf((1 + confidence) / 2) ** 2 / trials
    proportion = successes / trials
    middle = (proportion + z2 / 2) / (1 + z2)
    half = math.sqrt(z2 * proportion * (1 - proportion) + z2**2 / 4) / (1 + z2)
    low = 0.0 if successes == 0 else middle - half
    return low, 1.0 if successes == trials else middle + half


def _values(measured: Any) -> list[float] | None:
    """Returns the measured values as a list, or None if there is none or any is missing or not finite."""
    plain = _plain(measured)
    values = plain if isinstance(plain, list) else [plain]
    if not values or any(value is None for value in values):
        return None
    return [float(value) for value in values]


def _plain(measured: Any) -> Any:
    """Turns NumPy numbers into Python's and what is not finite into None."""
    if hasattr(measured, "tolist"):
        measured = measured.tolist()
    if isinstance(measured, list | tuple):
        return [_plain(value) for value in measured]
    if isinstance(measured, float) and not math.isfinite(measured):
        return None
    return int(measured) if isinstance(measured, bool) else measured


def _finite(name: str, value: Any) -> int | float:
    plain = _plain(value)
    if not isinstance(plain, int | float):
        raise ValueError(f"{name} must be a finite number. Got {value!r}.")
    return plain
