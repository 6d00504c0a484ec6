"""Ranks in records and claims: a rank that its spectrum does not decide makes a claim undecided."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from condenslab.studies.contract.claims import Claim
from condenslab.studies.seeds import over_seeds
from condenslab.sweeps import Record

if TYPE_CHECKING:
    from condenslab.measures import Rank


def rank_values(rank: "Rank", name: str = "rank") -> dict[str, Any]:
    """Returns what a record keeps of a rank: value, whether decided, gap, cut and floor.

    Args:
        rank: The rank.
        name: Prefix of the keys.
    """
    return {
        name: rank.value,
        f"{name}_decided": rank.decided,
        f"{name}_gap": rank.gap,
        f"{name}_tolerance": rank.tolerance,
        f"{name}_floor": rank.floor,
    }


def decided(record: Record, name: str = "rank") -> int | None:
    """Returns the rank of a record, or None where the record is not done or the rank not decided.

    Args:
        record: Any record.
        name: Prefix of the keys.
    """
    sure = record.status == "done" and record.values.get(f"{name}_decided")
    return record.values[name] if sure else None


def rank_claim(statement: str, source: str, records: Sequence[Record], expected: int, *, name: str = "rank") -> Claim:
    """Claims that the rank of every record, one a seed, is the expected one.

    Args:
        statement: What is asserted of each.
        source: Where.
        records: One a seed.
        expected: The theory's rank.
        name: Prefix of the keys.
    """
    found = [decided(record, name) for record in records]
    text = over_seeds(statement, [value == expected for value in found])
    return Claim.count(text, source, expected=expected, measured=found or None)
