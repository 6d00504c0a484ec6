"""Networks and data for the tests of lifting and of merging layers."""

import itertools

import jax.numpy as jnp
import numpy as np

from condenslab.networks import MLP, TwoLayer, activation

INPUTS = np.linspace(-3.0, 3.0, 24)[:, None]
NARROW = TwoLayer(
    jnp.array([[1.2], [-0.7]]), jnp.array([0.4, 0.9]), jnp.array([[0.8, -1.5]]), jnp.array([0.3]), activation("relu")
)


def deep(seed=0, widths=(2, 3, 4, 2), *, sigma="relu", residual=False, output_bias=True):
    random = np.random.default_rng(seed)
    pairs = list(itertools.pairwise(widths))
    biases = [jnp.asarray(random.normal(size=out)) for _, out in pairs]
    weights = tuple(jnp.asarray(random.normal(size=(out, into))) for into, out in pairs)
    return MLP(weights, (*biases[:-1], biases[-1] if output_bias else None), activation(sigma), residual)


POINTS = np.random.default_rng(5).normal(size=(30, 2))
