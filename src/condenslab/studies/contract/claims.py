"""Claims: a measured value against what the source expects, with a margin and a verdict."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any, Literal


@dataclass(frozen=True)
class Claim:
    """A measurable assertion and what was measured.

    It follows from a `Statement` and the evidence of a run; see `Criterion` for the margin.

    Attributes:
        statement: What is asserted, one sentence.
        source: Where it is asserted: deck and slide, or paper and figure.
        expected: The value that the source expects: a number, or a string or list for people to read.
        measured: The measured value, or a list of them, one a seed.
        tolerance: The unit of the margin, in the units of the value.
        margin: slack / tolerance; None where the claim is undecided.
        verdict: `holds`, `fails` or `undecided`.
        relation: Of the measured to the expected value: "≤", "≥", "<", ">" or "=".
        label: The assertion in at most 15 words.
        figure: Title of the drawing that shows it.
        records: Ids of the cases that it rests on, those without a finished record included.
        deck: Number of the lecture deck it belongs to.
        part: "condensation", "landscape" or "generalization".
        reason: Why it fails, or that no cause is known; or why it is undecided.
    """

    statement: str
    source: str
    expected: Any
    measured: Any
    tolerance: float | None
    margin: float | None
    verdict: Literal["holds", "fails", "undecided"]
    relation: Literal["≤", "≥", "<", ">", "="]
    label: str
    figure: str
    records: Sequence[str]
    deck: str
    part: str
    reason: str


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
