"""The training_similarity study: its enumeration against a search, its counting and claims on made-up records."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import minimize

from condenslab import studies, tasks
from condenslab.studies.training_similarity import lines
from condenslab.studies.training_similarity.cases import (
    BINS,
    FRESH,
    PRESETS,
    LevelsCase,
    Settings,
    TrialCase,
    make_cases,
)
from condenslab.studies.training_similarity.reference import critical_functions
from condenslab.studies.training_similarity.spectrum import chance, peaks, unmatched
from condenslab.sweeps import Record
from condenslab.training import Stop
from judging import decided, ended, judged, record_of

STUDY = studies.get("training_similarity")
FIVE = Settings(widths=(1, 2, 3, 4, 15), trials=1, wide_trials=1, steps=100, inferred_steps=100, levels=1)


INCLUSION = 6
"""Place of the claim of inclusion with the printed rate; those with the inferred one follow."""


def record(case, values=None, arrays=None):
    return record_of(STUDY, case, values or {}, arrays or {})


def trial(width, seed, counts):
    full = np.zeros(BINS + 2, np.int32)
    for bin_number, count in counts.items():
        full[bin_number + 1] = count
    return record(TrialCase(width, seed, 100, 1e-3, 20, 0.05, 0.75), {"final_risk": 0.1}, {"counts": full})


def test_the_lowest_function_of_width_one_against_a_search():
    task = tasks.task("four_relu")
    x, y = task.inputs[:, 0], task.targets[:, 0]
    found = critical_functions(x, y, 1)

    def risk(theta):
        return np.mean((theta[0] * np.maximum(theta[1] * x + theta[2], 0) - y) ** 2)

    random = np.random.default_rng(0)
    ends = [minimize(risk, random.normal(size=3), method="Nelder-Mead", options={"maxiter": 4000}) for _ in range(12)]
    assert found.risks[0] == pytest.approx(min(end.fun for end in ends), rel=1e-6)
    assert np.mean(y**2) == pytest.approx(found.risks[-1])  # the zero function


def test_smooth_critical_functions_have_residuals_without_slope():
    """Of two ramps that meet no sample: the risk of any other ramps of the same active sets is higher."""
    task = tasks.task("four_relu", samples=9)
    x, y = task.inputs[:, 0], task.targets[:, 0]
    found = critical_functions(x, y, 2)
    assert found.risks[0] < critical_functions(x, y, 1).risks[0]
    for outputs in found.outputs[found.smooth]:
        bends = np.abs(np.diff(outputs, 2)) > 1e-9
        residual = outputs - y
        assert bends.sum() <= 4  # two kinks, each between two samples
        assert abs(residual @ outputs) < 1e-9  # scaling all output weights does not help


def test_bad_requests():
    with pytest.raises(ValueError, match="increasing"):
        critical_functions(np.array([1.0, 0.0]), np.zeros(2), 1)
    with pytest.raises(ValueError, match="width must be"):
        critical_functions(np.arange(3.0), np.zeros(3), 0)


def test_peaks_and_their_partners():
    shares = np.zeros(BINS)
    shares[[50, 51, 80]] = 0.3, 0.2, 0.005
    np.testing.assert_array_equal(peaks(shares), [50])
    assert unmatched(np.array([50, 60]), np.array([52, 90])) == 1
    assert unmatched(np.array([1]), np.array([], int)) == 1
    # Two peaks, both matched, where one bin in ten is near: 1/100.
    assert chance(np.array([10, 11]), np.array([10]), 50) == pytest.approx((0.01, 0.01))


CRITICAL = 10.0 ** np.array([-1.7375, -0.4875])
LEVELS = record(
    LevelsCase(1, 20),
    {"start_risk": 0.4},
    {"risks": CRITICAL, "all_risks": CRITICAL, "all_outputs": np.zeros((2, 4))},
)
INFERRED = TrialCase(1, FRESH, 100, 0.1, 20, 1.0, 1.5)


def inferred(width, counts, rests=()):
    """A run with the inferred setting that rests at functions of given risk."""
    run = trial(width, 0, counts)
    arrays = {"rest_risks": np.array([r for r, _ in rests]), "rest_outputs": np.array([f for _, f in rests])}
    return record(replace(INFERRED, width=width), {"final_risk": 0.1}, run.arrays | arrays)


NARROW = [trial(width, 0, {180: 50, 130: 50}) for width in (1, 2, 3, 4)]


def test_narrow_rests_have_to_be_wide_ones_and_not_the_reverse():
    """Widths 1 to 4 rest in bins 180 and 130; a wide net in the same, in one more of its own, or in one of them."""
    same = judged(STUDY, [LEVELS, *NARROW, trial(15, 0, {181: 10, 129: 90})], FIVE)
    told = [claim.verdict for claim in same]
    assert told[:6] == ["undecided", "holds", "fails", "undecided", "undecided", "fails"]
    assert same[0].reason == "so few peaks that all of them may match by chance"
    assert (same[INCLUSION].verdict, told[INCLUSION + 1 :]) == ("holds", ["undecided"] * 3)
    more = judged(STUDY, [LEVELS, *NARROW, trial(15, 0, {180: 10, 130: 10, 100: 80})], FIVE)
    assert more[INCLUSION].verdict == "holds", "wide networks have lines of their own"
    less = judged(STUDY, [LEVELS, *NARROW, trial(15, 0, {180: 100})], FIVE)[INCLUSION]
    assert (less.measured, less.reason) == (1, f"{lines.NO_REST} Without a partner: log₁₀ R = -1.74.")
    assert decided(STUDY, [LEVELS, trial(1, 0, {150: 100}), *NARROW[1:]], FIVE)[1] == "fails"


def test_the_published_lines_are_looked_for_at_any_width():
    """Bin k is at log₁₀ R = −5 + (k + ½)/40: seven bins for the seven lines, the last of them in a wide net alone."""
    bins = [round((line[0] + 5) * 40 - 0.5) for line in lines.LINES]
    runs = [inferred(width, dict.fromkeys(bins[:6], 10)) for width in (1, 2, 3, 4)]
    every = judged(STUDY, [LEVELS, *runs, inferred(15, dict.fromkeys(bins, 10))], FIVE)
    assert (every[INCLUSION + 1].verdict, every[INCLUSION + 2].verdict) == ("holds", "holds")
    assert "-4.86: 15" in every[INCLUSION + 1].statement
    lost = judged(STUDY, [LEVELS, *runs, inferred(15, dict.fromkeys(bins[:6], 10))], FIVE)[INCLUSION + 1]
    assert lost.verdict == "fails" and lost.reason == "No width has a peak at -4.86."


def test_where_networks_rest_they_are_compared_with_critical_functions():
    """R = 1/8: a rest 0.1 from the critical function of that risk is 0.2·√(2R) away; other risks do not count."""
    known = {
        "risks": np.array([0.125]),
        "all_risks": np.array([0.125, 0.5]),
        "all_outputs": np.array([np.zeros(4), np.ones(4)]),
    }
    levels = record(LevelsCase(1, 20), {"start_risk": 1.0}, known)

    def told(away):
        near, other = (0.126, np.full(4, away)), (0.2, np.full(4, 9.0))
        runs = [inferred(width, {180: 10}, [near, near, other]) for width in (1, 2, 3, 4, 15)]
        return judged(STUDY, [levels, *runs], FIVE)[-1]

    assert told(0.1).verdict == "holds" and "15 (1)" in told(0.1).statement
    assert told(0.1).measured == pytest.approx([0.1 / np.sqrt(0.252)] * 5) and told(0.2).verdict == "fails"


def test_a_lost_trial_leaves_the_spectrum_unknown():
    wide = trial(15, 0, {181: 10, 129: 90})
    lost = Record(wide.study, wide.id, wide.case, "diverged", "Lost.")
    told = decided(STUDY, [LEVELS, *NARROW, lost], FIVE)
    assert told == ["undecided", "holds", *["undecided"] * 8]
    assert decided(STUDY, [], FIVE) == ["undecided"] * 10


def at_width_2(width, seed, outputs, angle):
    arrays = {"counts": np.ones(BINS + 2, np.int32), "width_2_outputs": outputs}
    arrays |= {"width_2_angles": np.array([0.0, angle]), "width_2_amplitudes": np.array([1.0, -1.0])}
    return record(TrialCase(width, seed, 100, 1e-3, 20, 0.05, 0.75), {"width_2_away": 0.0}, arrays)


def test_at_the_level_of_width_two_functions_and_neurons_are_compared():
    """R = 1/8 makes √(2R) = 1/2: functions 0.1 apart are 0.2 of it apart, and 0.2 apart are 0.4 of it."""
    settings = replace(FIVE, widths=(2, 4, 15), levels=2)
    minimum = record(LevelsCase(2, 20), {"start_risk": 1.0}, {"risks": np.array([0.125]), "best_outputs": np.zeros(4)})

    def told(away, angle):
        trials = [at_width_2(2, 0, np.zeros(4), 1.0), at_width_2(4, 0, np.full(4, 0.1), 1.05)]
        claims = judged(STUDY, [minimum, *trials, at_width_2(15, 0, np.full(4, away), angle)], settings)
        return [(claim.verdict, pytest.approx(claim.measured)) for claim in claims[3:5]]

    assert told(0.1, 1.0) == [("holds", [0.0, 0.2, 0.2]), ("holds", [1.0, 1.0, 1.0])]
    assert told(0.2, 2.0) == [("fails", [0.0, 0.2, 0.4]), ("fails", [1.0, 1.0, 0.5])]


def test_widths_on_one_side_settle_nothing():
    claims = judged(STUDY, [], replace(FIVE, widths=(1, 2)))
    assert claims[0].reason == "the widths do not lie on both sides of 8"
    assert claims[2].reason == "2 widths are too few to be ordered: ask for 5"
    assert claims[3].reason == "the critical risks of width 2 were not asked for"


def test_every_step_of_a_training_is_counted(monkeypatch):
    """From small weights f = 0, of risk mean(y²): that bin has the first steps."""
    cases = [TrialCase(2, seed, 60, 1e-3, 9, 1e-3, 0.75) for seed in (0, 1)]
    targets = tasks.task("four_relu", samples=9).targets
    for outcome in STUDY.run_batch(cases):
        assert outcome.status == "done" and outcome.values["counted_steps"] == 60
        start = int((np.log10(np.mean(targets**2)) + 5) / 5 * BINS)
        assert outcome.arrays["counts"][start + 1] == 60
    with monkeypatch.context() as patch:
        ended(patch, "ensemble", Stop.NOT_FINITE)
        lost, kept = STUDY.run_batch(cases)
    assert (lost.status, kept.status) == ("diverged", "done") and lost.values["counted_steps"] == 60
    ended(monkeypatch, "ensemble", Stop.INTERRUPTED)
    with pytest.raises(KeyboardInterrupt):
        STUDY.run_batch(cases)


def test_the_levels_of_a_width_are_those_of_the_enumeration():
    (outcome,) = STUDY.run_batch([LevelsCase(1, 9)])
    task = tasks.task("four_relu", samples=9)
    critical = critical_functions(task.inputs[:, 0], task.targets[:, 0], 1)
    np.testing.assert_array_equal(outcome.arrays["best_outputs"], critical.outputs[0])
    assert outcome.values["start_risk"] == pytest.approx(critical.risks[-1])


def test_presets_have_distinct_cases():
    for settings in PRESETS.values():
        cases = make_cases(settings, 3)
        assert len({STUDY.id(case) for case in cases}) == len(cases)
