"""The phase diagrams: claims on made-up records whose slopes are known, and small flows that are really followed."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from scipy.interpolate import CubicSpline

from condenslab.networks import initial
from condenslab.studies import feature_map, phase_diagram, phase_diagram_three_layer
from condenslab.studies.feature_map.cases import FeatureCase
from condenslab.studies.feature_map.spread import BINS, spread
from condenslab.studies.phase_diagram.cases import PRESETS, ChoiceCase, PointCase
from condenslab.studies.phase_diagram.diagram import KINKS, Point, orientations, points
from condenslab.studies.phase_diagram.draw import SCHEMES, _portraits, derived_slope
from condenslab.studies.phase_diagram.interpolants import against, from_lines_to_spline
from condenslab.studies.phase_diagram_three_layer.cases import LayerCase
from condenslab.sweeps import Record
from condenslab.training import Stop
from judging import check_damage, decided, ended, judged, made_up

STUDY = phase_diagram.STUDY
FULL = PRESETS["full"]
GRID, SAMPLES = np.linspace(-0.5, 0.5, 201), np.linspace(-0.5, 0.5, 4)
SPLINE = CubicSpline(SAMPLES, SAMPLES**2, bc_type="natural")(GRID)
INTERPOLANTS = {
    0.5: SPLINE + 1e-3 * np.sin(6 * np.pi * GRID) * np.sin(200 * GRID),
    1.0: SPLINE,
    1.75: np.interp(GRID, SAMPLES, SAMPLES**2),
}
"""γ → a jagged, a smooth and a piecewise linear function through the samples of x²."""
SIGNS, PUBLISHED, ZERO, APPROACH, IMAGES_ZERO = slice(0, 3), slice(3, 6), 6, 7, 12
"""Places of the statements of the full preset."""


def powers(slope_of, lost=lambda case: None, settings=FULL, bent=lambda m: 0.0):
    """Returns records whose distances are exact powers of the width, with the two orientations of the theory.

    bent(log m) is added to the logarithm of each.
    """

    def values(case):
        if isinstance(case, ChoiceCase):
            return lost(case) or {"input_distance": 0.25}
        distance = float(case.width) ** slope_of(case.gamma, case.gamma_prime) * np.exp(bent(np.log(case.width)))
        return lost(case) or {"converged": True, "fate": "converged", "input_distance": distance}

    records = made_up(STUDY, settings, values)
    features = {"angle": np.array(KINKS), "amplitude": np.array([1.0, 0.5])}
    return [
        replace(r, arrays=features | {"function": INTERPOLANTS[r.case["gamma"]]}) if r.case.get("keep") else r
        for r in records
    ]


def test_the_derived_exponents_would_meet_the_claims():
    found = decided(STUDY, powers(derived_slope), FULL)
    del found[APPROACH]  # exact powers have nothing to approach
    assert found == [*["holds"] * 11, "undecided", *["holds"] * 3]


@pytest.mark.parametrize(
    ("turned", "expected"),
    [({0.5: 1.0}, ["fails", "holds", "holds"]), ({1.0: 1.75}, ["holds", "fails", "holds"]),
     ({1.75: 1.0}, ["holds", "holds", "fails"])],
)  # fmt: skip
def test_interpolants_of_another_regime_fail(turned, expected):
    """Smooth where it should be jagged, lines where it should be smooth, and smooth where it should be lines."""
    records = [
        replace(r, arrays=r.arrays | {"function": INTERPOLANTS[turned[r.case["gamma"]]]})
        if r.case.get("keep") and r.case["gamma"] in turned
        else r
        for r in powers(derived_slope)
    ]
    assert decided(STUDY, records, FULL)[-3:] == expected


def test_bending_against_the_samples_and_distances_by_hand():
    assert against(INTERPOLANTS[1.75]) == pytest.approx(0, abs=1e-9), "lines between samples of x² bend one way only"
    assert against(np.array([0.0, 1.0, 0.0, 1.0, 0.0])) == pytest.approx(2 / 3)
    assert from_lines_to_spline(INTERPOLANTS[1.75]) == pytest.approx(0, abs=1e-12)
    assert from_lines_to_spline(2 * SPLINE - INTERPOLANTS[1.75]) == pytest.approx(2 / 3)


def test_a_shifted_boundary_and_wrong_slopes_fail():
    found = decided(STUDY, powers(lambda gamma, prime: gamma - 1.1 - max(prime, 0)), FULL)
    assert found[PUBLISHED] == ["fails"] * 3 and found[ZERO] == "fails"


def lost_at(gamma, gamma_prime=0.0, width=1000, seed=0, as_=None):
    """Returns a function for `powers` that loses one run."""
    place = {"data": "square", "keep": False, "gamma": gamma, "gamma_prime": gamma_prime, "width": width, "seed": seed}
    return lambda case: as_ if all(getattr(case, name, None) == value for name, value in place.items()) else None


OLD = {"converged": False, "fate": "stalled", "input_distance": 1.0}
"""A run that stood still: earlier releases stored it as done."""


@pytest.mark.parametrize("as_", ["diverged", "failed", OLD])
def test_a_width_that_did_not_converge_is_named_and_leaves_its_claims_undecided(as_):
    records = powers(derived_slope, lost_at(0.5, as_=as_))
    point = next(p for p in points(records, "square") if p.missing)
    assert (point.gamma, point.gamma_prime, point.missing) == (0.5, 0.0, (1000,))
    assert abs(point.slope.value - derived_slope(0.5, 0.0)) < 1e-12
    found = decided(STUDY, records, FULL)
    undecided = {k for k, verdict in enumerate(found) if verdict == "undecided"}
    assert undecided == {0, 2, 3, ZERO, IMAGES_ZERO}, (
        "the sign, the growth, the published slope and the zero line rest on it"
    )


def test_the_zero_line_does_not_rest_on_the_points_that_survived():
    """One point next to the boundary is lost: without it the others would still cross zero."""
    found = decided(STUDY, powers(derived_slope, lost_at(0.9, -0.2, as_="diverged")), FULL)
    assert found[ZERO] == "undecided" and found[SIGNS] == ["holds"] * 3


def test_whatever_is_lost_no_statement_vanishes_and_none_rests_on_it():
    quick = PRESETS["quick"]
    check_damage(STUDY, quick, STUDY.cases(quick, seed=0), powers(derived_slope, settings=quick), seeds=5)
    for study, records, settings in (spreads(), layer_powers()):
        check_damage(study, settings, study.cases(settings, seed=0), records)


def test_without_any_record_every_promise_is_undecided():
    assert decided(STUDY, [], FULL) == ["undecided"] * 16
    assert decided(STUDY, [], PRESETS["tiny"]) == ["undecided"] * 13


def test_widths_below_the_published_ones_do_not_decide_the_zero_line():
    narrow = replace(FULL, widths=(100, 1000))
    claims = judged(STUDY, powers(derived_slope, settings=narrow), narrow)
    claim = claims[6 - 3]  # without the published slopes
    assert claim.verdict == "undecided" and "below the published 1000" in claim.reason


@pytest.mark.parametrize("towards, verdict", [(1.0, "holds"), (-1.0, "fails")])
def test_the_zero_line_has_to_approach_the_theory_s(towards, verdict):
    """log RD = (γ − γ₀)·log m − c·(log m)²/500 with γ₀ left of the line: the curvature moves the zero to the right."""
    records = powers(
        lambda gamma, prime: gamma - 0.9 - max(prime, 0), bent=lambda m: towards * (0.04 * m - 2e-3 * m**2)
    )
    assert decided(STUDY, records, FULL)[APPROACH] == verdict


def test_a_slope_of_nought_is_neither_negative_nor_positive():
    assert decided(STUDY, powers(lambda gamma, prime: 0.0), FULL)[SIGNS] == ["fails"] * 3


def test_groups_of_orientation_across_the_cut():
    angle = np.array([3.13, -3.13, 0.5, 0.51, 1.5])
    record = Record("x", "0", {}, "done", arrays={"angle": angle, "amplitude": np.array([1.0, 1.0, 0.5, 0.5, 0.01])})
    found = orientations(record)
    assert len(found) == 2
    assert abs(found[0] - 0.505) < 1e-3 and abs(abs(found[1]) - np.pi) < 1e-9


POINT = PointCase("square", 0, 0.5, 0.0, 50, 0, 1e-4, 0.1, 2000)


def test_a_point_that_stands_still_is_no_result_and_takes_no_other_with_it():
    """A goal of 1e-4 is reached; with three tries it is not, and the distance so far is kept beside the reason."""
    reached, strayed = STUDY.run_batch([POINT, replace(POINT, gamma=1.0)])
    assert reached.status == strayed.status == "done"
    assert 0 < reached.values["input_distance"] < strayed.values["input_distance"]
    assert reached.values["risk"] <= 1e-4
    (short,) = STUDY.run_batch([replace(POINT, max_steps=3)])
    assert (short.status, short.message) == ("diverged", Stop.STEPS_EXHAUSTED.value)
    assert short.values["stop"] == "STEPS_EXHAUSTED" and short.values["risk"] > 1e-4


def test_neurons_and_the_function_of_a_point_and_a_point_on_images():
    (kept,) = STUDY.run_batch([replace(POINT, gamma=1.75, width=100, keep=True)])
    assert len(kept.arrays["angle"]) == len(kept.arrays["initial_angle"]) == 100
    samples = kept.arrays["function"][[0, -1]]  # the grid begins and ends at the outer samples, ∓1/2
    np.testing.assert_allclose(samples, 0.25, atol=4 * np.sqrt(2e-4))
    (image,) = STUDY.run_batch([replace(POINT, data="digits", samples=5, gamma=1.0, risk=1e-2, tolerance=0.3)])
    assert image.status == "done" and image.values["risk"] <= 1e-2 and image.values["input_distance"] > 0


def test_an_interruption_is_no_result_and_another_ending_of_one_member_leaves_the_other_done(monkeypatch):
    with monkeypatch.context() as patch:
        ended(patch, "normalised_flow", Stop.INTERRUPTED)
        with pytest.raises(KeyboardInterrupt):
            STUDY.run_batch([POINT])
    ended(monkeypatch, "normalised_flow", Stop.STALLED)
    first, second = STUDY.run_batch([POINT, replace(POINT, seed=1)])
    assert (first.status, first.message, second.status) == ("diverged", Stop.STALLED.value, "done")


CHOICE = ChoiceCase(0.0, 1.0, 0.0, 10, 0, 50)


def test_equivalent_choices_are_one_descent():
    outcomes = [STUDY.run_batch([replace(CHOICE, std_exponent=e)])[0] for e in (0.0, 1.0)]
    first, second = (outcome.values["input_distance"] for outcome in outcomes)
    assert first > 0 and abs(first / second - 1) < 1e-12


def test_an_interrupted_or_diverged_choice_is_no_result(monkeypatch):
    with monkeypatch.context() as patch:
        ended(patch, "descend", Stop.INTERRUPTED)
        with pytest.raises(KeyboardInterrupt):
            STUDY.run_batch([CHOICE])
    ended(monkeypatch, "descend", Stop.NOT_FINITE)
    assert STUDY.run_batch([CHOICE])[0].status == "diverged"


@pytest.mark.parametrize("count, expected", [(2, 0.0), (4, 0.5)])
def test_the_spread_of_equal_directions(count, expected):
    angle = np.repeat(np.linspace(-2.0, 2.0, count), 10)
    assert abs(spread(angle, np.ones(angle.size)) - expected) < 1e-12


def test_an_even_circle_has_the_largest_spread():
    angle = np.linspace(-np.pi, np.pi, 36_000, endpoint=False)
    assert abs(spread(angle, np.ones(angle.size)) - (1 - 2 / BINS)) < 1e-3


def spreads(lost=lambda case: None):
    """Returns spreads that fall with the width right of the boundary, stay on it, and are 0.9 left of it."""
    study, settings = feature_map.STUDY, feature_map.STUDY.presets["quick"]

    def values(case):
        beyond = round(case.gamma - 1 - max(case.gamma_prime, 0.0), 9)
        value = 0.9 if beyond < 0 else 0.6 if beyond == 0 else 100 / case.width
        return lost(case) or {"converged": True, "spread": value}

    return study, made_up(study, settings, values), settings


def test_features_that_gather_right_of_the_boundary_only_meet_the_claims():
    assert decided(*spreads()) == ["holds"] * 3


def test_a_spread_that_drifts_along_the_boundary_fails():
    """By 10 % from the narrowest of 1,000 neurons to the widest; sampling explains 3/√1000 = 9.5 %."""
    drifting = {5000: 0.63, 20000: 0.66}
    values = {width: {"converged": True, "spread": spread} for width, spread in drifting.items()}
    study, records, settings = spreads(lambda c: values.get(c.width) if c.gamma == 1 + max(c.gamma_prime, 0) else None)
    assert decided(study, records, settings) == ["holds", "fails", "holds"]


@pytest.mark.parametrize("as_", ["diverged", {"converged": False, "spread": 0.0}])
def test_a_lost_flow_of_the_feature_map_decides_nothing(as_):
    """The widest flow of the condensed side is lost; those that are left still have smaller spreads than the linear."""
    study, records, settings = spreads(lambda c: as_ if (c.gamma, c.width, c.seed) == (1.3, 20000, 1) else None)
    assert decided(study, records, settings) == ["undecided", "undecided", "undecided"]


def test_a_small_flow_of_the_feature_map():
    case = FeatureCase(1.5, 0.0, 100, 0, 1e-4, 0.1, 2000)
    (outcome,) = feature_map.STUDY.run_batch([case])
    assert outcome.status == "done" and outcome.values["risk"] <= 1e-4
    assert 0 <= outcome.values["spread"] < outcome.values["initial_spread"], "condensed: they have gathered"
    (short,) = feature_map.STUDY.run_batch([replace(case, max_steps=2)])
    assert (short.status, short.values["stop"]) == ("diverged", "STEPS_EXHAUSTED")


THREE = phase_diagram_three_layer.STUDY


def layer_powers(lost=lambda case: None):
    """Returns distances that are exact powers of the width, the first layer's with exponent γ₃ − 1.4."""
    settings = THREE.presets["quick"]

    def values(case):
        moved = [case.width**e for e in (case.gamma3 - 1.4, 0.5, -0.5)]
        return lost(case) or {"converged": True, "distances": moved}

    return THREE, made_up(THREE, settings, values), settings


def test_three_layer_slopes_of_exact_powers():
    assert decided(*layer_powers()) == ["holds"] * 4


@pytest.mark.parametrize("as_", ["failed", {"converged": False, "distances": [1.0, 1.0, 1.0]}])
def test_a_lost_three_layer_flow_decides_nothing(as_):
    study, records, settings = layer_powers(lambda c: as_ if (c.gamma2, c.gamma3, c.width) == (0.0, 2.0, 50) else None)
    assert decided(study, records, settings) == ["holds", "undecided", "undecided", "undecided"]


def test_settings_without_the_published_exponents_decide_nothing_about_them():
    settings = replace(THREE.presets["tiny"], gammas3=(1.0, 2.0))
    records = made_up(THREE, settings, lambda case: {"converged": True, "distances": [1.0, 1.0, float(case.width)]})
    assert decided(THREE, records, settings)[2] == "undecided"


def test_small_three_layer_flows():
    """Linear at γ₃ = 1: the wider network moves less; and a flow that is cut short says so."""
    case = LayerCase(0.0, 1.0, 20, 0, 1e-4, 0.1, 500)
    near, wide = (THREE.run_batch([replace(case, width=width)])[0] for width in (20, 80))
    assert near.status == wide.status == "done" and near.values["risk"] <= 1e-4
    assert wide.values["distances"][0] < near.values["distances"][0]
    (short,) = THREE.run_batch([replace(case, max_steps=2)])
    assert (short.status, short.message) == ("diverged", Stop.STEPS_EXHAUSTED.value)


def test_claims_and_figures_need_no_jax():
    program = (
        "import sys, condenslab.studies.phase_diagram.claims, condenslab.studies.phase_diagram.draw, "
        "condenslab.studies.phase_diagram_three_layer.draw, condenslab.studies.feature_map.draw; "
        "print('jax' in sys.modules)"
    )
    printed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == "False"


def test_a_square_opens_the_widest_run_that_kept_neurons_and_one_without_opens_nothing():
    def record(gamma, width, *, keep=False, arrays=None):
        case = {"kind": "point", "data": "square", "keep": keep, "gamma": gamma, "gamma_prime": 0.0, "width": width}
        return Record("phase_diagram", f"{gamma} {width} {keep}", case | {"seed": 0}, "done", arrays=arrays or {})

    def kept(height, neurons=3):
        return {"angle": np.zeros(neurons), "amplitude": np.full(neurons, 2.0), "function": np.full(101, height)}

    records = [
        record(0.5, 100, arrays=kept(1.0)),
        record(0.5, 300, arrays=kept(2.0)),
        record(1.0, 100),
        record(1.75, 900, keep=True, arrays=kept(3.0, neurons=900)),
    ]
    old, new, without = _portraits(records, "square", [Point(g, 0.0, None, ()) for g in (1.75, 0.5, 1.0)])
    assert without is None and set(new["y"]) == {2.0} and set(old["y"]) == {3.0}
    assert len(old["neurons"][0]) == 200 and len(new["x"]) == 101
    assert new["neurons"][1] == [1.0, 1.0, 1.0]


@pytest.mark.parametrize(
    ("name", "drawn"),
    [
        ("lecun", "LeCun, He"),
        ("he", "LeCun, He"),
        ("ntk", "NTK"),
        ("xavier", "Xavier, mean-field"),
        ("mean_field", "Xavier, mean-field"),
    ],
)
def test_named_schemes_are_drawn_where_their_draws_lie(name, drawn):
    scheme = initial.SCHEMES[name]
    assert SCHEMES[drawn] == (scheme.gamma, scheme.gamma_prime)
