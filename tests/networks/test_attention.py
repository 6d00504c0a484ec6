"""Attention against loops over heads and tokens; embeddings that keep the function; the generic rank."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from condenslab.measures import model_rank
from condenslab.networks import apply, attention, multi_head_attention, parameter_count

outputs_of = jax.jit(apply)


def sequences(samples=24, tokens=4, size=4, seed=0):
    return jnp.asarray(np.random.default_rng(seed).normal(size=(samples, tokens, size)))


def test_against_loops_over_heads_and_tokens():
    network = multi_head_attention(0, heads=2, d_model=3, d=2, d_v=1, std=0.8, inputs=4, outputs=2)
    x = sequences(2, 5)
    w = [np.asarray(leaf) for leaf in (network.queries, network.keys, network.values, network.outputs)]
    for sample in range(2):
        X = np.asarray(x[sample]) @ np.asarray(network.embedding)
        expected = np.zeros((5, 3))
        for q, k, v, o in zip(*w, strict=True):
            for row in range(5):
                scores = np.array([(X[row] @ q) @ (X[other] @ k) / np.sqrt(2) for other in range(5)])
                weights = np.exp(scores) / np.exp(scores).sum()
                expected[row] += sum(weights[other] * (X[other] @ v) for other in range(5)) @ o.T
        expected = (expected @ np.asarray(network.readout)).ravel()
        np.testing.assert_allclose(outputs_of(network, x)[sample], expected, rtol=1e-12, atol=1e-14)
    np.testing.assert_array_equal(outputs_of(network, x.reshape(2, 20)), outputs_of(network, x))
    assert parameter_count(network) == 2 * 3 * (2 + 2 + 1 + 1) + 4 * 3 + 3 * 2
    assert (network.heads, network.d_model) == (2, 3)


@pytest.mark.parametrize(("d_model", "d", "d_v", "heads"), [(4, 2, 2, 1), (3, 1, 2, 2), (3, 3, 1, 1)])
def test_generic_rank(d_model, d, d_v, heads):
    """W_Q·W_Kᵀ and W_V·W_Oᵀ are d_model × d_model matrices of rank d and d_v: 2·d_model·d − d² dimensions each."""
    network = multi_head_attention(1, heads=heads, d_model=d_model, d=d, d_v=d_v, std=1.0)
    found = model_rank(network, sequences(size=d_model))
    assert found.decided
    assert found.value == heads * (2 * d_model * d - d**2 + 2 * d_model * d_v - d_v**2)


EMBEDDINGS = {
    "null heads": lambda n: attention.add_null_heads(n, 3),
    "duplicated head": lambda n: attention.duplicate_head(n, 0),
    "uneven copy": lambda n: attention.duplicate_head(n, 0, share=-0.3),
    "wider attention": lambda n: attention.widen_heads(n, d=4),
    "wider values": lambda n: attention.widen_heads(n, d_v=3),
    "wider model": lambda n: attention.widen_model(n, 5),
}


@functools.cache
def narrow():
    """A network, inputs, and its output and rank there."""
    network, x = multi_head_attention(2, heads=1, d_model=3, d=2, std=1.0, inputs=3, outputs=3), sequences(size=3)
    return network, x, outputs_of(network, x), model_rank(network, x)


@pytest.mark.parametrize("name", EMBEDDINGS)
def test_embeddings_keep_output_and_rank(name):
    network, x, outputs, before = narrow()
    wide = EMBEDDINGS[name](network)
    assert parameter_count(wide) > parameter_count(network)
    np.testing.assert_allclose(outputs_of(wide, x), outputs, rtol=1e-11, atol=1e-13)
    after = model_rank(wide, x)
    assert before.decided and after.decided
    assert after.value == before.value


def test_without_its_compensation_a_wider_head_is_another_function():
    network = multi_head_attention(2, heads=1, d_model=3, d=2, std=1.0)
    x = sequences(size=3)
    wide = attention.widen_heads(network, d=4)
    flat = attention.MultiHeadAttention(wide.queries / np.sqrt(2), wide.keys, wide.values, wide.outputs)
    assert np.abs(outputs_of(flat, x) - outputs_of(network, x)).max() > 1e-3


def test_mistakes():
    network = multi_head_attention(0, heads=1, d_model=4, d=2, std=1.0)
    with pytest.raises(ValueError, match="token, 4"):
        network(jnp.ones((2, 6)))
    with pytest.raises(IndexError, match="head must be"):
        attention.duplicate_head(network, 1)
    with pytest.raises(ValueError, match="d must be a whole number of at least 2"):
        attention.widen_heads(network, d=1)
    with pytest.raises(ValueError, match="embedding and a readout"):
        attention.widen_model(network, 6)
