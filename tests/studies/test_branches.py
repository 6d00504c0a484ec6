"""The studies of branches: cases without JAX, and what decides their claims, on made-up records."""

import subprocess
import sys
from dataclasses import asdict

import numpy as np
import pytest

from condenslab import studies
from condenslab.studies.branches.cases import RateCase, StabilityCase, stability_cases
from condenslab.studies.branches.study import exponential_rate, log_slope
from condenslab.sweeps import Record


def record(case, values, arrays=None):
    return Record("x", "id", asdict(case), "done", "", values, arrays or {})


def counted(samples, successes):
    case = StabilityCase(2, 1, 2, samples, 6, 10, 0, 1e-3, 1e9)
    values = {"successes": successes, "stable_from": [5, 4], "unstable_below": [4, 4]}
    return record(case, values)


def test_cases_import_no_jax():
    code = (
        "import sys; from condenslab import studies; "
        "names = ('branches', 'recovery_stability'); "
        "[s.cases(s.presets['full'], seed=0, data=None) for s in map(studies.get, names)]; "
        "sys.exit('jax' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_samples_span_the_thresholds_of_all_branches():
    ns = [case.samples for case in stability_cases(3, 1, 2, trials=1, seed=0, radius=1e-3, time=1.0)]
    assert ns == list(range(2, 9))  # unstable up to 3 = r + (r − l)d at r = 1, stable from 7 = r + (m + m₀ − r)d


def test_slopes_of_power_laws_and_exponentials_are_found():
    times = np.geomspace(1e-3, 1e8, 300)
    assert log_slope(times, 3.0 * times**-2.0) == pytest.approx(-2)
    line = np.linspace(0, 40, 500)
    assert exponential_rate(line, 0.2 * np.exp(-1.5 * line)) == pytest.approx(1.5)
    assert exponential_rate(line, np.ones(500)) is None


@pytest.mark.parametrize(
    ("five", "verdicts"), [([10, 10], ["holds", "holds"]), ([9, 10], ["fails", "holds"]), ([10, 9], ["fails", "holds"])]
)
def test_the_theorem_is_held_against_each_branch(five, verdicts):
    study = studies.get("recovery_stability")
    records = [counted(3, [0, 2]), counted(4, [7, 10]), counted(5, five)]
    claims = study.claims(records, study.presets["tiny"], known_target=True)
    assert [claim.verdict for claim in claims] == verdicts
    lucky = [counted(3, [10, 2]), counted(5, [10, 10])]
    assert [c.verdict for c in study.claims(lucky, None, known_target=True)] == ["holds", "fails"]


def test_a_flow_that_left_the_condensed_branch_is_not_judged_by_its_rate():
    study, times = studies.get("branches"), np.geomspace(1e-3, 1e12, 400)

    def flow(branch, risk, gap, seed=0):
        values = {"ranks": [min(n, 3 + (branch > 1)) for n in range(1, 9)], "dimension": 1 + (branch > 1)}
        arrays = {"times": times, "risk": risk, "gap": gap}
        return record(RateCase(branch, seed, 8, 0.1, 1e12), values | {"smallest_eigenvalue": 0.5}, arrays)

    near, away = flow(1, times**-2.0, times**-0.5), flow(1, times**-1.0, np.ones(400), seed=1)
    claims = study.claims([near, away], study.presets["tiny"], known_target=True)
    slope = next(c for c in claims if "falls like t⁻²" in c.statement)
    assert slope.verdict == "holds" and "1 of 2 flows" in slope.statement and len(slope.measured) == 1
    wrong = study.claims([flow(1, times**-1.0, times**-0.5)], None, known_target=True)
    assert next(c for c in wrong if "falls like t⁻²" in c.statement).verdict == "fails"
