"""Ranks in records and claims: a rank that its spectrum does not decide makes a claim undecided."""

from typing import TYPE_CHECKING, Any

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
    return record.values[name] if record.values.get(f"{name}_decided") else None
