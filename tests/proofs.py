"""What the tests of proofs share: the exercise with exact data, and certificates as a stranger reads them."""

import functools
import hashlib
import itertools
import json
from fractions import Fraction

import jax.numpy as jnp
import numpy as np

import golden
from condenslab.landscape import proof
from condenslab.networks import MLP, TwoLayer, activation
from condenslab.risk import CrossEntropy, EmpiricalRisk


@functools.cache
def exercise(width=3):
    """Returns the deck's problem with x = −15 + 30i/49 and y the exact outputs of the three tanh steps."""
    inputs = [[Fraction(-15) + Fraction(30 * i, 49)] for i in range(50)]
    network = golden.tanh_network([(1.0, 1.0, 0.0)] * width)
    teacher = golden.tanh_network(golden.WIDTH_3)
    return proof.problem_of(golden.three_tanh(), network, inputs=inputs, teacher=teacher)


def as_read(certificate):
    """Returns a certificate after a way through a file."""
    return json.loads(json.dumps(certificate))


def resealed(certificate):
    """Returns a changed certificate with the digest of its new contents: a forgery that only mathematics can refuse."""
    body = {key: value for key, value in certificate.items() if key != "sha256"}
    text = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return {**body, "sha256": hashlib.sha256(text.encode()).hexdigest()}


def mlp(rng, widths, name, *, biases=True, residual=False):
    """Returns a network with Gaussian parameters."""
    pairs = list(itertools.pairwise(widths))
    weights = tuple(jnp.asarray(rng.normal(size=(outer, inner))) for inner, outer in pairs)
    terms = tuple(jnp.asarray(rng.normal(size=outer)) if biases else None for _, outer in pairs)
    return MLP(weights, terms, activation(name), residual)


def two_layer(rng, inputs, width, outputs, name, *, biases=True, output_bias=False):
    """Returns a two-layer network with Gaussian parameters."""
    return TwoLayer(
        jnp.asarray(rng.normal(size=(width, inputs))),
        jnp.asarray(rng.normal(size=width)) if biases else None,
        jnp.asarray(rng.normal(size=(outputs, width))),
        jnp.asarray(rng.normal(size=outputs)) if output_bias else None,
        activation(name),
    )


def soft_critical(network, x, rng):
    """Returns a cross-entropy risk at which a network is critical: softmax(f) moved across its Jacobian."""
    outputs = np.asarray(network(jnp.asarray(x)))
    samples, classes = outputs.shape
    p = np.exp(outputs) / np.exp(outputs).sum(axis=1, keepdims=True)
    jacobian = np.asarray(EmpiricalRisk(x, p, loss=CrossEntropy()).jacobian(network)).reshape(samples * classes, -1)
    sums = np.kron(np.eye(samples), np.ones((classes, 1)))  # targets stay probabilities
    q, s, _ = np.linalg.svd(np.column_stack([jacobian, sums]), full_matrices=True)
    left = q[:, int((s > 1e-10 * s[0]).sum()) :]
    moved = (left @ rng.normal(size=left.shape[1])).reshape(samples, classes)
    moved *= 0.5 * p.min() / np.abs(moved).max()
    return EmpiricalRisk(x, p + moved, loss=CrossEntropy())


def numeric_counts(risk, network):
    """Returns the signs of the eigenvalues of the Hessian by numpy, with a cut at 1e-11 of the largest.

    Rounding leaves some 1e-15 of it, and the smallest true ones are about 1e-9 of it: which they are depends on the
    basis in which LAPACK gives a kernel, from which the targets are drawn.
    """
    values = np.linalg.eigvalsh(np.asarray(risk.hessian(network)))
    cut = 1e-11 * np.abs(values).max()
    return int((values > cut).sum()), int((np.abs(values) <= cut).sum()), int((values < -cut).sum())
