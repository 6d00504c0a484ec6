"""General compatible embeddings: the laws at random points, the conditions, the published and verified counts."""

import itertools

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from condenslab.landscape import (
    CompatibleEmbedding,
    as_compatible,
    compose,
    equal_splitting,
    k_step,
    make_critical,
    null_neuron,
    split,
    splitting,
    three_fold,
    two_fold_null,
)
from condenslab.measures import inertia
from condenslab.networks import MLP, TwoLayer, activation, ravel, unravel
from condenslab.risk import EmpiricalRisk
from golden import WIDTH_2, WIDTH_3, l1, stationary, tanh_network, three_tanh


@eqx.filter_jit
def everything(risk, network):
    return risk.outputs(network), ravel(risk.gradient(network)), risk.hessian(network)


def evaluate(risk, network):
    """Returns outputs, gradient and Hessian."""
    return tuple(np.asarray(array) for array in everything(risk, network))


def deep(seed=0, widths=(2, 2, 3, 2), *, biases=True, sigma="tanh", residual=False):
    random = np.random.default_rng(seed)
    pairs = list(itertools.pairwise(widths))
    return MLP(
        tuple(jnp.asarray(random.normal(size=(out, into))) for into, out in pairs),
        tuple(jnp.asarray(random.normal(size=out)) if biases else None for _, out in pairs),
        activation(sigma),
        residual,
    )


def two_layer(seed=0, sigma="sigmoid"):
    random = np.random.default_rng(seed)
    leaves = (random.normal(size=shape) for shape in [(3, 2), (3,), (2, 3), (2,)])
    return TwoLayer(*map(jnp.asarray, leaves), activation(sigma))


def curved(c=0.3, first=0.7, second=-0.4):
    """1-2-2-1 → 1-3-3-1, splitting both second neurons: the three free numbers of the curved critical set.

    The shares α_i2 of the copy in the second layer may differ from row to row, as long as the backward condition
    α_02 = (1 − c)·α_12 + c·α_22 holds.
    """
    a = np.array([first, second, (first - (1 - c) * second) / c])
    middle = np.stack([np.ones(3), 1 - a, a], axis=1)
    shares = (np.ones((3, 1)), middle, np.array([[1.0, 1 - c, c]]))
    return CompatibleEmbedding(((0, 1, 1), (0, 1, 1)), shares, (np.zeros(3), np.zeros(3), np.zeros(1)))


def fed_by_null():
    """1-2-2-1 → 1-3-4-1: a null neuron that feeds both copies of a neuron, with opposite signs, and a null neuron.

    Shares of the copies in the output: 1/4 and 3/4, so the weights 3 and −1 of the null neuron to them cancel in the
    backward condition. The null neuron of the second layer gets 0.9 from it and has any output share.
    """
    one, third, null = np.array([[1.0, 1.0, 0.0]]), np.array([[0.0, 0.0, 1.0]]), np.array([[0.0, 0.0, 0.9]])
    middle = np.concatenate([one, one + 3 * third, one - third, null])
    shares = (np.array([[1.0], [1.0], [0.0]]), middle, np.array([[1.0, 0.25, 0.75, 0.0]]))
    terms = (np.array([0.0, 0.0, 0.6]), np.array([0.0, 0.0, 0.0, -0.2]), np.zeros(1))
    return CompatibleEmbedding(((0, 1, -1), (0, 1, 1, -1)), shares, terms).corrected(activation("sigmoid"))


CASES = {
    "three-fold, two layers": (two_layer(), three_fold),
    "two-fold null": (deep(), lambda n: two_fold_null(n, [(0.3, -1.0), (0.5, 2.0, 0.0)])),
    "null without biases": (deep(biases=False), lambda n: null_neuron(n, 1)),
    "K steps": (deep(), lambda n: k_step(n, [(0, 1, 0.37), (1, 0, -0.5), (1, -1, 0.4), (0, 2, 1.5), (1, 3, 0.0)])),
    "curved": (deep(0, (1, 2, 2, 1), sigma="sigmoid"), lambda n: curved()),
    "fed by a null neuron": (deep(0, (1, 2, 2, 1), sigma="sigmoid"), lambda n: fed_by_null()),
    "composed": (
        deep(0, (1, 2, 2, 1), sigma="sigmoid"),
        lambda n: compose(fed_by_null(), three_fold(fed_by_null()(n))),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_the_laws_at_a_random_point(name):
    """Output on random inputs; ∇R′ = D∇R, AᵀH′A = H and H′A = DH at a point that is not critical; A of full rank."""
    network, make = CASES[name]
    embedding, random = make(network), np.random.default_rng(1)
    wide = embedding(network)
    x = jnp.asarray(random.normal(size=(25, embedding.widths[0])))
    risk = EmpiricalRisk(x, jnp.asarray(random.normal(size=(25, embedding.widths[-1]))))
    outputs, g, H = evaluate(risk, network)
    wide_outputs, wide_g, wide_H = evaluate(risk, wide)
    scale = max(np.abs(share).max() for share in embedding.shares) * np.abs(outputs).max()
    assert np.abs(wide_outputs - outputs).max() <= 1e-14 * max(scale, 1.0)
    A, D = map(np.asarray, embedding.matrices(network))
    assert np.abs(g).max() > 1e-3
    np.testing.assert_allclose(wide_g, D @ g, atol=1e-12 * np.abs(D @ g).max())
    narrow_gradient = unravel(jnp.asarray(g), network)
    np.testing.assert_allclose(ravel(embedding.gradient(narrow_gradient)), D @ g, atol=1e-13 * np.abs(D @ g).max())
    size = np.abs(wide_H).max() * max(np.abs(A).max(), 1.0) ** 2
    np.testing.assert_allclose(A.T @ wide_H @ A, H, atol=1e-12 * size)
    np.testing.assert_allclose(wide_H @ A, D @ H, atol=1e-12 * size)
    assert np.linalg.matrix_rank(A) == len(g)


@pytest.mark.parametrize("layer", [0, 1])
def test_splittings_are_compatible_embeddings(layer):
    network = deep()
    one = splitting((2, 3)[layer], 1, share=-0.3, layer=layer)
    for found in (as_compatible(one, network), k_step(network, [(layer, 1, -0.3)])):
        for a, b in [(found(network), one(network)), (found.gradient(network), one.gradient(network))]:
            np.testing.assert_allclose(ravel(a), ravel(b), rtol=1e-14)
    assert as_compatible(equal_splitting(2, 7), network).widths == (2, 7, 3, 2)


def test_k_steps_are_splits_one_after_the_other():
    network = deep()
    expected = split(split(split(network, 1, share=0.2), 2, share=1.5), 0, share=0.5, layer=1)
    found = k_step(network, [(0, 1, 0.2), (0, 2, 1.5), (1, 0, 0.5)])(network)
    np.testing.assert_allclose(ravel(found), ravel(expected), rtol=1e-14)


def test_three_fold_is_three_copies_by_hand():
    network = deep(0, (1, 2, 2, 1))
    wide, embedding = three_fold(network)(network), three_fold(network)
    np.testing.assert_array_equal(wide.weights[1], np.kron(np.eye(3), np.asarray(network.weights[1])))
    np.testing.assert_array_equal(wide.weights[2], np.kron([[1, 1, -1]], np.asarray(network.weights[2])))
    assert [beta.tolist() for beta in embedding.backward_shares] == [[1, 1, 1, 1, -1, -1], [1, 1, 1, 1, -1, -1], [1]]


def test_null_neurons_by_hand():
    network = two_layer()
    wide = null_neuron(network, 0, 0.3)(network)
    assert wide.input_weights[-1].tolist() == [0, 0]
    assert (float(wide.biases[-1]), wide.output_weights[:, -1].tolist()) == (0.3, [0, 0])


@pytest.mark.parametrize(
    ("width", "counts", "lowest"), [(1, (5, 2, 2), -2.36), (2, (10, 4, 4), -2.09), (3, (9, 18, 0), None)]
)
def test_three_fold_counts(width, counts, lowest):
    """Minima of positive risk become strict saddles, the global minimum does not (digest, section 2.5)."""
    risk = three_tanh()
    narrow = tanh_network(WIDTH_3) if width == 3 else stationary(width)
    wide = three_fold(narrow)(narrow)
    (outputs, g, _), (wide_outputs, wide_g, H) = evaluate(risk, narrow), evaluate(risk, wide)
    found = inertia(H, gradient_norm=np.abs(wide_g).sum())
    assert (found.counts, found.decided) == (counts, True)
    assert np.abs(wide_g).sum() <= 3 * np.abs(g).sum() + 3e-14
    assert np.abs(wide_outputs - outputs).max() <= 1e-14 * np.abs(outputs).max()
    if lowest is not None:
        assert found.eigenvalues[0] == pytest.approx(lowest, abs=5e-3)


THETA = jnp.array([1.1, -0.8, 0.9, 1.6, 1.7, -1.2, 0.8, 1.9, 0.4, -0.7, 1.3, -1.1, 0.2])


def fixture_1221():
    t = THETA
    weights = (t[0:2, None], t[4:8].reshape(2, 2), t[None, 10:12])
    network = MLP(weights, (t[2:4], t[8:10], t[12:13]), activation("tanh"))
    return network, make_critical(network, np.linspace(-5, 5, 60)[:, None], jax.random.key(0))


def test_the_curved_critical_set_has_dimension_three():
    """1-2-2-1 → 1-3-3-1: critical for all three free numbers, curved, and its tangent space is all of ker H."""
    network, risk = fixture_1221()
    _, g, H = evaluate(risk, network)
    before = inertia(H, gradient_norm=np.abs(g).sum())
    assert (before.zero, before.decided) == (0, True)
    for point in [(0.3, 0.7, -0.4), (0.5, 0.2, 0.6), (-0.5, 1.2, 0.4)]:
        wide = curved(*point)(network)
        _, g, H = evaluate(risk, wide)
        assert np.abs(g).sum() < 1e-12
        found = inertia(H, gradient_norm=np.abs(g).sum(), tolerance=1e-9)
        assert found.zero == 3
        assert all(a >= b for a, b in zip(found.counts, before.counts, strict=True))
        smallest = np.sort(np.abs(found.eigenvalues))
        assert smallest[2] < 1e-13 < 1e-8 < smallest[3]
        jacobian = np.asarray(tangents(network, point))
        assert np.linalg.matrix_rank(jacobian, tol=1e-6) == 3
        assert np.abs(H @ jacobian).max() < 1e-8  # central differences
    middle = ravel(curved(0.5, 0.7, -0.4)(network))
    ends = [ravel(curved(c, 0.7, -0.4)(network)) for c in (0.25, 0.75)]
    assert float(jnp.abs((ends[0] + ends[1]) / 2 - middle).max()) > 0.1


def tangents(network, point, step=1e-5):
    """Directions of the critical set by central differences."""
    columns = []
    for k in range(3):
        low, high = (ravel(curved(*(np.array(point) + s * np.eye(3)[k]))(network)) for s in (-step, step))
        columns.append(np.asarray(high - low) / (2 * step))
    return np.stack(columns, axis=1)


def test_a_null_neuron_loses_no_inertia():
    network, risk = fixture_1221()
    wide = null_neuron(network, 1, 0.8)(network)
    (_, _, H), (_, wide_g, wide_H) = evaluate(risk, network), evaluate(risk, wide)
    assert np.abs(wide_g).sum() < 1e-12
    before, after = inertia(H, gradient_norm=0.0), inertia(wide_H, gradient_norm=0.0, tolerance=1e-9)
    assert all(a >= b for a, b in zip(after.counts, before.counts, strict=True))


@pytest.mark.parametrize(("bias", "gradient_norm"), [(0.3, 0.020), (1.0, 0.053)])
def test_a_null_neuron_needs_the_next_bias(bias, gradient_norm):
    """Trap 1: the width-2 minimum without output bias is critical no more; at b = 0 it is, for tanh(0) = 0."""
    risk, narrow = three_tanh(), stationary(2)
    with pytest.raises(ValueError, match=r"would break criticality.*the output layer has no bias"):
        null_neuron(narrow, 0, bias)
    a, w, b = zip(*WIDTH_2, (0.0, 0.0, bias), strict=True)
    by_hand = tanh_network(list(zip(a, w, b, strict=True)))
    theta = ravel(by_hand).at[jnp.array([0, 1, 3, 4, 6, 7])].set(ravel(narrow))
    assert l1(risk, unravel(theta, by_hand)) == pytest.approx(gradient_norm, abs=5e-4)
    assert l1(risk, null_neuron(narrow)(narrow)) <= l1(risk, narrow) + 1e-14


def unbalanced(**changes):
    """Returns the parts of `curved` with one of them changed."""
    parts = {"sources": curved().sources, "shares": curved().shares, "bias_terms": curved().bias_terms} | changes
    return CompatibleEmbedding(**parts)


def test_violated_conditions_are_named_with_their_layer():
    one, middle, last = curved().shares
    nulls = ((0, 1, -1), (0, 1, 1))
    for call, message in [
        (lambda: unbalanced(shares=(one, middle * 1.1, last)), r"Condition 1 \(forward\) .* hidden layer 1.* sum to 1"),
        (lambda: unbalanced(shares=(one, middle, last * 2)), r"Condition 1 \(forward\) .* the output layer"),
        (lambda: unbalanced(shares=(one, middle, np.array([[1, 0.5, 0.5]]))), r"Condition 1 \(backward\) .* layer 1"),
        (lambda: unbalanced(sources=nulls, shares=(one, middle, last)), r"\(forward\) is violated in hidden layer 0"),
        (lambda: unbalanced(sources=((0, 2, 1), (0, 2, 2))), "must hold every narrow neuron"),
        (lambda: unbalanced(shares=(one, middle)), "Got 2, 2 and 3"),
        (lambda: unbalanced(shares=(one, middle[:, :2], last)), r"hidden layer 1 needs shares of shape \(3, 3\)"),
        (lambda: unbalanced(shares=(one, middle * np.nan, last)), "finite"),
        (lambda: unbalanced(bias_terms=(np.zeros(3), np.ones(3), np.zeros(1)))(deep(0, (1, 2, 2, 1))), "Condition 2"),
    ]:
        with pytest.raises(ValueError, match=message):
            call()


def test_the_effective_bias_correction():
    """Without −Σ α_ij σ(b*_j) Condition 2 fails; the correction is what it says (trap of section 2.4)."""
    network, good = deep(0, (1, 2, 2, 1), sigma="sigmoid"), fed_by_null()
    value = 1 / (1 + np.exp(-0.6))
    np.testing.assert_allclose(good.bias_terms[1], [0.0, -3 * value, value, -0.2], rtol=1e-14)
    plain = CompatibleEmbedding(good.sources, good.shares, (good.bias_terms[0], np.zeros(4), np.zeros(1)))
    with pytest.raises(ValueError, match=r"Condition 2 is violated in hidden layer 1: the bias term of effective neur"):
        plain.check(network)
    with pytest.raises(ValueError, match="no biases in hidden layer 0"):
        good(deep(0, (1, 2, 2, 1), sigma="sigmoid", biases=False))


def test_bad_requests():
    network = deep()
    linear = MLP((jnp.ones((1, 1)),), (None,), activation("tanh"))
    for call, error, message in [
        (lambda: null_neuron(network, 2), IndexError, "0 to 1"),
        (lambda: null_neuron(network, 0, float("inf")), ValueError, "finite"),
        (lambda: k_step(network, [(0, 2, 0.5)]), IndexError, "−1 for a null neuron. Got 2"),
        (lambda: k_step(network, []), ValueError, "at least one embedding"),
        (lambda: compose(three_fold(network), three_fold(network)), ValueError, "where the first ends"),
        (lambda: two_fold_null(network, [(0.0, 0.0)]), ValueError, "one bias for each hidden neuron"),
        (lambda: three_fold(network)(two_layer()), ValueError, "made for widths"),
        (lambda: three_fold(linear), ValueError, "L ≥ 2 layers"),
        (lambda: three_fold(deep(0, (2, 3, 3, 1), residual=True)), ValueError, "residual"),
    ]:
        with pytest.raises(error, match=message):
            call()
