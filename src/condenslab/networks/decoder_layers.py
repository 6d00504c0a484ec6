"""The parts of a decoder as functions of arrays: layer normalisation, causal attention, feed-forward layer."""

import jax
import jax.numpy as jnp
from jax import Array

EPSILON = 1e-5
"""Added to the variance in a layer normalisation, as in PyTorch."""


def layer_norm(hidden: Array, scale: Array, shift: Array) -> Array:
    """Returns scale·(x − mean)/√(variance + 1e-5) + shift, mean and variance over the last axis.

    Args:
        hidden: x, shape (…, d_model).
        scale: Shape (d_model,).
        shift: Shape (d_model,).
    """
    centred = hidden - hidden.mean(axis=-1, keepdims=True)
    variance = (centred * centred).mean(axis=-1, keepdims=True)
    along = (1,) * (hidden.ndim - 1) + (-1,)
    return centred * jax.lax.rsqrt(variance + EPSILON) * scale.reshape(along) + shift.reshape(along)


def attention_pattern(queries: Array, keys: Array, asking: Array, hidden: Array) -> Array:
    """Returns softmax(x_q W_Q W_Kᵀ xᵀ/√d_k) of every head with a causal mask.

    Args:
        queries: W_Q, shape (head, d_model, d_k).
        keys: W_K, shape (head, d_model, d_k).
        asking: x_q, the last tokens of `hidden` (or all), shape (sample, query, d_model).
        hidden: x, shape (sample, token, d_model).

    Returns:
        Shape (sample, head, query, token).
    """
    q, k = _projected(asking, queries), _projected(hidden, keys)
    scores = jnp.einsum("nqhd,nthd->nhqt", q, k) / jnp.sqrt(jnp.asarray(queries.shape[-1], hidden.dtype))
    last, count = hidden.shape[1], asking.shape[1]
    if count > 1:
        seen = jnp.arange(last)[None] <= jnp.arange(last - count, last)[:, None]
        scores = jnp.where(seen[None, None], scores, -jnp.inf)
    return jax.nn.softmax(scores, axis=-1)


def attend(queries: Array, keys: Array, values: Array, outputs: Array, asking: Array, hidden: Array) -> Array:
    """Returns Σ_heads softmax(…)·x W_V W_Oᵀ, shape (sample, query, d_model); see `attention_pattern`.

    Args:
        queries: W_Q, shape (head, d_model, d_k).
        keys: W_K, shape (head, d_model, d_k).
        values: W_V, shape (head, d_model, d_v).
        outputs: W_O, shape (head, d_model, d_v).
        asking: The tokens for which it is computed, shape (sample, query, d_model).
        hidden: All tokens, shape (sample, token, d_model).
    """
    pattern = attention_pattern(queries, keys, asking, hidden)
    mixed = jnp.einsum("nhqt,nthd->nqhd", pattern, _projected(hidden, values))
    return _flat_product(mixed.reshape(*mixed.shape[:2], -1), jnp.moveaxis(outputs, 1, 2).reshape(-1, hidden.shape[-1]))


def feed_forward(expand: Array, contract: Array, activation: object, hidden: Array) -> Array:
    """Returns σ(x W₁) W₂, shape (sample, token, d_model).

    Args:
        expand: W₁, shape (d_model, d_ff).
        contract: W₂, shape (d_ff, d_model).
        activation: σ.
        hidden: x, shape (sample, token, d_model).
    """
    return _flat_product(activation(_flat_product(hidden, expand)), contract)  # type: ignore[operator]


def _projected(hidden: Array, weights: Array) -> Array:
    """Returns x·W of every head, shape (sample, token, head, d)."""
    heads, model, size = weights.shape
    flat = _flat_product(hidden, jnp.moveaxis(weights, 0, 1).reshape(model, heads * size))
    return flat.reshape(*hidden.shape[:2], heads, size)


def _flat_product(hidden: Array, matrix: Array) -> Array:
    """Returns x·W with samples and tokens on one axis: one large matrix product instead of many small ones."""
    samples, tokens, size = hidden.shape
    return (hidden.reshape(samples * tokens, size) @ matrix).reshape(samples, tokens, matrix.shape[1])
