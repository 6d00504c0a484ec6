"""Symmetries that are found, against those that each architecture is known to have."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from condenslab import networks, training
from condenslab.landscape import discover_symmetries
from condenslab.networks import MLP, MultiHeadAttention
from condenslab.risk import EmpiricalRisk

KEY = jax.random.key(3)


def normal(*shape, seed=0):
    return jnp.asarray(np.random.default_rng(seed).normal(size=shape))


@functools.cache
def symmetries_of(activation):
    return discover_symmetries(deep(activation), normal(40, 3), KEY)


def named(symmetries, kind):
    """Returns the symmetries of a kind as (size, names of the axes), sorted."""
    own = [s for s in symmetries if s.kind == kind]
    return sorted((s.size, tuple(f"{a.leaf}[{a.axis}]" for a in s.axes)) for s in own)


def deep(activation):
    sizes = (3, 5, 4, 2)
    pairs = list(zip(sizes[1:], sizes[:-1], strict=True))
    weights = tuple(normal(o, i, seed=k) for k, (o, i) in enumerate(pairs))
    return MLP(weights, tuple(normal(o) for o, _ in pairs), networks.activation(activation))


def test_hidden_units_of_a_deep_network_are_found():
    expected = [
        (4, (".weights[1][0]", ".weights[2][1]", ".biases[1][0]")),
        (5, (".weights[0][0]", ".weights[1][1]", ".biases[0][0]")),
    ]
    assert named(symmetries_of("tanh"), "permutation") == expected
    assert named(symmetries_of("tanh"), "sign") == expected  # tanh is odd
    assert named(symmetries_of("tanh"), "scaling") == []
    assert named(symmetries_of("relu"), "permutation") == expected
    assert named(symmetries_of("relu"), "sign") == []


def test_relu_scales_are_found_with_their_exponents_and_conserved_by_flow():
    network = deep("relu")
    symmetries = [s for s in symmetries_of("relu") if s.kind == "scaling"]
    assert [s.size for s in symmetries] == [4, 5]
    for s in symmetries:
        powers = dict(zip([a.leaf for a in s.axes], s.exponents, strict=True))
        layer = 0 if s.size == 5 else 1
        into, out = powers[f".weights[{layer}]"], powers[f".weights[{layer + 1}]"]
        assert into == pytest.approx(-out) and powers[f".biases[{layer}]"] == pytest.approx(into)
    risk = EmpiricalRisk(normal(12, 3, seed=4), normal(12, 2, seed=5))
    end = training.flow(risk, network, until=training.Until(time=0.5), rtol=1e-9, atol=1e-12).network
    before, after = (float(symmetries[0].conserved(n, 1)) for n in (network, end))
    assert after == pytest.approx(before, rel=1e-6)
    assert float(jnp.abs(end.weights[0] - network.weights[0]).max()) > 1e-2


def test_heads_attention_dimension_and_model_dimension_are_found():
    h, model, d, v = 3, 6, 2, 4
    shapes = [(h, model, d), (h, model, d), (h, model, v), (h, model, v), (5, model), (model, 7)]
    attention = MultiHeadAttention(*(normal(*shape, seed=k) for k, shape in enumerate(shapes)))
    symmetries = discover_symmetries(attention, normal(8, 6, 5), KEY, kinds=("permutation",))
    assert named(symmetries, "permutation") == [
        (d, (".queries[2]", ".keys[2]")),
        (h, (".queries[0]", ".keys[0]", ".values[0]", ".outputs[0]")),
        (v, (".values[2]", ".outputs[2]")),
        # Without a skip connection what attention reads and what it writes can be permuted apart.
        (model, (".outputs[1]", ".readout[0]")),
        (model, (".queries[1]", ".keys[1]", ".values[1]", ".embedding[1]")),
    ]


def test_channels_are_found_through_a_flattening():
    kernels, head = normal(3, 1, 2, 2), normal(2, 3 * 9, seed=1)

    def predict(params, images):
        hidden = jax.lax.conv_general_dilated(images, params["kernels"], (1, 1), "VALID")
        return jnp.tanh(hidden).reshape(len(images), -1) @ params["head"].T

    params = {"kernels": kernels, "head": head}
    symmetries = discover_symmetries(params, normal(6, 1, 4, 4), KEY, kinds=("permutation",), predict=predict)
    assert [(s.size, sorted((a.leaf, a.axis, a.whole) for a in s.axes)) for s in symmetries] == [
        (3, [("['head']", 1, False), ("['kernels']", 0, True)])
    ]


def test_a_symmetry_acts_on_networks():
    network, inputs = deep("tanh"), normal(20, 3)
    symmetry = next(s for s in symmetries_of("tanh") if s.kind == "permutation")
    swapped = symmetry.swapped(network, 0, 3)
    np.testing.assert_allclose(swapped(inputs), network(inputs), atol=1e-13)
    assert not np.allclose(swapped.weights[1], network.weights[1])


def test_refusals():
    with pytest.raises(TypeError, match="float64"):
        discover_symmetries({"a": jnp.ones(2)}, jnp.ones(1), KEY, predict=lambda p, _: p["a"].astype(jnp.float32))
    square = MLP(tuple(normal(3, 3, seed=k) for k in range(9)), (None,) * 9, networks.activation("tanh"))
    with pytest.raises(ValueError, match="sizes that differ"):
        discover_symmetries(square, normal(4, 3), KEY)
