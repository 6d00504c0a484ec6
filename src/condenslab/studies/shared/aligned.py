"""How much more one initial scale condenses rows than another."""

from condenslab.studies.contract.evidence import Evidence

CONDENSED = 0.1
"""Share of aligned pairs of rows, |cosine| above 0.7, from which rows are said to condense; ours."""


def contrast(evidence: Evidence, name: str, small: float, large: float) -> float | None:
    """Returns the mean share of aligned pairs at a small initial scale over that at a large one.

    A share at the large scale below half of `CONDENSED` counts as that: 2 or more then says both that there are twice
    as many aligned pairs and that the rows condense at all, which a quotient of two tiny shares does not.

    Args:
        evidence: The cases.
        name: Of the recorded share.
        small: γ of the small scale.
        large: γ of the large scale.
    """

    def mean(gamma: float) -> float | None:
        return evidence.where(gamma=gamma).all(lambda rs: sum(record.values[name] for record in rs) / len(rs))

    one, other = mean(small), mean(large)
    return None if one is None or other is None else one / max(other, CONDENSED / 2)
