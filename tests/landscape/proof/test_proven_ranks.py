"""Proven bounds of the model rank: they meet, and agree with the spectrum and with the theory's counts."""

import jax.numpy as jnp
import numpy as np
import pytest

from condenslab import measures
from condenslab.checker import verify
from condenslab.errors import UserError
from condenslab.landscape import proof
from condenslab.networks import Activation, TwoLayer
from proofs import as_read, mlp, two_layer

CHANGES = {
    "none": lambda w, b, a: None,
    "copies": lambda w, b, a: (w.__setitem__(1, w[0]), b.__setitem__(1, b[0])),
    "mirror": lambda w, b, a: (w.__setitem__(1, -w[0]), b.__setitem__(1, -b[0])),
    "silent": lambda w, b, a: a.__setitem__((slice(None), 0), 0.0),
    "constant": lambda w, b, a: w.__setitem__(0, 0.0),
    "null": lambda w, b, a: (w.__setitem__(0, 0.0), b.__setitem__(0, 0.0)),
    "parallel": lambda w, b, a: (
        w.__setitem__(1, w[0]),
        b.__setitem__(1, b[0]),
        a.__setitem__((slice(None), 1), 2 * a[:, 0]),
    ),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("name", ["tanh", "exp", "x_tanh", "sigmoid"])
def test_bounds_meet_and_agree_with_the_spectrum(name, change):
    rng = np.random.default_rng(11)
    network = two_layer(rng, 2, 3, 2, name, output_bias=change in ("constant", "silent"))
    w, b, a = (np.array(part) for part in (network.input_weights, network.biases, network.output_weights))
    CHANGES[change](w, b, a)
    network = TwoLayer(jnp.asarray(w), jnp.asarray(b), jnp.asarray(a), network.output_bias, network.activation)
    probes = rng.normal(size=(24, 2)) * 2
    found = proof.proven_rank(network, probes)
    spectrum = measures.model_rank(network, probes)
    assert found.decided and found.at_least == spectrum.value and spectrum.decided
    assert verify(as_read(found.certificate())).verified
    assert proof.with_proof(spectrum, found).proven_at_least == found.at_least


def test_few_probes_bound_the_rank():
    rng = np.random.default_rng(12)
    found = proof.proven_rank(two_layer(rng, 2, 3, 1, "tanh"), rng.normal(size=(5, 2)))
    assert (found.at_least, found.at_most) == (5, 5) and "rows" in found.evidence


def test_deep_networks():
    rng = np.random.default_rng(13)
    network = mlp(rng, (1, 2, 2, 1), "tanh")
    found = proof.proven_rank(network, np.linspace(-4, 4, 25)[:, None])
    assert (found.at_least, found.at_most) == (13, 13)
    assert verify(as_read(found.certificate())).verified


def test_a_tiny_singular_value_needs_more_digits():
    """Two neurons 1e-12 apart: the float spectrum cannot tell, the exact rank is 6, as the second computation says."""
    w = jnp.array([[0.7], [0.7 + 1e-12]])
    network = TwoLayer(
        w,
        jnp.array([0.3, 0.3]),
        jnp.array([[1.0, 0.5]]),
        None,
        two_layer(np.random.default_rng(0), 1, 1, 1, "tanh").activation,
    )
    found = proof.proven_rank(network, np.linspace(-3, 3, 15)[:, None])
    assert (found.at_least, found.at_most) == (6, 6)
    measured = measures.model_rank(network, np.linspace(-3, 3, 15)[:, None])
    assert (measured.value, measured.decided) == (6, True) and measured.effective < 6
    assert verify(as_read(found.certificate())).verified


def quadratic(function, inputs, neurons):
    """Random neurons without biases, their weights few binary digits."""
    rng = np.random.default_rng([inputs, neurons])
    w, a = (jnp.asarray(rng.integers(1, 99, size) / 8) for size in ((neurons, inputs), (1, neurons)))
    return TwoLayer(w, None, a, None, Activation("own", function)), rng.integers(-99, 99, (40, inputs)) / 8


@pytest.mark.parametrize(("inputs", "neurons"), [(1, 3), (2, 1), (3, 2), (3, 3), (4, 2), (3, 5)])
def test_squares_have_the_rank_of_the_symmetric_matrices_of_their_rank(inputs, neurons):
    """Σ a·(w·x)² = xᵀSx, S symmetric of rank r = min(m, d): a manifold of dimension r·d − r(r − 1)/2."""
    network, probes = quadratic(lambda z: z**2, inputs, neurons)
    found = proof.proven_rank(network, probes, polynomial=["0", "0", "1"])
    r = min(inputs, neurons)
    assert found.at_least == found.at_most == r * inputs - r * (r - 1) // 2
    assert verify(as_read(found.certificate())).verified


@pytest.mark.parametrize(
    ("function", "coefficients"),
    [
        (lambda z: z**2 + 0.1 * jnp.sin(2 * jnp.pi * z), [0, 0, 1]),
        (lambda z: z**3 / 3, ["0", "0", "0", "0.3333333"]),
        (lambda z: z**2 + 1e-9 * z, [0, 0, 1]),
        (lambda z: jnp.tanh(z), [0, 1]),
    ],
)
def test_a_function_that_is_not_the_polynomial_is_not_proven_as_one(function, coefficients):
    network, probes = quadratic(function, 2, 2)
    with pytest.raises(UserError, match="polynomial must hold the coefficients"):
        proof.proven_rank(network, probes, polynomial=coefficients)


def test_a_third_is_stated_exactly():
    network, probes = quadratic(lambda z: z**3 / 3, 1, 2)
    assert proof.proven_rank(network, probes, polynomial=["0", "0", "0", "1/3"]).at_most == 1
