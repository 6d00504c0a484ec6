"""The study of initial condensation: its cases, and its claims on made-up records."""

from dataclasses import asdict

from condenslab import studies
from condenslab.networks import ACTIVATIONS
from condenslab.studies.initial_condensation.cases import MULTIPLICITY, PRESETS, make_cases
from condenslab.studies.initial_condensation.claims import STATEMENTS, decide
from condenslab.sweeps import Record, case_id

STUDY = studies.get("initial_condensation")


def records(preset="quick", **values):
    own = {"orientations": 2, "ratio": 0.9, "mean_cosine": 0.999} | values
    cases = make_cases(PRESETS[preset], 3)
    return [Record(STUDY.name, str(k), asdict(case), "done", "", own) for k, case in enumerate(cases)]


def by_statement(claims, number):
    return [claim for claim in claims if claim.statement.startswith(STATEMENTS[number])]


def test_cases_are_distinct_and_have_the_sizes_of_the_source():
    cases = make_cases(PRESETS["full"], 3)
    assert len({case_id(STUDY.name, 1, case, "float64") for case in cases}) == len(cases)
    assert {(c.width, c.std, c.rate, c.steps) for c in cases if c.kind == "plane"} == {(100, 0.005, 5e-4, 200)}
    assert {c.rate for c in cases if c.kind == "five"} == {1e-3, 8e-4, 2.5e-4}
    assert min(c.seed for c in cases) == 3
    assert {len({STUDY.compile_key(c) for c in cases if c.kind == kind}) for kind in ("plane", "direction")} == {4, 2}


def test_multiplicities_are_those_of_the_activations():
    assert all(ACTIVATIONS[name].multiplicity == p for name, p in MULTIPLICITY.items())


def test_two_orientations_everywhere_hold_the_bound_but_not_the_count():
    claims = decide(records())
    assert [c.verdict for c in by_statement(claims, 0)] == ["holds"] * 3
    assert [(c.expected, c.verdict) for c in by_statement(claims, 1)] == [(2, "holds"), (4, "fails"), (6, "fails")]
    assert by_statement(claims, 2)[0].verdict == "holds"
    assert by_statement(claims, 3)[0].verdict == by_statement(claims, 4)[0].verdict == "holds"


def test_too_many_orientations_a_late_epoch_and_another_direction_fail():
    claims = decide(records(orientations=7, ratio=0.6, mean_cosine=0.9))
    assert {c.verdict for c in claims} == {"fails"}
    assert [c.expected for c in by_statement(claims, 0)] == [2, 4, 6]


def test_nothing_finished_decides_nothing():
    lost = [Record(r.study, r.id, r.case, "diverged", "lost") for r in records("tiny")]
    assert {claim.verdict for claim in decide(lost)} == {"undecided"}
