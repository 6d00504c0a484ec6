"""Dropout, knobs and generalization: claims on made-up records, and the descents that they share."""

from dataclasses import replace

import numpy as np
import pytest

from condenslab import studies
from condenslab.studies.knobs.draw import turned
from condenslab.studies.shared.descents import DescentCase
from condenslab.training import Stop
from judging import check_damage, decided, ended, judged, made_up

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


def condensed(case):
    return {"orientations": 2 if case.drop else 90, "strong": 100}


def test_dropout_claims():
    assert outcome_of(DROPOUT, condensed) == ["holds"] * 7
    assert outcome_of(DROPOUT, condensed, "full") == ["holds"] * 12, "once for each law of the teacher's inputs"
    nothing = outcome_of(DROPOUT, lambda case: {"orientations": 90, "strong": 100})
    assert nothing == ["fails", "fails", "holds", "fails", "fails", "fails", "fails"]
    assert outcome_of(DROPOUT, lambda case: {"orientations": 3, "strong": 100})[2] == "fails"
    assert set(outcome_of(DROPOUT, condensed, "tiny")) == {"undecided"}, "too few steps"


def test_dropout_is_not_judged_by_the_seeds_that_finished():
    def lost(case):
        return "diverged" if case.task != "two_tanh" and case.seed == 1 and not case.drop else condensed(case)

    assert outcome_of(DROPOUT, lost) == ["holds", "holds", "undecided", "undecided", "undecided", "holds", "holds"]
    assert outcome_of(DROPOUT, lambda case: None) == ["undecided"] * 7


def groups(case):
    return {"groups": 40 - 10 * (case.exponent > 0.2) - 5 * (case.rate > 1e-3) - (case.decay > 0) - (case.drop > 0)}


def test_knobs_compare_the_last_value_with_the_baseline_seed_by_seed():
    settings = KNOBS.presets["quick"]
    records = made_up(KNOBS, settings, groups)
    claims = judged(KNOBS, records, settings)
    assert [claim.verdict for claim in claims] == ["holds"] * 4
    assert [claim.measured for claim in claims] == [[10] * 3, [5] * 3, [1] * 3, [1] * 3]
    assert {value: len(runs) for value, runs in turned(records, "drop").items()} == {0.0: 3, 0.05: 3, 0.1: 3, 0.2: 3}
    assert outcome_of(KNOBS, lambda case: {"groups": 40}) == ["fails"] * 4
    assert outcome_of(KNOBS, groups, "tiny") == ["undecided"] * 4


def test_a_lost_run_of_a_knob_decides_nothing_of_that_knob():
    assert outcome_of(KNOBS, lambda c: "failed" if (c.rate, c.seed) == (1e-2, 2) else groups(c)) == [
        "holds",
        "undecided",
        "holds",
        "holds",
    ]
    assert (
        outcome_of(KNOBS, lambda c: "failed" if groups(c)["groups"] == 40 and c.seed == 0 else groups(c))
        == ["undecided"] * 4
    ), "the baseline is in every comparison"


@pytest.mark.parametrize("study", [DROPOUT, KNOBS, GENERALIZATION], ids=lambda study: study.name)
def test_whatever_is_lost_no_statement_vanishes_and_none_rests_on_it(study):
    settings = study.presets["quick"]
    records = made_up(study, settings, lambda case: condensed(case) | groups(case) | interpolated(case))
    check_damage(study, settings, study.cases(settings, seed=0), records)


def interpolated(case, risk=1e-6):
    large = case.exponent == 0
    return {"test_error": 0.1 if large else 0.01, "groups": 90 if large else 5, "final_risk": risk}


def test_generalization_is_compared_at_equal_training_risk():
    assert outcome_of(GENERALIZATION, interpolated) == ["holds"] * 3
    unfitted = outcome_of(GENERALIZATION, lambda case: interpolated(case, risk=1e-3))
    assert unfitted == ["undecided", "undecided", "fails"]
    turned_round = outcome_of(GENERALIZATION, lambda case: interpolated(case) | {"test_error": 1.0, "groups": 7})
    assert turned_round == ["fails", "fails", "holds"]


def test_generalization_is_not_judged_by_the_seeds_that_came_to_the_risk():
    """One of five seeds is lost, or did not come to the risk: the other four do not speak for it."""
    lost = outcome_of(GENERALIZATION, lambda c: "diverged" if c.exponent == 3 and c.seed == 4 else interpolated(c))
    assert lost == ["undecided"] * 3
    slow = outcome_of(GENERALIZATION, lambda c: interpolated(c, risk=1e-3 if c.seed == 4 else 1e-6))
    assert slow == ["undecided", "undecided", "fails"]


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
