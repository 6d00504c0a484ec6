"""Tables in records: values hold them by column, under names with the prefix `row_`."""

from collections.abc import Sequence
from typing import Any

from condenslab.sweeps import Record


def columns(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Returns rows as lists by name, each name with the prefix `row_`.

    Args:
        rows: Rows of equal names.

    Example:
        >>> columns([{"copies": 2}, {"copies": 3}])
        {'row_copies': [2, 3]}
    """
    return {f"row_{name}": [row[name] for row in rows] for name in (rows[0] if rows else ())}


def rows(record: Record, **chosen: Any) -> list[dict[str, Any]]:
    """Returns the rows of a record whose columns have the chosen values; none where there is no table.

    Args:
        record: A finished record.
        **chosen: Column = value.
    """
    names = [name for name in record.values if name.startswith("row_")]
    length = len(record.values[names[0]]) if names else 0
    table = [{name[4:]: record.values[name][k] for name in names} for k in range(length)]
    return [row for row in table if all(row[name] == value for name, value in chosen.items())]
