"""The recovery study: its cases without JAX, its claims on made-up records, and a whole tiny run."""

import subprocess
import sys
from dataclasses import asdict

import numpy as np
import pytest

from condenslab import studies
from condenslab.studies.recovery.cases import PRESETS, CriticalCase, FlowCase, make_cases
from condenslab.studies.recovery.claims import (
    STATEMENTS,
    decide,
    distances,
    plateau,
    plateau_decades,
    predicted_inertia,
)
from condenslab.sweeps import Record, Store, case_id
from condenslab.tasks import Table

STUDY = studies.get("recovery")


def record(case, values=None, arrays=None, status="done") -> Record:
    return Record(
        "recovery", case_id("recovery", 1, case, "float64"), asdict(case), status, "", values or {}, arrays or {}
    )


def flow_case(**changes) -> FlowCase:
    return FlowCase(**{**asdict(make_cases(PRESETS["tiny"], 0, None)[0]), **changes})


def test_listing_the_study_imports_no_jax():
    code = (
        "import sys; from condenslab import studies; s = studies.get('recovery'); "
        "s.cases(s.presets['full'], seed=0, data=None); sys.exit('jax' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_cases_are_distinct_and_seeds_are_consecutive():
    cases = make_cases(PRESETS["full"], 7, None)
    assert len({case_id("recovery", 1, case, "float64") for case in cases}) == len(cases)
    main = [c for c in cases if isinstance(c, FlowCase) and c.start == "small" and c.l2 > 0]
    assert [c.seed for c in main] == [7, 8, 9, 10, 11]
    assert [c.width for c in cases if isinstance(c, CriticalCase)] == [1, 2, 3]


def test_without_an_l2_term_no_flow_is_run_twice():
    settings = type(PRESETS["tiny"])(width=30, seeds=2, contrast_seeds=2, l2=0.0)
    cases = [c for c in make_cases(settings, 0, None) if isinstance(c, FlowCase)]
    assert len({case_id("recovery", 1, case, "float64") for case in cases}) == len(cases)


def test_the_plateau_is_the_longest_uninterrupted_stay():
    times = np.array([0.0, 1.0, 10.0, 100.0, 200.0, 1e3, 1e6, 1e7])
    risk = np.array([0.1, 0.1, 0.1, 5.0, 0.1, 0.105, 0.095, 1e-3])
    run = record(flow_case(), arrays={"times": times, "risk": risk})
    assert plateau(run, 0.1) == (200.0, 1e6)
    assert plateau_decades(run, 0.1) == pytest.approx(np.log10(5e3))
    assert plateau(run, 77.0) is None and plateau_decades(run, 77.0) == 0.0


def test_distance_is_relative_to_the_function():
    outputs = np.array([[[3.0], [4.0]], [[6.0], [8.0]]])
    run = record(flow_case(), arrays={"outputs": outputs})
    np.testing.assert_allclose(distances(run, np.array([3.0, 4.0])), [0.0, 1.0])


@pytest.mark.parametrize(
    ("width", "wide", "expected"), [(1, 2, [4, 1, 1]), (1, 3, [5, 2, 2]), (2, 3, [7, 1, 1]), (2, 4, [8, 2, 2])]
)
def test_predicted_inertia_is_that_of_the_paper(width, wide, expected):
    assert predicted_inertia(width, wide) == expected  # EP21, Fig. 3(a)


def test_claims_can_fail_and_can_be_undecided():
    times = np.geomspace(1, 1e7, 50)
    arrays = {"times": times, "risk": np.full(50, 0.2), "outputs": np.ones((50, 4, 1))}
    values = {"dominant_groups": 4, "fourth_amplitude": 0.2, "reduced_width": 4, "merge_error": 0.5, "rank": 12}
    values |= {"rank_decided": False, "rank_gap": 1.0, "parameter_error": None, "test_error": 1.0}
    verdicts = {c.statement: c for c in decide([record(flow_case(), values, arrays)], known_target=True)}
    by_start = {
        text: next(c for s, c in verdicts.items() if s.startswith(text)) for text in STATEMENTS[:1] + STATEMENTS[5:10]
    }
    assert [c.verdict for c in by_start.values()] == ["fails"] * 5 + ["undecided"]
    rank = next(c for s, c in verdicts.items() if s.startswith(STATEMENTS[14]))
    assert rank.verdict == "undecided"


def test_what_rests_on_failed_records_is_undecided():
    records = [record(case, status="failed") for case in make_cases(PRESETS["tiny"], 0, None)]
    claims = decide(records, known_target=True)
    assert claims and all(claim.verdict == "undecided" for claim in claims)
    assert STUDY.draw(records) == []


@pytest.fixture(scope="module")
def tiny_run(tmp_path_factory):
    out = tmp_path_factory.mktemp("runs")
    return studies.run("recovery", preset="tiny", out=out, overrides={"critical_width": 2}), out


@pytest.mark.slow
def test_a_tiny_run_decides_its_claims_and_draws(tiny_run):
    run, out = tiny_run
    assert len(run.claims) >= 15
    assert [row["claim"] for row in run.claims if row["verdict"] == "fails"] == []
    records = Store(out).records()
    drawings = STUDY.draw([records[identity] for identity in run.records])
    assert len(drawings) >= 8 and all(d.caption and d.title for d in drawings)


@pytest.mark.slow
def test_a_second_run_computes_nothing(tiny_run, monkeypatch):
    run, out = tiny_run

    def refuse(*_, **__):
        raise AssertionError("a case was computed again")

    monkeypatch.setattr(type(STUDY), "run_batch", refuse)
    again = studies.run("recovery", preset="tiny", out=out, overrides={"critical_width": 2})
    assert again.claims == run.claims


@pytest.mark.slow
def test_a_table_of_two_inputs_tells_the_story_without_a_target(tmp_path):
    inputs = np.random.default_rng(0).uniform(-1, 1, (30, 2))
    table = Table(inputs, np.tanh(2 * inputs[:, :1] - inputs[:, 1:]), name="own")
    changes = {"width": 12, "starts": 10, "critical_width": 1, "time": 1e4, "max_steps": 2000}
    run = studies.run("recovery", preset="tiny", out=tmp_path, overrides=changes, data=table)
    assert run.claims and all(row["verdict"] in ("holds", "undecided") for row in run.claims)
    records = [Store(tmp_path).records()[identity] for identity in run.records]
    assert all(r.status == "done" for r in records), [r.message for r in records]
    assert STUDY.draw(records)
