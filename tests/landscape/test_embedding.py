"""Splitting embeddings: output, gradient, criticality and inertia, by the laws and the published numbers."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from condenslab.landscape import Splitting, embed, equal_splitting, split, split_to_width, splitting
from condenslab.measures import inertia_at
from condenslab.networks import MLP, TwoLayer, activation, ravel, unravel
from condenslab.risk import CrossEntropy, EmpiricalRisk
from golden import RISK_1, RISK_2, gradient, l1, made_critical, stationary, three_tanh

SHARES = (-0.5, 0.0, 0.25, 0.5, 0.75, 1.0, 1.5)


def two_layer(seed=0, *, width=3, outputs=2, biases=True, output_bias=True, sigma="tanh"):
    random = np.random.default_rng(seed)
    return TwoLayer(
        jnp.asarray(random.normal(size=(width, 2))),
        jnp.asarray(random.normal(size=width)) if biases else None,
        jnp.asarray(random.normal(size=(outputs, width))),
        jnp.asarray(random.normal(size=outputs)) if output_bias else None,
        activation(sigma),
    )


def deep(seed=0, widths=(2, 3, 4, 2), *, biases=True, residual=False):
    random = np.random.default_rng(seed)
    pairs = list(itertools.pairwise(widths))
    return MLP(
        tuple(jnp.asarray(random.normal(size=(out, into))) for into, out in pairs),
        tuple(jnp.asarray(random.normal(size=out)) if biases else None for _, out in pairs),
        activation("tanh"),
        residual,
    )


def samples(seed=0, count=20):
    random = np.random.default_rng(seed)
    return jnp.asarray(random.normal(size=(count, 2))), jnp.asarray(random.normal(size=(count, 2)))


NETWORKS = {
    "two-layer": (two_layer(), 0),
    "no biases": (two_layer(biases=False, output_bias=False), 0),
    "softplus": (two_layer(sigma="softplus"), 0),
    "relu": (two_layer(sigma="relu"), 0),
    "deep, first": (deep(), 0),
    "deep, second": (deep(), 1),
    "deep without biases": (deep(biases=False), 1),
}


def test_the_definition_by_hand():
    """The copy is appended last and gets α, the original keeps 1 − α; bias and row are copied."""
    narrow = TwoLayer(
        jnp.array([[1.0], [2.0]]), jnp.array([3.0, 4.0]), jnp.array([[5.0, 8.0]]), jnp.array([9.0]), activation("tanh")
    )
    wide = split(narrow, 1, share=0.25)
    assert wide.input_weights.tolist() == [[1.0], [2.0], [2.0]]
    assert wide.biases.tolist() == [3.0, 4.0, 4.0]
    assert wide.output_weights.tolist() == [[5.0, 6.0, 2.0]]
    assert wide.output_bias.tolist() == [9.0]


def test_an_equal_three_way_split_is_a_third_then_a_half():
    """Trap 4 of the digest: not a third twice."""
    narrow = stationary(1)
    steps = split(split(narrow, 0, share=1 / 3), 0, share=1 / 2)
    at_once = split_to_width(narrow, 3)
    np.testing.assert_allclose(steps.output_weights, at_once.output_weights, rtol=1e-15)
    np.testing.assert_allclose(np.asarray(at_once.output_weights), float(narrow.output_weights[0, 0]) / 3)


def test_copies_are_shared_out_in_turn():
    found = equal_splitting(3, 8)
    assert found.sources == (0, 1, 2, 0, 1, 2, 0, 1)
    np.testing.assert_allclose(found.shares, [1 / 3, 1 / 3, 1 / 2, 1 / 3, 1 / 3, 1 / 2, 1 / 3, 1 / 3])
    assert equal_splitting(3, 3).shares == (1.0, 1.0, 1.0)
    assert equal_splitting(3, 299_593).width == 299_593  # 10⁵ shares sum to 1 but for their rounding, 2·10⁻¹²


@pytest.mark.parametrize("name", NETWORKS)
@settings(max_examples=8, deadline=None)
@given(share=st.floats(-3, 3), neuron=st.integers(0, 2), seed=st.integers(0, 1000))
def test_output_and_gradient_at_any_point(name, share, neuron, seed):
    """Output on random inputs, and ∇R′(Tθ) = D·∇R(θ) at a point that is not critical."""
    network, layer = NETWORKS[name]
    x, y = samples(seed)
    risk = EmpiricalRisk(x, y)
    width = network.width if isinstance(network, TwoLayer) else network.widths[layer + 1]
    embedding = splitting(width, neuron, share=share, layer=layer)
    wide = embedding(network)
    outputs = network(x)
    size = (1 + abs(share) + abs(1 - share)) * float(jnp.abs(outputs).max())
    assert float(jnp.abs(wide(x) - outputs).max()) <= 1e-14 * max(size, 1.0)
    narrow_gradient = unravel(jnp.asarray(gradient(risk, network)), network)
    expected = np.asarray(ravel(embedding.gradient(narrow_gradient)))
    np.testing.assert_allclose(gradient(risk, wide), expected, atol=1e-12 * np.abs(expected).max())


@pytest.mark.parametrize("name", ["two-layer", "deep, second"])
def test_the_gradient_relation_to_a_width_and_for_cross_entropy(name):
    network, layer = NETWORKS[name]
    x, _ = samples()
    labels = jnp.asarray(np.eye(2)[np.random.default_rng(0).integers(2, size=20)])
    risk = EmpiricalRisk(x, labels, loss=CrossEntropy())
    width = 3 if layer == 0 else 4
    embedding = equal_splitting(width, 11, layer=layer)
    narrow_gradient = unravel(jnp.asarray(gradient(risk, network)), network)
    expected = np.asarray(ravel(embedding.gradient(narrow_gradient)))
    found = gradient(risk, embedding(network))
    np.testing.assert_allclose(found, expected, atol=1e-12 * np.abs(expected).max())


@pytest.mark.parametrize("width", [1, 2])
def test_published_splittings(width):
    """Every share of every neuron: risk, output, criticality, and the inertia of EP21 Figure 3(a)."""
    risk, narrow = three_tanh(), stationary(width)
    before = l1(risk, narrow)
    positive, zero, negative = inertia_at(risk, narrow).counts
    for neuron in range(width):
        for share in SHARES:
            wide, receipt = embed(risk, narrow, splitting(width, neuron, share=share))
            assert abs(receipt.risk_after - receipt.risk_before) <= 1e-15
            assert receipt.output_difference <= 1e-14 * receipt.output_scale
            assert receipt.output_difference_random <= 1e-14 * receipt.output_scale
            assert receipt.gradient_norm_after <= (1 + abs(share) + abs(1 - share)) * before + 3e-14
            found = inertia_at(risk, wide)
            grown = (0, 3, 0) if share in (0.0, 1.0) else (1, 1, 1)
            assert found.decided
            assert found.counts == (positive + grown[0], zero + grown[1], negative + grown[2])


def test_published_counts_of_two_splits_and_their_lowest_eigenvalues():
    """Splits add a positive, a zero and a negative eigenvalue each; the lowest are −9.70e-3, −2.24e-2, −3.23e-2."""
    risk = three_tanh()
    assert [inertia_at(risk, split_to_width(stationary(1), m)).counts for m in (1, 2, 3)] == [
        (3, 0, 0),
        (4, 1, 1),
        (5, 2, 2),
    ]
    third = split(split(stationary(2), 0), 0, share=1 / 3)
    assert inertia_at(risk, third).counts == (8, 2, 2)
    assert inertia_at(risk, split(stationary(1), 0)).eigenvalues[0] == pytest.approx(-9.70e-3, rel=1e-3)
    lowest = [inertia_at(risk, split(stationary(2), k)).eigenvalues[0] for k in range(2)]
    np.testing.assert_allclose(lowest, [-2.24e-2, -3.23e-2], rtol=5e-3)


def test_a_wide_splitting_keeps_every_count():
    """Width 1 into 60: one positive, one zero, one negative direction a copy."""
    risk = three_tanh()
    found = inertia_at(risk, split_to_width(stationary(1), 60))
    assert (found.counts, found.decided) == ((3 + 59, 59, 59), True)
    assert found.positive + found.zero + found.negative == 180


def test_a_critical_subspace_of_dimension_k():
    """Width 1 into 4 with random shares: all critical, three independent directions, corank at least 3."""
    risk, narrow, random = three_tanh(), stationary(1), np.random.default_rng(0)
    points = []
    for _ in range(6):
        shares = random.uniform(-2, 2, size=3)
        wide = Splitting((0, 0, 0, 0), (float(1 - shares.sum()), *map(float, shares)))(narrow)
        assert l1(risk, wide) < 1e-12
        points.append(np.asarray(ravel(wide)))
        assert inertia_at(risk, wide).zero >= 3
    directions = np.array(points[1:]) - points[0]
    assert np.linalg.matrix_rank(directions, tol=1e-10) == 3


@pytest.mark.parametrize("layer", [1])
def test_a_saddle_of_a_deep_network_stays_critical_and_loses_no_direction(layer):
    network = deep(3, (1, 2, 2, 1))
    risk = made_critical(network, np.linspace(-5, 5, 60)[:, None])
    before = inertia_at(risk, network)
    wide, receipt = embed(risk, network, splitting(2, 1, share=0.5, layer=layer))
    after = inertia_at(risk, wide)
    assert receipt.gradient_norm_after <= 3 * receipt.gradient_norm_before + 1e-13
    assert before.decided
    assert all(a >= b for a, b in zip(after.counts, before.counts, strict=True))
    assert receipt.parameters_after - receipt.parameters_before == (2 + 2 if layer == 0 else 3 + 1)


def test_receipts_name_the_published_risks():
    _, receipt = embed(three_tanh(), stationary(1), equal_splitting(1, 5))
    assert receipt.risk_after == pytest.approx(RISK_1, abs=1e-10)
    assert (receipt.parameters_before, receipt.parameters_after) == (3, 15)
    assert "Halton" in receipt.random_law
    assert embed(three_tanh(), stationary(2), equal_splitting(2, 5))[1].risk_after == pytest.approx(RISK_2, abs=1e-10)


def test_bad_requests():
    narrow = two_layer()
    for call, error, message in [
        (lambda: split(narrow, 3), IndexError, "neuron must be one of 0 to 2"),
        (lambda: split(narrow, -1), IndexError, "Got -1"),
        (lambda: split(narrow, 0, layer=1), IndexError, "hidden layer"),
        (lambda: split(deep(), 0, layer=2), IndexError, "0 to 1"),
        (lambda: split(MLP((jnp.ones((1, 1)),), (None,), activation("tanh")), 0), IndexError, "the network is linear"),
        (lambda: split(narrow, 0, share=float("nan")), ValueError, "finite"),
        (lambda: split_to_width(narrow, 2), ValueError, "width 3 and target width 2"),
        (lambda: equal_splitting(0, 3), ValueError, "width must be a whole number of at least 1"),
        (lambda: Splitting((0, 1, 1), (1.0, 0.5, 0.6)), ValueError, "sum to 1"),
        (lambda: Splitting((0, 2), (1.0, 1.0)), ValueError, "must be a source"),
        (lambda: Splitting((0, 0), (1.0,)), ValueError, "2 copies and 1 shares"),
        (lambda: equal_splitting(4, 6)(narrow), ValueError, "made for a layer of width 4"),
    ]:
        with pytest.raises(error, match=message):
            call()


def test_a_dead_neuron_is_not_split():
    dead = TwoLayer(jnp.ones((2, 1)), jnp.zeros(2), jnp.array([[1.0, 0.0]]), None, activation("tanh"))
    with pytest.raises(ValueError, match="neuron 1 of layer 0 has zero output weights"):
        split(dead, 1)
    assert split(dead, 0).width == 3


def test_residual_connections_are_not_broken():
    """2-3-3-3-1: layers 1 and 2 have a skip; 2-4-3-1 gets one when its second layer grows to 4."""
    with_skips = deep(0, (2, 3, 3, 3, 1), residual=True)
    for layer in range(3):
        with pytest.raises(ValueError, match="has a residual connection"):
            split(with_skips, 0, layer=layer)
    growing = deep(0, (2, 4, 3, 1), residual=True)
    with pytest.raises(ValueError, match="would get a residual connection"):
        split(growing, 0, layer=1)
    x, _ = samples()
    fine = deep(0, (2, 2, 5, 1), residual=True)
    np.testing.assert_allclose(split(fine, 0, layer=1)(x), fine(x), atol=1e-13)


def test_splitting_can_be_traced():
    """Under jit, vmap and grad the wide network is Tθ, and ∇(R∘T) = Tᵀ∇R: copies add up with their shares."""
    networks = jax.tree.map(lambda *leaves: jnp.stack(leaves), two_layer(0), two_layer(1))
    wide = jax.jit(jax.vmap(lambda network: split(network, 1, share=0.3)))(networks)
    for member in range(2):
        alone = jax.tree.leaves(split(two_layer(member), 1, share=0.3))
        for own, expected in zip(jax.tree.leaves(wide), alone, strict=True):
            np.testing.assert_array_equal(own[member], expected)
    x = jnp.asarray(np.random.default_rng(0).normal(size=(5, 2)))
    risk, network = EmpiricalRisk(x, jnp.ones((5, 2))), two_layer(0)
    pulled = jax.grad(lambda narrow: risk.value(split(narrow, 1, share=0.3)))(network)
    np.testing.assert_allclose(ravel(pulled), gradient(risk, network), atol=1e-14)
