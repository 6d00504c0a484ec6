"""The pruning study: the merge rule on networks built for it, the flattest stretch, claims on made-up records."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from condenslab import studies
from condenslab.networks import TwoLayer, activation
from condenslab.studies.pruning.cases import Case
from condenslab.studies.pruning.claims import AGREEMENT, SHARE
from condenslab.studies.pruning.runs import RectifiedSquares, flattest, merge_by_rule
from condenslab.training import Stop
from judging import check_damage, decided, ended, judged, made_up

STUDY = studies.get("pruning")


def network(rows, outgoing):
    rows = np.asarray(rows, dtype=float)
    return TwoLayer(
        jnp.asarray(rows[:, :-1]), jnp.asarray(rows[:, -1]), jnp.asarray(outgoing), None, activation("relu")
    )


def test_equal_directions_merge_without_a_change():
    """Scaled copies of two directions, and a weak third: a_j ← Σ a_k‖w_k‖/‖w_j‖ keeps what the strong ones compute."""
    directions, scales = np.array([[1.0, 2.0, 0.5], [-1.0, 1.0, 0.0]]), np.array([1.0, 3.0, 0.2, 2.0, 1.0])
    rows = np.concatenate([directions[[0, 0, 0, 1, 1]] * scales[:, None], 1e-4 * np.ones((1, 3))])
    wide = network(rows, np.array([[1.0, -0.5, 2.0, 1.0, 1.0, 1.0]]))
    x = jnp.asarray(np.random.default_rng(0).normal(size=(50, 2)))
    strong = network(rows[:5], wide.output_weights[:, :5])
    for seed in range(4):
        merged = merge_by_rule(wide, similarity=0.9, amplitude_filter=0.01, seed=seed)
        assert merged.width == 2
        np.testing.assert_allclose(merged(x.astype(jnp.float32)), strong(x), atol=1e-5)


@pytest.mark.parametrize(("cosine", "width"), [(0.91, 1), (0.89, 2)])
def test_groups_have_the_published_cosine(cosine, width):
    wide = network([[1.0, 0.0, 0.0], [5 * cosine, 5 * np.sqrt(1 - cosine**2), 0.0]], np.ones((1, 2)))
    assert merge_by_rule(wide, similarity=0.9, amplitude_filter=0.0, seed=0).width == width


def test_the_flattest_stretch():
    """A fall, a plateau at 0.5, a fall to zero: the middle of the plateau, not the flat beginning."""
    steps = np.concatenate([[0], np.geomspace(1, 1e4, 41)])
    risks = np.interp(np.log(np.maximum(steps, 0.5)), np.log([10, 30, 1000, 1e4]), [1.0, 0.5, 0.499, 1e-9])
    assert 30 <= steps[flattest(steps, risks)] <= 1000
    assert flattest(steps, np.ones(42)) is None


def published_values(**changed):
    """What the source's figure shows, at both moments."""
    shown = {"step": 5000, "neurons": 58, "agreement": 0.985, "accuracy": 0.9, "risk": 6.2e-3, "retrained": 6.3e-3}
    shown["dead"] = 0
    both = {f"{moment}_{name}": value for moment in ("plateau", "published") for name, value in shown.items()}
    return {"width": 400} | both | changed


def linear(preset):
    """The settings of a preset without the inferred runs."""
    return dataclasses.replace(STUDY.presets[preset], outputs=("linear",))


def test_claims_on_made_up_records():
    """58 of 400 neurons, 98.5 % and the same loss hold; one neuron more, a little less, or another loss do not."""
    full = linear("full")
    claims = judged(STUDY, made_up(STUDY, full, lambda case: published_values()), full)
    assert [claim.verdict for claim in claims] == ["holds"] * 4
    assert (claims[1].expected, claims[2].expected) == (SHARE, AGREEMENT) == (58 / 400, 0.985)
    assert "400 to 58, 400 to 58, 400 to 58" in claims[1].statement and "right on 90.0 %" in claims[2].statement
    worse = published_values(
        published_neurons=59, published_agreement=0.98, published_retrained=3e-3, published_risk=1e-3
    )
    records = made_up(STUDY, full, lambda case: worse if case.seed == 1 else published_values())
    assert decided(STUDY, records, full) == ["fails", "fails", "undecided", "fails"]
    changed = made_up(STUDY, full, lambda case: published_values(published_agreement=0.98))
    assert decided(STUDY, changed, full) == ["holds", "holds", "fails", "holds"]


def test_agreement_says_nothing_where_little_is_merged():
    """With 126 of 200 neurons left hardly a prediction changes; the source's 98.5 % is of 58 of 400."""
    full = linear("full")
    claims = judged(STUDY, made_up(STUDY, full, lambda case: published_values(published_neurons=252)), full)
    assert [claim.verdict for claim in claims] == ["holds", "fails", "undecided", "holds"]
    assert "So little is merged" in claims[2].reason


def test_a_network_without_a_result_decides_nothing():
    """One of three diverged; or none came to the published epoch: the others do not speak for it."""
    full = linear("full")
    lost = made_up(STUDY, full, lambda case: "diverged" if case.seed == 2 else published_values())
    assert decided(STUDY, lost, full) == ["undecided"] * 4
    check_damage(STUDY, full, STUDY.cases(full, seed=0), made_up(STUDY, full, lambda case: published_values()))
    short = {name: value for name, value in published_values().items() if not name.startswith("published")}
    assert decided(STUDY, made_up(STUDY, full, lambda case: short), full) == ["undecided"] * 4


SMALL = Case(
    width=20,
    images=100,
    rate=1e-3,
    epochs=150,
    retrain=30,
    similarity=0.9,
    amplitude_filter=0.01,
    seed=0,
    output="linear",
)


def test_a_small_network_is_trained_merged_and_trained_on():
    (outcome,) = STUDY.run_batch([SMALL])
    assert outcome.status == "done", outcome.message
    values, arrays = outcome.values, outcome.arrays
    assert values["published_step"] == 150 and values["published_neurons"] <= 20
    assert arrays["risk"][-1] < 0.9 * arrays["risk"][0]
    assert values["published_retrained"] == arrays["published_retrained_course"][-1] < values["published_risk"]
    same = values["published_agreement"]
    assert abs(values["published_accuracy"] - arrays["merged_accuracy"][-1]) <= 1 - same + 1e-12


@pytest.mark.parametrize("call", [0, 1])
def test_an_interruption_of_either_training_is_no_result(monkeypatch, call):
    """Ctrl-C while a network trains, or while the merged one trains on, leaves nothing behind that could be stored."""
    ended(monkeypatch, "descend", Stop.INTERRUPTED, call)
    with pytest.raises(KeyboardInterrupt):
        STUDY.run_batch([SMALL])


def test_a_merged_network_that_diverges_is_not_done(monkeypatch):
    ended(monkeypatch, "descend", Stop.NOT_FINITE, 1)
    (outcome,) = STUDY.run_batch([SMALL])
    assert (outcome.status, outcome.message) == ("diverged", Stop.NOT_FINITE.value)


def test_presets_travel_as_far_as_the_source():
    """Learning rate × epochs reaches the published 0.15 in every preset; full is the source's size."""
    for settings in STUDY.presets.values():
        assert settings.rate * settings.epochs >= 0.15
    full = linear("full")
    assert (full.width, full.images, full.rate, full.epochs) == (400, 1000, 3e-5, 100_000)


def test_with_a_relu_on_the_output_a_plateau_is_a_whole_number_of_images():
    """6 images of 1,000 without an output are 6e-4, meant over 10 outputs; the published 6.3e-4 is 6.3 of them."""
    full = dataclasses.replace(STUDY.presets["full"], outputs=("relu",))

    def verdicts_of(dead, risk):
        values = published_values(published_dead=dead, published_risk=risk, published_retrained=risk)
        return decided(STUDY, made_up(STUDY, full, lambda case: values), full)

    assert verdicts_of(6, 6.3e-3) == ["holds"] * 5
    assert verdicts_of(6, 6.8e-3) == ["fails", *["holds"] * 4]
    assert verdicts_of(9, 9.2e-3) == ["holds", "fails", *["holds"] * 3]
    assert verdicts_of(0, 6.3e-3) == ["undecided", *["holds"] * 4]


def test_an_output_below_zero_learns_nothing_and_costs_its_target():
    loss, outputs, targets = RectifiedSquares(), jnp.array([[-0.3, 0.5]]), jnp.array([[1.0, 0.0]])
    assert loss.value(outputs, targets).tolist() == [1.25]
    assert jax.grad(lambda f: loss.value(f, targets)[0])(outputs).tolist() == [[0.0, 1.0]]
