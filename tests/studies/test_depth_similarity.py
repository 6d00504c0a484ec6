"""The study of depths: claims on made-up records, and a small run."""

from dataclasses import replace

import numpy as np
import pytest

from condenslab import studies
from condenslab.studies.depth_similarity.cases import DepthCase, Settings
from condenslab.studies.depth_similarity.claims import CONSTANT, LEVELS, SETOSA, accuracy_at_crossing
from condenslab.sweeps import Record
from condenslab.training import Stop
from judging import decided, ended, judged, record_of
from staircases import staircase

STUDY = studies.get("depth_similarity")
THREE = Settings(seeds=1, printed_seeds=0)
TWO = replace(THREE, depths=(3, 4))


def similar(depth, seed=0, levels=(0.22, 0.109, 0.0245), delay=1.0):
    times, risk = staircase(levels, [3, 300 * delay, 5000 * delay])
    accuracy = np.interp(-risk, [-1, -0.22, -0.11, -0.025], [0.33, 0.36, 0.67, 0.97])
    arrays = {"times": times, "risk": risk, "accuracy": accuracy}
    return record_of(STUDY, DepthCase(depth, 50, seed, 0.07, 20_000, 5e-3), {}, arrays)


def test_shared_plateaus_and_later_escapes_hold():
    records = [similar(3), similar(4, delay=2.0), similar(5, delay=4.0)]
    claims = judged(STUDY, records, THREE)
    assert [claim.verdict for claim in claims] == ["holds"] * 6
    assert claims[-1].measured[0] > 1.8
    assert {claim.figure for claim in claims} == {drawing.title for drawing in STUDY.draw(records)}
    assert abs(accuracy_at_crossing(similar(3), 0.11) - 0.67) < 0.05 and accuracy_at_crossing(similar(3), 1e-3) is None


def test_other_levels_or_an_early_escape_fail():
    assert decided(STUDY, [similar(3, delay=2.0), similar(4)], TWO)[-1] == "fails"
    other = decided(STUDY, [similar(3), similar(4, levels=(0.22, 0.14, 0.025), delay=2.0)], TWO)
    assert other[:3] == ["holds", "fails", "holds"]


@pytest.mark.parametrize("status", ["diverged", "failed", None])
def test_a_seed_without_one_of_its_runs_leaves_the_claims_undecided(status):
    lost = similar(4, seed=1, delay=2.0)
    records = [similar(3), similar(4, delay=2.0), similar(3, seed=1)]
    records += [Record(lost.study, lost.id, lost.case, status, "Lost.")] if status else []
    claims = judged(STUDY, records, replace(TWO, seeds=2))
    assert {claim.verdict for claim in claims} == {"undecided"}
    assert "for each of 2 seeds (1 of them unknown)" in claims[0].statement


def test_short_runs_and_none_settle_nothing():
    short = judged(STUDY, [similar(3), similar(4)], replace(TWO, steps=500))
    assert {claim.verdict for claim in short} == {"undecided"} and "too few" in short[0].reason
    assert [claim.verdict for claim in judged(STUDY, [], Settings())] == ["undecided"] * 12


def test_the_levels_of_the_figure_are_those_of_simple_functions():
    """The best constant has R = 2/9; setosa told apart leaves 100 of 150 samples with (1/4 + 1/4)/3 each: 1/9."""
    targets = np.repeat(np.eye(3), 50, axis=0)
    assert np.isclose(np.mean((targets - targets.mean(axis=0)) ** 2), CONSTANT)
    apart = np.repeat([[1, 0, 0], [0, 0.5, 0.5], [0, 0.5, 0.5]], 50, axis=0)
    assert np.isclose(np.mean((targets - apart) ** 2), SETOSA)
    assert abs(CONSTANT / LEVELS[0] - 1) < 0.1 and abs(SETOSA / LEVELS[1] - 1) < 0.1


def test_a_small_network_goes_from_zero_to_the_class_means(monkeypatch):
    """From tiny weights f = 0, of R = 1/3; the output biases alone then lead down to the best constant, R = 2/9."""
    cases = [DepthCase(2, 4, seed, 1e-4, 2000, 0.05) for seed in (0, 1)]
    for outcome in STUDY.run_batch(cases):
        assert outcome.status == "done" and outcome.arrays["risk"][0] == pytest.approx(1 / 3, rel=1e-3)
        assert outcome.values["final_risk"] == pytest.approx(CONSTANT, rel=1e-2)
    with monkeypatch.context() as patch:
        ended(patch, "ensemble", Stop.NOT_FINITE)
        assert [outcome.status for outcome in STUDY.run_batch(cases)] == ["diverged", "done"]
    ended(monkeypatch, "ensemble", Stop.INTERRUPTED)
    with pytest.raises(KeyboardInterrupt):
        STUDY.run_batch(cases)
