"""Conditional statements: of those cases to which they apply, of which a case without a finished record may be one."""

from collections.abc import Callable
from typing import Any

from condenslab.studies.contract.evidence import Evidence
from condenslab.studies.contract.statements import Measured
from condenslab.sweeps import Record


def among(
    evidence: Evidence, applies: Callable[[Record], bool], value: Callable[[Record], Any], *, called: str
) -> Measured:
    """Returns value(record) of the cases to which a statement applies, and None for one of which that is not known.

    Args:
        evidence: The cases.
        applies: Whether the statement is about a finished record.
        value: What it says of it.
        called: What those are that it applies to, such as "trained networks", for the note that counts them.
    """
    rows = evidence.each(lambda record: (bool(applies(record)), value(record) if applies(record) else None))
    chosen = [None if row is None else row[1] for row in rows if row is None or row[0]]
    applying = sum(row is not None and row[0] for row in rows)
    note = f"{applying} of {len(rows)} are {called}"
    return Measured(chosen, note=note, unsettled="" if chosen else f"none of {len(rows)} is {called}")
