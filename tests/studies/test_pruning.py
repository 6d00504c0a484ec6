"""The pruning study: the merge rule on networks built for it, the flattest stretch, claims on made-up records."""

from dataclasses import asdict

import jax.numpy as jnp
import numpy as np
import pytest

from condenslab import studies
from condenslab.networks import TwoLayer, activation
from condenslab.studies.pruning.runs import flattest, merge_by_rule
from condenslab.studies.pruning.study import AGREEMENT, SHARE, STATEMENTS
from condenslab.sweeps import Record, case_id

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


def record(case, **values):
    return Record(
        "pruning", case_id("pruning", 1, case, "float32"), asdict(case), "done", "", {"width": 400, **values}, {}
    )


def test_claims_on_made_up_records():
    """58 of 400 neurons, 98.5 % and the same loss hold; one neuron more, a little less, or another loss do not."""
    case = STUDY.cases(STUDY.presets["full"], seed=0, data=None)[0]
    published = {"step": 5000, "neurons": 58, "agreement": 0.985, "accuracy": 0.9, "risk": 6e-3, "retrained": 6.3e-3}
    good = record(case, **{f"{moment}_{k}": v for moment in ("plateau", "published") for k, v in published.items()})
    claims = STUDY.claims([good], STUDY.presets["full"], known_target=True)
    assert [c.verdict for c in claims] == ["holds"] * 6
    assert all(any(text in c.statement for text in STATEMENTS) for c in claims)
    assert (claims[0].expected, claims[1].expected) == (SHARE, AGREEMENT) == (58 / 400, 0.985)
    worse = {"published_neurons": 59, "published_agreement": 0.98, "published_retrained": 3e-3}
    bad = record(case, **(good.values | worse))
    verdicts = [c.verdict for c in STUDY.claims([good, bad], STUDY.presets["full"], known_target=True)]
    assert verdicts == ["holds"] * 3 + ["fails"] * 3
    unfinished = Record("pruning", "x", asdict(case), "diverged", "the loss left the finite numbers")
    assert {c.verdict for c in STUDY.claims([unfinished], None, known_target=True)} == {"undecided"}


def test_presets_travel_as_far_as_the_source():
    """Learning rate × epochs reaches the published 0.15 in every preset; full is the source's size."""
    for settings in STUDY.presets.values():
        assert settings.rate * settings.epochs >= 0.15
    full = STUDY.presets["full"]
    assert (full.width, full.images, full.rate, full.epochs) == (400, 1000, 3e-5, 100_000)
