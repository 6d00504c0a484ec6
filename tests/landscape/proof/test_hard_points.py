"""Points that are hard to tell in floats, of deep networks and under cross-entropy: saddles, tiny eigenvalues, none."""

from dataclasses import replace

import jax.numpy as jnp
import numpy as np
import pytest

import golden
from condenslab.checker import verify
from condenslab.landscape import proof
from condenslab.networks import MLP, TwoLayer, activation
from condenslab.risk import CrossEntropy, EmpiricalRisk
from proofs import as_read, mlp, numeric_counts, soft_critical


def deep(neurons, second, last):
    """Returns a network of widths (1, len(neurons), len(second), …) from (w, b) per neuron."""
    w, b = (jnp.asarray([neuron[k] for neuron in neurons]) for k in range(2))
    weights = (w[:, None], jnp.asarray(second), jnp.asarray(last))
    return MLP(weights, (b, jnp.asarray([0.3, -0.2])[: len(second)], None), activation("tanh"))


def near(apart):
    """Two of the first layer's neurons differ by `apart` in the bias."""
    return deep([(1.0, 0.5), (1.0, 0.5 + apart)], [[0.9, -0.4], [0.3, 0.8]], [[1.0, -0.7]])


@pytest.mark.parametrize(("apart", "ratio"), [(3e-3, 1e-9), pytest.param(1e-4, 1e-12, marks=pytest.mark.more)])
def test_near_degenerate_points_of_deep_networks(apart, ratio):
    """The exact outputs of the network: R = 0 and ∇²R = 2E[JᵀJ] of full rank, its smallest eigenvalue next to 0."""
    network, x = near(apart), np.linspace(-4, 4, 30)[:, None]
    risk = EmpiricalRisk(x, network(jnp.asarray(x)))
    singular = np.linalg.svd(np.asarray(risk.jacobian(network))[:, 0], compute_uv=False)
    assert singular[-1] ** 2 < ratio * singular[0] ** 2
    found = proof.prove(proof.problem_of(risk, network, teacher=network), network)
    assert found.proven and found.inertia.counts == (12, 0, 0), found.reason
    assert verify(as_read(found.certificate())).verified


def test_near_degenerate_points_under_cross_entropy():
    """Targets softmax(f) up to rounding: ∇²R is E[Jᵀℓ″J] up to 1e-16, of full rank but for softmax's zero modes."""
    w, b, a = [[0.5], [0.53], [-1.0]], [0.2, 0.2, 1.0], [[1.0, -0.7, 0.4], [0.2, 0.3, -0.5]]
    network = TwoLayer(jnp.asarray(w), jnp.asarray(b), jnp.asarray(a), None, activation("tanh"))
    x = np.linspace(-6, 6, 25)[:, None]
    outputs = np.asarray(network(jnp.asarray(x)))
    p = np.exp(outputs) / np.exp(outputs).sum(axis=1, keepdims=True)
    risk = EmpiricalRisk(x, p, loss=CrossEntropy())
    assert 1e-14 < np.sort(np.linalg.eigvalsh(np.asarray(risk.hessian(network))))[3] < 2e-12
    found = proof.prove(risk, network)
    assert found.proven and found.inertia.counts == (9, 3, 0), (found.reason, str(found.inertia))
    assert verify(as_read(found.certificate())).verified


@pytest.mark.parametrize("loss", ["squared", pytest.param("cross-entropy", marks=pytest.mark.more)])
def test_saddles_of_deep_networks_are_no_minima(loss):
    rng = np.random.default_rng(6)
    network = mlp(rng, (2, 2, 2, 2), "tanh")
    x = rng.normal(size=(20, 2)) * 2
    make = golden.made_critical if loss == "squared" else lambda n, x, seed: soft_critical(n, x, _rng(seed))
    risks = [make(network, x, seed) for seed in range(2)]
    found = [proof.prove(risk, network) for risk in risks]
    assert [one.inertia.counts for one in found] == [numeric_counts(risk, network) for risk in risks]
    assert any(one.inertia.negative for one in found)


def _rng(seed):
    return np.random.default_rng(seed)


def saturated():
    """A step between two samples in the first layer: the gradient in its weights underflows."""
    x = np.linspace(-3, 3, 12)[:, None]
    network = deep([(400.0, 0.0)], [[0.9]], [[1.0]])
    return golden.made_critical(network, x), network


def separated():
    """Hard labels that are separated: the risk only falls towards infinity, where its gradient underflows."""
    x = np.array([[-2.0], [-1.0], [1.0], [2.0]])
    labels = np.array([[1.0, 0], [1, 0], [0, 1], [0, 1]])
    network = deep([(40.0, 0.0)], [[40.0]], [[-40.0], [40.0]])
    risk = EmpiricalRisk(x, labels, loss=CrossEntropy())
    assert np.abs(golden.gradient(risk, network)).max() < 1e-12
    return risk, network


@pytest.mark.parametrize("make", [saturated, separated])
def test_saturated_points_are_not_proven(make):
    found = proof.prove(*make())
    assert not found.proven and "saturated" in found.reason and "infinity" in found.reason


def test_a_point_lifted_in_depth_is_said_to_be_one():
    """Identity through a layer scaled into the nearly linear part of tanh (Bai et al., arXiv 2205.13283)."""
    narrow, small = golden.stationary(1), 1e-3
    weights = (narrow.input_weights, jnp.asarray([[small]]), narrow.output_weights / small)
    lifted = MLP(weights, (narrow.biases, jnp.zeros(1), None), activation("tanh"))
    found = proof.prove(golden.three_tanh(), lifted)
    assert not found.proven and "hidden layer 1 acts affinely" in found.reason and "lift" in found.reason


def test_a_zero_block_is_said_to_be_a_lift():
    rng = np.random.default_rng(2)
    network = mlp(rng, (1, 2, 2, 1), "tanh", residual=True)
    blocked = replace(
        network,
        weights=(network.weights[0], jnp.zeros((2, 2)), network.weights[2]),
        biases=(network.biases[0], jnp.zeros(2), network.biases[2]),
    )
    found = proof.prove(golden.made_critical(blocked, np.linspace(-3, 3, 20)[:, None]), blocked)
    assert not found.proven and "trivial lift" in found.reason
