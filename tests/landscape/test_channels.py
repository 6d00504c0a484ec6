"""Splitting whole channels and kernels: the same function, the same gradient, critical points that stay critical."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from condenslab.landscape import embed, equal_splitting, make_critical, split, split_to_width, splitting
from condenslab.measures import inertia_at
from condenslab.networks import MLP, Scale, cnn, conv_two_layer, ravel
from condenslab.networks.layered import width
from condenslab.risk import EmpiricalRisk

RANDOM = np.random.default_rng(3)
IMAGES = jnp.asarray(RANDOM.normal(size=(6, 2, 6, 7)))
LINE = jnp.asarray(RANDOM.normal(size=(60, 6)))
SHARES = (-0.5, 0.0, 0.3, 1.5)


def network(name):
    if name == "line":
        return conv_two_layer(1, kernels=2, size=3, inputs=6, activation="tanh", scale=Scale(1.0, 1.0)), LINE
    if name == "line, not shared":
        draw = conv_two_layer(
            1, kernels=2, size=3, inputs=6, activation="tanh", scale=Scale(1.0, 1.0), shared=False, outputs=2
        )
        return draw, LINE
    if name == "plane":
        draw = conv_two_layer(1, kernels=2, size=(3, 2), inputs=(6, 7), activation="relu", scale=Scale(1.0, 1.0))
        return draw, IMAGES[:, 0]
    pooling = "mean" if name == "mean pool" else "max"
    draw = cnn(
        1,
        inputs=(2, 6, 7),
        channels=(2, 3),
        size=(3, 2),
        hidden=(3,),
        outputs=2,
        activation="tanh",
        std=0.7,
        pools=(1, 2),
        pooling=pooling,
    )
    return draw, IMAGES


CASES = [
    ("line", 0),
    ("line, not shared", 0),
    ("plane", 0),
    *(("max pool", layer) for layer in range(3)),
    ("mean pool", 1),
]


@eqx.filter_jit
def value_and_gradient(risk, network):
    return risk.value_and_gradient(network)


@pytest.mark.parametrize(("name", "layer"), CASES)
def test_output_and_gradient_at_any_point(name, layer):
    """Output on any input, and ∇R′(Tθ) = D·∇R(θ) at a point that is not critical, shares outside [0, 1] included."""
    narrow, x = network(name)
    outputs = narrow(x)
    risk = EmpiricalRisk(x, jnp.asarray(np.random.default_rng(0).normal(size=outputs.shape)))
    value, gradient = value_and_gradient(risk, narrow)
    for share in SHARES:
        embedding = splitting(width(narrow, layer), 1, share=share, layer=layer)
        wide = embedding(narrow)
        assert width(wide, layer) == width(narrow, layer) + 1
        np.testing.assert_allclose(wide(x), outputs, atol=1e-14 * (1 + float(jnp.abs(outputs).max())), rtol=0)
        found = value_and_gradient(risk, wide)
        expected = np.asarray(ravel(embedding.gradient(gradient)))
        assert float(found[0]) == pytest.approx(float(value), rel=1e-13)
        np.testing.assert_allclose(np.asarray(ravel(found[1])), expected, atol=1e-12 * np.abs(expected).max(), rtol=0)


@pytest.mark.parametrize(("name", "layer"), [("line", 0), ("line, not shared", 0), ("small", 0)])
def test_a_critical_point_stays_critical_and_loses_no_direction(name, layer):
    if name == "small":
        narrow = cnn(0, inputs=(1, 4, 4), channels=(1,), size=3, outputs=1, activation="tanh", std=1.0)
        x = jnp.asarray(2 * RANDOM.normal(size=(60, 1, 4, 4)))
    else:
        narrow, x = network(name)
    risk = make_critical(narrow, x, jax.random.key(0))
    before = inertia_at(risk, narrow)
    wide, receipt = embed(risk, narrow, splitting(width(narrow, layer), 0, share=0.3, layer=layer))
    after = inertia_at(risk, wide)
    assert receipt.gradient_norm_after <= 2 * receipt.gradient_norm_before + 1e-13
    assert receipt.output_difference_random <= 1e-13
    assert receipt.risk_after == pytest.approx(1.0, abs=1e-12)
    assert all(a >= b for a, b in zip(after.counts, before.counts, strict=True))
    assert after.zero > before.zero


def test_widening_a_channel_layer_shares_out_equally():
    narrow, x = network("max pool")
    wide = split_to_width(narrow, 7, layer=1)
    assert wide.channels == (2, 2, 7)
    np.testing.assert_allclose(wide(x), narrow(x), rtol=1e-12)
    steps = split(split(narrow, 0, layer=1), 1, layer=1)
    np.testing.assert_allclose(ravel(equal_splitting(3, 5, layer=1)(narrow)), ravel(steps), rtol=1e-14)


def test_bad_requests():
    narrow, _ = network("max pool")
    dead = eqx.tree_at(lambda n: n.weights[0], narrow, narrow.weights[0].at[:, : narrow.positions].set(0.0))
    for call, error, message in [
        (lambda: split(narrow, 0, layer=3), IndexError, "0 to 2"),
        (lambda: split(narrow, 3, layer=1), IndexError, "0 to 2"),
        (lambda: split(dead, 0, layer=1), ValueError, "neuron 0 of layer 1 has zero output weights"),
        (lambda: split(MLP((jnp.ones((1, 1)),), (None,), narrow.activation), 0), IndexError, "the network is linear"),
    ]:
        with pytest.raises(error, match=message):
            call()
