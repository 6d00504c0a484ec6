"""Embeddings of a decoder: more heads, wider heads, more neurons, a larger d_model, and the same function.

Each keeps the output on all inputs and maps critical points to critical points: every entry of the wide gradient is a
multiple of one of the narrow gradient. d_model can only be REPEATED as a whole where there is a layer normalisation:
zeros, or copies of some coordinates only, change mean and variance; k copies of every coordinate keep both, if what
reads them (W_Q, W_K, W_V, W₁, the readout) shares its rows equally among the copies. With unequal shares the output is
kept as well, but not criticality, because normalisation mixes the slopes of all coordinates.
"""

from typing import Any

import equinox as eqx
import jax.numpy as jnp
from jax import Array

from condenslab.networks.checks import check_finite, count
from condenslab.networks.decoder_net import Decoder


def split_head(network: Decoder, block: int, head: int = 0, *, share: float = 0.5) -> Decoder:
    """Copies a head of a block as a new last one, which takes `share` of its W_O and leaves 1 − share.

    Args:
        network: Any decoder.
        block: Which block, counted from 0.
        head: Which head, counted from 0.
        share: The copy's part of W_O.

    Raises:
        IndexError: No such block or head.
        ValueError: The share is not finite.
    """
    _require("block", block, network.depth)
    _require("head", head, network.queries[block].shape[0])
    check_finite("share", share)
    wide = [jnp.concatenate([part[block], part[block][head : head + 1]]) for part in _heads(network)]
    wide[3] = wide[3].at[head].multiply(1 - share).at[-1].multiply(share)
    return _with_block(network, block, *zip(("queries", "keys", "values", "outputs"), wide, strict=True))


def split_neuron(network: Decoder, block: int, neuron: int, *, share: float = 0.5) -> Decoder:
    """Copies a neuron of a block's feed-forward layer as a new last one, which takes `share` of its output weights.

    Args:
        network: Any decoder.
        block: Which block, counted from 0.
        neuron: Which neuron, counted from 0.
        share: The copy's part.

    Raises:
        IndexError: No such block or neuron.
        ValueError: The share is not finite.
    """
    _require("block", block, network.depth)
    expand, contract = network.expand[block], network.contract[block]
    _require("neuron", neuron, expand.shape[1])
    check_finite("share", share)
    wide = jnp.concatenate([expand, expand[:, neuron : neuron + 1]], axis=1)
    out = jnp.concatenate([contract, contract[neuron : neuron + 1]])
    out = out.at[neuron].multiply(1 - share).at[-1].multiply(share)
    return _with_block(network, block, ("expand", wide), ("contract", out))


def widen_heads(network: Decoder, block: int, *, d_k: int | None = None, d_v: int | None = None) -> Decoder:
    """Widens the heads of a block with zeros; W_Q is multiplied by √(new d_k/old d_k), as scores are divided by √d_k.

    Args:
        network: Any decoder.
        block: Which block, counted from 0.
        d_k: The new dimension of queries and keys; None leaves it.
        d_v: The new dimension of values; None leaves it.

    Raises:
        IndexError: No such block.
        ValueError: A new dimension is smaller than the old one.
    """
    _require("block", block, network.depth)
    queries, keys, values, outputs = (part[block] for part in _heads(network))
    old, old_v = queries.shape[-1], values.shape[-1]
    new = old if d_k is None else count("d_k", d_k, least=old)
    new_v = old_v if d_v is None else count("d_v", d_v, least=old_v)
    factor = jnp.sqrt(jnp.asarray(new / old, queries.dtype))
    padding, padding_v = ((0, 0), (0, 0), (0, new - old)), ((0, 0), (0, 0), (0, new_v - old_v))
    return _with_block(
        network,
        block,
        ("queries", jnp.pad(queries, padding) * factor),
        ("keys", jnp.pad(keys, padding)),
        ("values", jnp.pad(values, padding_v)),
        ("outputs", jnp.pad(outputs, padding_v)),
    )


def repeat_model(network: Decoder, times: int = 2) -> Decoder:
    """Repeats every coordinate of d_model; what reads them gives each copy an equal share of its weights.

    Args:
        network: Any decoder.
        times: How many copies of every coordinate there are then, at least 1.

    Raises:
        ValueError: Not a whole number of at least 1.
    """
    copies = count("times", times)

    def copied(array: Array | None, axis: int) -> Any:
        return None if array is None else jnp.concatenate([array] * copies, axis=axis)

    def shared(array: Array, axis: int) -> Array:
        return copied(array, axis) / jnp.asarray(copies, array.dtype)

    changes: dict[str, Any] = {name: copied(getattr(network, name), 1) for name in ("tokens", "positions")}
    changes |= {name: copied(getattr(network, name), 0) for name in ("final_scale", "final_shift")}
    changes["readout"] = shared(network.readout, 0)
    for name in ("queries", "keys", "values"):
        changes[name] = tuple(shared(array, 1) for array in getattr(network, name))
    for name in ("outputs", "contract"):
        changes[name] = tuple(copied(array, 1) for array in getattr(network, name))
    changes["expand"] = tuple(shared(array, 0) for array in network.expand)
    for name in ("attention_scales", "attention_shifts", "forward_scales", "forward_shifts"):
        changes[name] = tuple(copied(array, 0) for array in getattr(network, name))
    return _replaced(network, changes)


def _heads(network: Decoder) -> tuple[tuple[Array, ...], ...]:
    return network.queries, network.keys, network.values, network.outputs


def _with_block(network: Decoder, block: int, *parts: tuple[str, Array]) -> Decoder:
    """Returns the network with other arrays in one block."""
    changes = {
        name: tuple(array if k == block else old for k, old in enumerate(getattr(network, name)))
        for name, array in parts
    }
    return _replaced(network, changes)


def _replaced(network: Decoder, changes: dict[str, Any]) -> Decoder:
    names = [name for name, value in changes.items() if value is not None]
    return eqx.tree_at(lambda n: [getattr(n, name) for name in names], network, [changes[name] for name in names])


def _require(what: str, number: int, size: int) -> None:
    if not 0 <= number < size:
        raise IndexError(f"{what} must be one of 0 to {size - 1}. Got {number}.")
