"""Decides the claims of the study of embeddings in width from stored records; numbers only, no JAX."""

from collections.abc import Sequence
from typing import Any

from condenslab.studies.contract.claims import Claim
from condenslab.studies.seeds import over_seeds
from condenslab.sweeps import Record

_EP21 = "Zhang et al., NeurIPS 2021 (EP21)"
_LEVELS = {1: 0.1090227421, 2: 0.0697915121}
_LEVEL_TOLERANCE = 5e-11
"""The values are known to ten decimals."""

STATEMENTS = (
    "the lowest minimum of width 1 has R = 0.1090227421",
    "the lowest minimum of width 2 has R = 0.0697915121",
    "its inertia (3, 0, 0) becomes (4, 1, 1) with two equal copies of the neuron and (5, 2, 2) with three",
    "its inertia (6, 0, 0) becomes (7, 1, 1) with two equal copies of either neuron and (8, 2, 2) with three",
    "with a share of 0 or 1 a split adds three zeros and no negative eigenvalue",
    "a split keeps the output to rounding (1e-14 of the largest)",
    "a split keeps the point critical (L1 gradient at most 1e-11)",
    "in the wide network each of K further neurons adds one positive, one zero and one negative eigenvalue",
    "the embedding into the wide network keeps the output to rounding (1e-14 of the largest)",
    "the embedding into the wide network keeps the risk to rounding (1e-14)",
    "the point in the wide network is critical (L1 gradient at most 1e-11)",
    "on Iris (4-2-3, sigmoid) no count of positive, zero or negative eigenvalues decreases when a neuron is split "
    "(of those decided)",
    "on Iris each further equal copy adds exactly the inertia of the split neuron's own block (where decided)",
    "the split minimum, perturbed, leaves: the flow ends at least 10 % below it",
    "the narrow minimum, perturbed as much, stays: the flow returns to its risk within 1e-6 of it",
)
"""What the study claims, before anything is measured; a run adds seeds and intervals."""


def decide(records: Sequence[Record]) -> list[Claim]:
    """Returns the claims of a run, in the order of `STATEMENTS`; those on cases that were not asked for are left out.

    Args:
        records: The records, in any order.
    """
    splits, escapes, iris = (_of(records, kind) for kind in ("split", "escape", "iris"))
    claims: list[Claim] = []
    for width in sorted({record.case["width"] for record in splits}):
        claims += _levels([record for record in splits if record.case["width"] == width], width)
    claims += _shares(splits) + _preserved(splits)
    for record in splits:
        if record.case["wide"]:
            claims += _wide(record)
    if iris:
        claims += _iris(iris)
    return claims + _escapes(escapes)


def rows(record: Record, **chosen: Any) -> list[dict[str, Any]]:
    """Returns the rows of a record, one a split, whose columns have the chosen values.

    Args:
        record: A record of splits; without rows where nothing was found.
        **chosen: Column = value.
    """
    names = [name for name in record.values if name.startswith("row_")]
    length = len(record.values[names[0]]) if names else 0
    table = [{name[4:]: record.values[name][k] for name in names} for k in range(length)]
    return [row for row in table if all(row[name] == value for name, value in chosen.items())]


def _of(records: Sequence[Record], kind: str) -> list[Record]:
    return [record for record in records if record.case["kind"] == kind]


def _counted(statement: str, source: str, misses: list[int | None]) -> Claim:
    """Claims that no split of any seed has other counts than expected; undecided where an inertia is."""
    text = over_seeds(statement, [miss == 0 for miss in misses if miss is not None], len(misses))
    return Claim.count(f"{text}: splits with other counts", source, expected=0, measured=misses or None)


def _misses(found: Sequence[dict[str, Any]], expected: Sequence[Sequence[int]]) -> int | None:
    if not found or not all(row["decided"] for row in found):
        return None
    return sum(list(row["counts"]) != list(counts) for row, counts in zip(found, expected, strict=True))


def _grown(narrow: Sequence[int], step: Sequence[int], times: int) -> list[int]:
    return [count + times * more for count, more in zip(narrow, step, strict=True)]


def _levels(records: list[Record], width: int) -> list[Claim]:
    risks = [record.values.get("risk") for record in records]
    holds = [risk is not None and abs(risk - _LEVELS[width]) <= _LEVEL_TOLERANCE for risk in risks]
    source = f"deck 000, exercise on width-3 tanh nets, solved to ten decimals for this grid; {_EP21}, Fig. 4"
    text = over_seeds(STATEMENTS[width - 1], holds)
    level = Claim.within(text, source, expected=_LEVELS[width], measured=risks, tolerance=_LEVEL_TOLERANCE)
    misses = []
    for record in records:
        found = rows(record, kind="equal")
        decided = record.values.get("narrow_decided") and record.values["narrow"] == [3 * width, 0, 0]
        expected = [_grown((3 * width, 0, 0), (1, 1, 1), row["copies"] - 1) for row in found]
        misses.append(_misses(found, expected) if decided else None)
    return [level, _counted(STATEMENTS[width + 1], f"{_EP21}, Figs 3(a) and 4", misses)]


def _shares(records: list[Record]) -> list[Claim]:
    misses = []
    for record in records:
        found = rows(record, kind="share 0") + rows(record, kind="share 1")
        misses.append(_misses(found, [_grown(record.values["narrow"], (0, 3, 0), 1)] * len(found)) if found else None)
    source = "the extra curvature of a split is α(1 − α)·uᵀAu (after Fukumizu and Amari, 2000), 0 for α = 0 and 1"
    return [_counted(STATEMENTS[4], source, misses)]


def _preserved(records: list[Record]) -> list[Claim]:
    claims = []
    for statement, name, bound in ((STATEMENTS[5], "output_difference", 1e-14), (STATEMENTS[6], "gradient", 1e-11)):
        worst = [max((row[name] for row in rows(record)), default=None) for record in records]
        holds = [value is not None and value <= bound for value in worst]
        claims.append(
            Claim.at_most(
                over_seeds(statement, holds), f"{_EP21}, Proposition 1, Theorem 1", bound=bound, measured=worst
            )
        )
    return claims


def _wide(record: Record) -> list[Claim]:
    values, width, wide = record.values, record.case["width"], record.case["wide"]
    where = f" (width {width} in width {wide})"
    counts = values.get("wide_counts") if values.get("wide_decided") and values.get("narrow_decided") else None
    difference = None
    if counts is not None:
        expected = _grown(values["narrow"], (1, 1, 1), wide - width)
        difference = sum(abs(found - count) for found, count in zip(counts, expected, strict=True))
    source = f"{_EP21}, Theorem 2; Figs 3(a) and 4 for 1 and 2 neurons more"
    kept = f"{_EP21}, Proposition 1, Theorem 1"
    return [
        Claim.count(f"{STATEMENTS[7]}{where}: eigenvalues counted otherwise", source, expected=0, measured=difference),
        Claim.at_most(STATEMENTS[8] + where, kept, bound=1e-14, measured=values.get("wide_output_difference")),
        Claim.at_most(STATEMENTS[9] + where, kept, bound=1e-14, measured=values.get("wide_risk_difference")),
        Claim.at_most(STATEMENTS[10] + where, kept, bound=1e-11, measured=values.get("wide_gradient")),
    ]


def _iris(records: list[Record]) -> list[Claim]:
    context = f"{_EP21}, Fig. 3(b) shows 3, 5, 7 negative of 16, 24, 32 at its own critical point (read off the figure)"
    found = [
        (record.values["narrow"][row["point"]], row) for record in records for row in rows(record) if row["decided"]
    ]
    known = [(narrow, row) for narrow, row in found if row["local_decided"]]
    lost = sum(any(b < a for a, b in zip(narrow, row["counts"], strict=True)) for narrow, row in found)
    expected = [_grown(narrow, row["local"], row["copies"] - 1) for narrow, row in known]
    theorem = f"EP22, Theorem 6.2; {context}"
    own = (
        f"the split coordinates decouple from the narrow ones (EP22, section 6.2; Fukumizu and Amari, 2000); {context}"
    )
    points = len({(record.id, row["point"]) for record in records for row in rows(record)})
    where = f", at {points} critical points: splits of {{}} with other counts"
    other = _misses([row for _, row in known], expected)
    return [
        Claim.count(STATEMENTS[11] + where.format(len(found)), theorem, expected=0, measured=lost if found else None),
        Claim.count(STATEMENTS[12] + where.format(len(known)), own, expected=0, measured=other),
    ]


def _escapes(records: list[Record]) -> list[Claim]:
    source = (
        "deck 000, embedding principle: a minimum becomes a strict saddle, so growing is irreversible; EP21, Fig. 3"
    )
    ends, returns = [], []
    for record in records:
        level = record.values.get("level")
        for values, name in ((ends, "wide"), (returns, "narrow")):
            finished = level is not None and record.values.get(f"{name}_stop") == "FINISHED"
            values.append(record.values[f"{name}_end"] / level - 1 if finished else None)
    gone = over_seeds(STATEMENTS[13], [end is not None and end <= -0.1 for end in ends])
    back = over_seeds(STATEMENTS[14], [end is not None and abs(end) <= 1e-6 for end in returns])
    return [
        Claim.at_most(f"{gone} (R_end/R − 1)", source, bound=-0.1, measured=ends),
        Claim.within(f"{back} (R_end/R − 1)", source, expected=0.0, measured=returns, tolerance=1e-6),
    ]
