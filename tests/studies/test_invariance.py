"""The studies of symmetries and invariant manifolds: claims on made-up records, and small cases."""

import numpy as np
import pytest

from condenslab import studies
from condenslab.studies.invariance.discovery import EXPECTED, differences, incidence
from condenslab.studies.invariance.discovery import Case as SymmetryCase
from condenslab.studies.invariance.discovery import Settings as SymmetrySettings
from condenslab.studies.invariance.manifold_cases import (
    AFFINE,
    BALANCED,
    LOSSES,
    METHODS,
    ORTHOGONAL,
    Case,
    LossCase,
    Settings,
)
from condenslab.training import Stop
from judging import decided, ended, judged, made_up

DISCOVERY, MANIFOLDS = studies.get("symmetry_discovery"), studies.get("invariant_manifolds")
ONE = Settings(seeds=1)


def kept(case):
    """Values as the theory has them."""
    if isinstance(case, LossCase):
        return {"largest": 0.3, "smallest": 0.2} if case.manifold == "equal input weights" else {"largest": 1e-16}
    kind = case.manifold if case.method == "flow" else f"{case.manifold}, {case.method}"
    distance = {"balanced": 1e-8, BALANCED[1]: 1e-8, "balanced, GD": 1e-4, "equal input weights": 0.1}
    values = {"distance": distance.get(kind, 1e-15), "stop": Stop.FINISHED.value, "end": 4.0}
    return values | {"normal_gradient": 1e-16, "tangent_angle": 1e-9, "unexplained": 1e-16, "flipped": 3}


def test_sets_are_compared_without_order():
    expected = EXPECTED["dense"]
    sets = [tuple(reversed(axes)) for axes in expected.values()]
    assert differences(sets, expected) == 0 and differences(sets[:1], expected) == 1
    assert differences([*sets, ("a", "b")], expected) == 1
    np.testing.assert_array_equal(incidence([("a", "c")], ["a", "b", "c"]), [[1, 0, 1]])


def test_symmetries_as_defined_hold_and_others_fail():
    settings = SymmetrySettings(seeds=1, architectures=("dense", "KAN"))

    def found(case):
        return {"sets": list(EXPECTED[case.architecture].values()), "largest_change": 1e-16}

    assert decided(DISCOVERY, made_up(DISCOVERY, settings, found), settings) == ["holds"] * 4
    wrong = made_up(DISCOVERY, settings, lambda case: {"sets": [("a",)], "largest_change": 1.0})
    assert decided(DISCOVERY, wrong, settings) == ["fails"] * 4
    lost = made_up(DISCOVERY, settings, lambda case: found(case) if case.architecture == "KAN" else "failed")
    assert decided(DISCOVERY, lost, settings) == ["undecided"] * 2 + ["holds"] * 2
    assert decided(DISCOVERY, [], SymmetrySettings()) == ["undecided"] * 8


@pytest.mark.parametrize("architecture", ["dense", "KAN"])
def test_the_symmetries_of_a_definition_are_found(architecture):
    (outcome,) = DISCOVERY.run_batch([SymmetryCase(architecture, 6, 0)])
    assert outcome.status == "done" and outcome.values["largest_change"] <= 1e-12
    assert differences(outcome.values["sets"], EXPECTED[architecture]) == 0


def test_manifolds_as_the_theory_has_them_hold():
    claims = judged(MANIFOLDS, made_up(MANIFOLDS, ONE, kept), ONE)
    assert [claim.verdict for claim in claims] == ["holds"] * 9
    assert {claim.verdict for claim in judged(MANIFOLDS, [], ONE)} == {"undecided"}


def test_what_leaves_its_manifold_fails_and_a_lost_run_is_unknown():
    def values(case):
        if case.manifold in BALANCED:
            return kept(case) | {"distance": 1e-5 if case.method == "flow" else 1e-11, "unexplained": 1e-11}
        return "diverged" if case == Case("dead neuron", "flow", 0, 200, 6, 20) else kept(case)

    claims = judged(MANIFOLDS, made_up(MANIFOLDS, ONE, values), ONE)
    assert [claim.verdict for claim in claims] == [*["undecided"] * 2, "holds", "holds", *["fails"] * 4, "holds"]


def test_one_loss_whose_gradient_leaves_a_manifold_is_enough():
    """Structural invariance is for every loss; and what is no manifold must be left whatever the loss."""

    def values(case):
        wrong = {"quartic": ("dead neuron", 0.1), "logistic": ("equal input weights", 1e-9)}
        manifold, part = wrong.get(getattr(case, "loss", ""), ("", 0.0))
        return {"largest": part, "smallest": part} if case.manifold == manifold else kept(case)

    claims = judged(MANIFOLDS, made_up(MANIFOLDS, ONE, values), ONE)
    assert [claim.verdict for claim in claims[2:4]] == ["fails", "fails"]


@pytest.mark.parametrize(
    "loss", [pytest.param(loss, marks=[] if loss == "quartic" else [pytest.mark.more]) for loss in LOSSES]
)
def test_the_gradient_of_every_loss_is_tangent_where_neurons_are_equal(loss):
    equal, inputs = MANIFOLDS.run_batch(
        [LossCase(manifold, loss, 3, 4, 6, 2) for manifold in ("opposite neurons", "equal input weights")]
    )
    assert equal.values["largest"] <= 1e-13 and inputs.values["smallest"] > 1e-3


@pytest.mark.parametrize("method", [m if m != "flow" else pytest.param(m, marks=pytest.mark.more) for m in METHODS])
def test_every_method_keeps_affine_manifolds(method):
    """Exact by construction, for the updates of tied parameters are equal: a test and no claim."""
    outcomes = MANIFOLDS.run_batch([Case(manifold, method, 1, 20, 4, 8) for manifold in AFFINE])
    assert [outcome.status for outcome in outcomes] == ["done"] * 3
    assert max(outcome.values["distance"] for outcome in outcomes) <= 1e-12


def test_a_run_that_slides_is_read_until_then_and_one_that_stopped_early_settles_nothing():
    """Records of an earlier version are `done` whatever their run stopped for."""

    def told(stop, manifold):
        flow = Case(manifold, "flow", 0, 200, 6, 20 if manifold == "balanced" else ORTHOGONAL)
        records = made_up(MANIFOLDS, ONE, lambda case: kept(case) | ({"stop": stop.value} if case == flow else {}))
        return judged(MANIFOLDS, records, ONE)[4 + BALANCED.index(manifold) ^ 1]

    slid = told(Stop.SLIDING, "balanced")
    assert (slid.verdict, slid.measured) == ("holds", [1e-8]) and "1 slide, from time 4 to 4 on" in slid.statement
    for manifold, stop in (("balanced", Stop.STEPS_EXHAUSTED), (BALANCED[1], Stop.SLIDING)):
        claim = told(stop, manifold)
        assert (claim.verdict, claim.measured) == ("undecided", [1e-8])
        assert claim.reason.startswith(f"1 of 1 runs stopped early: {stop.value[:20]}")


def test_where_the_gradient_jumps_every_limit_keeps_the_balance():
    """Of R at a kink: a ∂R/∂a = w·∂R/∂w on both sides, hence for every convex combination of both gradients."""
    w, a, x, y = np.array([1.0, -2.0]), 0.7, np.array([[2.0, 1.0], [1.0, 0.0], [3.0, 1.0]]), np.array([1.0, -2.0, 0.5])
    assert w @ x[0] == 0
    limits = []
    for on in (0.0, 1.0):
        active = np.array([on, 1.0, 1.0])
        residuals = a * active * (x @ w) - y
        limits.append((residuals @ (active * (x @ w)), a * (residuals * active) @ x))
    assert np.linalg.norm(limits[1][1] - limits[0][1]) > 1
    for share in (0.0, 0.3, 1.0):
        of_a, of_w = ((1 - share) * off + share * on for off, on in zip(*limits, strict=True))
        assert a * of_a == pytest.approx(w @ of_w, rel=1e-14)


@pytest.mark.more
def test_on_orthogonal_inputs_no_flow_slides_and_kinks_are_crossed():
    cases = [Case(BALANCED[1], "flow", seed, 100, 4, 8) for seed in range(3)]
    outcomes = MANIFOLDS.run_batch(cases)
    assert [outcome.values["stop"] for outcome in outcomes] == [Stop.FINISHED.value] * 3
    assert max(outcome.values["distance"] for outcome in outcomes) < 1e-9
    assert min(outcome.values["flipped"] for outcome in outcomes) > 0


@pytest.mark.parametrize("method", ["flow", "SGD"])
def test_equal_neurons_stay_equal_and_how_a_run_ends_is_told(monkeypatch, method):
    cases = [Case("equal neurons", method, seed, 5, 4, 8) for seed in (0, 1)]
    for outcome in MANIFOLDS.run_batch(cases):
        assert outcome.status == "done" and outcome.values["distance"] <= 1e-12

        if method == "flow":
            assert outcome.values["normal_gradient"] <= 1e-12 and outcome.values["tangent_angle"] <= 1e-6
    with monkeypatch.context() as patch:
        ended(patch, "ensemble", Stop.STEPS_EXHAUSTED)
        assert [outcome.status for outcome in MANIFOLDS.run_batch(cases)] == ["diverged", "done"]
    ended(monkeypatch, "ensemble", Stop.INTERRUPTED)
    with pytest.raises(KeyboardInterrupt):
        MANIFOLDS.run_batch(cases)


def test_gd_leaves_the_curved_manifold():
    """One step changes a² − ‖w‖² by rate² times a difference of squares of gradients: far above rounding."""
    (outcome,) = MANIFOLDS.run_batch([Case("balanced", "GD", 0, 5, 4, 8)])
    assert outcome.values["distance"] > 1e-8 and outcome.values["unexplained"] < 1e-14
    key = MANIFOLDS.compile_key
    assert key(Case("balanced", "GD", 0, 5, 4, 8)) != key(Case("dead neuron", "GD", 0, 5, 4, 8))
    assert key(Case("balanced", "flow", 0, 5, 4, 8)) != key(Case(BALANCED[1], "flow", 0, 5, 4, 8))
