"""Claims on made-up records, and runs that end otherwise than asked: what the tests of studies share."""

import itertools
import math
import operator
import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from condenslab import training
from condenslab.studies import Claim, Measured, Share, Statement, Study
from condenslab.studies.contract import train
from condenslab.studies.contract.evidence import gather
from condenslab.sweeps import Record, described


def record_of(study: Study, case: Any, values=None, arrays=None, status: Any = "done") -> Record:
    """Returns a made-up record of a case, under the id that the study looks for."""
    return Record(study.name, study.id(case), described(case), status, "", dict(values or {}), dict(arrays or {}))


def drawn(name: str, draw: Callable[[Sequence[Record]], Any], **about: Any) -> Study:
    """Returns a study that is never run: only what it says of itself, and its drawings, are read; any may be set."""
    said = {"revision": 1, "question": "Why?", "source": "S", "part": "", "deck": "", "figures": ""} | about
    study = object.__new__(type("Drawn", (Study,), {"__setattr__": object.__setattr__, "name": name} | said))
    study.draw = draw
    return study


def judged(
    study: Study,
    records: Sequence[Record],
    settings: Any = None,
    *,
    cases: Sequence[Any] | None = None,
    seed: int = 0,
    **options,
) -> list[Claim]:
    """Returns the claims of a study on records, by default of all cases of its quick settings.

    A case without a record is missing. Whatever the records, what holds has a measured value and a margin.
    """
    chosen = study.presets["quick"] if settings is None else settings
    asked = study.cases(chosen, seed=seed) if cases is None else cases
    claims = study.claims(records, chosen, cases=asked, **options)
    for claim in claims:
        check_verdict(claim)
    return claims


def check_verdict(claim: Claim) -> None:
    """Requires what a verdict promises: finite measured values where it holds, and a margin of the right sign."""
    measured = claim.measured if isinstance(claim.measured, list) else [claim.measured]
    known = [isinstance(value, int | float) and math.isfinite(value) for value in measured]
    if claim.verdict == "undecided":
        assert claim.margin is None and claim.reason, claim
        return
    assert known and all(known) and isinstance(claim.margin, float) and math.isfinite(claim.margin), claim
    assert (claim.margin >= 0) == (claim.verdict == "holds"), claim
    distances = [_inside(claim, value) for value in measured]
    assert (claim.verdict == "holds") == all(distances), claim


def _inside(claim: Claim, value: float) -> bool:
    """Whether a value is accepted, worked out from what the claim prints."""
    relations = {"≤": operator.le, "≥": operator.ge, "<": operator.lt, ">": operator.gt}
    if claim.relation in relations:
        return relations[claim.relation](value, claim.expected)
    return abs(value - claim.expected) <= claim.tolerance


def verdicts(claims: Sequence[Claim], start: str = "") -> list[str]:
    """Returns the verdicts of the claims that begin with a text."""
    return [claim.verdict for claim in claims if claim.statement.startswith(start)]


def made_up(study: Study, settings: Any, values: Callable[[Any], Any], seed: int = 0) -> list[Record]:
    """Returns a record a case: values(case) are its values; "diverged" or "failed" says so, and None leaves it out."""
    given = [(case, values(case)) for case in study.cases(settings, seed=seed)]
    return [
        record_of(study, case, status=what) if isinstance(what, str) else record_of(study, case, what)
        for case, what in given
        if what is not None
    ]


def decided(study: Study, records: Sequence[Record], settings: Any, seed: int = 0) -> list[str]:
    """Returns the verdicts on records of the cases of these settings."""
    return verdicts(judged(study, records, settings, seed=seed))


def ended(monkeypatch: pytest.MonkeyPatch, function: str, stop: Any, call: int = 0) -> None:
    """Lets a call of `train.<function>` (the first is number 0) end for another reason, an ensemble's first run.

    Only what the contract's `train` sees is replaced, so that an ensemble is still handed the library's own verb.
    """
    library, calls = getattr(training, function), itertools.count()

    def replaced(*arguments: Any, **options: Any) -> Any:
        runs = library(*arguments, **options)
        if next(calls) != call:
            return runs
        return [replace(runs[0], stop=stop), *runs[1:]] if isinstance(runs, list) else replace(runs, stop=stop)

    seen = SimpleNamespace(**{name: getattr(training, name) for name in training.__all__} | {function: replaced})
    monkeypatch.setattr(train, "training", seen)


def check_damage(study: Study, settings: Any, cases: Sequence[Any], records: Sequence[Record], seeds: int = 20) -> None:
    """Loses records at random: no statement vanishes, none raises, and none holds that rests on a lost run.

    A share may be decided whatever the lost runs would have said: what is measured is then the worst that they leave
    possible. A run that diverged is an answer.
    """
    made = [one for one in study.statements(settings) if not one.only_without_target]
    labels = [claim.label for claim in judged(study, records, settings, cases=cases)]
    for seed in range(seeds):
        chance = random.Random(seed)
        weights = (chance.random() * 10, 1, 1, 1)
        kept, found, lost = [], [], set()
        for one in records:
            status = chance.choices(("done", "diverged", "failed", "missing"), weights)[0]
            damaged = one if status == "done" else replace(one, status=status, message="lost", values={}, arrays={})
            kept += [damaged] if status != "missing" else []
            found.append(damaged if status == "diverged" else one)
            lost |= {one.id} if status in ("failed", "missing") else set()
        claims, found_all = (judged(study, some, settings, cases=cases) for some in (kept, found))
        assert [claim.label for claim in claims] == labels
        for statement, claim, complete in zip(made, claims, found_all, strict=True):
            if claim.verdict != "holds" or not lost & set(claim.records):
                continue
            unlost = claim.measured == complete.measured
            assert unlost or (_is_share(study, statement, cases, kept) and claim.margin <= complete.margin), claim


def _is_share(study: Study, statement: Statement, cases: Sequence[Any], records: Sequence[Record]) -> bool:
    """Whether what a statement measures is a share of the cases, or several."""
    unique = {study.id(case): case for case in cases}
    found = statement.values(gather(list(unique), [described(case) for case in unique.values()], records))
    values = found.values if isinstance(found, Measured) else found
    return any(isinstance(value, Share) for value in (values if isinstance(values, list) else [values]))
