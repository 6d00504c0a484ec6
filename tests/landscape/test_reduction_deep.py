"""Reduction at any depth and of channels: disguised embeddings undone; constants, dead units, skips; the bound."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from condenslab.landscape import Splitting, reduce, split
from condenslab.networks import (
    CNN,
    MLP,
    Activation,
    Scale,
    activation,
    as_mlp,
    as_two_layer,
    cnn,
    conv_two_layer,
    mlp,
    two_layer,
)
from condenslab.networks.layered import activation as effective_activation
from condenslab.networks.layered import layers, width, with_layers

RANDOM = np.random.default_rng(11)
X = jnp.asarray(RANDOM.normal(size=(30, 2)))
IMAGES = jnp.asarray(RANDOM.normal(size=(8, 2, 6, 6)))


def disguise(network, random, layer, copies=2):
    """Splits every unit of a layer with random shares, then applies random signs, scales and an order to the copies."""
    count = width(network, layer)
    sources = np.tile(np.arange(count), copies)
    shares = random.uniform(0.3, 2.0, size=(copies, count)) * random.choice([1.0, 1.0, -0.3], size=(copies, count))
    shares[-1] += 1 - shares.sum(axis=0)
    shares[-1] += np.where(np.abs(shares[-1]) < 0.1, 0.5, 0.0)
    shares[0] += 1 - shares.sum(axis=0)
    wide = Splitting(tuple(sources.tolist()), tuple(shares.ravel().tolist()), layer)(network)
    sigma = effective_activation(network, layer)
    signs = random.choice([-1.0, 1.0], sources.size) if sigma.parity else np.ones(sources.size)
    scales = random.uniform(0.2, 5.0, sources.size) if sigma.homogeneity else np.ones(sources.size)
    inner, outer = signs * scales, (signs if sigma.parity == "odd" else 1.0) / scales
    order = random.permutation(sources.size)
    weights, biases = (list(parts) for parts in layers(wide))

    def moved(array, factors, axis):
        shape = [1] * array.ndim
        shape[axis] = -1
        return jnp.asarray(np.take(np.asarray(array) * factors.reshape(shape), order, axis))

    weights[layer], weights[layer + 1] = moved(weights[layer], inner, 0), moved(weights[layer + 1], outer, 1)
    biases[layer] = None if biases[layer] is None else moved(biases[layer], inner, 0)
    return with_layers(wide, weights, biases)


def canonical(network):
    """Returns the parameters with signs, scales and order of units fixed: equal for networks equal up to symmetry."""
    weights, biases = ([None if a is None else np.asarray(a) for a in parts] for parts in layers(network))
    for k in range(len(weights) - 1):
        rows = weights[k].reshape(len(weights[k]), -1)
        rows = rows if biases[k] is None else np.concatenate([rows, biases[k][:, None]], axis=1)
        sigma = effective_activation(network, k)
        sign = np.where(rows[:, 0] < 0, -1.0, 1.0) if sigma.parity else np.ones(len(rows))
        factor = sign / (np.linalg.norm(rows, axis=1) if sigma.homogeneity else 1.0)
        back = (sign if sigma.parity == "odd" else 1.0) * (np.linalg.norm(rows, axis=1) if sigma.homogeneity else 1.0)
        order = np.argsort((rows * factor[:, None])[:, 0])
        shape = (-1, *(1,) * (weights[k].ndim - 1))
        weights[k] = (weights[k] * factor.reshape(shape))[order]
        biases[k] = None if biases[k] is None else (biases[k] * factor)[order]
        after = weights[k + 1]
        weights[k + 1] = (after * np.reshape(back * np.ones(len(rows)), (1, -1, *(1,) * (after.ndim - 2))))[:, order]
    return [array for array in (*weights, *biases) if array is not None]


def same_up_to_symmetry(found, expected, tolerance=1e-11):
    for ours, theirs in zip(canonical(found), canonical(expected), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=tolerance, rtol=tolerance)


@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    widths=st.sampled_from([(2, 3, 1), (2, 3, 2, 2), (2, 2, 3, 2, 1)]),
    sigma=st.sampled_from(["tanh", "relu", "sigmoid", "x_tanh"]),
    output_bias=st.booleans(),
    data=st.data(),
)
def test_reduction_undoes_embeddings_at_any_depth(seed, widths, sigma, output_bias, data):
    narrow = mlp(seed, widths=widths, activation=sigma, std=1.0, output_bias=output_bias)
    random = np.random.default_rng(seed)
    hidden = len(widths) - 2
    wide = narrow
    for layer in data.draw(st.lists(st.integers(0, hidden - 1), min_size=1, max_size=hidden, unique=True)):
        wide = disguise(wide, random, layer)
    found = reduce(wide, inputs=X)
    assert found.network.widths == widths
    same_up_to_symmetry(found.network, narrow)
    assert found.receipt.relative_difference < 1e-11
    for layer, state in enumerate(found.layers):
        assert sorted(np.concatenate(state.groups)) == list(range(wide.widths[layer + 1]))


CNNS = [
    ("tanh", {"pools": (1, 1)}),
    ("tanh", {"pools": (2, 1), "pooling": "max"}),
    ("relu", {"pools": (2, 1), "pooling": "max", "padding": "same"}),
    ("tanh", {"pools": (1, 2), "pooling": "mean"}),
    ("sigmoid", {"strides": (2, 1), "padding": "same"}),
]


@pytest.mark.parametrize(("sigma", "other"), CNNS, ids=str)
def test_reduction_undoes_embeddings_of_channels(sigma, other):
    """Under max pooling K and −K are different features: signs are not flipped there, and would not be undone."""
    shape = {"inputs": (2, 6, 6), "channels": (2, 3), "size": 2, "hidden": (3,), "outputs": 2}
    narrow = cnn(3, **shape, activation=sigma, std=0.8, **other)
    wide = narrow
    for layer in (1, 0, 2):
        wide = disguise(wide, np.random.default_rng(layer), layer)
    assert wide.channels == (2, 4, 6)
    found = reduce(wide, inputs=IMAGES)
    assert found.network.channels == (2, 2, 3)
    same_up_to_symmetry(found.network, narrow)
    assert found.receipt.output_difference_random < 1e-12
    assert found.bound < 1e-9  # zero but for rounding


def test_kernels_of_a_two_layer_convolution():
    narrow = conv_two_layer(2, kernels=2, size=3, inputs=6, activation="tanh", scale=Scale(1.0, 1.0))
    x = IMAGES[:, 0, 0]
    found = reduce(disguise(narrow, np.random.default_rng(0), 0, copies=4), inputs=x)
    assert found.network.width == 2
    same_up_to_symmetry(found.network, narrow)
    free = conv_two_layer(2, kernels=1, size=3, inputs=6, activation="tanh", scale=Scale(1.0, 1.0), shared=False)
    with pytest.raises(ValueError, match="as_two_layer"):
        reduce(free)
    assert reduce(as_two_layer(split(free, 0))).network.width == 4


def test_opposite_kernels_merge_only_without_max_pooling():
    shape = {"inputs": (1, 4, 4), "channels": (1,), "size": 3, "outputs": 1, "activation": "tanh", "std": 1.0}
    images = IMAGES[:, :1, :4, :4]
    for pooling, expected in (("mean", 1), ("max", 2)):
        wide = split(cnn(0, pools=2, pooling=pooling, **shape), 0, share=0.3)
        flipped = eqx.tree_at(lambda n: n.kernels[0], wide, wide.kernels[0].at[1].multiply(-1.0))
        flipped = eqx.tree_at(lambda n: n.kernel_biases[0], flipped, flipped.kernel_biases[0].at[1].multiply(-1.0))
        found = reduce(flipped, inputs=images)
        assert found.network.channels[-1] == expected
        assert found.receipt.output_difference < 1e-14


def test_what_dies_in_one_layer_frees_the_next_and_the_one_before():
    """A unit without output weights goes, then what only it read; what reads a constant alone is a constant."""
    network = mlp(0, widths=(2, 4, 3, 3, 1), activation="sigmoid", std=1.0, output_bias=True)
    weights, biases = list(network.weights), list(network.biases)
    weights[0] = weights[0].at[0].set(0.0)  # constant
    weights[1] = weights[1].at[:, 1].set(0.0).at[2, 1].set(5.0)  # read by unit 2 of layer 1 alone
    weights[1] = weights[1].at[0, 1:].set(0.0)  # unit 0 of layer 1 reads the constant only
    weights[2] = weights[2].at[:, 2].set(0.0)  # unit 2 of layer 1 is read by nobody
    found = reduce(MLP(tuple(weights), tuple(biases), network.activation), inputs=X)
    assert found.network.widths == (2, 2, 1, 3, 1)
    assert [state.folded.tolist() for state in found.layers] == [[0], [0], []]
    assert [state.dropped.tolist() for state in found.layers] == [[1], [2], []]
    assert [group.tolist() for group in found.layers[0].groups] == [[2], [3]]
    assert found.receipt.output_difference_random < 1e-13
    assert found.groups is found.layers[0].groups


@pytest.mark.parametrize(("padding", "channels"), [("valid", 1), ("same", 2)])
def test_a_constant_channel_folds_where_nothing_is_padded(padding, channels):
    network = cnn(
        0, inputs=(1, 6, 6), channels=(3, 2), size=3, outputs=1, activation="sigmoid", std=1.0, padding=padding
    )
    constant = eqx.tree_at(lambda n: n.kernels[0], network, network.kernels[0].at[1:].set(0.0))
    found = reduce(constant, inputs=IMAGES[:, :1])
    assert found.network.channels == (1, channels, 2)
    assert found.receipt.output_difference < 1e-13
    assert found.layers[0].folded.tolist() == ([1, 2] if padding == "valid" else [])


def test_residual_connections_forbid_what_they_pair():
    network = mlp(0, widths=(2, 3, 3, 4, 1), activation="tanh", std=1.0, residual=True)
    wide = split(network, 0, layer=2)
    found = reduce(wide, inputs=X)
    assert found.network.widths == (2, 3, 3, 4, 1)
    assert "residual connection" in found.layers[0].refused
    assert "residual connection" in found.layers[1].refused
    assert found.layers[2].refused is None
    would_get_one = split(mlp(0, widths=(2, 3, 3, 1), activation="tanh", std=1.0), 0, layer=1)
    as_residual = MLP(would_get_one.weights, would_get_one.biases, would_get_one.activation, residual=True)
    kept = reduce(as_residual, inputs=X)
    assert kept.network.widths == (2, 3, 4, 1)
    assert "would get a residual connection" in kept.layers[1].refused
    assert kept.receipt.output_difference == 0.0


@pytest.mark.parametrize("sigma", ["tanh", "relu", "softplus", "x_tanh"])
@pytest.mark.parametrize("depth", [1, 3])
def test_the_bound_holds_and_is_of_the_order_of_the_error(sigma, depth):
    """Units moved by up to 1 % and some weak ones: the measured difference on a sphere of inputs is below the bound."""
    narrow = mlp(5, widths=(2, *(3,) * depth, 2), activation=sigma, std=0.7, output_bias=True)
    random = np.random.default_rng(1)
    wide = narrow
    for layer in range(depth):
        wide = disguise(wide, random, layer, copies=3)
    noisy = eqx.tree_at(
        lambda n: n.weights,
        wide,
        tuple(w * (1 + 1e-2 * jnp.asarray(random.uniform(-1, 1, w.shape))) for w in wide.weights),
    )
    found = reduce(noisy, threshold=0.1, drop=1e-3, inputs=X)
    assert found.network.widths == narrow.widths
    circle = np.linspace(0, 2 * np.pi, 400)
    radius = float(jnp.linalg.norm(X, axis=1).max())
    ball = jnp.asarray(
        np.concatenate([r * radius * np.stack([np.cos(circle), np.sin(circle)], 1) for r in (0.3, 0.7, 1)])
    )
    worst = float(jnp.linalg.norm(found.network(ball) - noisy(ball), axis=1).max())
    assert 0 < worst <= found.bound
    if depth == 1:
        assert found.bound < 1000 * worst  # merges are second order, the bound first


def test_the_bound_of_dropped_units_is_reached():
    """One dropped linear piece: on the data's sphere the ReLU unit's output is its weight times the radius."""
    network = two_layer(0, width=1, inputs=2, activation="relu", scale=Scale(1.0, 1.0), biases=False)
    both = eqx.tree_at(
        lambda n: (n.input_weights, n.output_weights),
        network,
        (jnp.array([[0.0, 3.0], [1e-3, 0.0]]), jnp.array([[1.0, 2.0]])),
    )
    found = reduce(both, drop=0.01, inputs=np.array([[2.0, 0.0], [0.0, 1.0]]))
    assert found.dropped.tolist() == [1]
    assert found.bound == pytest.approx(4e-3, rel=1e-12)
    assert found.receipt.output_difference == pytest.approx(4e-3, rel=1e-12)


def test_the_bound_of_channels_holds():
    narrow = cnn(3, inputs=(2, 6, 6), channels=(2, 3), size=3, outputs=2, activation="tanh", std=0.5, pools=(1, 2))
    wide = disguise(disguise(narrow, np.random.default_rng(0), 1), np.random.default_rng(1), 0)
    kernels = tuple(k * (1 + 1e-2 * jnp.asarray(RANDOM.uniform(-1, 1, k.shape))) for k in wide.kernels)
    noisy = eqx.tree_at(lambda n: n.kernels, wide, kernels)
    found = reduce(noisy, threshold=0.1, inputs=IMAGES)
    assert found.network.channels == (2, 2, 3)
    worst = float(jnp.linalg.norm(found.network(IMAGES) - noisy(IMAGES), axis=1).max())
    assert 0 < worst <= found.bound


def test_unknown_activations():
    """Without declared symmetries only duplicates merge, and there is no bound; a plain function is refused."""
    silent = Activation("my own tanh", jnp.tanh)
    rows = jnp.array([[1.0, 2.0], [1.0, 2.0], [-1.0, -2.0]])
    network = MLP((rows, jnp.ones((1, 3))), (jnp.array([0.5, 0.5, -0.5]), None), silent)
    found = reduce(network, inputs=X)
    assert found.network.widths == (2, 2, 1)
    assert found.bound is None
    declared = MLP(network.weights, network.biases, activation("tanh"))
    assert reduce(declared).network.widths == (2, 1, 1)
    assert reduce(declared).bound is None
    plain = object.__new__(MLP)
    for name, value in (("weights", network.weights), ("biases", network.biases), ("residual", False)):
        object.__setattr__(plain, name, value)
    object.__setattr__(plain, "activation", jnp.tanh)
    with pytest.raises(TypeError, match=r"networks\.Activation"):
        reduce(plain)


def test_the_same_as_an_mlp():
    network = split(two_layer(1, width=3, inputs=2, activation="tanh", scale=Scale(1.0, 1.0)), 1)
    ours, deep = reduce(network).network, reduce(as_mlp(network)).network
    np.testing.assert_array_equal(ours.input_weights, deep.weights[0])
    np.testing.assert_array_equal(ours.output_weights, deep.weights[1])
    linear = MLP((jnp.ones((1, 2)),), (None,), activation("tanh"))
    assert reduce(linear, inputs=X).groups == ()


def test_width_0_in_the_middle():
    """A network that computes a constant keeps its depth and its output."""
    network = mlp(0, widths=(2, 3, 3, 1), activation="tanh", std=1.0, output_bias=True)
    silent = eqx.tree_at(lambda n: n.weights[1], network, jnp.zeros((3, 3)))
    found = reduce(silent, inputs=X)
    assert found.network.widths == (2, 0, 0, 1)
    assert found.receipt.output_difference < 1e-14
    assert isinstance(found.network, MLP)
    image = cnn(0, inputs=(1, 5, 5), channels=(2,), size=3, outputs=1, activation="tanh", std=1.0)
    blank = reduce(eqx.tree_at(lambda n: n.kernels[0], image, jnp.zeros((2, 1, 3, 3))), inputs=IMAGES[:, :1, :5, :5])
    assert isinstance(blank.network, CNN)
    assert blank.network.channels == (1, 0)
    assert blank.receipt.output_difference < 1e-14
