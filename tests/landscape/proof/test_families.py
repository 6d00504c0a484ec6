"""Points on exact continuous families: constant units, silent units of any layer, redundant inputs; and what is none.

Constant units are critical only by an exact identity of the data, so the data here are exact: whole numbers, targets
that are even to the last bit, or a teacher's outputs. The inertia is compared with numpy's eigenvalues of the Hessian.
"""

import jax.numpy as jnp
import numpy as np
import pytest

import golden
from condenslab.checker import verify
from condenslab.landscape import proof
from condenslab.networks import MLP, TwoLayer, activation
from condenslab.risk import CrossEntropy, EmpiricalRisk
from proofs import as_read, mlp, numeric_counts, resealed, soft_critical, two_layer

X = np.arange(-3.0, 4.0)[:, None]


def net(neurons, name="tanh", bias=None):
    """Returns a network from (w, b, a) per neuron, a a number or one per output."""
    w, b = (jnp.asarray([np.atleast_1d(neuron[k]) for neuron in neurons], float) for k in range(2))
    a = jnp.asarray([np.atleast_1d(neuron[2]) for neuron in neurons], float).T
    return TwoLayer(w, b[:, 0], a, None if bias is None else jnp.asarray(bias, float), activation(name))


def even(network):
    """Returns a risk at which a network that is its own mirror image is critical, its targets even exactly."""
    x = np.arange(-7.0, 8.0)[:, None] / 2
    risk = golden.made_critical(network, x)
    y = np.asarray(risk.targets)
    f = np.asarray(network(jnp.asarray(x)))
    residual = (y - f + (y - f)[::-1]) / 2
    middle = (f + f[::-1]) / 2 + residual
    return EmpiricalRisk(x, np.where(x < 0, middle, middle[::-1]))


def taught(network):
    risk = EmpiricalRisk(X, network(jnp.asarray(X)))
    return risk, proof.problem_of(risk, network, teacher=network)


def agrees(risk, network, problem=None, *words):
    found = proof.prove(problem or risk, network)
    assert found.proven and found.inertia.decided, (found.reason, str(found.inertia))
    assert not found.isolated and all(word in found.family for word in words), found.family
    assert found.inertia.counts == numeric_counts(risk, network)
    verdict = verify(as_read(found.certificate()))
    assert verdict.verified and "on the section" in verdict.sentence, verdict.sentence
    return found


def squares():
    """E[y] = 4 and E[x·y] = 0: the constant 4 is critical, with weight 4/tanh(b)."""
    return EmpiricalRisk(X, X**2)


@pytest.mark.parametrize("bias", [0.5, -1.25])
def test_one_constant_unit(bias):
    found = agrees(squares(), net([(0.0, bias, 4 / np.tanh(bias))]), None, "constant units [0]", "means of the data")
    assert found.inertia.zero == 1 and abs(float(proof.number(found.risk[0])) - np.var(X**2)) < 1e-12


def test_constant_units_share_a_bias():
    """Three of them: (a, b) in six dimensions and one equation."""
    rest = 4 - np.tanh(0.5) - 2 * np.tanh(-1.0)
    found = agrees(squares(), net([(0.0, 0.5, 1.0), (0.0, -1.0, 2.0), (0.0, 2.0, rest / np.tanh(2.0))]))
    assert found.inertia.zero == 5


def test_constant_units_of_several_outputs_and_beside_an_output_bias():
    y = np.concatenate([X**2, np.cos(X) * 0 + 1, X**4], axis=1)
    risk = EmpiricalRisk(X, y)
    t, mean = np.tanh(0.5), y.mean(axis=0)
    assert agrees(risk, net([(0.0, 0.5, mean / t)])).inertia.zero == 1
    assert agrees(risk, net([(0.0, 0.5, [1.0, 2, 3])], bias=mean - t * np.array([1, 2, 3]))).inertia.zero == 4


def test_a_constant_unit_under_cross_entropy():
    """softmax(c) = E[y], and E[y·x] = 0."""
    y = np.array([[2, 1, 1], [1, 1, 2], [1, 2, 1], [1, 2, 1], [1, 2, 1], [1, 1, 2], [2, 1, 1]]) / 4
    assert np.all(y.T @ X == 0)
    risk = EmpiricalRisk(X, y, loss=CrossEntropy())
    agrees(risk, net([(0.0, 0.5, np.log(y.mean(axis=0)) / np.tanh(0.5))]), None, "softmax", "constant")


@pytest.mark.parametrize("name", ["tanh", pytest.param("gelu", marks=pytest.mark.more)])
def test_a_constant_unit_beside_mirror_images(name):
    network = net([(0.9, 0.4, 1.1), (-0.9, 0.4, 1.1), (0.0, 0.7, -0.6)], name)
    found = agrees(even(network), network, None, "constant units [2]", "mirror symmetry")
    assert found.inertia.zero == 1


def test_a_constant_unit_at_a_teachers_outputs():
    network = net([(0.9, 0.4, 1.1), (0.0, 0.7, -0.6)])
    risk, problem = taught(network)
    agrees(risk, network, problem, "constant units [1]", "teacher's outputs")
    shared = net([(0.9, 0.4, 1.1), (0.0, 0.3, -0.6 * np.tanh(0.7) / np.tanh(0.3))])
    agrees(risk, shared, problem, "teacher's outputs")


def critical_in_floats():
    """Targets made so that the gradient is 0 up to rounding: E[∂ℓ·x] = 1e-17 is not 0."""
    network = net([(0.9, 0.4, 1.1), (0.0, 0.7, -0.6)])
    return golden.made_critical(network, X, seed=3), network


NO_POINTS = {
    "E[x·y] is not 0": lambda: (EmpiricalRisk(X, X**2 + X), net([(0.0, 0.5, 4 / np.tanh(0.5))])),
    "E[x·y] is 2⁻⁴⁰": lambda: (EmpiricalRisk(X, X**2 + 2.0**-40 * X), net([(0.0, 0.5, 4 / np.tanh(0.5))])),
    "critical in floats": critical_in_floats,
    "no output": lambda: (squares(), net([(0.0, 0.0, 1.0)])),
    "another constant": lambda: (squares(), net([(0.0, 0.5, 7.0)])),
    "even data, no mirror image": lambda: (
        squares(),
        net([(0.9, 0.4, 1.1), (-0.9, 0.5, 1.1), (0.0, 0.7, -0.6)]),
    ),
    "saturated": lambda: (squares(), net([(0.5, 40.0, 4.0)])),
}


@pytest.mark.parametrize("name", NO_POINTS)
def test_constant_units_that_are_not_critical(name):
    found = proof.prove(*NO_POINTS[name]())
    assert not found.proven and found.reason and not found.inertia.decided
    if name in ("E[x·y] is 2⁻⁴⁰", "critical in floats"):
        assert "constant on the data" in found.reason


def test_a_forged_constant_unit_is_refused():
    """The data of a true certificate are moved by 2⁻⁴⁰·x: every enclosure still fits, the identity does not."""
    sound = as_read(proof.prove(squares(), net([(0.0, 0.5, 4 / np.tanh(0.5))])).certificate())
    exact = [[str(int(v**2) * 2**90 + int(v)) + "/" + str(2**90)] for v in X[:, 0]]
    forged = resealed({**sound, "problem": {**sound["problem"], "targets": exact}})
    verdict = verify(forged)
    assert not verdict.verified and "E[∂ℓ·x]" in verdict.sentence, verdict.sentence
    held = {**sound["point"], "equations": [], "unknowns": []}
    assert not verify(resealed({**sound, "point": held})).verified


def silenced(network, layer, unit):
    """Returns a network without the outgoing weights of a unit."""
    weights = list(network.weights)
    weights[layer + 1] = weights[layer + 1].at[:, unit].set(0.0)
    return MLP(tuple(weights), network.biases, network.activation, network.residual)


@pytest.mark.parametrize("layer", [0, pytest.param(1, marks=pytest.mark.more)])
def test_silent_units_of_a_deep_network(layer):
    rng = np.random.default_rng(3)
    network = silenced(mlp(rng, (2, 3, 2, 1), "tanh"), layer, 1)
    risk = golden.made_critical(network, rng.normal(size=(30, 2)) * 2)
    agrees(risk, network, None, f"hidden layer {layer}", "without output weights")


@pytest.mark.parametrize("name", ["tanh", pytest.param("exp", marks=pytest.mark.more)])
def test_a_silent_unit_under_cross_entropy(name):
    rng = np.random.default_rng(4)
    network = two_layer(rng, 2, 3, 2, name, output_bias=True)
    weights = network.output_weights.at[:, 1].set(0.0)
    network = TwoLayer(network.input_weights, network.biases, weights, network.output_bias, network.activation)
    risk = soft_critical(network, rng.normal(size=(20, 2)) / 2, rng)
    agrees(risk, network, None, "softmax", "without output weights")


@pytest.mark.parametrize("kind", ["constant", "twice", pytest.param("sum", marks=pytest.mark.more)])
def test_redundant_inputs(kind):
    """A feature that never changes, one that is there twice, one that is the sum of others and 1, exactly."""
    rng = np.random.default_rng(5)
    x = np.round(rng.normal(size=(25, 2)) * 8) / 4
    more = {"constant": 0.75 + 0 * x[:, :1], "twice": x[:, :1], "sum": x[:, :1] - 2 * x[:, 1:] + 1}[kind]
    x = np.concatenate([x, more], axis=1)
    network = two_layer(rng, 3, 2, 1, "tanh")
    outputs = np.asarray(network(jnp.asarray(x)))
    left = np.linalg.svd(np.asarray(EmpiricalRisk(x, outputs).jacobian(network))[:, 0], full_matrices=True)[0][:, 8:]
    risk = EmpiricalRisk(x, outputs - 0.3 * (left @ rng.normal(size=left.shape[1]))[:, None])
    assert agrees(risk, network, None, "inputs [2]").inertia.zero == 2


def test_a_deep_network_of_redundant_inputs():
    rng = np.random.default_rng(6)
    network = mlp(rng, (2, 2, 2, 1), "sigmoid", residual=True)
    x = np.round(rng.normal(size=(30, 1)) * 8) / 4
    x = np.concatenate([x, 1 - x], axis=1)
    outputs = np.asarray(network(jnp.asarray(x)))
    jacobian = np.asarray(EmpiricalRisk(x, outputs).jacobian(network))[:, 0]
    left = np.linalg.svd(jacobian, full_matrices=True)[0][:, network_size(network) :]
    risk = EmpiricalRisk(x, outputs - 0.3 * (left @ rng.normal(size=left.shape[1]))[:, None])
    agrees(risk, network, None, "inputs [1]")


def network_size(network):
    return sum(w.size + b.size for w, b in zip(network.weights, network.biases, strict=True))
