"""Embedding at any depth and for any loss: claims on made-up records, and points that are made critical."""

from dataclasses import replace

import jax.numpy as jnp
import numpy as np
import pytest

from condenslab import studies
from condenslab.studies.embedding_losses.cases import GENERAL, LOSSES, SPLIT, THREE_FOLD, Case, Settings
from condenslab.studies.embedding_losses.runs import derivatives, made_critical, measure, mixed_copies
from condenslab.studies.shared.columns import columns
from judging import check_damage, decided, judged, made_up

STUDY = studies.get("embedding_losses")
SMALL = Settings(seeds=2, depths=(1, 2))


def silent(fraction, text):
    """Takes progress."""


def embedded(case, *, point="critical", kind=SPLIT, **change):
    """Values as the theorems have them, with a change in one row."""
    table = [
        {"point": p, "kind": k, "output_difference": 1e-16, "gradient": 1e-16 if p == "critical" else 1.0}
        | {"positive": 20, "zero": 4, "negative": 9}
        for p in ("critical", "any")
        for k in (SPLIT, *GENERAL)
    ]
    table = [row | (change if (row["point"], row["kind"]) == (point, kind) else {}) for row in table]
    narrow = {"narrow_gradient": 1e-16, "narrow_decided": True, "narrow_counts": [20, 4, 9], "other_counts": [19, 0, 9]}
    return narrow | columns(table)


def test_what_the_theorems_say_holds():
    records = made_up(STUDY, SMALL, embedded)
    assert decided(STUDY, records, SMALL) == ["holds"] * 14
    assert decided(STUDY, [], SMALL) == ["undecided"] * 14
    check_damage(STUDY, SMALL, STUDY.cases(SMALL, seed=0), records, seeds=5)


@pytest.mark.parametrize("loss", LOSSES)
def test_one_loss_that_does_otherwise_is_told(loss):
    place = 3 * LOSSES.index(loss)
    wrong = (
        (0, {"gradient": 1e-6}),
        (1, {"kind": THREE_FOLD, "gradient": 1e-6}),
        (2, {"negative": 8}),
        (2, {"point": "any", "positive": 18}),
        (2, {"zero": 3}),
    )
    for number, change in wrong:

        def values(case, change=change):
            return embedded(case, **(change if (case.loss, case.depth) == (loss, 2) else {}))

        found = decided(STUDY, made_up(STUDY, SMALL, values), SMALL)
        assert [k for k, verdict in enumerate(found) if verdict == "fails"] == [place + number], change


def test_what_is_not_known_of_the_narrow_network_decides_nothing():
    loose = decided(STUDY, made_up(STUDY, SMALL, lambda c: embedded(c) | {"narrow_gradient": 1e-6}), SMALL)
    assert loose == ["undecided", "undecided", "holds"] * 4 + ["holds"] * 2
    unknown = decided(STUDY, made_up(STUDY, SMALL, lambda c: embedded(c) | {"narrow_decided": False}), SMALL)
    assert unknown == ["holds", "holds", "undecided"] * 4 + ["holds"] * 2
    one = made_up(STUDY, SMALL, lambda c: embedded(c) | {"narrow_decided": c.seed != 0 or c.loss != "quartic"})
    assert decided(STUDY, one, SMALL)[:6] == ["holds"] * 5 + ["undecided"], "one that is not decided is not left out"
    assert "elsewhere the least gain is 0" in judged(STUDY, one, SMALL)[5].reason
    saddle = made_up(STUDY, SMALL, lambda c: embedded(c, kind=THREE_FOLD, negative=0, output_difference=1e-6))
    assert decided(STUDY, saddle, SMALL)[-2:] == ["fails", "fails"]


@pytest.mark.more
@pytest.mark.parametrize("loss", LOSSES)
def test_a_point_made_critical_stays_so(loss):
    values = measure(Case(2, loss, 2, 60), silent).values
    assert values["narrow_gradient"] <= 1e-13 and values["risk"] > 0.01
    inside = [k for k, point in enumerate(values["row_point"]) if point == "critical"]
    others = [k for k in range(len(values["row_point"])) if k not in inside]
    assert max(values["row_gradient"][k] for k in inside) <= 1e-13
    assert min(values["row_gradient"][k] for k in others) >= 1e-3
    assert max(values["row_output_difference"]) <= 1e-14
    last = inside[-1]
    assert values["row_kind"][last] == THREE_FOLD and values["row_negative"][last] >= 1


@pytest.mark.parametrize("loss", LOSSES)
def test_slopes_that_are_made_are_normal_to_the_tangents(loss):
    """By another formula: Σ slope·tangent, slopes from the loss's own definition."""
    from condenslab import measures, networks

    network = networks.mlp(0, widths=(2, 3, 3), activation="tanh", std=1.2, output_bias=True)
    inputs = np.random.default_rng(0).standard_normal((40, 2))
    risk = made_critical(network, inputs, loss, np.random.default_rng(1))
    outputs, targets = np.asarray(network(jnp.asarray(inputs))), np.asarray(risk.targets)
    weights = np.exp(outputs) / np.exp(outputs).sum(axis=1, keepdims=True)
    error = outputs - targets
    slopes = {
        "squared": 2 * error,
        "quartic": 4 * error**3,
        "smooth absolute": error / np.sqrt(1 + error**2),
        "cross-entropy": weights - targets,
    }[loss]
    tangents = np.asarray(measures.output_jacobian(network, jnp.asarray(inputs)))
    sums = np.abs(np.einsum("io,iop->p", slopes, tangents)).max()
    assert sums <= 1e-12 * np.abs(slopes).max() * np.abs(tangents).sum() and np.abs(slopes).max() > 1e-3
    if loss == "cross-entropy":
        assert targets.min() > 0 and np.abs(targets.sum(axis=1) - 1).max() <= 1e-14


def test_copies_with_another_share_for_each_output_keep_the_function_and_are_not_critical():
    """What the measure of criticality must tell: Condition 1 asks for one β a neuron, and there is none."""
    from condenslab import networks

    network = networks.mlp(0, widths=(2, 3, 3), activation="tanh", std=1.2, output_bias=True)
    inputs = np.random.default_rng(0).standard_normal((40, 2))
    risk = made_critical(network, inputs, "squared", np.random.default_rng(1))
    copies = mixed_copies(1, np.array([[0.3], [0.6], [0.2]]))(network)
    shares = jnp.array([[0.2], [0.7], [-0.5]]) * jnp.ones((1, 3))
    last = jnp.concatenate([shares * network.weights[1], (1 - shares) * network.weights[1]], axis=1)
    uneven = replace(copies, weights=(copies.weights[0], last))
    for wide in (copies, uneven):
        np.testing.assert_allclose(wide(jnp.asarray(inputs)), network(jnp.asarray(inputs)), rtol=0, atol=1e-13)
    assert derivatives(risk, copies)[0] <= 1e-13 < 1e-3 < derivatives(risk, uneven)[0]
