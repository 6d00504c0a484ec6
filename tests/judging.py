"""Claims on made-up records: what the tests of studies share."""

from collections.abc import Sequence
from typing import Any

from condenslab.studies import Claim, Study
from condenslab.sweeps import Record, described


def record(study: Study, case: Any, values=None, arrays=None, status: Any = "done") -> Record:
    """Returns a made-up record of a case."""
    return Record(study.name, study.id(case), described(case), status, "", dict(values or {}), dict(arrays or {}))


def judged(
    study: Study, cases: Sequence[Any], records: Sequence[Record], settings: Any = None, **options
) -> list[Claim]:
    """Returns the claims of a study on records; cases without one are missing."""
    chosen = study.presets["quick"] if settings is None else settings
    return study.claims(records, chosen, cases=cases, **options)


def verdicts(claims: Sequence[Claim], start: str = "") -> list[str]:
    """Returns the verdicts of the claims that begin with a text."""
    return [claim.verdict for claim in claims if claim.statement.startswith(start)]
