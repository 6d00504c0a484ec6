"""Degenerate points by theorem: the carried inertia against numpy's eigenvalues of the wide Hessian."""

from fractions import Fraction

import jax.numpy as jnp
import numpy as np
import pytest

import golden
from condenslab import landscape
from condenslab.checker import verify
from condenslab.landscape import proof
from condenslab.networks import TwoLayer, activation
from condenslab.risk import EmpiricalRisk
from proofs import as_read, exercise, numeric_counts, two_layer
from sampling import sampled


def verified(found):
    verdict = verify(as_read(found.certificate()))
    assert verdict.verified, verdict.sentence
    return verdict.sentence


@pytest.mark.parametrize(("width", "counts"), [(2, (4, 1, 1)), (3, (5, 2, 2)), (500, (502, 499, 499))])
def test_the_split_minimum_of_width_one(width, counts):
    """Zhang et al., NeurIPS 2021, Figure 3(a) for 1 to 3 copies; 500 by the theorem."""
    found = proof.prove(golden.three_tanh(), landscape.split_to_width(golden.stationary(1), width))
    assert found.proven and found.inertia.decided and not found.isolated
    assert found.inertia.counts == counts and found.dimension == width - 1
    assert f"width {width}" in verified(found)


@pytest.mark.parametrize("share", sampled([-0.5, 0.25, 0.0, 0.5, 1.0, 1.5], keep=2))
@pytest.mark.parametrize("neuron", [0, 1])
def test_shares_of_either_sign(share, neuron):
    wide = landscape.split(golden.stationary(2), neuron, share=share)
    found = proof.prove(golden.three_tanh(), wide)
    assert found.inertia.counts == numeric_counts(golden.three_tanh(), wide)
    assert found.inertia.counts == ((6, 3, 0) if share in (0.0, 1.0) else (7, 1, 1))
    verified(found)


@pytest.mark.more
@pytest.mark.parametrize("name", ["tanh", "sigmoid", "x_tanh"])
@pytest.mark.parametrize("output_bias", [True, False])
def test_several_outputs(name, output_bias):
    rng = np.random.default_rng(4)
    network = two_layer(rng, 2, 2, 2, name, output_bias=output_bias)
    risk = golden.made_critical(network, rng.normal(size=(30, 2)) * 2)
    for wide in (landscape.split(network, 0, share=-0.5), landscape.split_to_width(network, 4)):
        found = proof.prove(risk, wide)
        assert found.proven and found.inertia.counts == numeric_counts(risk, wide)
        verified(found)


@pytest.mark.parametrize(("outputs", "counts"), sampled([(2, (1, 2, 1)), (1, (0, 3, 0)), (3, (2, 1, 2))], keep=1))
def test_a_copy_with_share_zero(outputs, counts):
    """It adds [[0, B], [Bᵀ, 0]] with B = E[∂ℓ·σ′·x̃ᵀ] and Bᵀa = 0: of rank min(outputs − 1, d + 1), for generic data."""
    rng = np.random.default_rng(5)
    network = two_layer(rng, 1, 2, outputs, "tanh", output_bias=True)
    risk = golden.made_critical(network, rng.normal(size=(20, 1)) * 2)
    for share in (0.0, 1.0):
        wide = landscape.split(network, 0, share=share)
        found = proof.prove(risk, wide)
        expected = tuple(a + b for a, b in zip(numeric_counts(risk, network), counts, strict=True))
        assert found.proven and found.inertia.counts == numeric_counts(risk, wide) == expected
        verified(found)


def test_mirror_images_are_copies():
    one = golden.stationary(1)
    w, b, a = one.input_weights[0], one.biases, one.output_weights[0]
    wide = TwoLayer(
        jnp.stack([w, -w]), jnp.concatenate([b, -b]), jnp.stack([a * 0.75, -a * 0.25], 1), None, one.activation
    )
    found = proof.prove(golden.three_tanh(), wide)
    assert found.inertia.counts == (4, 1, 1) and found.neurons[1].sign == -1
    verified(found)


def test_the_zero_function():
    """Three neurons at 0: E[y·x̃] ≠ 0 makes each a saddle with one zero mode."""
    zero = golden.tanh_network([(0.0, 0.0, 0.0)] * 3)
    found = proof.prove(exercise(3), zero)
    assert found.inertia.counts == (3, 3, 3) == numeric_counts(golden.three_tanh(), zero)
    verified(found)


@pytest.mark.parametrize("bias", [0.0, 0.75])
def test_null_neurons_beside_an_output_bias(bias):
    rng = np.random.default_rng(8)
    network = two_layer(rng, 2, 2, 1, "sigmoid", output_bias=True)
    risk = golden.made_critical(network, rng.normal(size=(30, 2)) * 2)
    wide = TwoLayer(
        jnp.concatenate([network.input_weights, jnp.zeros((1, 2))]),
        jnp.concatenate([network.biases, jnp.array([bias])]),
        jnp.concatenate([network.output_weights, jnp.zeros((1, 1))], axis=1),
        network.output_bias,
        network.activation,
    )
    found = proof.prove(risk, wide)
    assert found.inertia.counts == numeric_counts(risk, wide) and found.dimension == 1
    verified(found)


def test_a_neuron_without_output_weights_is_proven_on_a_section():
    """Data made so that a silent neuron is critical: the residual is orthogonal to its feature as well."""
    narrow = golden.tanh_network([(1.0, 0.8, 0.3)])
    silent = golden.tanh_network([(1.0, 0.8, 0.3), (0.0, -0.6, 1.2)])
    risk = golden.made_critical(silent, np.linspace(-4, 4, 20)[:, None])
    found = proof.prove(risk, silent)
    assert found.proven and not found.isolated and "without output weights" in found.family
    assert found.inertia.counts == numeric_counts(risk, silent)
    assert found.inertia.zero == 1
    verified(found)
    assert proof.prove(risk, narrow).proven


def test_a_null_neuron_with_a_bias_is_not_critical_without_an_output_bias():
    """Trap: the output is preserved, the gradient is not (σ(b)·E[r] ≠ 0)."""
    rng = np.random.default_rng(9)
    network = golden.tanh_network([(1.0, 0.8, 0.3), (-0.4, 1.5, -1.0)])
    risk = golden.made_critical(network, rng.uniform(-4, 4, size=(20, 1)))
    a, w, b = ([*n] for n in ((1.0, -0.4, 0.0), (0.8, 1.5, 0.0), (0.3, -1.0, 0.7)))
    wide = golden.tanh_network(list(zip(a, w, b, strict=True)))
    assert np.abs(golden.gradient(risk, wide)).max() > 1e-3
    assert not proof.prove(risk, wide).proven


def test_copies_that_cancel_are_left_open_with_a_sentence():
    one = golden.WIDTH_1[0]
    pair = golden.tanh_network([one, (0.5, 1.0, 0.3), (-0.5, 1.0, 0.3)])
    found = proof.prove(golden.three_tanh(), pair)
    assert not found.proven and found.reason


def test_shares_must_sum_to_one():
    narrow = proof.prove(golden.three_tanh(), golden.stationary(1))
    half = proof.Neuron(0, Fraction(1, 2))
    assert proof.embedded(narrow.problem, narrow, (half, half)).proven
    wrong = proof.embedded(narrow.problem, narrow, (half, proof.Neuron(0, Fraction(1, 3))))
    assert not wrong.proven and "sum 1" in wrong.reason


def test_distinct_functions_are_apart_somewhere():
    risk = golden.three_tanh()
    proofs = [proof.prove(risk, golden.stationary(k)) for k in (1, 2)]
    proofs.append(proof.prove(risk, landscape.split(golden.stationary(1), 0)))
    found = proof.distinct_functions(proofs)
    assert found.count == 2 and found.left_out == 1, "a split point has the function of its narrow one"
    assert verify(as_read(found.certificate())).verified


def test_exp_has_no_isolated_points():
    network = TwoLayer(
        jnp.array([[0.5], [-0.3]]), jnp.array([0.1, 0.2]), jnp.array([[1.0, -0.4]]), None, activation("exp")
    )
    risk = golden.made_critical(network, np.linspace(-3, 3, 15)[:, None])
    found = proof.prove(risk, network)
    assert found.proven and found.inertia.zero == 2 and not found.isolated
    assert found.inertia.counts == numeric_counts(risk, network)
    assert isinstance(risk, EmpiricalRisk)
    verified(found)
