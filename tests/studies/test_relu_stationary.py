"""The relu_stationary study: plateaus of a made-up curve, claims on made-up records."""

from dataclasses import replace
from fractions import Fraction

import jax.numpy as jnp
import numpy as np
import pytest

from condenslab import networks, studies
from condenslab.networks import TwoLayer
from condenslab.risk import EmpiricalRisk
from condenslab.studies.relu_stationary import runs
from condenslab.studies.relu_stationary.cases import EXPERIMENTS, PRESETS, RunCase, make_cases
from condenslab.studies.relu_stationary.claims import plateaus
from condenslab.sweeps import Record
from condenslab.training import Stop
from judging import decided, ended, judged, record_of

STUDY = studies.get("relu_stationary")
QUICK = PRESETS["quick"]
STEPS = np.concatenate([np.full(300, 1.0), np.geomspace(1.0, 0.5, 50), np.full(300, 0.5), np.full(300, 0.2)])


def record(case, **changes):
    values = {
        "final_risk": 0.2,
        "end_risk": 0.02788601,
        "start_risk": 1.0,
        "lowest_change": 1e-9,
        "output_slope": 1e-6,
        "lowest_slope": -1e-6,
        "slope_scale": 1.0,
        "escape": 0.0,
        "rate": 0.0,
        "rounding": 1e-15,
    }
    return record_of(STUDY, case, values | changes, {"risk": STEPS})


def test_plateaus():
    assert plateaus(STEPS) == [1.0, 0.5, 0.2]
    assert plateaus(np.geomspace(1.0, 1e-6, 1000)) == []
    assert plateaus(np.ones(100)) == [1.0]


ZERO = {2: {"final_risk": 1e-5}}
GOOD = [record(case, **ZERO.get(case.experiment, {})) for case in make_cases(QUICK, 0)]


def test_claims_hold_fail_and_wait():
    assert decided(STUDY, GOOD, QUICK) == ["holds"] * 7
    bad = [record(case, lowest_change=-1e-9, lowest_slope=-1.0, escape=1.0) for case in make_cases(QUICK, 0)]
    assert decided(STUDY, bad, QUICK) == ["holds", "holds", "holds", *["fails"] * 4]
    leaving = [record(case, rate=1.0, **ZERO.get(case.experiment, {})) for case in make_cases(QUICK, 0)]
    assert decided(STUDY, leaving, QUICK) == [*["holds"] * 6, "fails"]
    assert set(decided(STUDY, [], QUICK)) == {"undecided"}


@pytest.mark.parametrize(("change", "verdict"), [(-1e-15, "holds"), (-1.01e-15, "fails")])
def test_a_risk_is_lower_only_by_more_than_rounding(change, verdict):
    changed = [record(case, lowest_change=change) for case in make_cases(QUICK, 0)]
    assert decided(STUDY, changed, QUICK)[4] == verdict


def test_the_bound_on_rounding_holds_against_rational_arithmetic():
    """Steps so small that rounding is as large as the change of R."""
    random, own = np.random.default_rng(0), EXPERIMENTS[3]
    risk = EmpiricalRisk(jnp.asarray(own.inputs), jnp.asarray(own.targets))
    start = [random.normal(size=(20, 2)), random.normal(size=(2, 20))]
    step = [1e-15 * random.uniform(-1, 1, part.shape) for part in start]
    ends = [start, [part + change for part, change in zip(start, step, strict=True)]]
    nets = [TwoLayer(jnp.asarray(w), None, jnp.asarray(a), None, networks.activation("relu")) for w, a in ends]
    computed = float(risk.value(nets[1])) - float(risk.value(nets[0]))
    true = float(rational_risk(ends[1], own) - rational_risk(ends[0], own))
    bound = runs._rounding(risk, nets[0], 1e-15)
    assert 0 < abs(computed - true) <= bound < 1e-11


def rational_risk(parameters, setting):
    """Returns the mean over samples of the squared distance, as a fraction."""
    w, a, x, y = (
        np.vectorize(Fraction, otypes=[object])(part) for part in (*parameters, setting.inputs, setting.targets)
    )
    return np.sum((np.maximum(x @ w.T, 0) @ a.T - y) ** 2) / len(x)


def test_short_runs_and_experiments_left_out_settle_nothing():
    short = replace(QUICK, share=0.5)
    claims = judged(STUDY, [record(case) for case in make_cases(short, 0)], short)
    assert {claim.verdict for claim in claims} == {"undecided"}
    assert claims[0].reason == "300,000 steps of experiment 1; the source takes 600,000"
    part = replace(QUICK, experiments=(1, 2))
    told = judged(STUDY, [r for r in GOOD if r.case["experiment"] < 3], part)
    assert [claim.verdict for claim in told] == ["holds", "undecided", "holds", "holds", *["undecided"] * 3]
    assert told[1].reason == "experiment 3 was not asked for"


def test_a_run_that_diverged_is_not_left_out():
    lost = [Record(r.study, r.id, r.case, "diverged", "Lost.") if r.case["seed"] == 4 else r for r in GOOD]
    claims = judged(STUDY, lost, QUICK)
    assert [claim.verdict for claim in claims] == ["undecided", "undecided", "holds", *["undecided"] * 4]
    assert "for each of 20 runs (1 of them unknown)" in claims[0].statement


def test_most_runs_have_to_come_to_the_published_minimum():
    lower = {0: 0.0221409, 1: 0.0221409}
    few = [
        record(case, **({"end_risk": lower[case.seed]} if case.seed in lower else {})) for case in make_cases(QUICK, 0)
    ]
    claim = judged(STUDY, few, QUICK)[2]
    assert (claim.verdict, claim.measured) == ("holds", 0.9) and "0.0221409, 0.0221409" in claim.statement
    assert judged(STUDY, [record(case, end_risk=0.02) for case in make_cases(QUICK, 0)], QUICK)[2].verdict == "fails"


def test_a_short_training_is_measured_and_its_ending_told(monkeypatch):
    """From vanishing weights f = 0, so that the risk starts at the mean of y²; after 50 steps it is still there."""
    cases = [RunCase(1, seed, 8, 50, 80, 20) for seed in (0, 1)]
    for outcome in STUDY.run_batch(cases):
        assert outcome.status == "done"
        assert outcome.values["start_risk"] == pytest.approx(np.mean(EXPERIMENTS[1].targets ** 2), rel=1e-4)
        assert outcome.values["final_risk"] <= outcome.values["start_risk"] and outcome.values["slope_scale"] > 0
    with monkeypatch.context() as patch:
        ended(patch, "ensemble", Stop.NOT_FINITE)
        lost, kept = STUDY.run_batch(cases)
    assert (lost.status, kept.status) == ("diverged", "done") and len(lost.arrays["risk"]) == len(kept.arrays["risk"])
    ended(monkeypatch, "ensemble", Stop.INTERRUPTED)
    with pytest.raises(KeyboardInterrupt):
        STUDY.run_batch(cases)


def test_the_data_of_the_source():
    shapes = {number: (own.inputs.shape, own.targets.shape) for number, own in EXPERIMENTS.items()}
    assert shapes == {1: ((5, 2), (5, 1)), 2: ((7, 3), (7, 1)), 3: ((4, 2), (4, 2))}
