"""The training_similarity study: its enumeration against a search, its counting and claims on made-up records."""

from dataclasses import asdict

import numpy as np
import pytest
from scipy.optimize import minimize

from condenslab import tasks
from condenslab.studies.training_similarity.cases import BINS, PRESETS, LevelsCase, TrialCase, make_cases
from condenslab.studies.training_similarity.claims import STATEMENTS, chance, decide, peaks, unmatched
from condenslab.studies.training_similarity.reference import critical_functions
from condenslab.sweeps import Record, case_id

NAME = "training_similarity"


def record(case, values=None, arrays=None):
    return Record(NAME, case_id(NAME, 1, case, "float64"), asdict(case), "done", "", values or {}, arrays or {})


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


def test_wide_nets_at_the_levels_of_narrow_ones():
    """Widths 1 to 8 rest in bins 180 and 130; a wide net in the same, then in one more of its own."""
    narrow = [trial(width, 0, {180: 50, 130: 50}) for width in (1, 2, 3, 4)]
    levels = record(LevelsCase(1, 20), {"start_risk": 0.4}, {"risks": 10.0 ** np.array([-1.7375, -0.4875])})
    same = decide([levels, *narrow, trial(15, 0, {181: 10, 129: 90})])
    assert same[0].statement.startswith(STATEMENTS[0]) and same[0].verdict == "holds"
    assert decide([levels, *narrow, trial(15, 0, {180: 10, 100: 90})])[0].measured == [1]
    assert same[2].verdict == "holds" and same[4].verdict == "undecided"
    wrong = decide([levels, trial(1, 0, {150: 100})])
    assert wrong[2].verdict == "fails"


def test_presets_have_distinct_cases():
    for settings in PRESETS.values():
        cases = make_cases(settings, 3)
        assert len({case_id(NAME, 1, case, "float64") for case in cases}) == len(cases)
