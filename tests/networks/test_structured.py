"""The Hessian and Jacobian by matrix products against automatic differentiation of a plain formula, and differences."""

import itertools

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree

import condenslab.risk
from condenslab.networks import MLP, TwoLayer, activation, structured
from condenslab.networks.products import gram_slabs, sum_over_chunks, unfold_slabs
from condenslab.risk import CrossEntropy, EmpiricalRisk, SquaredLoss


def network(widths, *, sigma="tanh", biased=None, residual=False, seed=0):
    """A network with normal parameters; `biased` says which layers have biases (all by default)."""
    random = np.random.default_rng(seed)
    shapes = list(itertools.pairwise(widths))
    biased = [True] * len(shapes) if biased is None else biased
    weights = tuple(jnp.asarray(random.normal(size=(b, a)) / np.sqrt(max(1, a))) for a, b in shapes)
    biases = tuple(
        jnp.asarray(random.normal(size=b)) if has else None for (_, b), has in zip(shapes, biased, strict=True)
    )
    return MLP(weights, biases, activation(sigma), residual)


def plain(net, inputs):
    """The definition, sample by sample and without the package's modules."""

    def one(x):
        for number, (weight, bias) in enumerate(zip(net.weights, net.biases, strict=True)):
            z = jnp.einsum("jk,k->j", weight, x) + (0.0 if bias is None else bias)
            if number == len(net.weights) - 1:
                return z
            h = net.activation(z)
            x = h + x if net.residual and h.shape == x.shape else h
        raise AssertionError

    return jax.vmap(one)(inputs)


def problem(net, loss, samples=7, seed=1):
    random = np.random.default_rng(seed)
    x = jnp.asarray(random.normal(size=(samples, net.weights[0].shape[1])))
    y = random.normal(size=(samples, net.weights[-1].shape[0]))
    if isinstance(loss, CrossEntropy):
        y = np.exp(y) / np.exp(y).sum(axis=1, keepdims=True)
    weights = jnp.asarray(random.uniform(0.5, 2.0, size=samples))
    return EmpiricalRisk(x, jnp.asarray(y), weights, loss)


CASES = {
    "linear": (network((2, 3), biased=[True]), SquaredLoss()),
    "two layers": (network((2, 3, 2), biased=[False, True]), CrossEntropy()),
    "no biases": (network((1, 3, 4, 2), biased=[False] * 3, sigma="swish"), CrossEntropy()),
    "some biases": (network((2, 3, 2, 3, 2, 1), biased=[True, False, True, False, False]), SquaredLoss()),
    "residual": (network((3, 3, 3, 2, 2, 2), residual=True), CrossEntropy()),
    "residual, softplus": (network((2, 3, 3, 3, 1), residual=True, sigma="softplus"), SquaredLoss()),
    "width 0": (network((2, 0, 3, 1)), SquaredLoss()),
}


@pytest.mark.parametrize("name", CASES)
def test_deep_derivatives_are_those_of_the_plain_formula(name):
    net, loss = CASES[name]
    risk = problem(net, loss)
    theta, unravel = ravel_pytree(net)

    def value(t):
        return jnp.sum(risk.probabilities * loss.value(plain(unravel(t), risk.inputs), risk.targets))

    @jax.jit
    def both(t):
        ours = risk.hessian(unravel(t)), risk.jacobian(unravel(t)), ravel_pytree(risk.gradient(unravel(t)))[0]
        return ours, (
            jax.hessian(value)(t),
            jax.jacrev(lambda t: plain(unravel(t), risk.inputs))(t),
            jax.grad(value)(t),
        )

    for ours, theirs in zip(*both(theta), strict=True):
        assert ours.shape == theirs.shape
        assert np.abs(ours - theirs).max() <= 1e-13 * np.abs(theirs).max()


def test_a_deep_hessian_by_numerical_differences():
    """Second differences of a value written in NumPy, which knows nothing of automatic differentiation."""
    net = network((1, 2, 2, 1), seed=3)
    risk, step = problem(net, SquaredLoss(), samples=4), 1e-4
    theta, unravel = (np.asarray(ravel_pytree(net)[0]), ravel_pytree(net)[1])
    x, y, p = (np.asarray(a) for a in (risk.inputs, risk.targets, risk.probabilities))

    def value(t):
        w1, w2, w3, b1, b2, b3 = np.split(t, np.cumsum([2, 4, 2, 2, 2]))
        h = np.tanh(np.tanh(x @ w1.reshape(1, 2) + b1) @ w2.reshape(2, 2).T + b2)
        return np.sum(p * ((h @ w3.reshape(2, 1) + b3 - y) ** 2)[:, 0])

    units = step * np.eye(theta.size)
    expected = np.array(
        [
            [(value(theta + e + d) - value(theta + e - d) - value(theta - e + d) + value(theta - e - d)) for d in units]
            for e in units
        ]
    ) / (4 * step**2)
    found = eqx.filter_jit(lambda net: risk.hessian(net))(unravel(jnp.asarray(theta)))
    np.testing.assert_allclose(found, expected, atol=3e-7)


@pytest.mark.parametrize("kind", ["deep", "two-layer", "two outputs"])
def test_chunks_of_samples_add_up(kind, monkeypatch):
    """With 7 samples in chunks of at most 3 (two of three and one of one) the Hessian is that of one chunk."""
    net = network((2, 3, 3, 2) if kind == "deep" else (2, 4, 1 if kind == "two-layer" else 2))
    if kind != "deep":
        net = TwoLayer(net.weights[0], net.biases[0], net.weights[1], net.biases[1], net.activation)
    risk = problem(network((2, net(jnp.zeros((1, 2))).shape[1])), SquaredLoss())
    whole = eqx.filter_jit(lambda net: (risk.hessian(net), risk.value_and_gradient(net)))(net)
    monkeypatch.setattr(structured, "hessian_rows", lambda network: 3)
    monkeypatch.setattr(structured, "gradient_rows", lambda network: 3)
    monkeypatch.setattr(condenslab.risk.empirical, "many_samples", lambda network, samples: True)
    chunked = eqx.filter_jit(lambda net: (risk.hessian(net), risk.value_and_gradient(net)))(net)
    for ours, theirs in zip(jax.tree.leaves(chunked), jax.tree.leaves(whole), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("name", ["some biases", "residual", "no biases"])
def test_gradients_with_many_samples_are_those_of_the_plain_formula(name):
    net, loss = CASES[name]
    risk = problem(net, loss, samples=130)
    risk = EmpiricalRisk(risk.inputs, risk.targets, risk.weights, loss, scale=0.7)

    @eqx.filter_jit
    def both(net):
        def value(net):
            return jnp.sum(risk.probabilities * loss.value(0.7 * plain(net, risk.inputs), risk.targets))

        return risk.value_and_gradient(net), jax.value_and_grad(value)(net)

    for ours, theirs in zip(*map(jax.tree.leaves, both(net)), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(("samples", "size"), [(1, 3), (6, 3), (7, 3), (8, 3), (5, 5)])
def test_sums_over_chunks(samples, size):
    values = jnp.arange(2.0 * samples).reshape(samples, 2)
    total = sum_over_chunks(lambda a, b: {"sum": jnp.sum(a * b, axis=0)}, (values, values), size)
    np.testing.assert_allclose(total["sum"], np.sum(np.asarray(values) ** 2, axis=0), rtol=1e-15)


@pytest.mark.parametrize("columns", [1, 63, 130, 600])
def test_a_gram_matrix_from_its_upper_triangle(columns):
    rows = np.random.default_rng(0).normal(size=(5, columns))
    np.testing.assert_allclose(unfold_slabs(gram_slabs(jnp.asarray(rows.T))), rows.T @ rows, rtol=1e-12, atol=1e-13)
