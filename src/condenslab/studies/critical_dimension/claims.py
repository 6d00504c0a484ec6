"""Decides the claims of the critical_dimension study from stored records; numbers only, no JAX."""

from collections.abc import Sequence

from condenslab.studies.contract.claims import Claim, wilson
from condenslab.sweeps import Record

_THEOREM = "EP21, Theorem 2; EP22, Theorem 6.1"
_HEURISTIC = "EP22, section 6.1, a heuristic count"

STATEMENTS = (
    "the critical points made to order are nondegenerate",
    "embedded, they are critical (L1 gradient at most 1e-11)",
    "the corank is at least K, the number of added neurons",
    "two-layer networks: the corank is K",
    "three-layer networks: the corank is K₁ + K₂ + K₁K₂, as the heuristic count says",
)
"""What the study claims, before anything is measured."""


def decide(records: Sequence[Record]) -> list[Claim]:
    """Returns the claims of a run, in the order of `STATEMENTS`; a corank that is undecided leaves its claim undecided.

    Args:
        records: The records.
    """
    done = [record for record in records if record.status == "done"]
    seeds = len({record.case["seed"] for record in done})
    wide = [record for record in done if any(record.case["added"])]
    two, three = ([r for r in wide if len(r.case["narrow"]) == layers] for layers in (1, 2))
    return [
        Claim.count(
            STATEMENTS[0],
            "by construction (arXiv 2505.13582, Theorem 4.2.1)",
            expected=0,
            measured=[r.values["narrow_corank"] if r.values["narrow_decided"] else None for r in done],
        ),
        Claim.at_most(STATEMENTS[1], "EP22, Theorem 5.1", bound=1e-11, measured=[r.values["gradient"] for r in wide]),
        Claim.at_least(STATEMENTS[2], _THEOREM, bound=0, measured=_excess(wide, "proved")),
        _exactly(STATEMENTS[3], _THEOREM, two, seeds),
        _exactly(STATEMENTS[4], _HEURISTIC, three, seeds),
    ]


def _excess(records: Sequence[Record], name: str) -> list[int | None]:
    """Returns corank − predicted for each record, None where the corank is undecided."""
    return [r.values["corank"] - r.values[name] if r.values["decided"] else None for r in records]


def _exactly(statement: str, source: str, records: Sequence[Record], seeds: int) -> Claim:
    excess = _excess(records, "heuristic")
    low, high = wilson(sum(one == 0 for one in excess), len(excess))
    text = f"{statement} (difference, {seeds} seeds; success rate {low:.2f} to {high:.2f} at 95 %)"
    return Claim.count(text, source, expected=0, measured=excess)
