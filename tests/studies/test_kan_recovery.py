"""Training spline networks: claims on made-up records, the design of the samples, and small runs."""

import itertools
import math

import numpy as np
import pytest

from condenslab import studies
from condenslab.networks import parameter_count
from condenslab.studies.kan_recovery.cases import PRESETS, STEP, RankCase, Settings, TrainCase, parameters
from condenslab.studies.kan_recovery.claims import RECOVERED
from condenslab.sweeps import described
from judging import check_damage, decided, judged, made_up

STUDY = studies.get("kan_recovery")
SMALL = Settings(seeds=3)
RANKS = {0: 15, 1: 22, 2: 36}
NEEDED = {(1, 0): 15, (2, 0): 15, (4, 0): 15, (1, 1): 24, (1, 2): 38}


def theory(case, needed=NEEDED, rank=RANKS, sure=True):
    """Values as the rank predicts them, or others."""
    if type(case) is RankCase:
        return {"rank": rank[case.refinements], "rank_decided": sure}
    enough = case.samples >= needed[case.width, case.refinements]
    return {"test_error": RECOVERED if enough else 1.0}


def verdict(**change):
    return decided(STUDY, made_up(STUDY, SMALL, lambda case: theory(case, **change)), SMALL)


def test_what_should_be_holds_and_each_claim_can_fail():
    records = made_up(STUDY, SMALL, theory)
    assert decided(STUDY, records, SMALL) == ["holds"] * 6
    assert decided(STUDY, [], SMALL) == ["undecided"] * 6
    check_damage(STUDY, SMALL, STUDY.cases(SMALL, seed=0), records, seeds=5)
    assert verdict(needed=NEEDED | {(2, 0): 12}) == ["fails"] + ["holds"] * 5, "recovers below the rank"
    assert verdict(needed=NEEDED | {(4, 0): 24})[1:5:3] == ["fails", "fails"], "the width costs samples"
    assert verdict(needed=NEEDED | {(1, 2): 15}, rank=dict.fromkeys(RANKS, 15))[2:4] == ["fails", "fails"]
    assert verdict(needed=NEEDED | {(1, 2): 60})[5] == "fails", "more than the rank says"
    assert verdict(sure=False) == ["undecided", "holds", "holds", "holds", "undecided", "undecided"]


def test_what_needs_more_samples_than_were_tried_needs_that_many_at_least():
    fine = verdict(needed=NEEDED | {(1, 2): 99})
    assert fine == ["holds"] * 5 + ["undecided"]
    wide = verdict(needed=NEEDED | {(4, 0): 99})
    assert wide[1] == "fails" and wide[3:5] == ["undecided", "undecided"], "60 of 15 samples are too many already"
    late = dict.fromkeys(NEEDED, 60) | {(4, 0): 99}
    assert verdict(needed=late)[1] == "undecided"


def test_a_failing_width_says_how_many_runs_had_not_come_to_their_risk():
    def values(case):
        late = {"final_risk": 1e-6 if getattr(case, "samples", 0) > 40 and case.width == 4 else 1e-10}
        return theory(case, needed=NEEDED | {(4, 0): 24}) | late

    for claim in judged(STUDY, made_up(STUDY, SMALL, values), SMALL)[1:5:3]:
        assert "end 6 of 27 runs of 72 parameters and 0 of 27 runs of 18 parameters" in claim.reason


def test_a_number_after_which_one_fails_does_not_count():
    def values(case):
        return {"test_error": 1.0} if getattr(case, "samples", 0) == 48 and case.refinements == 2 else theory(case)

    claim = judged(STUDY, made_up(STUDY, SMALL, values), SMALL)[2]
    assert "60, 60, 60 against 15, 15, 15" in claim.statement and claim.measured == pytest.approx(4.0)


def test_the_numbers_tried_are_no_further_apart_than_a_step():
    for name in ("quick", "full"):
        tried = PRESETS[name].samples
        assert all(b / a <= STEP for a, b in itertools.pairwise(tried)), name
    cases = [case for case in STUDY.cases(SMALL, seed=0) if type(case) is TrainCase]
    assert len({STUDY.id(case) for case in cases}) == len(cases) == 5 * 9 * 3
    assert described(cases[0])["most"] == 60


def test_samples_are_spread_over_each_coordinate_and_targets_are_no_starts():
    from condenslab.studies.kan_recovery import runs
    from condenslab.studies.shared.splines import spline_target

    for n in (1, 7, 60):
        points = runs.stratified(3, n)
        cells = np.floor((points + 1) / 2 * n).astype(int)
        assert points.shape == (n, 2) and [sorted(column) for column in cells.T] == [list(range(n))] * 2
    case = TrainCase(4, 1, 10, 60, 0, 1e-2, 1e-2, 5, 1e-10)
    start = runs._start(case)
    assert parameter_count(start) == parameters(4, 1) and start.widths == (2, 4, 1)
    assert max(float(np.abs(c).max()) for c in start.coefficients) < 0.06
    target = spline_target(0, 1, 3)
    one = runs._start(TrainCase(1, 0, 10, 60, 0, 1e-2, 1e-2, 5, 1e-10))
    angle = np.corrcoef(np.ravel(one.coefficients[0]), np.ravel(target.coefficients[0]))[0, 1]
    assert abs(angle) < 0.9
    risk = runs._risk(case, target)
    assert float(risk.value(target)) == 0 and risk.weights is not None and float(risk.weights.sum()) == 10


@pytest.mark.more
def test_training_recovers_a_target_from_many_samples_and_not_from_few():
    from condenslab.studies.kan_recovery.runs import measure, run

    def silent(fraction, text):
        """Takes progress."""

    assert measure(RankCase(4, 0, 0), silent).values["rank"] == measure(RankCase(1, 0, 0), silent).values["rank"] == 15
    cases = [TrainCase(1, 0, n, 60, 0, 1e-2, 1e-2, 10_000, 1e-10) for n in (5, 60)]
    few, many = (outcome.values for outcome in run(cases, silent))
    assert few["test_error"] > RECOVERED > many["test_error"] and few["final_risk"] < 1e-6
    assert math.isfinite(many["final_risk"])
