"""Made-up records of a study, what its claims say of them, and runs that end otherwise than asked."""

import itertools
from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from condenslab import training
from condenslab.studies.contract import train
from condenslab.studies.contract.claims import Claim
from condenslab.studies.contract.study import Study
from condenslab.sweeps import Record, described


def record_of(study: Study, case: Any, values: dict[str, Any], arrays: dict[str, Any] | None = None) -> Record:
    """Returns a finished record of a case, under the id that the study looks for."""
    return Record(study.name, study.id(case), described(case), "done", "", values, arrays or {})


def made_up(study: Study, settings: Any, values: Callable[[Any], Any], seed: int = 0) -> list[Record]:
    """Returns a record a case: values(case) are its values; "diverged" or "failed" says so, and None leaves it out."""
    records = []
    for case in study.cases(settings, seed=seed):
        given = values(case)
        if isinstance(given, str):
            records.append(Record(study.name, study.id(case), described(case), given, f"The run {given}."))  # type: ignore[arg-type]
        elif given is not None:
            records.append(record_of(study, case, given))
    return records


def judged(study: Study, records: list[Record], settings: Any, seed: int = 0) -> list[Claim]:
    """Returns the claims of records, whichever of the cases of these settings they are of."""
    return study.claims(records, settings, cases=study.cases(settings, seed=seed))


def verdicts(study: Study, records: list[Record], settings: Any, seed: int = 0) -> list[str]:
    """Returns their verdicts."""
    return [claim.verdict for claim in judged(study, records, settings, seed)]


def ended(monkeypatch: pytest.MonkeyPatch, function: str, stop: Any, call: int = 0) -> None:
    """Lets a call of `train.<function>` (the first is number 0) end with another reason, an ensemble's first run.

    Only what the contract's `train` sees is replaced, so that an ensemble is still handed the library's own verb.
    """
    library, calls = getattr(training, function), itertools.count()

    def replaced(*arguments: Any, **options: Any) -> Any:
        runs = library(*arguments, **options)
        if next(calls) != call:
            return runs
        if not isinstance(runs, list):
            return replace(runs, stop=stop)
        field = "fate" if hasattr(runs[0], "fate") else "stop"
        return [replace(runs[0], **{field: stop}), *runs[1:]]

    seen = SimpleNamespace(**{name: getattr(training, name) for name in training.__all__} | {function: replaced})
    monkeypatch.setattr(train, "training", seen)
