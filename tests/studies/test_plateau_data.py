"""The study of data and plateaus: claims on made-up records, its samples, and a small run."""

from dataclasses import replace

import numpy as np
import pytest

from condenslab import studies
from condenslab.studies.plateau_data.cases import EscapeCase, Settings, make_cases
from condenslab.studies.plateau_data.claims import LEFT
from condenslab.studies.plateau_data.runs import _risk
from condenslab.sweeps import Record
from condenslab.training import Stop
from judging import decided, ended, judged, record_of

STUDY = studies.get("plateau_data")
NESTED = Settings(nested_seeds=1, interval_seeds=0)


def escape(samples, step, seed=0, rested=2.0):
    before = np.geomspace(1, 50_000, 60)
    left = before < 50_000 / 10**rested
    arrays = {
        "times_before": before,
        "risk_before": np.where(left, 1.0, 0.11),
        "times": np.array([0, step or 1_500_000]),
        "risk": np.array([0.11, LEFT if step else 0.1]),
    }
    case = EscapeCase("nested", 70, 100, samples, seed, 3, 50, 0.01, 50_000, 1_500_000)
    return record_of(STUDY, case, {"final_risk": float(arrays["risk"][-1]), "escape": step}, arrays)


def test_sooner_holds_and_later_fails():
    records = [escape(100, 10_000), escape(80, 20_000), escape(70, 60_000)]
    (claim,) = judged(STUDY, records, NESTED)
    assert claim.verdict == "holds" and claim.measured[0] == 2
    assert claim.figure in {drawing.title for drawing in STUDY.draw(records)}
    assert decided(STUDY, [escape(70, 100), escape(80, 200), escape(100, 50)], NESTED) == ["fails"]
    assert decided(STUDY, [escape(70, 100), escape(80, 100), escape(100, 50)], NESTED) == ["fails"]


def test_a_run_that_stays_took_at_least_its_steps():
    assert decided(STUDY, [escape(70, None), escape(80, 500), escape(100, 400)], NESTED) == ["holds"]
    assert decided(STUDY, [escape(70, 500), escape(80, 400), escape(100, None)], NESTED) == ["fails"]
    (claim,) = judged(STUDY, [escape(70, 500), escape(80, None), escape(100, 400)], NESTED)
    assert claim.verdict == "fails" and claim.measured == [500 / 1_500_000]
    assert "seed 0 with 80 samples stays for 1,500,000 steps" in claim.reason
    assert decided(STUDY, [escape(70, None), escape(80, None), escape(100, 400)], NESTED) == ["undecided"]


def test_what_was_not_on_a_plateau_or_is_missing_settles_nothing():
    records = [escape(70, 300), escape(80, 200), escape(100, 100, rested=0.3)]
    (claim,) = judged(STUDY, records, NESTED)
    assert claim.verdict == "undecided" and "0.2" in claim.reason
    assert decided(STUDY, records[:2], NESTED) == ["undecided"]
    lost = records[0]
    records = [Record(lost.study, lost.id, lost.case, "diverged", "Lost."), *records[1:2], escape(100, 100)]
    assert decided(STUDY, records, NESTED) == ["undecided"]
    assert decided(STUDY, [], Settings()) == ["undecided"] * 2


def test_samples_of_a_longer_grid_include_the_fewer_ones():
    """On [−15, 15] with 100 points their distance is 30/99; denser grids end at ±15 whatever their number."""
    grids = {}
    for case in make_cases(Settings(), 0):
        inputs = np.asarray(_risk(case, case.samples).inputs)[:, 0]
        grids[case.grid, case.samples] = inputs
        assert inputs.size == case.samples and np.allclose(inputs, -inputs[::-1], atol=1e-12)
    for samples in (70, 80, 100):
        nested, interval = grids["nested", samples], grids["interval", samples]
        assert np.allclose(np.diff(nested), 30 / 99) and np.isin(nested, grids["nested", 100]).all()
        assert interval[0] == -15 and interval[-1] == 15
    with np.errstate(all="raise"):
        assert np.abs(grids["nested", 70]).max() == pytest.approx(69 / 2 * 30 / 99)


def test_a_small_run_goes_on_where_it_was(monkeypatch):
    """With as many samples as before, both parts are one run of gradient descent; what fails is told."""
    settings = replace(NESTED, samples=(6, 8), depth=2, width=4, std=0.5, before=50, steps=70)
    cases = [case for case in make_cases(settings, 0) if case.samples == 6]
    (parted,) = STUDY.run_batch(cases)
    (whole,) = STUDY.run_batch([replace(case, before=119, steps=1) for case in cases])
    assert parted.status == whole.status == "done"
    # The risk of the same parameters, by two programs: each sums in an order of its own.
    assert parted.arrays["risk"][0] == pytest.approx(parted.arrays["risk_before"][-1], rel=1e-14)
    assert parted.values["final_risk"] == pytest.approx(whole.values["final_risk"], rel=1e-12)
    with monkeypatch.context() as patch:
        ended(patch, "ensemble", Stop.NOT_FINITE)
        assert [outcome.status for outcome in STUDY.run_batch(cases)] == ["diverged"]
    ended(monkeypatch, "ensemble", Stop.INTERRUPTED)
    with pytest.raises(KeyboardInterrupt):
        STUDY.run_batch(cases)
