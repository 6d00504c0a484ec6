"""Knobs and sample efficiency: claims on made-up records, the interval, the task, and a readable figure."""

import numpy as np
import pytest
from scipy import stats

from condenslab import figures, studies
from condenslab.studies.knob_efficiency.cases import KNOBS, Settings
from condenslab.studies.knob_efficiency.claims import SILENT, upper_end
from condenslab.studies.shared.descents.runs import make_task
from judging import check_damage, decided, judged, made_up

STUDY = studies.get("knob_efficiency")
SMALL = Settings(seeds=3)
FIRST = {"exponent": 0.2, "rate": 1e-3, "descent": 0.1, "decay": 0.0, "drop": 0.0}


def errors(worse="", by=3.0):
    """Every turn halves the error, but of one knob, whose last value raises it; seeds differ by a tenth."""

    def values(case):
        turned = [knob for knob in KNOBS if getattr(case, knob) != FIRST[knob] and (knob != "descent" or case.descent)]
        base = 1e-2 * (1 + case.seed / 10)
        if not turned:
            return {"test_error": base, "final_risk": 1e-6}
        raised = turned == [worse] and case.drop in (0, 0.2)
        return {"test_error": base * (by if raised else 0.5), "final_risk": 1e-6}

    return values


def verdict(values):
    return decided(STUDY, made_up(STUDY, SMALL, values), SMALL)


def test_every_turn_must_lower_the_error_and_each_claim_can_fail():
    records = made_up(STUDY, SMALL, errors())
    assert decided(STUDY, records, SMALL) == ["holds"] * len(KNOBS)
    assert decided(STUDY, [], SMALL) == ["undecided"] * len(KNOBS)
    check_damage(STUDY, SMALL, STUDY.cases(SMALL, seed=0), records, seeds=5)
    for number, knob in enumerate(KNOBS):
        found = verdict(errors(worse=knob))
        assert [k for k, said in enumerate(found) if said == "fails"] == [number], knob
    one = judged(STUDY, records, SMALL)[0]
    assert "0.2: 1.1e-02 at training risk 1e-06, 0 of 3 below 0.001" in one.statement and len(one.measured) == 3


def test_a_mean_that_is_lower_by_luck_does_not_hold():
    def values(case):
        lucky = 0.01 if case.seed == 0 else 1.2
        return {"test_error": lucky if case.decay else 1.0, "final_risk": 1e-6}

    assert np.exp(np.mean(np.log([0.01, 1.2, 1.2]))) < 1
    assert verdict(values)[3] == "fails"


@pytest.mark.parametrize("number", [2, 3, 10, 20, 30])
def test_the_interval_is_student_s(number):
    logs = np.random.default_rng(number).normal(size=number)
    end = stats.t.interval(0.95, number - 1, logs.mean(), stats.sem(logs))[1]
    found = np.log10(upper_end([float(10**value) for value in logs]))
    assert found == pytest.approx(end, rel=1e-9)


def test_a_run_that_left_the_finite_numbers_predicts_no_better_than_nothing():
    def values(case):
        return "diverged" if case.descent == 4 and case.seed == 1 else errors()(case)

    claim = judged(STUDY, made_up(STUDY, SMALL, values), SMALL)[2]
    assert claim.verdict == "fails" and "left the finite numbers and counted with the error of 0: 1" in claim.statement
    x = np.linspace(-15, 14, 20_001)
    assert pytest.approx(np.mean((np.tanh(x - 7) + np.tanh(x) + np.tanh(x + 7)) ** 2), rel=2e-3) == SILENT


def test_settings_that_can_say_nothing_say_so():
    few = Settings(seeds=2, steps=100, drops=(0.0,))
    claims = judged(STUDY, made_up(STUDY, few, errors()), few)
    assert {claim.verdict for claim in claims} == {"undecided"}
    assert "nothing to compare" in claims[-1].reason and "come to rest" in claims[0].reason


def test_the_samples_are_the_published_ones():
    case = STUDY.cases(SMALL, seed=0)[0]
    task = make_task(case)
    assert task.inputs.shape == (12, 1) and (task.inputs.min(), task.inputs.max()) == (-15, 14)
    x = task.heldout_inputs[:, 0]
    np.testing.assert_allclose(task.heldout_targets[:, 0], np.tanh(x - 7) + np.tanh(x) + np.tanh(x + 7), rtol=1e-12)
    assert len(x) == 1000


def test_the_figure_is_readable():
    drawn = STUDY.draw(made_up(STUDY, SMALL, errors()))
    assert len(drawn) == 1 and not figures.unreadable(drawn[0].figure)
    shown = [ax for ax in drawn[0].figure.axes if ax.get_visible()]
    assert [len(ax.get_xticks()) for ax in shown] == [4, 3, 2, 3, 4]
