"""What the drawings of these studies share."""

from collections.abc import Sequence

from condenslab.sweeps import Record


def select(records: Sequence[Record], **fields: object) -> list[Record]:
    """Returns the finished records with these fields of the case, by seed, to draw them.

    Args:
        records: Any records.
        **fields: Fields and their values.
    """
    done = [r for r in records if r.status == "done" and all(r.case[name] == value for name, value in fields.items())]
    return sorted(done, key=lambda r: r.case["seed"])
