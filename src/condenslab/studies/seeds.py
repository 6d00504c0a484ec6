"""How a claim over several seeds is worded: for how many of them it holds, with Wilson's interval."""

from collections.abc import Callable, Sequence

from condenslab.studies.contract.claims import wilson


def over_seeds(statement: str, holds: Sequence[bool], asked: int | None = None, of: str = "seeds") -> str:
    """Returns the statement with the number of seeds that it is made for and the interval of the success rate.

    Args:
        statement: What is asserted of every seed.
        holds: Whether it holds, one entry a finished seed.
        asked: How many seeds were asked for, if more than finished ones.
        of: What is counted.

    Example:
        >>> over_seeds("there are two groups", [True, True, True])
        'there are two groups, for each of 3 seeds [holds for 3; success rate 0.44 to 1.00 at 95 %]'
    """
    trials, successes = len(holds), sum(map(bool, holds))
    low, high = wilson(successes, trials)
    missing = f" ({asked - trials} more did not finish)" if asked is not None and asked > trials else ""
    return (
        f"{statement}, for each of {trials} {of}{missing} "
        f"[holds for {successes}; success rate {low:.2f} to {high:.2f} at 95 %]"
    )


def over_values(
    statement: str, values: Sequence[float | None], holds: Callable[[float], bool], of: str = "seeds"
) -> str:
    """Returns the statement as `over_seeds` words it, from measured values; None is one that did not finish.

    Args:
        statement: What is asserted of every value.
        values: The measured values.
        holds: Whether it holds for a value.
        of: What is counted.
    """
    return over_seeds(statement, [holds(value) for value in values if value is not None], len(values), of)
