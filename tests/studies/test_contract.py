"""The contract of studies: evidence loses no run, a statement is judged by its one criterion, and an ending is said."""

import ast
import json
import math
import random
import warnings
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import condenslab.studies
from condenslab import studies
from condenslab.studies import (
    Evidence,
    Measured,
    Outcome,
    Part,
    Share,
    Statement,
    above,
    at_least,
    at_most,
    below,
    exactly,
    within,
)
from condenslab.studies.contract import endings
from condenslab.studies.contract.evidence import Asked, gather, of_records
from condenslab.studies.contract.parts import guarded
from condenslab.studies.contract.statements import counted
from condenslab.sweeps import Record, described
from judging import check_verdict

STATUSES = ("done", "diverged", "failed", "missing")


def asked(number, status="done", value=1.0, **case):
    record = None
    if status != "missing":
        values = {"value": value} if status == "done" else {}
        record = Record("s", str(number), {"seed": number, **case}, status, f"it {status}", values)
    return Asked(str(number), {"seed": number, **case}, record)


def value(record):
    return record.values["value"]


@given(st.lists(st.sampled_from(STATUSES)))
def test_every_case_that_was_asked_for_has_a_value_or_none(statuses):
    evidence = Evidence(asked(k, status) for k, status in enumerate(statuses))
    assert evidence.each(value) == [1.0 if status == "done" else None for status in statuses]
    whole = bool(statuses) and set(statuses) == {"done"}
    assert evidence.all(lambda records: sum(map(value, records))) == (len(statuses) if whole else None)
    assert [a.id for a in evidence.read] == [str(k) for k in range(len(statuses))]


@given(st.lists(st.sampled_from(STATUSES), min_size=1), st.data())
def test_a_share_is_of_all_cases_that_were_asked_for(statuses, data):
    good = [data.draw(st.booleans()) for _ in statuses]
    evidence = Evidence(asked(k, s, float(g)) for k, (s, g) in enumerate(zip(statuses, good, strict=True)))
    share = evidence.share(lambda record: value(record) == 1.0)
    assert share.total == len(statuses)
    assert share.successes == sum(s == "done" and g for s, g in zip(statuses, good, strict=True))
    assert share.unknown == sum(s in ("failed", "missing") for s in statuses)
    low, high = share.ends()
    for criterion in (at_least(0.5), at_most(0.5)):
        decided = criterion.accepts(share)
        ends = {criterion.accepts(low), criterion.accepts(high)}
        assert decided is (ends.pop() if len(ends) == 1 else None)


def test_what_was_cut_off_has_not_answered():
    blown = Record("s", "0", {}, "diverged", "", {"stop": "NOT_FINITE"})
    cut = Record("s", "1", {}, "diverged", "", {"stop": "STEPS_EXHAUSTED"})
    assert of_records([blown, cut]).share(value) == Share(0, 1, 2)
    assert of_records([blown, cut]).each(value, diverged=7.0) == [7.0, None]


def test_no_statement_holds_that_reads_no_case():
    """A claim that no run can refute is none: neither a number of its own nor one from elsewhere holds or fails."""
    evidence = Evidence([asked(0), asked(1)])
    for constant in (1.0, [1.0, 1.0], 7.0, np.ones(3), Measured(1.0), Share(1, 0, 1)):
        claim = statement(lambda _, constant=constant: constant, within(1, 0.1)).decide(evidence)
        assert (claim.verdict, claim.margin) == ("undecided", None)
        assert claim.reason == "none of the cases asked for bear on it"
    reading = statement(lambda e: e.each(value), within(1, 0.1)).decide(evidence)
    assert (reading.verdict, reading.records) == ("holds", ["0", "1"])


NUMBERS = st.one_of(st.none(), st.floats(), st.integers(-3, 3), st.booleans())
COUNTS = st.tuples(st.integers(0, 4), st.integers(0, 4), st.integers(0, 4))
SHARES = COUNTS.map(lambda counts: Share(counts[0], counts[1], sum(counts)))
CRITERIA = [at_least(0.5), at_most(0.5), below(0.5), above(0.5), below(0), above(0), within(0.5, 0.05), exactly(1)]


@given(st.one_of(NUMBERS, st.lists(NUMBERS, max_size=3), SHARES), st.sampled_from(CRITERIA))
def test_nothing_holds_or_fails_without_measured_values_and_a_margin(value, criterion):
    if isinstance(value, Share) and criterion.relation == "=" and criterion.tolerance * value.total >= 1:
        return
    check_verdict(replace(statement(read(value), criterion).decide(Evidence([asked(0)])), part="p", deck="d"))


@given(SHARES, st.sampled_from(CRITERIA))
def test_a_share_is_decided_exactly_where_every_result_of_the_unknown_cases_agrees(share, criterion):
    """By brute force over the unknown cases; what is measured is then the worst of them."""
    if criterion.relation == "=" and criterion.tolerance * share.total >= 1:
        return
    total = max(share.total, 1)
    possible = [(share.successes + more) / total for more in range(share.unknown + 1)]
    every = {criterion.judge(one).verdict for one in possible}
    judged = criterion.judge(share)
    if len(every) == 1:
        assert judged.verdict == every.pop()
        assert judged.margin == min(criterion.judge(one).margin for one in possible)
        assert judged.margin == criterion.judge(judged.measured).margin
    else:
        assert (judged.verdict, judged.measured, judged.margin) == ("undecided", None, None)


class Anything(dict):
    """Values of a record that has every name: numbers, whole ones, lists, and now and then none."""

    def __init__(self, chance, arrays=False):
        super().__init__()
        self.chance, self.arrays = chance, arrays

    def __missing__(self, name):
        pick = self.chance.random()
        size = 1 if pick < 0.5 else 1e-12 if pick < 0.8 else 1e3
        number = self.chance.choice([size * self.chance.random(), self.chance.randrange(10), 0.0, 1.0])
        if self.arrays:
            return np.array([number * self.chance.random() for _ in range(4)])
        return None if self.chance.random() < 0.02 else math.nan if self.chance.random() < 0.02 else number


@pytest.mark.parametrize("name", studies.names())
def test_what_holds_on_made_up_records_has_measured_values_and_a_margin(name):
    """Whatever the records say, in every study: statements that cannot read such records are passed over."""
    study = studies.get(name)
    settings = study.presets["tiny"]
    cases = study.cases(settings, seed=0)
    identities, described_cases = [study.id(case) for case in cases], [described(case) for case in cases]
    for seed in range(8):
        chance = random.Random(f"{name} {seed}")
        records = [
            Record(name, i, case, "done", "", Anything(chance), Anything(chance, arrays=True))
            for i, case in zip(identities, described_cases, strict=True)
            if chance.random() > 0.05
        ]
        evidence = gather(identities, described_cases, records)
        for one in study.statements(settings):
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")
                try:
                    claim = one.decide(evidence)
                except (TypeError, ValueError, IndexError, KeyError, AttributeError, ZeroDivisionError, OverflowError):
                    continue
            check_verdict(claim)


def test_a_strict_criterion_does_not_accept_its_bound():
    assert [below(0).judge(v).verdict for v in (-1e-12, 0.0, 1e-12)] == ["holds", "fails", "fails"]
    assert [above(1e200).judge(v).verdict for v in (2e200, 1e200, 1.0)] == ["holds", "fails", "fails"]
    for edge in (below(0).judge([-1.0, 0.0]), above(0).judge(0), above(3).judge(3.0)):
        assert edge.margin is not None and edge.margin < 0
    assert (above(0).relation, below(0).relation) == (">", "<")


def test_a_claim_that_fails_says_what_is_known_of_why():
    def reason(**options):
        values = {k: options.pop(k) for k in ("failing", "unsettled") if k in options}
        return statement(read(Measured(3.0, **values)), **options).decide(Evidence([asked(0)])).reason

    assert reason() == "Not reproduced with these settings; no cause is known."
    assert reason(reason="Why.", failing="At 3 seeds.") == "Why. At 3 seeds."
    assert reason(failing="At 3 seeds.", unsettled="Too short.") == "Too short."
    held = statement(read(Measured(1.0, failing="No.")), reason="Why.").decide(Evidence([asked(0)]))
    assert (held.verdict, held.reason) == ("holds", "")


def test_a_tolerance_that_would_accept_one_case_too_many_is_refused():
    with pytest.raises(ValueError, match="off by one"):
        exactly(0).judge(Share(1, 0, 40))
    assert within(0.0, 1e-9).judge(Share(1, 0, 40)).verdict == "fails"
    assert exactly(0).judge(Share(1, 0, 1)).verdict == "fails", "a count"


def test_evidence_is_chosen_by_value_by_any_of_several_by_a_function_and_by_class():
    @dataclass(frozen=True)
    class Deep:
        depth: int

    evidence = Evidence([asked(0, depth=1), asked(1, depth=2), asked(2, depth=3), asked(3, kind=[1, 2])])
    assert len(evidence.where(depth=1)) == 1 and len(evidence.where(depth=(1, 3))) == 2
    assert len(evidence.where(depth=lambda depth: depth > 1)) == 2
    assert list(evidence.by("depth")) == [1, 2, 3] and evidence.fields("kind") == [(1, 2)]
    assert list(evidence.by("seed", "depth")) == [(0, 1), (1, 2), (2, 3)]
    typed = gather(["a"], [{"@type": "Deep", "depth": 1}], [])
    assert len(typed.where(Deep)) == 1 and len(typed.where(Part)) == 0


@pytest.mark.parametrize("fresh", [False, True])
def test_a_part_holds_the_cases_that_comparison_one_by_one_finds(fresh):
    """By brute force, with values that are equal though of other types, NaN, lists and missing fields."""
    chance = random.Random(0)
    values = [0, 1, 1.0, True, 2.5, math.nan, "1", "a", None, [1, 2], (1, 2)]
    cases = [{name: chance.choice(values) for name in "abc" if chance.random() < 0.9} for _ in range(300)]
    evidence = gather([str(k) for k in range(300)], cases, [])
    for _ in range(200):
        chosen = {name: chance.choice(values) for name in chance.sample("abc", 2)}
        fits = [
            all(
                name in case and (case[name] in value if isinstance(value, tuple) else case[name] == value)
                for name, value in chosen.items()
            )
            for case in cases
        ]
        part = (evidence.afresh() if fresh else evidence).where(**chosen)
        part.each(bool)
        expected = [str(k) for k, right in enumerate(fits) if right]
        assert len(part) == len(expected) and (not fresh or [asked.id for asked in part.read] == expected)


def statement(values=lambda evidence: evidence.each(value), criterion=None, **options):
    criterion = criterion or within(1.0, 0.5)
    return Statement("the value is one", "somewhere", values, criterion, **options)


def read(found):
    """Returns a function that reads the evidence and gives this, whatever it read."""
    return lambda evidence: (evidence.each(lambda record: 0), found)[1]


def test_a_claim_follows_from_the_statement():
    claim = statement(of="seeds", note="in metres", figure="A figure", reason="too long").decide(
        Evidence([asked(0), asked(1, value=2.0)])
    )
    assert claim.statement == (
        "the value is one (in metres), for each of 2 seeds [holds for 1; success rate 0.09 to 0.91 at 95 %]"
    )
    assert (claim.verdict, claim.margin, claim.relation, claim.expected) == ("fails", -1.0, "=", 1.0)
    assert (claim.records, claim.figure, claim.label, claim.reason) == (
        ["0", "1"], "A figure", "the value is one", "too long"
    )  # fmt: skip


@pytest.mark.parametrize(
    ("number", "plural", "expected"),
    [(1, "seeds", "1 seed"), (1, "points or seeds", "1 point or seed"), (3, "seeds", "each of 3 seeds")],
)
def test_one_of_a_kind_is_singular(number, plural, expected):
    assert counted(number, plural) == expected


@pytest.mark.parametrize("lost", ["diverged", "failed", "missing"])
def test_a_lost_run_makes_the_claim_undecided_and_the_reason_says_so(lost):
    claim = statement(of="seeds").decide(Evidence([asked(0), asked(1, lost)]))
    assert claim.verdict == "undecided" and "1 of them unknown" in claim.statement
    assert claim.reason.startswith(f"of 2 runs that it rests on, 1 {lost}")


def test_without_any_record_or_case_the_statement_stays():
    for evidence in (Evidence([]), Evidence([asked(0, "missing")])):
        assert statement().decide(evidence).verdict == "undecided"
    unsettled = statement(lambda evidence: Measured([1.0], "a note", unsettled="too few")).decide(Evidence([]))
    assert (unsettled.verdict, unsettled.measured, unsettled.reason) == ("undecided", [1.0], "too few")
    assert unsettled.statement == "the value is one (a note)"


class Stop(Enum):
    FINISHED = "Done."
    STEPS_EXHAUSTED = "No more steps."
    TIME_LIMIT = "Out of time."
    NOT_FINITE = "Not finite."
    INTERRUPTED = "Interrupted."


@dataclass
class Run:
    stop: Stop


@pytest.mark.parametrize(
    ("stop", "status"), [(Stop.STEPS_EXHAUSTED, "diverged"), (Stop.NOT_FINITE, "diverged"), (Stop.TIME_LIMIT, "failed")]
)
def test_an_ending_that_was_not_asked_for_is_no_plain_done(stop, status):
    outcome = guarded(lambda: Outcome({"value": endings.as_asked(Run(stop))}))
    assert (outcome.status, outcome.message, outcome.values["stop"]) == (status, stop.value, stop.name)
    assert endings.as_asked(Run(stop), asked=(stop.name,)).stop is stop


def test_an_interruption_is_raised_and_never_an_outcome():
    for runs in (Run(Stop.INTERRUPTED), [Run(Stop.FINISHED), Run(Stop.INTERRUPTED)]):
        with pytest.raises(KeyboardInterrupt):
            guarded(lambda runs=runs: Outcome({"value": endings.uninterrupted(runs)}))


@dataclass(frozen=True)
class Case:
    seed: int
    size: int


def double(case, progress):
    progress(0.5, "half way")
    if case.seed == 1:
        raise RuntimeError("seed one breaks")
    return Outcome({"twice": 2 * case.size})


def test_one_failing_case_does_not_fail_its_batch_and_progress_is_of_the_batch():
    part = Part(case=Case, run=f"{__name__}:double", seconds=lambda case: 1.0)
    lines = []
    outcomes = part.outcomes([Case(k, 5) for k in range(3)], None, lambda *line: lines.append(line))
    assert [outcome.status for outcome in outcomes] == ["done", "failed", "done"]
    assert "seed one breaks" in outcomes[1].message and "RuntimeError" in outcomes[1].trace
    assert [fraction for fraction, _ in lines] == pytest.approx([1 / 6, 1 / 2, 5 / 6])


def test_every_field_that_does_not_vary_decides_the_program():
    part = Part(case=Case, run="m:f", seconds=lambda case: 1.0)
    assert part.key(Case(0, 1)) == part.key(Case(9, 1)) != part.key(Case(0, 2))
    with pytest.raises(ValueError, match="a field that varies must be one of Case"):
        Part(case=Case, run="m:f", seconds=lambda case: 1.0, varies=("sede",))


@pytest.mark.parametrize("name", studies.names())
def test_every_statement_is_promised_for_any_evidence(name):
    """With no record at all every statement of every preset is there, undecided, and short enough for the page."""
    study = studies.get(name)
    for settings in study.presets.values():
        cases = study.cases(settings, seed=0)
        claims = study.claims([], settings, cases=cases)
        assert claims and {claim.verdict for claim in claims} == {"undecided"}
        for claim in claims:
            assert any(text in claim.statement for text in study.claim_statements)
            assert len(claim.label.split()) <= 15, claim.label
            assert (
                claim.relation in ("≤", "≥", "<", ">", "=")
                and claim.source
                and claim.reason
                and claim.part
                and claim.deck
            )
            json.dumps(claim.records)
        for case in cases[:50]:
            study.part_of(case)


ROOT = Path(condenslab.studies.__file__).parent
FILES = sorted(path for path in ROOT.rglob("*.py") if "contract" not in path.parts)
SEAM = {"descend", "flow", "ensemble", "normalised_flow", "critical_points", "critical_points_from"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_studies_train_through_the_one_seam_and_dispatch_through_parts(path):
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and isinstance(node.func.value, ast.Name)
        ):
            bare = node.func.value.id in ("training", "landscape") and node.func.attr in SEAM
            assert not bare, f"line {node.lineno}: use condenslab.studies.contract.train.{node.func.attr}"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "isinstance":
            subject = ast.unparse(node.args[0])
            assert "case" not in subject.split("."), f"line {node.lineno}: a kind of case is a Part"
        if isinstance(node, ast.Compare) and ast.unparse(node) in ("r.status == 'done'", "record.status == 'done'"):
            assert path.name == "draw.py" or _within_drawings(tree, node), f"line {node.lineno}: claims read Evidence"


def _within_drawings(tree, node):
    """Whether a node is in a function that draws."""
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef) and node in ast.walk(function):
            return any(isinstance(n, ast.Name) and n.id in ("figures", "Drawing") for n in ast.walk(function))
    return False
