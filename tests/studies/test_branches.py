"""The studies of branches: cases without JAX, what decides their claims on made-up records, and small runs."""

import re
import subprocess
import sys
from dataclasses import replace

import jax
import numpy as np
import pytest
import scipy.optimize

from condenslab import landscape, studies
from condenslab.studies.branches.cases import (
    PointCase,
    RateCase,
    SliceCase,
    StabilityCase,
    largest_unstable,
    stability_cases,
)
from condenslab.studies.branches.claims import exponential_rate, head_start, log_slope
from condenslab.studies.branches.flows import target_network
from condenslab.studies.branches.points import exceptional_points
from condenslab.studies.branches.slices import REACH, planted_samples, residuals, zero_sets
from condenslab.studies.branches.valley import best_split, valley
from condenslab.training import Stop
from judging import check_damage, ended, judged, made_up, record_of, verdicts

STUDY, STABILITY = studies.get("branches"), studies.get("recovery_stability")
TINY = STABILITY.presets["tiny"]
"""m = 2, m₀ = 1, d = 2, whose thresholds are 5 and 4 samples."""


def test_the_valley_is_the_least_risk_and_holds_the_three_branches():
    first, second = np.array([0.7, 0.0, 0.4, -0.3]), np.array([-0.5, 0.6, 0.0, -0.9])
    split, risk = best_split(first, second)
    z, weights = np.polynomial.hermite_e.hermegauss(40)
    weights = weights / weights.sum()
    for s, t, alpha, least in zip(first, second, split, risk, strict=True):
        others = [alpha + off for off in (0.0, -0.05, 0.05)]
        errors = [a * np.exp(s * z) + (1 - a) * np.exp(t * z) - 1 for a in others]
        measured = [float(weights @ error**2) for error in errors]
        assert measured[0] == pytest.approx(least, abs=1e-10) and measured[0] < min(measured[1:])
    assert split[1] == pytest.approx(1.0) and split[2] == pytest.approx(0.0), "Q₂ and Q₃"
    assert risk[1] == pytest.approx(0.0, abs=1e-12) and risk[2] == pytest.approx(0.0, abs=1e-12)
    found = valley()
    middle = len(found.split) // 2
    assert not found.shifts[middle].any() and not found.risk[middle].any(), "Q₁: two equal neurons, any split"
    near = np.abs(found.split[middle + 1] - found.split[middle])
    far = np.abs(found.split[-1] - found.split[middle])
    assert near.max() < far.max() and np.isfinite(found.split).all(), "towards the middle all directions end in Q₁"


def test_cases_import_no_jax():
    code = (
        "import sys; from condenslab import studies; "
        "names = ('branches', 'recovery_stability'); "
        "[s.cases(s.presets['full'], seed=0) for s in map(studies.get, names)]; "
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


@pytest.mark.parametrize(("width", "target_width", "inputs"), [(2, 1, 2), (3, 1, 2), (3, 2, 2), (3, 1, 3), (5, 2, 2)])
def test_the_largest_unstable_numbers_are_those_of_the_branches(width, target_width, inputs):
    shapes = landscape.branches(width, target_width)
    expected = sorted({shape.unstable_below(inputs) - 1 for shape in shapes})
    assert largest_unstable(width, target_width, inputs) == expected


def counted(successes, finished=None, lost=None):
    """Records of the tiny setting from {n: flows of 10 that recover near Q₁ and Q₂}; other n are missing."""
    settings = replace(TINY, trials=10)
    values = {"stable_from": [5, 4], "unstable_below": [4, 4], "finished": finished or [10, 10], "branches": ["2", "1"]}

    def of(case):
        if isinstance(case, PointCase):
            return {"lost": (lost or {"branches": [[1], [3]], "exceptional": [[0], [0]]})[case.places]}
        return None if case.samples not in successes else values | {"successes": successes[case.samples]}

    return settings, made_up(STABILITY, settings, of), STABILITY.cases(settings, seed=0)


ALL = {2: [0, 0], 3: [0, 2], 4: [7, 10], 5: [10, 10], 6: [10, 10]}


def theorem(successes, finished=None, lost=None):
    settings, records, cases = counted(successes, finished, lost)
    return verdicts(judged(STABILITY, records, settings, cases=cases))


@pytest.mark.parametrize(("five", "expected"), [([10, 10], "holds"), ([9, 10], "fails"), ([10, 9], "fails")])
def test_the_theorem_is_held_against_each_branch(five, expected):
    assert theorem(ALL | {5: five}) == [expected, "holds", "holds"]


def test_no_point_may_be_stable_with_too_few_samples_and_every_one_must_be_with_enough():
    """Two points, of Q₁ and Q₂; then two exceptional ones. One of either kind that does otherwise is enough."""
    stable = {"branches": [[1], [0]], "exceptional": [[0], [0]]}
    assert theorem(ALL, lost=stable) == ["holds", "fails", "holds"]
    strays = {"branches": [[1], [3]], "exceptional": [[0], [1]]}
    assert theorem(ALL, lost=strays) == ["holds", "holds", "fails"]


def test_a_missing_number_of_samples_leaves_the_theorem_undecided():
    assert theorem({n: row for n, row in ALL.items() if n != 5}) == ["undecided", "holds", "holds"]
    settings, records, cases = counted(ALL)
    points = [record for record in records if record.case["kind"] != "points"]
    assert verdicts(judged(STABILITY, points, settings, cases=cases)) == ["holds", "undecided", "undecided"]


def test_a_flow_that_was_cut_off_in_an_older_record_has_not_answered():
    """One of ten flows near Q₁ did not finish: where all ten recover all the same it does no harm."""
    assert theorem(ALL, finished=[9, 10])[0] == "holds"
    assert theorem(ALL | {5: [9, 10]}, finished=[9, 10])[0] == "undecided"


TIMES = np.geomspace(1e-3, 1e12, 400)
ONE = replace(STUDY.presets["tiny"], seeds=2)
SHRUNK = {"dimensions": [[2, 2], [1], [0]], "counts": [2, 1, 1], "left": 0, "error": 1e-15}


def flow(case, **changed):
    """A record of a flow, or of a slice, that does what the theory says."""
    if isinstance(case, SliceCase):
        return record_of(STUDY, case, SHRUNK)
    condensed, line = case.branch == 1, np.linspace(0, 60, 400)
    values = {"ranks": [min(n, 3 + (not condensed)) for n in range(1, 9)], "dimension": 2 - condensed}
    near = {"times": TIMES, "risk": TIMES**-2.0, "gap": TIMES**-0.5}
    apart = {"times": line, "risk": 0.2 * np.exp(-line), "gap": np.ones(400)}
    return record_of(STUDY, case, values | {"smallest_eigenvalue": 0.5}, (near if condensed else apart) | changed)


def near_condensed(case):
    """Says whether it is the second flow near Q₁."""
    return isinstance(case, RateCase) and (case.branch, case.seed) == (1, 1)


def speeds(**changed):
    """Verdicts on ranks, dimensions and speeds; the arrays of one flow near Q₁ are changed."""
    cases = STUDY.cases(ONE, seed=0)
    records = [flow(case, **(changed if near_condensed(case) else {})) for case in cases]
    return judged(STUDY, records, ONE, cases=cases)


def test_flows_as_the_theory_says_hold():
    claims = speeds()
    assert verdicts(claims) == ["holds"] * 5 + ["undecided"] * 2 + ["holds"] * 3, "the tiny preset asks for no trials"
    assert claims[2].measured == pytest.approx([-2.0, -2.0]) and claims[3].measured == pytest.approx([-0.5, -0.5])


def test_a_flow_that_left_the_condensed_branch_is_not_judged_by_its_rate():
    slope = speeds(risk=TIMES**-1.0, gap=np.ones(400))[2]
    assert slope.verdict == "holds" and "1 of 2 flows" in slope.statement and len(slope.measured) == 1
    assert speeds(risk=TIMES**-1.0)[2].verdict == "fails"


def test_a_flow_that_was_lost_is_not_left_out():
    cases = STUDY.cases(ONE, seed=0)
    records = [flow(case) for case in cases if not near_condensed(case)]
    records += [record_of(STUDY, case, status="diverged") for case in cases if near_condensed(case)]
    expected = ["undecided"] * 4 + ["holds"] + ["undecided"] * 2 + ["holds"] * 3
    assert verdicts(judged(STUDY, records, ONE, cases=cases)) == expected


def test_whatever_is_lost_no_statement_vanishes_and_none_rests_on_it():
    cases = STUDY.cases(ONE, seed=0)
    check_damage(STUDY, ONE, cases, [flow(case) for case in cases])
    settings, records, asked = counted(ALL)
    check_damage(STABILITY, settings, asked, records)


def test_flows_come_to_their_branches_as_the_theorems_say():
    """Ranks 3 and 4, dimensions 1 and 2; near Q₂ the risk falls exponentially at twice the least eigenvalue."""
    condensed, apart = STUDY.run_batch([RateCase(branch, 0, 8, 0.1, 1e9) for branch in (1, 2)])
    assert condensed.status == apart.status == "done"
    assert condensed.values["ranks"] == [1, 2, 3, 3, 3, 3, 3, 3] and condensed.values["dimension"] == 1
    assert apart.values["ranks"] == [1, 2, 3, 4, 4, 4, 4, 4] and apart.values["dimension"] == 2
    rate = exponential_rate(apart.arrays["times"], apart.arrays["risk"])
    assert rate == pytest.approx(2 * apart.values["smallest_eigenvalue"], rel=0.05)
    assert log_slope(condensed.arrays["times"], condensed.arrays["gap"]) == pytest.approx(-0.5, abs=0.06)


def test_a_flow_that_is_still_on_the_way_fails_and_says_so():
    """R = t⁻² (1 + 30 (10⁶/t)^(1/4)) has the slope −2 in the limit only, and is nearer to it in its last decade."""
    times = np.geomspace(1, 1e12, 121)
    risk = times**-2.0 * (1 + 30 * (1e6 / times) ** 0.25)
    (claim,) = [
        claim for claim in speeds(times=times, risk=risk, gap=times**-0.5) if "falls like t⁻²" in claim.statement
    ]
    before, last = map(float, re.findall(r"-2\.\d+", claim.reason))
    assert claim.verdict == "fails" and before < last < -2.02 and "Seed 1: " in claim.reason


@pytest.mark.parametrize(("start", "verdict"), [(0.0, "holds"), (1e9, "holds"), (2e9, "holds"), (1e10, "undecided")])
def test_the_power_law_is_looked_for_after_its_head_start(start, verdict):
    """gap = (t + t₀)^(−1/2), t to 10¹²: with t₀ = 2·10⁹ the slope over two decades is −1.93, from 100·t₀ on −1.99."""
    times = np.geomspace(1, 1e12, 1201)
    gap = (times + start) ** -0.5
    assert head_start(times, gap) == pytest.approx(start, rel=1e-6, abs=1.0)
    claims = speeds(times=times, risk=gap**4, gap=gap)
    assert {claim.verdict for claim in claims if claim.statement.startswith("near Q₁ the")} == {verdict}


STABLE = StabilityCase(2, 1, 2, samples=6, most=6, trials=2, seed=0, radius=1e-3, time=1e12)


def test_flows_recover_from_the_codimension_on_and_not_from_two_samples():
    enough, few = STABILITY.run_batch([STABLE, replace(STABLE, samples=2)])
    assert enough.status == few.status == "done"
    assert enough.values["stable_from"] == [5, 4] and enough.values["unstable_below"] == [4, 4]
    assert enough.values["successes"] == [2, 2] and enough.values["finished"] == [2, 2]
    assert max(few.values["successes"]) < 2


@pytest.mark.more
def test_points_as_the_theorem_has_them():
    """With 3 samples around a point of Q₁ and of Q₂ some flow strays; with 7 none around exceptional points does."""
    few = PointCase("branches", 2, 1, 2, 3, 7, 1, 3, 0, 1e-3, 1e12)
    strays, enough = STABILITY.run_batch([few, replace(few, places="exceptional", samples=7)])
    assert strays.status == enough.status == "done"
    assert strays.values["groups"] == ["2", "1+1₀"] and min(map(min, strays.values["lost"])) >= 1
    assert enough.values["lost"] == [[0], [0]]


def test_exceptional_points_are_of_the_target_set():
    target, x = target_network(1, 2), jax.random.normal(jax.random.key(1), (9, 2))
    points = exceptional_points(target, 3, jax.random.key(0))
    assert len(points) == 4
    for point in points.values():
        np.testing.assert_allclose(point(x), target(x), rtol=1e-14)


def test_an_interruption_is_no_result_and_a_flow_that_was_cut_off_says_so(monkeypatch):
    rate = RateCase(2, 0, 8, 0.1, 10.0)
    short = replace(STABLE, trials=1, time=10.0)  # too short to recover
    with monkeypatch.context() as patch:
        ended(patch, "ensemble", Stop.INTERRUPTED)
        with pytest.raises(KeyboardInterrupt):
            STUDY.run_batch([rate])
    with monkeypatch.context() as patch:
        ended(patch, "ensemble", Stop.STEPS_EXHAUSTED)
        assert STUDY.run_batch([rate])[0].status == "diverged"
    ended(monkeypatch, "ensemble", Stop.STEPS_EXHAUSTED)
    cut, whole = STABILITY.run_batch([short, replace(short, samples=5)])
    assert (cut.status, cut.message, whole.status) == ("diverged", Stop.STEPS_EXHAUSTED.value, "done")
    assert cut.values["finished"] == [0, 1] and cut.values["stable_from"] == [5, 4]


def test_the_zero_sets_are_solved_and_a_search_finds_no_more():
    """Newton's method from many starts on the network's own error ends on the branches or at the planted point."""
    planted, inputs = planted_samples(3)
    found = zero_sets(inputs)
    assert np.abs(residuals(inputs[:3], planted)).max() <= 1e-13 and abs(residuals(inputs, planted)[3]) > 1e-3
    np.testing.assert_allclose(found.points, planted[None], atol=1e-10)
    assert found.left == 0

    def error(place):
        return place[2] * np.expm1(place[0] * inputs[:3, 0]) + (1 - place[2]) * np.expm1(place[1] * inputs[:3, 1])

    place = np.array([0.3, -0.4, 0.7])
    np.testing.assert_allclose(error(place), residuals(inputs[:3], place), rtol=1e-12)
    random = np.random.default_rng(0)
    starts = np.concatenate([random.uniform(-1, 1, (60, 3)), planted + 0.2 * random.standard_normal((20, 3))])
    ends = [scipy.optimize.root(error, start) for start in starts]
    solved = np.array([end.x for end in ends if end.success and np.abs(end.fun).max() < 1e-12])
    beside = solved[(np.abs(solved[:, :2]) <= REACH).all(axis=1) & (np.abs(solved[:, :2]) > 1e-3).all(axis=1)]
    assert len(solved) > 20 and len(beside), "the search ends in both kinds of points"
    np.testing.assert_allclose(beside, np.broadcast_to(planted, beside.shape), atol=1e-8)
    for samples, places in (
        (1, found.surface.reshape(-1, 3)[::97]),
        (2, found.curve[~np.isnan(found.curve[:, 1])][::97]),
    ):
        assert max(np.abs(residuals(inputs[:samples], place)).max() / (1 + abs(place[2])) for place in places) <= 1e-13


def test_a_left_point_and_another_dimension_fail():
    cases = [SliceCase(seed) for seed in range(3)]
    wrong = {"left": 1, "dimensions": [[2, 2], [1], [1]], "error": 1e-6}
    texts = {"dimensions": "beside Q₁", "left": "with four samples", "error": "the network fits"}

    def verdict(text, values):
        records = [record_of(STUDY, case, SHRUNK | (values if case.seed == 2 else {})) for case in cases]
        return verdicts(judged(STUDY, records, ONE, cases=cases), text)

    for name, text in texts.items():
        assert verdict(text, {}) == ["holds"] and verdict(text, {name: wrong[name]}) == ["fails"]
    assert verdict(texts["dimensions"], {"dimensions": [[2, None], [1], [0]]}) == ["undecided"]
