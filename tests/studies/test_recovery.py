"""The recovery study: its cases without JAX, its claims on made-up records, and a whole tiny run."""

import subprocess
import sys
from dataclasses import asdict

import numpy as np
import pytest

from condenslab import studies
from condenslab.studies.recovery.cases import PRESETS, CriticalCase, FlowCase, Settings, make_cases
from condenslab.studies.recovery.readings import distances, plateau, plateau_decades, predicted_inertia
from condenslab.sweeps import Record, Store, case_id
from condenslab.tasks import Table
from condenslab.training import Stop
from judging import decided, ended, judged, record_of

STUDY = studies.get("recovery")
TINY = PRESETS["tiny"]


def record(case, values=None, arrays=None) -> Record:
    return record_of(STUDY, case, values or {}, arrays or {})


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


def flow(**changes):
    times = np.geomspace(1, 1e7, 50)
    arrays = {"times": times, "risk": np.full(50, 0.2), "outputs": np.ones((50, 4, 1))}
    values = {"dominant_groups": 4, "fourth_amplitude": 0.2, "reduced_width": 4, "merge_error": 0.5, "rank": 12}
    values |= {"rank_decided": False, "rank_gap": 1.0, "parameter_error": None, "test_error": 1.0}
    return record(flow_case(), values | changes, arrays)


def test_claims_can_fail_and_can_be_undecided():
    told = {claim.statement.split(",")[0]: claim.verdict for claim in judged(STUDY, [flow()], TINY)}
    fails = [text for text, verdict in told.items() if verdict == "fails"]
    assert [text.split(" (")[0] for text in fails] == [
        "R stays within 10 % of the width-1 minimum for at least 3 decades of time",
        "three groups of neurons up to sign are dominant",
        "the fourth amplitude is below 5 % of the first",
        "merging the groups gives 3 neurons",
        "merging alone changes the function by at most 1e-3",
        "that rank is read off a gap of at least two decades",
    ]
    assert set(told.values()) == {"fails", "undecided"}
    assert told["the model rank of the recovered network"] == "undecided"


def test_a_network_that_was_not_polished_to_a_critical_point_is_not_recovered():
    good = {"parameter_error": 1e-9, "rank": 9, "rank_decided": True, "rank_gap": 5.0}

    def recovered(fate):
        claims = judged(STUDY, [flow(**good, polish_fate=fate)], TINY)
        return [c.verdict for c in claims if "polishing" in c.statement or "rank" in c.statement]

    assert recovered("critical: the gradient is at the tolerance") == ["holds"] * 3
    assert recovered("not converged: the gradient stayed above the tolerance") == ["undecided"] * 3


@pytest.mark.parametrize("status", ["failed", "diverged", None])
def test_no_statement_vanishes_without_its_records(status):
    """Two statements, on embedded minima, once vanished without their searches."""
    cases = make_cases(PRESETS["quick"], 0, None)
    lost = [Record("recovery", STUDY.id(case), asdict(case), status, "Lost.") for case in cases if status]
    claims = judged(STUDY, lost, PRESETS["quick"])
    assert len(claims) == 20 and {claim.verdict for claim in claims} == {"undecided"}
    assert STUDY.draw(lost) == []


def test_on_other_data_and_other_activations_only_what_holds_of_any_data_is_claimed():
    table = Table(np.linspace(0.0, 1.0, 9)[:, None], np.linspace(0.0, 1.0, 9)[:, None] ** 2, name="mine")
    cases = STUDY.cases(TINY, seed=0, data=table)
    searched = next(case for case in cases if isinstance(case, CriticalCase))
    values = {"embedded_output_difference": 1e-16, "embedded_gradient": 1e-14, "embedded_decided": True}
    values |= {"embedded_from_decided": True, "embedded_from": [3, 0, 0], "embedded_inertia": [62, 59, 59]}
    mine = STUDY.claims([record(searched, values)], TINY, cases=cases, known_target=False)
    assert [claim.verdict for claim in mine] == ["holds"] * 3
    assert mine[2].statement.startswith("no inertia count falls when the width-1 critical point is embedded")
    fallen = values | {"embedded_inertia": [62, 59, -1]}
    assert STUDY.claims([record(searched, fallen)], TINY, cases=cases, known_target=False)[2].verdict == "fails"
    relu = Settings(activation="relu", critical_width=1)
    assert [claim.label for claim in judged(STUDY, [], relu)] == [claim.label for claim in mine]
    assert not any("no inertia count" in claim.statement for claim in judged(STUDY, [], TINY))


def test_the_contrast_pairs_flows_of_one_seed():
    settings = Settings(seeds=1, contrast_seeds=2)
    groups = {"small": 3, "std 1": 9}
    flows = [case for case in make_cases(settings, 0, None) if isinstance(case, FlowCase)]
    cases = [case for case in flows if case.l2 == 0 and case.start in groups]
    records = [record(case, {"dominant_groups": groups[case.start], "test_error": 1.0}) for case in cases]
    more, worse = judged(STUDY, records, settings)[-4:-2]  # two statements on proofs follow
    assert (more.verdict, more.measured) == ("holds", [6, 6]) and (worse.verdict, worse.measured) == ("fails", [1, 1])
    assert decided(STUDY, records[:-1], settings)[-4:-2] == ["undecided"] * 2


def test_a_stage_that_did_not_end_as_asked_is_no_result(monkeypatch):
    cases = [flow_case(width=4, time=5.0, seed=seed, raw_rank=False) for seed in (0, 1)]
    for outcome in STUDY.run_batch(cases):
        assert outcome.status == "done" and outcome.arrays["times"][-1] <= 11 * 5.0
        assert outcome.values["final_risk"] <= outcome.arrays["risk"][0] and "rank" in outcome.values
    for stage in (0, 1):
        with monkeypatch.context() as patch:
            ended(patch, "ensemble", Stop.STEPS_EXHAUSTED, stage)
            lost, kept = STUDY.run_batch(cases)
        assert (lost.status, lost.values["stop"], kept.status) == ("diverged", "STEPS_EXHAUSTED", "done")
        assert lost.arrays["risk"].size
    ended(monkeypatch, "ensemble", Stop.INTERRUPTED, call=1)
    with pytest.raises(KeyboardInterrupt):
        STUDY.run_batch(cases)


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
    run = studies.run(STUDY, preset="tiny", out=tmp_path, overrides=changes, data=table)
    assert run.claims and all(row["verdict"] in ("holds", "undecided") for row in run.claims)
    records = [Store(tmp_path).records()[identity] for identity in run.records]
    assert all(r.status == "done" for r in records), [r.message for r in records]
    assert STUDY.draw(records)
