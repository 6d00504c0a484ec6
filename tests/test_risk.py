"""The seam: risks and their derivatives against a plain formula and numerical differences; padding and dropout."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from condenslab.networks import MLP, Dropout, Scale, TwoLayer, activation, apply, mlp, ravel, two_layer, unravel
from condenslab.risk import CrossEntropy, EmpiricalRisk, SquaredLoss

SAMPLES = 6


def draw(*, biases=True, output_bias=False, inputs=2, outputs=1, width=4, sigma="tanh"):
    return two_layer(
        0,
        width=width,
        inputs=inputs,
        outputs=outputs,
        activation=sigma,
        scale=Scale(0.8, 0.6),
        biases=biases,
        output_bias=output_bias,
    )


def data(inputs=2, outputs=1, samples=SAMPLES, labels=False):
    random = np.random.default_rng(7)
    x = random.normal(size=(samples, inputs))
    y = random.normal(size=(samples, outputs))
    if labels:
        y = np.eye(outputs)[random.integers(outputs, size=samples)]
    return jnp.asarray(x), jnp.asarray(y)


def plain_outputs(theta, x, network):
    """Returns A σ(W x + b) + c, written for θ = (W, b, A, c) laid end to end, independent of the package's modules."""
    width, inputs = network.input_weights.shape
    outputs = network.output_weights.shape[0]
    sizes = [width * inputs, width * (network.biases is not None), outputs * width]
    w, b, a, c = jnp.split(theta, np.cumsum(sizes))
    preactivation = jnp.einsum("ki,ni->nk", w.reshape(width, inputs), x)
    if b.size:
        preactivation = preactivation + b[None, :]
    values = jnp.einsum("ok,nk->no", a.reshape(outputs, width), network.activation(preactivation))
    return values + c[None, :] if c.size else values


def plain_value(theta, x, y, network, loss):
    f = plain_outputs(theta, x, network)
    if loss == "squared":
        return jnp.sum((f - y) ** 2) / len(x)
    probabilities = jnp.exp(f) / jnp.sum(jnp.exp(f), axis=1, keepdims=True)
    return -jnp.sum(y * jnp.log(probabilities)) / len(x)


LOSSES = {"squared": SquaredLoss(), "cross-entropy": CrossEntropy()}
CASES = [
    pytest.param(*case, id="-".join(map(str, case)))
    for case in [
        *itertools.product([True, False], [True, False], ["squared"], [1], [1], ["tanh"]),
        *itertools.product([True, False], [True, False], ["cross-entropy"], [3], [2], ["swish"]),
        (True, True, "squared", 2, 2, "relu"),
    ]
]


@pytest.mark.parametrize(("biases", "output_bias", "loss", "outputs", "inputs", "sigma"), CASES)
def test_derivatives_of_two_layers_are_those_of_the_plain_formula(biases, output_bias, loss, outputs, inputs, sigma):
    network = draw(biases=biases, output_bias=output_bias, outputs=outputs, inputs=inputs, sigma=sigma)
    x, y = data(inputs, outputs, labels=loss == "cross-entropy")
    risk, theta = EmpiricalRisk(x, y, loss=LOSSES[loss]), ravel(network)

    @jax.jit
    def expected(t):
        value = jax.value_and_grad(plain_value)(t, x, y, network, loss)
        return value, jax.jacfwd(plain_outputs)(t, x, network), jax.hessian(plain_value)(t, x, y, network, loss)

    @jax.jit
    def measured(net):
        value, gradient = risk.value_and_gradient(net)
        return (value, ravel(gradient)), risk.jacobian(net), risk.hessian(net)

    for ours, theirs in zip(jax.tree.leaves(measured(network)), jax.tree.leaves(expected(theta)), strict=True):
        assert ours.shape == theirs.shape
        np.testing.assert_allclose(ours, theirs, rtol=1e-11, atol=1e-13)


def test_gradient_and_jacobian_by_numerical_differences():
    """Central differences in numpy, which know nothing of automatic differentiation."""
    network = draw(output_bias=True, outputs=2)
    x, y = data(outputs=2)
    risk, theta, step = EmpiricalRisk(x, y), np.asarray(ravel(network)), 1e-5
    w, b, a, _ = (np.asarray(p) for p in jax.tree.leaves(network))

    def outputs(t):
        cuts = np.cumsum([w.size, b.size, a.size])
        w_, b_, a_, c_ = np.split(t, cuts)
        return np.tanh(np.asarray(x) @ w_.reshape(w.shape).T + b_) @ a_.reshape(a.shape).T + c_

    def value(t):
        return np.sum((outputs(t) - np.asarray(y)) ** 2) / SAMPLES

    units = step * np.eye(theta.size)
    jacobian = np.stack([(outputs(theta + e) - outputs(theta - e)) / (2 * step) for e in units], axis=-1)
    gradient = np.array([(value(theta + e) - value(theta - e)) / (2 * step) for e in units])
    measured = jax.jit(
        lambda net: (risk.jacobian(net), ravel(risk.gradient(net)), risk.value(net), risk.residuals(net))
    )
    for ours, theirs in zip(measured(network)[:2], (jacobian, gradient), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-8, atol=1e-9)
    for ours, theirs in zip(measured(network)[2:], (value(theta), outputs(theta) - np.asarray(y)), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12)


def test_cross_entropy_of_two_classes_in_closed_form():
    """log(1 + e^-z) for logits (z, 0) and the first class; residuals softmax(f) − y."""
    z = jnp.array([[0.3], [-2.0], [40.0]])
    logits = jnp.concatenate([z, jnp.zeros_like(z)], axis=1)
    y = jnp.asarray([[1.0, 0.0]] * 3)
    risk = EmpiricalRisk(z, y, loss=CrossEntropy(), predict=lambda params, x: params)
    assert float(risk.value(logits)) == pytest.approx(np.mean(np.log1p(np.exp(-np.asarray(z)))), rel=1e-13)
    p = 1 / (1 + np.exp(-np.asarray(z)))
    np.testing.assert_allclose(risk.residuals(logits), np.hstack([p - 1, 1 - p]), atol=1e-15)


@pytest.mark.parametrize("loss", LOSSES)
def test_roots_of_the_curvature_of_a_loss(loss):
    """L·Lᵀ is the Hessian of ℓ in the outputs, and `slope` its gradient."""
    outputs, y = jnp.asarray([[0.4, -1.2, 2.0]]), jnp.asarray([[0.0, 1.0, 0.0]])
    chosen = LOSSES[loss]

    def value(f):
        return chosen.value(f[None, :], y)[0]

    @jax.jit
    def everything(f):
        return chosen.curvature_root(f, y)[0], chosen.slope(f, y)[0], jax.hessian(value)(f[0]), jax.grad(value)(f[0])

    root, slope, hessian, gradient = map(np.asarray, everything(outputs))
    np.testing.assert_allclose(root @ root.T, hessian, atol=1e-15)
    np.testing.assert_allclose(slope, gradient, atol=1e-15)


def test_sample_weights_are_normalised():
    network, (x, y) = draw(), data()
    weights = jnp.asarray([1.0, 2.0, 0.5, 0.0, 3.0, 1.5])
    squares = np.asarray((network(x) - y) ** 2)[:, 0]
    expected = np.sum(np.asarray(weights) * squares) / 8.0
    assert float(EmpiricalRisk(x, y, weights).value(network)) == pytest.approx(expected, rel=1e-14)
    assert float(EmpiricalRisk(x, y, 7 * weights).value(network)) == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize("loss", LOSSES)
def test_zero_weights_pad_samples_away(loss):
    """Padding changes no value, gradient or Hessian, and data sets of all sizes share one program."""
    outputs = 3
    network = draw(outputs=outputs, output_bias=True)
    x, y = data(outputs=outputs, labels=loss == "cross-entropy")
    traces = []

    @jax.jit
    def everything(risk):
        traces.append(risk)
        return risk.value(network), risk.gradient(network), risk.hessian(network)

    for samples in (1, 4):
        plain = EmpiricalRisk(x[:samples], y[:samples], loss=LOSSES[loss])
        padded = EmpiricalRisk(x, y, (jnp.arange(SAMPLES) < samples).astype(float), loss=LOSSES[loss])
        expected = jax.jit(lambda r: (r.value(network), r.gradient(network), r.hessian(network)))(plain)
        for ours, theirs in zip(jax.tree.leaves(everything(padded)), jax.tree.leaves(expected), strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-14)
    assert len(traces) == 1


@pytest.mark.parametrize("kind", ["residual", "plain function"])
def test_other_networks_by_automatic_differentiation(kind):
    """Any pytree and any predict: the Hessian is the derivative of the gradient, by numerical differences."""
    x, y = data()
    if kind == "residual":
        params = mlp(0, widths=(2, 3, 3, 1), activation="tanh", std=0.7, residual=True)
        risk = EmpiricalRisk(x, y)
    else:
        params = {"slope": jnp.asarray([0.3, -0.4]), "shift": jnp.asarray(0.2)}
        risk = EmpiricalRisk(x, y, predict=lambda p, inputs: jnp.sin(inputs @ p["slope"] + p["shift"])[:, None])
    theta, rebuild = jax.flatten_util.ravel_pytree(params)
    gradient = jax.jit(lambda t: jax.flatten_util.ravel_pytree(risk.gradient(rebuild(t)))[0])
    value = jax.jit(lambda t: risk.value(rebuild(t)))
    step = 1e-5
    units = step * jnp.eye(theta.size)
    slopes = np.array([(value(theta + e) - value(theta - e)) / (2 * step) for e in units])
    bends = np.array([(gradient(theta + e) - gradient(theta - e)) / (2 * step) for e in units])
    np.testing.assert_allclose(gradient(theta), slopes, rtol=1e-7, atol=1e-9)
    hessian = jax.jit(lambda p: risk.hessian(p))(params)
    np.testing.assert_allclose(hessian, bends, rtol=1e-7, atol=1e-8)
    shape = (SAMPLES, 1, theta.size)
    jacobian = jax.jit(lambda p: risk.jacobian(p))(params)
    assert jacobian.shape == shape
    np.testing.assert_allclose(
        2 * np.mean(risk.residuals(params)[:, :, None] * jacobian, axis=(0, 1)), slopes, atol=1e-8
    )
    direction = jnp.linspace(-1.0, 1.0, theta.size)
    product = jax.jit(lambda p, v: risk.hessian_product(p, v))(params, rebuild(direction))
    np.testing.assert_allclose(jax.flatten_util.ravel_pytree(product)[0], hessian @ direction, rtol=1e-11, atol=1e-12)


def test_jacobians_of_few_and_of_many_parameters_agree():
    """Forward and reverse mode, chosen by size, against the structured one."""
    for samples in (2, 40):
        network, (x, y) = draw(width=3), data(samples=samples)
        risks = EmpiricalRisk(x, y), EmpiricalRisk(x, y, predict=lambda net, inputs: apply(net, inputs))
        structured, general = jax.jit(lambda net, rs=risks: [risk.jacobian(net) for risk in rs])(network)
        np.testing.assert_allclose(structured, general, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("output_bias", [True, False])
def test_width_zero_is_legal(output_bias):
    """The network is the constant c: R = mean (c − y)², gradient 2 mean (c − y), Hessian 2."""
    bias = jnp.asarray([0.3]) if output_bias else None
    empty = TwoLayer(jnp.zeros((0, 2)), jnp.zeros(0), jnp.zeros((1, 0)), bias, activation("tanh"))
    x, y = data()
    risk, c = EmpiricalRisk(x, y), 0.3 * output_bias
    value, gradient = jax.jit(lambda net: risk.value_and_gradient(net))(empty)
    jacobian, hessian = jax.jit(lambda net: (risk.jacobian(net), risk.hessian(net)))(empty)
    assert float(value) == pytest.approx(np.mean((c - np.asarray(y)) ** 2), rel=1e-14)
    assert jacobian.shape == (SAMPLES, 1, int(output_bias))
    assert hessian.shape == (int(output_bias),) * 2
    if output_bias:
        np.testing.assert_allclose(gradient.output_bias, [2 * np.mean(c - np.asarray(y))], rtol=1e-13)
        np.testing.assert_allclose(hessian, [[2.0]], rtol=1e-14)


def test_the_mean_risk_under_dropout_is_the_risk_plus_a_penalty():
    """E[R_drop] = R + (1 − p)/(p n) Σ_i Σ_k ‖a_k σ_k(x_i)‖², p the keep probability, by enumeration of all masks.

    The identity of Zhang & Xu (dropout, TPAMI 2024) for R without a factor 1/2; a mask on the hidden neurons is a
    factor on their output weights.
    """
    keep, network = 0.7, draw(width=5, outputs=2, output_bias=True)
    x, y = data(outputs=2)
    risk = EmpiricalRisk(x, y)
    values = jax.jit(jax.vmap(lambda a: risk.value(with_output_weights(network, a))))
    masks = np.array(list(itertools.product([0.0, 1.0], repeat=5)))
    chances = np.prod(np.where(masks == 1, keep, 1 - keep), axis=1)
    noisy = np.asarray(network.output_weights)[None] * masks[:, None, :] / keep
    hidden = np.tanh(np.asarray(network.preactivations(x)))
    penalty = (
        (1 - keep) / (keep * SAMPLES) * np.sum(hidden**2 * np.sum(np.asarray(network.output_weights) ** 2, axis=0))
    )
    expected = float(risk.value(network)) + penalty
    assert np.sum(chances * np.asarray(values(jnp.asarray(noisy)))) == pytest.approx(expected, rel=1e-13)


def test_the_mean_risk_under_drawn_dropout_is_the_same():
    """The package's own masks, one a sample and neuron, by Monte Carlo within 5 standard errors."""
    keep, draws, network = 0.7, 4000, draw(width=5)
    x, y = data()
    keys = jax.random.split(jax.random.key(3), draws)
    noisy = jax.jit(jax.vmap(lambda key: jnp.mean((apply(network, x, Dropout(key, 1 - keep)) - y) ** 2)))(keys)
    hidden = np.tanh(np.asarray(network.preactivations(x)))
    penalty = (1 - keep) / (keep * SAMPLES) * np.sum((hidden * np.asarray(network.output_weights)) ** 2)
    expected = float(EmpiricalRisk(x, y).value(network)) + penalty
    assert abs(np.mean(noisy) - expected) < 5 * np.std(noisy) / np.sqrt(draws)
    assert penalty > 10 * np.std(noisy) / np.sqrt(draws), "the penalty is visible at this number of draws"


def test_a_wide_network_and_its_unravelled_twin_agree():
    network, (x, y) = draw(), data()
    risk = EmpiricalRisk(x, y)
    assert float(risk.value(unravel(ravel(network), network))) == float(risk.value(network))
    deep = MLP((network.input_weights, network.output_weights), (network.biases, None), network.activation)
    assert float(risk.value(deep)) == pytest.approx(float(risk.value(network)), rel=1e-15)


def with_output_weights(network, weights):
    return TwoLayer(network.input_weights, network.biases, weights, network.output_bias, network.activation)
