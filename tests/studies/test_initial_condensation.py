"""The study of initial condensation: its cases, claims on made-up records, and small runs of every kind."""

from dataclasses import replace

import numpy as np
import pytest

from condenslab import figures, measures, studies
from condenslab.networks import ACTIVATIONS
from condenslab.studies.initial_condensation import runs
from condenslab.studies.initial_condensation.cases import MULTIPLICITY, PRESETS, Case, make_cases
from condenslab.studies.initial_condensation.draw_field import field, polynomial
from condenslab.training import Stop
from judging import check_damage, decided, ended, judged, made_up, record_of

STUDY = studies.get("initial_condensation")
QUICK = PRESETS["quick"]
FIVE = slice(12, 16)
"""Places of the claims with five inputs: after three activations, two designs and two claims each."""


def claims_of(lost=lambda case: None, **values):
    """Claims on records that all have these values, but for those that are lost."""
    shown = {"orientations": 2, "ratio": 0.9, "mean_cosine": 0.999} | values
    records = made_up(STUDY, QUICK, lambda case: lost(case) or shown, seed=3)
    return judged(STUDY, records, QUICK, cases=make_cases(QUICK, 3))


def test_cases_are_distinct_and_have_the_sizes_of_the_source():
    cases = make_cases(PRESETS["full"], 3)
    assert len({STUDY.id(case) for case in cases}) == len(cases)
    assert {(c.width, c.std, c.rate, c.steps) for c in cases if c.kind == "plane"} == {(100, 0.005, 5e-4, 200)}
    assert {c.rate for c in cases if c.kind == "five"} == {1e-3, 8e-4, 2.5e-4}
    assert min(c.seed for c in cases) == 3
    assert {len({STUDY.compile_key(c) for c in cases if c.kind == kind}) for kind in ("plane", "direction")} == {4}


def test_multiplicities_are_those_of_the_activations():
    assert all(ACTIVATIONS[name].multiplicity == p for name, p in MULTIPLICITY.items())


@pytest.mark.parametrize("degree", [1, 2, 3])
def test_the_field_vanishes_at_the_directions_of_the_theory_and_its_polynomial_peaks_where_they_attract(degree):
    """The roots of the binary form and the slope of V on a grid are two ways to the same 2p directions."""
    x, y = runs.samples(next(case for case in make_cases(QUICK, 0) if (case.kind, case.design) == ("plane", "grid")))
    theory = measures.condensed_directions(np.column_stack([x, np.ones(len(x))]), -y[:, 0], degree)
    angles = np.arctan2(theory.directions[:, 1], theory.directions[:, 0])
    around = angles + np.array([[-1e-3], [0.0], [1e-3]])
    low, at, high = np.abs(polynomial(around.ravel(), degree)).reshape(3, -1)
    assert np.all(np.abs(high - low) < 1e-3 * np.abs(at - low).max() + 1e-9 * at), "no slope"
    np.testing.assert_array_equal((at > low) & (at > high), theory.growing)
    assert theory.growing.sum() == 2 * degree


def plane(activation, **arrays):
    case = next(c for c in make_cases(QUICK, 0) if (c.kind, c.design, c.activation) == ("plane", "grid", activation))
    angles = np.linspace(-3, 3, 7)
    return record_of(STUDY, case, {}, {"angles": angles, "amplitudes": np.ones(7)} | arrays)


def test_the_field_has_a_panel_for_each_activation_with_a_multiplicity():
    theory = {"predicted": np.array([0.3, 0.3 - np.pi]), "growing": np.array([True, True])}
    drawing = field([plane("x_tanh", **theory), plane("tanh", **theory), plane("relu")])
    titles = [ax.get_title("left").split(",")[0] for ax in drawing.figure.axes]
    assert [title for title in titles if title] == ["tanh", "x·tanh x"]
    assert "2 directions at rest, 2 of them attracting." in figures.description(drawing.figure)
    assert field([plane("relu")]) is None


def test_two_orientations_everywhere_hold_the_bound_but_not_the_count():
    claims = claims_of()
    assert [c.verdict for c in claims[0:12:2]] == ["holds"] * 6
    assert [(c.expected, c.verdict) for c in claims[1:12:2]] == [(2, "holds"), (4, "fails"), (6, "fails")] * 2
    five = [(c.expected, c.verdict) for c in claims[FIVE]]
    assert five == [(2, "holds"), (4, "fails"), (6, "fails"), (3, "fails")], "tanh, x·tanh, x²·tanh and ReLU"
    assert [c.verdict for c in claims[16:]] == ["holds"] * 7


def test_the_published_orientations_with_five_inputs_are_claimed_as_published():
    published = {"tanh": 2, "x_tanh": 4, "x2_tanh": 6, "relu": 3}
    shown = {"ratio": 0.9, "mean_cosine": 0.999}
    records = made_up(STUDY, QUICK, lambda case: shown | {"orientations": published.get(case.activation, 2)})
    assert decided(STUDY, records, QUICK)[FIVE] == ["holds"] * 4


def test_too_many_orientations_a_late_epoch_and_another_direction_fail():
    claims = claims_of(orientations=7, ratio=0.6, mean_cosine=0.9)
    assert [c.verdict for c in claims] == ["fails"] * 23
    assert [c.expected for c in claims[0:12:2]] == [2, 4, 6] * 2


def test_a_failing_count_says_how_many_directions_grow_and_the_stage_counts_every_run_that_is_claimed():
    def value(case):
        return {"orientations": 5 if case.seed == 2 else 6, "ratio": 0.6 if case.design == "random" else 0.9}

    growing = {"growing": np.array([True, False, True, True, False, True])}
    records = [
        record_of(STUDY, case, {"mean_cosine": 1.0} | value(case), growing if case.seed == 2 else {})
        for case in make_cases(QUICK, 0)
    ]
    claims = judged(STUDY, records, QUICK)
    (seen,) = (c for c in claims if c.label == "one input, random samples, x2_tanh: 2p orientations at epoch 200")
    assert seen.verdict == "fails" and "4 (seed 2)." in seen.reason and "seed 1" not in seen.reason
    assert claims[16].verdict == "fails", "random samples are past the initial stage"


def test_a_run_past_the_initial_stage_says_what_it_had_within():
    course = {"times": [0, 10, 20, 30], "risk": [2.0, 1.8, 1.5, 1.3], "counts": [9, 5, 4, 2]}
    records = [
        record_of(
            STUDY,
            case,
            {"orientations": 2, "mean_cosine": 1.0, "ratio": 0.65 if case.seed == 1 else 0.8},
            {name: np.array(values) for name, values in course.items()},
        )
        for case in make_cases(QUICK, 0)
    ]
    stage = judged(STUDY, records, QUICK)[16]
    assert (stage.verdict, stage.measured) == ("fails", 0.65)
    assert "Runs that are past it: 10, first tanh, grid samples, seed 1" in stage.reason
    assert "(4 orientations at epoch 20, the last within, and 2 now)" in stage.reason


def test_a_lost_run_leaves_undecided_what_rests_on_it():
    def lost(case):
        same = (case.kind, case.activation, case.design, case.seed) == ("plane", "tanh", "grid", 3)
        return "diverged" if same else None

    verdicts = [c.verdict for c in claims_of(lost)]
    assert [k for k, verdict in enumerate(verdicts) if verdict == "undecided"] == [0, 1, 16]


def test_whatever_is_lost_no_statement_vanishes_and_none_rests_on_it():
    records = made_up(STUDY, QUICK, lambda case: {"orientations": 2, "ratio": 0.9, "mean_cosine": 0.999})
    check_damage(STUDY, QUICK, make_cases(QUICK, 0), records)


@pytest.mark.parametrize("settings", PRESETS.values(), ids=PRESETS)
def test_nothing_finished_decides_nothing(settings):
    for records in ([], made_up(STUDY, settings, lambda case: "diverged")):
        assert set(decided(STUDY, records, settings)) == {"undecided"}


SMALL = Case("plane", "tanh", "adam", 0, 20, 0.005, 5e-4, 100, "grid", False, 0.95, 0.03)
DIRECTION = replace(SMALL, kind="direction", method="flow", std=1e-6, design="random", steps=2000, rate=1e-3)


def test_a_plane_condenses_in_the_initial_stage():
    plain, random = STUDY.run_batch([SMALL, replace(SMALL, design="random", seed=1)])
    assert plain.status == random.status == "done"
    assert 0.7 < plain.values["ratio"] < 1 and plain.arrays["counts"][-1] < plain.arrays["counts"][0]
    assert plain.values["predicted"] == 2, "tanh: p = 1"


def test_five_inputs_and_six_layers():
    (five,) = STUDY.run_batch([replace(SMALL, kind="five", steps=40)])
    assert five.status == "done" and five.values["orientations"] == five.arrays["counts"][-1] >= 1
    assert five.arrays["weights"].shape == (20, 6)
    (deep,) = STUDY.run_batch([replace(SMALL, kind="deep", width=6, std=0.01, rate=4e-5, steps=20, residual=True)])
    assert deep.status == "done" and len(deep.values["layer_orientations"]) == 5
    assert all(1 <= count <= 6 for count in deep.values["layer_orientations"])
    assert deep.arrays["weights_0"].shape == (6, 4) and deep.arrays["weights_4"].shape == (6, 7)


def test_the_flow_turns_neurons_along_the_drift_and_adam_does_less():
    """IC, Proposition 1: from small weights ±Σ y x is exact at leading order under the flow."""
    (flow,) = STUDY.run_batch([DIRECTION])
    (adam,) = STUDY.run_batch([replace(DIRECTION, method="adam")])
    assert flow.status == adam.status == "done"
    assert flow.values["mean_cosine"] > 0.999 > adam.values["mean_cosine"]
    assert flow.values["orientations"] == 2
    assert flow.values["ratio"] <= 0.999 and np.all(flow.arrays["cosines"] <= 1 + 1e-12)


def test_a_direction_before_the_risk_has_fallen_is_no_result():
    (outcome,) = STUDY.run_batch([replace(DIRECTION, method="adam", steps=2)])
    assert (outcome.status, outcome.values["stop"]) == ("diverged", "FINISHED")


def test_an_interruption_is_no_result_and_a_divergence_takes_no_other_with_it(monkeypatch):
    with monkeypatch.context() as patch:
        ended(patch, "ensemble", Stop.INTERRUPTED)
        with pytest.raises(KeyboardInterrupt):
            STUDY.run_batch([SMALL])
    ended(monkeypatch, "ensemble", Stop.NOT_FINITE)
    first, second = STUDY.run_batch([SMALL, replace(SMALL, seed=1)])
    assert (first.status, first.message, second.status) == ("diverged", Stop.NOT_FINITE.value, "done")
