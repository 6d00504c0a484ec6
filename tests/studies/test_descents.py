"""Dropout, knobs and generalization: claims on made-up records, and the descents that they share."""

import math
from dataclasses import replace

import numpy as np
import pytest

from condenslab import studies
from condenslab.studies.dropout.cases import FRESH
from condenslab.studies.generalization import flows
from condenslab.studies.generalization.cases import FRESH as FRESH_FLOWS
from condenslab.studies.generalization.cases import FlowCase
from condenslab.studies.generalization.flow_claims import even_odds
from condenslab.studies.knobs.draw import turned
from condenslab.studies.shared.descents import DescentCase
from condenslab.training import Stop
from judging import check_damage, decided, ended, judged, made_up, record_of

DROPOUT, KNOBS, GENERALIZATION = map(studies.get, ("dropout", "knobs", "generalization"))


def outcome_of(study, values, preset="quick"):
    """Returns the verdicts of made-up records of a preset."""
    settings = study.presets[preset]
    return decided(study, made_up(study, settings, values), settings)


@pytest.mark.parametrize("study", [DROPOUT, KNOBS, GENERALIZATION], ids=lambda study: study.name)
def test_every_run_is_another_one(study):
    cases = study.cases(study.presets["quick"], seed=0)
    assert len({study.id(case) for case in cases}) == len(cases)


def test_dropout_is_given_as_keep_and_run_as_drop():
    settings = replace(DROPOUT.presets["quick"], seeds=1, teacher_keep=0.5, curve_keep=0.9)
    drops = {case.drop for case in DROPOUT.cases(settings, seed=0) if case.task == "two_tanh"}
    assert drops == {0.0, 0.1}


def condensed(case, least=2):
    """Dropout leaves `least` orientations, its mean alone one more, and no dropout 90."""
    count = least + case.penalty if case.drop else 90
    courses = {"times": np.array([1.0, 60.0, 100.0]), "orientations": np.array([90, count, count])}
    return {"orientations": count, "strong": 100}, courses


def dropout_verdicts(values, preset="quick"):
    settings = DROPOUT.presets[preset]
    cases = DROPOUT.cases(settings, seed=0)
    found = [(case, values(case)) for case in cases]
    records = [
        record_of(DROPOUT, case, status=what) if isinstance(what, str) else record_of(DROPOUT, case, *what)
        for case, what in found
        if what is not None
    ]
    return decided(DROPOUT, records, settings)


def test_dropout_claims():
    assert dropout_verdicts(condensed) == ["holds"] * 7
    assert dropout_verdicts(condensed, "full") == ["holds"] * 12, "once for each law of the teacher's inputs"
    nothing = dropout_verdicts(lambda case: condensed(replace(case, drop=0.0)))
    assert nothing == ["fails", "fails", "holds", "fails", "fails", "fails", "fails"]
    assert dropout_verdicts(lambda case: ({"orientations": 3, "strong": 100}, condensed(case)[1]))[2] == "fails"
    assert dropout_verdicts(lambda case: condensed(case, least=3))[:2] == ["fails", "holds"]
    assert dropout_verdicts(lambda case: condensed(replace(case, penalty=False)))[1] == "fails", "as many"
    assert set(dropout_verdicts(condensed, "tiny")) == {"undecided"}, "too few steps"


def test_orientations_that_still_change_are_not_counted():
    def changing(case):
        values, courses = condensed(case)
        return values, courses | {"orientations": np.array([90, 8, 2])}

    assert dropout_verdicts(changing)[0] == "undecided"


def test_dropout_is_not_judged_by_the_seeds_that_finished():
    def lost(case):
        return "diverged" if case.task != "two_tanh" and case.seed == FRESH + 1 and not case.drop else condensed(case)

    assert dropout_verdicts(lost) == ["holds", "holds", "undecided", "undecided", "undecided", "holds", "holds"]
    assert dropout_verdicts(lambda case: None) == ["undecided"] * 7


def groups(case):
    """Each turn of a knob takes some groups away; more dropout and more decay more of them."""
    turned = 10 * (case.exponent > 0.2) + 5 * (case.rate > 1e-3) + 3 * (case.descent > 0.1)
    left = 40 - turned - round(10 * case.decay + 20 * case.drop)
    return {"groups": left, "orientations": 4, "final_risk": 1e-4}


def test_knobs_compare_the_last_value_with_the_first_and_each_with_the_one_before():
    settings = replace(KNOBS.presets["quick"], seeds=3)
    records = made_up(KNOBS, settings, groups)
    claims = judged(KNOBS, records, settings)
    assert [claim.verdict for claim in claims] == ["holds"] * 10
    assert [claim.measured for claim in claims[:5]] == [[10] * 3, [5] * 3, [3] * 3, [10] * 3, [4] * 3]
    assert [claim.measured for claim in claims[5:]] == [[0] * 3, [0] * 3, [3] * 3, [1] * 3, [1] * 3]
    assert {value: len(runs) for value, runs in turned(records, "drop").items()} == {0.0: 3, 0.05: 3, 0.1: 3, 0.2: 3}
    assert list(turned(records, "descent")) == [0.1, 4.0]
    assert (
        outcome_of(KNOBS, lambda case: {"groups": 40, "orientations": 4, "final_risk": 0.0})
        == ["fails"] * 5 + ["holds"] * 5
    )
    assert outcome_of(KNOBS, groups, "tiny") == ["undecided"] * 10


def test_a_knob_that_turns_back_fails_with_its_numbers():
    def back(case):
        return groups(case) | ({"groups": 20} if case.decay == 1.0 else {"groups": 5} if case.decay else {})

    settings = KNOBS.presets["quick"]
    ends, turns = (judged(KNOBS, made_up(KNOBS, settings, back), settings)[k] for k in (3, 8))
    assert (ends.verdict, turns.verdict) == ("holds", "fails")
    there = "± 0.0 groups in 4.0 orientations at risk 1.0e-04"
    assert f"40.0 {there} at 0; 5.0 {there} at 0.1; 20.0 {there} at 1." in turns.reason
    assert "no longer fitted" in turns.reason and "no longer fitted" not in ends.reason


def test_a_lost_run_of_a_knob_decides_nothing_of_that_knob():
    found = outcome_of(KNOBS, lambda c: "failed" if (c.rate, c.seed) == (1e-2, 2) else groups(c))
    assert [k for k, verdict in enumerate(found) if verdict == "undecided"] == [1, 6]
    start = outcome_of(KNOBS, lambda c: "failed" if groups(c)["groups"] == 40 and c.seed == 0 else groups(c))
    assert start == ["undecided"] * 10, "the first value is in every comparison"


@pytest.mark.parametrize("study", [DROPOUT, KNOBS, GENERALIZATION], ids=lambda study: study.name)
def test_whatever_is_lost_no_statement_vanishes_and_none_rests_on_it(study):
    settings = study.presets["quick"]
    values = interpolated if study is GENERALIZATION else lambda case: condensed(case)[0] | groups(case)
    arrays = (lambda case: {}) if study is GENERALIZATION else lambda case: condensed(case)[1]
    records = [record_of(study, case, values(case), arrays(case)) for case in study.cases(settings, seed=0)]
    check_damage(study, settings, study.cases(settings, seed=0), records)


def interpolated(case, risk=1e-6):
    """From large weights the gap is large and grows with the width; from small ones it does neither."""
    large = case.exponent == 0
    return {"test_error": 0.1 + 1e-4 * case.width if large else 0.01, "groups": 90 if large else 5, "final_risk": risk}


def test_generalization_is_compared_at_equal_training_risk():
    """A share is one of seeds: where some are unknown it may be decided."""
    assert outcome_of(GENERALIZATION, interpolated) == ["holds"] * 8
    unfitted = outcome_of(GENERALIZATION, lambda case: interpolated(case, risk=1e-3))
    assert unfitted == ["undecided", "undecided", "fails", *["undecided"] * 5]
    turned_round = outcome_of(GENERALIZATION, lambda case: interpolated(case) | {"test_error": 1.0, "groups": 7})
    assert turned_round == ["fails", "fails", "holds", "holds", "holds", "fails", "fails", "fails"]


def test_generalization_is_not_judged_by_the_seeds_that_came_to_the_risk():
    """One of five seeds is lost, or did not come to the risk: the other four do not speak for it."""

    def adam(case, what):
        return what if (type(case), case.exponent, case.seed, case.width) == (DescentCase, 3, 4, 200) else None

    lost = outcome_of(GENERALIZATION, lambda c: adam(c, "diverged") or interpolated(c))
    assert lost == ["undecided"] * 3 + ["holds"] * 5
    slow = outcome_of(GENERALIZATION, lambda c: adam(c, interpolated(c, risk=1e-3)) or interpolated(c))
    assert slow == ["undecided", "undecided", "fails", *["holds"] * 5]
    flow = outcome_of(GENERALIZATION, lambda c: "failed" if c.seed == FRESH_FLOWS + 7 else interpolated(c))
    assert flow == ["holds"] * 5 + ["undecided"] * 3, "19 of 20 seeds decide a share"


def test_a_gap_that_grows_with_the_width_is_told_method_by_method():
    def growing(kind, until, case):
        grown = type(case) is kind and case.exponent == 3 and case.seed % FRESH_FLOWS < until
        return interpolated(case) | ({"test_error": 0.01 + 1e-6 * case.width} if grown else {})

    assert outcome_of(GENERALIZATION, lambda c: growing(DescentCase, 5, c))[3:5] == ["fails", "holds"]
    assert outcome_of(GENERALIZATION, lambda c: growing(FlowCase, 20, c))[3:5] == ["holds", "fails"]
    assert [outcome_of(GENERALIZATION, lambda c, k=k: growing(FlowCase, k, c))[4] for k in (14, 15)] == [
        "holds",
        "fails",
    ], "15 of 20 heads of a fair coin are rarer than one in twenty"

    def one_too_good(case):
        chosen = (case.width, case.seed, case.exponent) == (50, FRESH_FLOWS, 0)
        return interpolated(case) | ({"test_error": 0.01} if chosen else {})

    one = outcome_of(GENERALIZATION, one_too_good)
    assert one == ["holds"] * 5 + ["fails", "holds", "holds"], "at one width and seed the large scale is no worse"
    spot = outcome_of(GENERALIZATION, lambda c: interpolated(c) | ({"test_error": 1.0} if c.samples == 7 else {}))
    assert spot == ["holds"] * 7 + ["fails"]


def test_too_few_seeds_cannot_tell_growth_from_even_odds():
    settings = replace(GENERALIZATION.presets["quick"], seeds=4, flows=4)
    found = decided(GENERALIZATION, made_up(GENERALIZATION, settings, interpolated), settings)
    assert found == ["holds"] * 3 + ["undecided"] * 2 + ["holds"] * 3


def test_even_odds_against_the_binomial_law():
    """The tail beyond the share is at most one in twenty, and the next smaller share has a larger one."""
    for seeds in (1, 5, 20, 100):
        most = round(even_odds(seeds) * seeds)
        tails = [sum(math.comb(seeds, k) for k in range(least, seeds + 1)) / 2**seeds for least in (most + 1, most)]
        assert tails[0] <= 0.05 < tails[1]


def test_a_spot_has_no_samples():
    spot = flows.make_task("missing_spot", 7)
    assert spot.inputs.shape == (40, 2) and np.linalg.norm(spot.inputs, axis=1).min() > 0.5
    assert np.linalg.norm(spot.heldout_inputs, axis=1).max() <= 0.5 and len(spot.heldout_inputs) > 200
    x = spot.heldout_inputs
    expected = np.tanh(3 * x[:, 0] + x[:, 1]) + np.tanh(3 * x[:, 1] - x[:, 0])
    np.testing.assert_allclose(spot.heldout_targets[:, 0], expected, rtol=1e-13)


@pytest.mark.parametrize("task", ["two_tanh", pytest.param("missing_spot", marks=pytest.mark.more)])
def test_a_small_flow_comes_to_its_risk(task):
    small, large = (
        flows.run(FlowCase(task, 20 if task == "two_tanh" else 7, 3, 20, exponent, 1e-3), lambda *_: None)
        for exponent in (3.0, 0.0)
    )
    assert 0 < small.values["final_risk"] <= 1e-3 >= large.values["final_risk"] > 0
    assert small.values["test_error"] < large.values["test_error"] and small.values["groups"] < large.values["groups"]
    assert ("plane" in small.arrays) == (task == "missing_spot")


SMALL = DescentCase(task="two_tanh", samples=20, seed=0, width=10, exponent=0.2, rate=1e-2, steps=200)


def test_small_descents_of_every_kind():
    plain, other = KNOBS.run_batch([SMALL, replace(SMALL, exponent=3.0)])
    assert plain.status == other.status == "done"
    assert plain.arrays["risk"][-1] < plain.arrays["risk"][0] and plain.values["steps"] == 200
    assert plain.values["final_risk"] == plain.arrays["risk"][-1] != other.values["final_risk"]
    assert other.values["groups"] < plain.values["groups"], "small weights have condensed"
    noisy, again = DROPOUT.run_batch([replace(SMALL, drop=0.5), replace(SMALL, drop=0.1)])
    assert len({plain.values["final_risk"], noisy.values["final_risk"], again.values["final_risk"]}) == 3
    (mean,) = DROPOUT.run_batch([replace(SMALL, drop=0.5, penalty=True)])
    assert mean.values["final_risk"] > plain.values["final_risk"], "the penalty is paid for by the risk"


def test_gradient_descent_takes_its_rate_in_units_of_the_steepest_curvature():
    """Well below 2/λ₀ every step lowers the risk; far above, the first ones raise it."""
    slow, fast = KNOBS.run_batch([replace(SMALL, descent=0.1), replace(SMALL, descent=4.0)])
    assert np.all(np.diff(slow.arrays["risk"]) < 0) and fast.arrays["risk"][1] > fast.arrays["risk"][0]


def test_a_small_teacher_and_a_risk_that_ends_the_run():
    teacher = replace(SMALL, task="teacher_uniform", samples=10, exponent=1.0, risk=1e-3, steps=2000)
    (outcome,) = GENERALIZATION.run_batch([teacher])
    assert outcome.status == "done" and outcome.values["steps"] < 2000
    assert 0.2e-3 < outcome.values["final_risk"] <= 1.01e-3
    assert outcome.arrays["weights"].shape == (outcome.values["strong"], 11)
    assert "function" not in outcome.arrays and np.all(outcome.arrays["groups"] >= 1)


def test_an_interrupted_descent_is_no_result_and_a_diverged_one_takes_no_other_with_it(monkeypatch):
    with monkeypatch.context() as patch:
        ended(patch, "ensemble", Stop.INTERRUPTED)
        with pytest.raises(KeyboardInterrupt):
            KNOBS.run_batch([SMALL, replace(SMALL, seed=1)])
    ended(monkeypatch, "ensemble", Stop.NOT_FINITE)
    first, second = KNOBS.run_batch([SMALL, replace(SMALL, seed=1)])
    assert (first.status, first.message, second.status) == ("diverged", Stop.NOT_FINITE.value, "done")
