"""Condensation of convolution layers: filters and kernels, read off against loops over channels."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from condenslab.landscape import split_to_width
from condenslab.measures import amplitudes, condensation, group_counts, hidden_neurons
from condenslab.networks import Scale, cnn, conv_two_layer


def network(activation="tanh", **other):
    return cnn(
        0,
        inputs=(3, 7, 7),
        channels=(4, 2),
        size=(3, 2),
        hidden=(5,),
        outputs=2,
        activation=activation,
        std=1.0,
        **other,
    )


def test_filters_and_kernels_by_hand():
    """Rows of filters are (channel, row, column, bias); kernel (c, o) is row 4c + o, without a bias."""
    drawn = network()
    filters, kernels = (hidden_neurons(drawn, 0, unit=unit) for unit in ("filter", "kernel"))
    k, b, after = (np.asarray(a) for a in (drawn.kernels[0], drawn.kernel_biases[0], drawn.kernels[1]))
    for o in range(4):
        np.testing.assert_array_equal(filters.incoming[o], [*k[o].ravel(), b[o]])
        np.testing.assert_array_equal(np.sort(filters.outgoing[:, o]), np.sort(after[:, o].ravel()))
        for c in range(3):
            np.testing.assert_array_equal(kernels.incoming[4 * c + o], k[o, c].ravel())
            np.testing.assert_array_equal(kernels.outgoing[:, 4 * c + o], filters.outgoing[:, o])
    assert (filters.biased, kernels.biased) == (True, False)
    expected = np.linalg.norm(filters.incoming, axis=1) * np.sqrt((after**2).sum(axis=(0, 2, 3)))
    np.testing.assert_allclose(amplitudes(drawn, 0, unit="filter"), expected)
    head = np.asarray(drawn.weights[0]).reshape(5, 2, drawn.positions)
    last = hidden_neurons(drawn, 1, unit="filter")
    np.testing.assert_allclose(np.linalg.norm(last.outgoing, axis=0), np.sqrt((head**2).sum(axis=(0, 2))))
    dense = hidden_neurons(drawn, 2)
    np.testing.assert_array_equal(dense.incoming[:, :-1], drawn.weights[0])


def test_split_channels_are_one_group():
    wide = split_to_width(network(), 12, layer=0)
    found = condensation(wide, threshold=1e-9, unit="filter")
    assert (found.effective_width, found.unit) == (4, "filter")
    assert group_counts(wide, np.array([1e-9]), unit="kernel").counts.tolist() == [12]


def test_kernels_condense_where_filters_do_not():
    """Input channel by input channel one direction, up to sign; no two filters are equal: the two readings differ."""
    signs = np.array([[1, 1, -1], [1, -1, 1], [-1, 1, 1], [1, 1, 1]])
    base = np.random.default_rng(0).normal(size=(3, 3, 3))
    condensed = eqx.tree_at(
        lambda n: n.kernels[0], network(), jnp.asarray(signs[:, :, None, None] * base[None]), is_leaf=None
    )
    assert condensation(condensed, unit="kernel", amplitude_filter=0.0).effective_width == 3
    assert condensation(condensed, unit="filter", amplitude_filter=0.0).effective_width == 4


def test_max_pooling_tells_opposite_filters_apart():
    for pooling, expected in (("mean", 1), ("max", 2)):
        drawn = network(pools=(2, 1), pooling=pooling)
        one = jnp.asarray(np.array([1.0, -1.0, 1.0, -1.0]))
        opposite = eqx.tree_at(
            lambda n: (n.kernels[0], n.kernel_biases[0]),
            drawn,
            (one[:, None, None, None] * drawn.kernels[0][:1], one * drawn.kernel_biases[0][0]),
        )
        assert condensation(opposite, unit="filter").effective_width == expected


def test_two_layer_convolutions():
    drawn = conv_two_layer(0, kernels=2, size=3, inputs=5, activation="tanh", scale=Scale(1.0, 1.0))
    assert condensation(split_to_width(drawn, 9), threshold=1e-9).effective_width == 2
    free = conv_two_layer(0, kernels=2, size=3, inputs=5, activation="tanh", scale=Scale(1.0, 1.0), shared=False)
    with pytest.raises(ValueError, match="as_two_layer"):
        condensation(free)


def test_the_reading_must_be_said():
    with pytest.raises(ValueError, match="unit must be filter"):
        condensation(network())
    assert condensation(network(), layer=2).unit is None


def test_networks_of_numpy_arrays():
    """Networks of recorded parameters stay on the host."""
    drawn = network()
    host = jax.tree.map(np.asarray, drawn)
    assert isinstance(host.kernels[0], np.ndarray)
    np.testing.assert_array_equal(
        hidden_neurons(host, 0, unit="filter").incoming, hidden_neurons(drawn, 0, unit="filter").incoming
    )
