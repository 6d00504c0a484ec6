"""Claims on made-up records: what the tests of studies share."""

import random
from collections.abc import Sequence
from dataclasses import replace
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


def check_damage(study: Study, settings: Any, cases: Sequence[Any], records: Sequence[Record], seeds: int = 20) -> None:
    """Loses records at random: no statement vanishes, none raises, and none holds that rests on a lost run.

    A share may be decided whatever the lost runs would have said: its measured value is then missing.
    """
    labels = [claim.label for claim in judged(study, cases, records, settings)]
    for seed in range(seeds):
        chance = random.Random(seed)
        weights = (chance.random() * 10, 1, 1, 1)
        kept, lost = [], set()
        for one in records:
            status = chance.choices(("done", "diverged", "failed", "missing"), weights)[0]
            if status in ("failed", "missing"):
                lost.add(one.id)
            if status == "done":
                kept.append(one)
            elif status != "missing":
                kept.append(replace(one, status=status, message="lost", values={}, arrays={}))
        claims = judged(study, cases, kept, settings)
        assert [claim.label for claim in claims] == labels
        for claim in claims:
            values = claim.measured if isinstance(claim.measured, list) else [claim.measured]
            assert claim.verdict != "holds" or not lost & set(claim.records) or None in values, claim
