"""Factored models against their formulas entry by entry, and what all models of the theory share."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from condenslab import networks as nets
from condenslab.measures import model_rank
from condenslab.risk import EmpiricalRisk

MODELS = {
    "linear": lambda key: nets.linear(key, inputs=3, std=0.7, offset=True),
    "diagonal": lambda key: nets.diagonal(key, inputs=3, std=0.7),
    "deep_diagonal": lambda key: nets.deep_diagonal(key, inputs=3, depth=3, std=0.7),
    "product_model": lambda key: nets.product_model(key, std=0.7),
    "matrix_factorisation": lambda key: nets.matrix_factorisation(key, rows=3, columns=2, inner=2, std=0.7),
    "multi_head_attention": lambda key: nets.multi_head_attention(key, heads=2, d_model=3, d=1, d_v=2, std=0.7),
    "kan": lambda key: nets.kan(key, widths=(3, 2, 1), intervals=(2, 3), degree=2, std=0.7),
}
outputs_of = jax.jit(nets.apply)
ALL = pytest.mark.parametrize("name", MODELS)


def inputs_of(name):
    if name == "matrix_factorisation":
        return jnp.asarray(nets.index_pairs(3, 2))
    random = np.random.default_rng(0)
    shape = {"product_model": (5, 2), "multi_head_attention": (5, 6)}.get(name, (5, 3))
    return jnp.asarray(random.uniform(-0.9, 0.9, size=shape))


@ALL
def test_ravel_and_unravel(name):
    network = MODELS[name](0)
    theta = nets.ravel(network)
    assert theta.size == nets.parameter_count(network) > 0 and theta.dtype == np.float64
    x = inputs_of(name)
    np.testing.assert_array_equal(outputs_of(nets.unravel(theta, network), x), outputs_of(network, x))
    doubled = nets.ravel(nets.unravel(2 * theta, network))
    assert np.std(np.asarray(doubled)) == pytest.approx(2 * np.std(np.asarray(theta)))


@ALL
def test_gradients_against_central_differences(name):
    network, x = MODELS[name](1), inputs_of(name)
    random, theta = np.random.default_rng(2), nets.ravel(network)
    risk = EmpiricalRisk(x, jnp.asarray(random.normal(size=jax.eval_shape(network, x).shape)))
    direction = jnp.asarray(random.normal(size=theta.shape))

    @jax.jit
    def value_and_slope(step):
        moved = nets.unravel(theta + step * direction, network)
        return risk.value(moved), jnp.vdot(nets.ravel(risk.gradient(moved)), direction)

    expected = (value_and_slope(1e-5)[0] - value_and_slope(-1e-5)[0]) / 2e-5
    found = value_and_slope(0.0)[1]
    np.testing.assert_allclose(found, expected, rtol=1e-7)


@ALL
def test_a_seed_means_the_same_alone_and_in_an_ensemble(name):
    ensemble = jax.jit(jax.vmap(MODELS[name]))(jnp.arange(3))
    alone = MODELS[name](2)
    for many, one in zip(jax.tree.leaves(ensemble), jax.tree.leaves(alone), strict=True):
        np.testing.assert_allclose(many[2], one, rtol=1e-15)


@ALL
def test_dropout_has_nowhere_to_fall(name):
    with pytest.raises(ValueError, match="dropout must be None"):
        nets.apply(MODELS[name](0), inputs_of(name), nets.Dropout(jax.random.key(0), 0.5))


def test_formulas():
    x = np.asarray(inputs_of("linear"))
    linear, squares, deep = (MODELS[name](0) for name in ("linear", "diagonal", "deep_diagonal"))
    for i in range(5):
        coefficients, offset = np.asarray(linear.coefficients), np.asarray(linear.offset)
        expected = sum(coefficients[j] * x[i, j] for j in range(3)) + offset[0]
        np.testing.assert_allclose(linear(jnp.asarray(x))[i, 0], expected, rtol=1e-13)
        plus, minus = np.asarray(squares.plus), np.asarray(squares.minus)
        expected = sum((plus[j] ** 2 - minus[j] ** 2) * x[i, j] for j in range(3))
        np.testing.assert_allclose(squares(jnp.asarray(x))[i, 0], expected, rtol=1e-13)
        a = np.asarray(deep.factors)
        expected = sum(a[0, j] * a[1, j] * a[2, j] * x[i, j] for j in range(3))
        np.testing.assert_allclose(deep(jnp.asarray(x))[i, 0], expected, rtol=1e-13)
    t = np.array([2.0, 3.0, 5.0, 7.0])
    np.testing.assert_allclose(nets.ProductModel(jnp.asarray(t))(jnp.array([[10.0, 100.0]])), [[2 + 30 + 3500]])
    assert deep.depth == 3


def test_entries_of_a_matrix_product():
    network = MODELS["matrix_factorisation"](0)
    a, b = np.asarray(network.left), np.asarray(network.right)
    for i, j in ((0, 0), (2, 1), (1, 0)):
        expected = sum(a[i, r] * b[r, j] for r in range(2))
        np.testing.assert_allclose(network(jnp.array([[i, j]]))[0, 0], expected, rtol=1e-13)
        np.testing.assert_allclose(network.matrix[i, j], expected, rtol=1e-13)


@pytest.mark.parametrize("pair", [(3, 0), (0, 2), (-1, 0), (0.5, 0)])
def test_an_entry_outside_the_matrix_is_refused(pair):
    network, pairs = MODELS["matrix_factorisation"](0), jnp.array([pair])
    with pytest.raises(IndexError, match="inside the 3 × 2 matrix"):
        network(pairs)
    if all(entry == int(entry) for entry in pair):
        assert np.isnan(jax.jit(lambda p: network(p))(pairs)[0, 0])


def test_shapes_that_do_not_fit():
    with pytest.raises(ValueError, match="3 coefficients"):
        MODELS["linear"](0)(jnp.ones((2, 4)))
    with pytest.raises(ValueError, match="index pairs"):
        MODELS["matrix_factorisation"](0)(jnp.ones((2, 3)))
    with pytest.raises(ValueError, match="4 parameters"):
        nets.ProductModel(jnp.ones(3))


@pytest.mark.parametrize(
    ("factors", "expected"),
    [([[0.0, 0, 1, 2], [0, 3, 1, 2], [1, 3, 1, 0]], 3), ([[0.0, 0, 0, 0]] * 2, 0), ([[1.0, 2, 0, 0], [0, 1, 0, 1]], 3)],
)
def test_a_product_costs_one_rank_unless_two_factors_vanish(factors, expected):
    """The optimistic estimate's appendix A.1: g = 0 where two or more factors are zero, else 1."""
    x = jnp.asarray(np.random.default_rng(0).normal(size=(20, 4)))
    found = model_rank(nets.DeepDiagonal(jnp.asarray(factors)), x)
    assert found.decided and found.value == expected
