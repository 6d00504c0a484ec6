"""Claims on made-up records, and runs that end otherwise than asked: what the tests of studies share."""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from condenslab import training
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


def made_up(study: Study, settings: Any, values: Callable[[Any], Any], seed: int = 0) -> list[Record]:
    """Returns a record a case: values(case) are its values; "diverged" or "failed" says so, and None leaves it out."""
    given = [(case, values(case)) for case in study.cases(settings, seed=seed)]
    return [
        record(study, case, status=what) if isinstance(what, str) else record(study, case, what)
        for case, what in given
        if what is not None
    ]


def decided(study: Study, records: Sequence[Record], settings: Any, seed: int = 0) -> list[str]:
    """Returns the verdicts on records of the cases of these settings."""
    return verdicts(judged(study, study.cases(settings, seed=seed), records, settings))


def ended(monkeypatch: pytest.MonkeyPatch, function: str, stop: Any, call: int = 0) -> None:
    """Lets a call of `training.<function>` (the first is number 0) end for another reason, an ensemble's first run."""
    library, calls = getattr(training, function), itertools.count()

    def replaced(*arguments: Any, **options: Any) -> Any:
        runs = library(*arguments, **options)
        if next(calls) != call:
            return runs
        if not isinstance(runs, list):
            return replace(runs, stop=stop)
        field = "fate" if hasattr(runs[0], "fate") else "stop"
        return [replace(runs[0], **{field: stop}), *runs[1:]]

    monkeypatch.setattr(training, function, replaced)
