"""The study of trajectories: resting levels of a made-up run, and claims on made-up records."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from condenslab import studies
from condenslab.studies.shared.resting import nearest_rest, resting_levels
from condenslab.studies.trajectory.cases import Case, Settings
from condenslab.studies.trajectory.claims import LEVELS, PAIR_AMPLITUDE, PAIR_ANGLES, nearest
from condenslab.studies.trajectory.draw import ends
from condenslab.sweeps import Record
from condenslab.training import Stop
from judging import decided, ended, judged, record_of

STUDY = studies.get("trajectory")
TIMES = np.geomspace(1, 1e5, 400)
SETTINGS = Settings(seeds=1, pair_seeds=1)


def staircase(levels):
    """A risk that rests at each level for a decade and then falls within a tenth of one."""
    logs = np.log10(TIMES)
    return np.exp(
        sum((np.log(b / a)) / (1 + np.exp(-60 * (logs - k - 1))) for k, (a, b) in enumerate(pairwise(levels)))
        + np.log(levels[0])
    )


def four(seed, levels, counts=(1, 3, 4)):
    case = STUDY.cases(SETTINGS, seed=seed)[0]
    arrays = {
        "times": TIMES,
        "risk": staircase(levels),
        "group_times": np.array([20.0, 1e3, 1e5]),
        "group_counts": np.array(counts),
    }
    return record_of(STUDY, case, {}, arrays)


def pair(angles, amplitudes):
    case = STUDY.cases(SETTINGS, seed=0)[-1]
    values = {"dominant_groups": len(angles), "dominant_angles": list(angles), "dominant_amplitudes": list(amplitudes)}
    return record_of(STUDY, case, values)


def test_neurons_are_drawn_with_the_group_that_they_end_in():
    """Two neurons end at the group of angle 1, one elsewhere, one at the group's angle but without amplitude."""
    ways = {
        "frame_angles": np.array([[0.0, 0.5, -1.0, 2.0], [1.0, 1.01, -2.0, 1.0]]),
        "frame_amplitudes": np.array([[1e-8] * 4, [1.0, 0.5, 0.5, 1e-4]]),
    }
    names, groups = ends(record_of(STUDY, STUDY.cases(SETTINGS, seed=0)[0], {"dominant_angles": [1.0]}, ways))
    assert names == ["+1.00 rad"] and groups.tolist() == [0, 0, -1, -1]


def test_a_run_rests_where_it_is_slowest():
    found = resting_levels(TIMES, staircase([0.3, 0.02, 0.004, 1e-4]))
    for level in (0.3, 0.02, 0.004, 1e-4):
        assert np.abs(found / level - 1).min() < 0.01
    steady = TIMES**-1.0
    assert resting_levels(TIMES, steady).size == 0


def test_the_nearest_rest_is_by_ratio():
    assert nearest_rest(TIMES, staircase([0.3, 0.02, 0.004, 1e-4]), 0.06) == pytest.approx(0.02, rel=0.05)
    assert nearest_rest(TIMES, TIMES**-1.0, 0.1) is None


NEAR, FAR = four(1, [0.4, 0.028, 0.0058, 1.05e-4]), four(0, [0.4, 0.028, 6e-4, 1e-5])
THE_PAIR = pair(PAIR_ANGLES, [PAIR_AMPLITUDE] * 2)


def test_one_run_has_to_rest_at_all_published_levels_and_every_run_at_the_first():
    assert nearest([FAR, NEAR]) is NEAR
    claims = judged(STUDY, [FAR, NEAR, THE_PAIR], replace(SETTINGS, seeds=2))
    assert [c.verdict for c in claims] == ["holds"] * 7
    assert "of 2 runs; 2 at 0.027, 1 at 0.0055, 1 at 0.0001" in claims[1].statement
    assert decided(STUDY, [FAR], SETTINGS)[:3] == ["holds", "fails", "holds"]
    off = four(0, [0.4, 0.031, 0.0055, 1e-4])
    assert decided(STUDY, [off], SETTINGS)[:3] == ["fails", "fails", "holds"]
    at_the_mark = four(0, [0.4, 0.027, 0.0028, 1e-4])
    assert decided(STUDY, [at_the_mark], SETTINGS)[:3] == ["holds", "fails", "fails"]
    assert decided(STUDY, [four(0, [0.4, *LEVELS], counts=(3, 2, 1))], SETTINGS)[3] == "fails"


def test_a_run_that_is_lost_leaves_open_what_rests_on_it():
    lost = Record(FAR.study, FAR.id, FAR.case, "failed", "Out of memory.")
    claims = judged(STUDY, [lost, NEAR, THE_PAIR], replace(SETTINGS, seeds=2))
    assert [c.verdict for c in claims] == ["undecided", "holds", "undecided", "undecided"] + ["holds"] * 3


def test_the_pair_is_read_in_any_order_and_can_fail():
    swapped = pair(PAIR_ANGLES[::-1], [PAIR_AMPLITUDE, PAIR_AMPLITUDE * 1.005])
    assert decided(STUDY, [swapped], SETTINGS)[4:] == ["holds"] * 3
    wrong = pair([0.0, 1.0], [PAIR_AMPLITUDE, 0.3])
    assert decided(STUDY, [wrong], SETTINGS)[4:] == ["holds", "fails", "fails"]
    single = pair([0.0], [0.3])
    assert decided(STUDY, [single], SETTINGS)[4:] == ["fails", "undecided", "undecided"]


def test_the_pair_is_the_target():
    """Two neurons of these orientations and this amplitude are 0.2·R(x − 1/3) + 0.2·R(−x − 1/3)."""
    x = np.linspace(-1, 1, 9)
    sums = sum(PAIR_AMPLITUDE * np.maximum(np.cos(a) * x + np.sin(a), 0) for a in PAIR_ANGLES)
    np.testing.assert_allclose(sums, 0.2 * np.maximum(x - 1 / 3, 0) + 0.2 * np.maximum(-x - 1 / 3, 0), atol=1e-15)


def test_without_runs_or_with_short_ones_nothing_is_decided():
    for settings in (SETTINGS, STUDY.presets["tiny"]):
        assert [claim.verdict for claim in judged(STUDY, [], settings)] == ["undecided"] * 7
    short = judged(STUDY, [], STUDY.presets["tiny"])[0]
    assert short.reason == "5,000 epochs are too few to come to rest: allow 100,000 at least"
    assert STUDY.seconds_per_member(STUDY.cases(STUDY.presets["full"], seed=0)[0]) == pytest.approx(0.6)


def test_small_runs_are_followed_from_the_start(monkeypatch):
    """From tiny weights f = 0, so that the risk starts at the mean of y²."""
    four_cases = [Case("four_relu", seed, 6, 1e-4, 0.1, 60) for seed in (0, 1)]
    for cases in (four_cases, [Case("relu_pair", 0, 6, 1e-4, 0.05, 60)]):
        for outcome in STUDY.run_batch(cases):
            start = np.mean(outcome.arrays["targets"] ** 2)
            assert outcome.status == "done" and outcome.arrays["risk"][0] == pytest.approx(start, rel=1e-4)
            assert outcome.values["final_risk"] == outcome.arrays["risk"][-1]
            assert ("group_counts" in outcome.arrays) == (cases is four_cases)
    with monkeypatch.context() as patch:
        ended(patch, "ensemble", Stop.NOT_FINITE)
        assert [outcome.status for outcome in STUDY.run_batch(four_cases)] == ["diverged", "done"]
    ended(monkeypatch, "ensemble", Stop.INTERRUPTED)
    with pytest.raises(KeyboardInterrupt):
        STUDY.run_batch(four_cases)
