"""The study of trajectories: resting levels of a made-up run, and claims on made-up records."""

from dataclasses import asdict
from itertools import pairwise

import numpy as np
import pytest

from condenslab import studies
from condenslab.studies.trajectory.claims import (
    LEVELS,
    PAIR_AMPLITUDE,
    PAIR_ANGLES,
    STATEMENTS,
    decide,
    nearest,
    resting_levels,
)
from condenslab.sweeps import Record

STUDY = studies.get("trajectory")
TIMES = np.geomspace(1, 1e5, 400)


def staircase(levels):
    """A risk that rests at each level for a decade and then falls within a tenth of one."""
    logs = np.log10(TIMES)
    return np.exp(
        sum((np.log(b / a)) / (1 + np.exp(-60 * (logs - k - 1))) for k, (a, b) in enumerate(pairwise(levels)))
        + np.log(levels[0])
    )


def four(seed, levels, counts=(1, 3, 4)):
    case = STUDY.cases(STUDY.presets["quick"], seed=seed, data=None)[0]
    arrays = {
        "times": TIMES,
        "risk": staircase(levels),
        "group_times": np.array([20.0, 1e3, 1e5]),
        "group_counts": np.array(counts),
    }
    return Record(STUDY.name, str(seed), asdict(case), "done", "", {}, arrays)


def pair(angles, amplitudes):
    case = STUDY.cases(STUDY.presets["quick"], seed=0, data=None)[-1]
    values = {"dominant_groups": len(angles), "dominant_angles": list(angles), "dominant_amplitudes": list(amplitudes)}
    return Record(STUDY.name, "pair", asdict(case), "done", "", values)


def test_a_run_rests_where_it_is_slowest():
    found = resting_levels(TIMES, staircase([0.3, 0.02, 0.004, 1e-4]))
    for level in (0.3, 0.02, 0.004, 1e-4):
        assert np.abs(found / level - 1).min() < 0.01
    steady = TIMES**-1.0
    assert resting_levels(TIMES, steady).size == 0


def test_published_levels_hold_within_fifteen_percent_on_one_run():
    near, far = four(1, [0.4, 0.028, 0.0058, 0.0027, 1.1e-4]), four(0, [0.4, 0.028, 6e-4, 1e-5])
    assert nearest([far, near]) is near
    claims = decide([far, near, pair(PAIR_ANGLES, [PAIR_AMPLITUDE] * 2)])
    assert [c.verdict for c in claims] == ["holds"] * 8
    assert [c.verdict for c in decide([far])[:4]] == ["holds", "fails", "fails", "fails"]
    assert decide([four(0, [0.4, *LEVELS], counts=(3, 2, 1))])[4].verdict == "fails"


def test_the_pair_is_read_in_any_order_and_can_fail():
    swapped = pair(PAIR_ANGLES[::-1], [PAIR_AMPLITUDE, PAIR_AMPLITUDE * 1.005])
    assert [c.verdict for c in decide([swapped])[2:]] == ["holds"] * 3
    wrong = pair([0.0, 1.0], [PAIR_AMPLITUDE, 0.3])
    assert [c.verdict for c in decide([wrong])[2:]] == ["holds", "fails", "fails"]
    single = pair([0.0], [0.3])
    assert [c.verdict for c in decide([single])[2:]] == ["fails", "undecided", "undecided"]


def test_the_pair_is_the_target():
    """Two neurons of these orientations and this amplitude are 0.2·R(x − 1/3) + 0.2·R(−x − 1/3)."""
    x = np.linspace(-1, 1, 9)
    sums = sum(PAIR_AMPLITUDE * np.maximum(np.cos(a) * x + np.sin(a), 0) for a in PAIR_ANGLES)
    np.testing.assert_allclose(sums, 0.2 * np.maximum(x - 1 / 3, 0) + 0.2 * np.maximum(-x - 1 / 3, 0), atol=1e-15)


def test_without_runs_nothing_is_decided():
    assert [c.verdict for c in decide([])] == ["undecided"] * 5
    assert all(any(c.statement.startswith(s) for s in STATEMENTS) for c in decide([]))
    assert STUDY.seconds_per_member(STUDY.cases(STUDY.presets["full"], seed=0, data=None)[0]) == pytest.approx(0.6)
