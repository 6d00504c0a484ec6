"""Reduction of a decoder: heads, head dimensions, neurons and copies of d_model that compute the same are merged."""

from dataclasses import dataclass

import equinox as eqx
import jax.numpy as jnp
import numpy as np

from condenslab.networks.decoder_net import Decoder

ArrayOf = dict[str, np.ndarray]


@dataclass(frozen=True)
class Units:
    """What became of the units of one axis of a decoder.

    Attributes:
        axis: What they are: "heads", "d_k", "d_v", "d_ff" or "d_model".
        block: Of which block; None for d_model.
        groups: For every remaining unit the indices of those that it stands for.
        dropped: Indices of units that went without a successor.
    """

    axis: str
    block: int | None
    groups: tuple[np.ndarray, ...]
    dropped: np.ndarray


def reduced_attention(network: Decoder, block: int, threshold: float) -> tuple[Decoder, list[Units]]:
    """Merges heads of equal pattern and values, and drops what is null: heads, and dimensions of all heads.

    Heads are compared by what no change of basis alters: W_Q W_Kᵀ/√d_k, and W_V itself.

    Args:
        network: The decoder.
        block: Which block, counted from 0.
        threshold: The largest relative distance of two heads that are merged.
    """
    parts = network.queries, network.keys, network.values, network.outputs
    q, k, v, o = (np.asarray(part[block], np.float64) for part in parts)
    scores = np.einsum("hmd,hnd->hmn", q, k) / np.sqrt(q.shape[-1])
    null: np.ndarray = np.logical_not(v.any(axis=(1, 2)) & o.any(axis=(1, 2)))
    if null.all():
        null[0] = False
    kept = np.flatnonzero(~null)
    groups = [kept[g] for g in alike([scores[kept], v[kept]], threshold)]
    leaders = [int(g[0]) for g in groups]
    q, k, v, o = q[leaders], k[leaders], v[leaders], np.stack([o[g].sum(axis=0) for g in groups])
    units = [Units("heads", block, tuple(groups), np.flatnonzero(null))]
    live_k = _live(q, k)
    live_v = _live(v, o)
    q = q[..., live_k] * np.sqrt(len(live_k) / q.shape[-1])
    units += [
        Units(axis, block, tuple(np.array([u]) for u in live), np.setdiff1d(np.arange(size), live))
        for axis, live, size in (("d_k", live_k, k.shape[-1]), ("d_v", live_v, v.shape[-1]))
    ]
    changed = {"queries": q, "keys": k[..., live_k], "values": v[..., live_v], "outputs": o[..., live_v]}
    return with_block(network, block, changed), units


def reduced_model(network: Decoder, threshold: float) -> tuple[Decoder, Units]:
    """Merges equal coordinates of d_model where all have equally many copies, so that normalisation stays what it is.

    Args:
        network: The decoder.
        threshold: The largest relative distance of two coordinates that are merged.
    """
    size = network.d_model
    written = [network.tokens, network.positions]
    written += list(network.contract)
    written += [jnp.moveaxis(o, 1, 2).reshape(-1, size) for o in network.outputs]
    names = ("attention_scales", "attention_shifts", "forward_scales", "forward_shifts")
    written += [part[None] for name in names for part in getattr(network, name)]
    written += [part[None] for part in (network.final_scale, network.final_shift) if part is not None]
    columns = np.concatenate([np.asarray(part, np.float64) for part in written]).T
    groups = alike([columns], threshold)
    single = tuple(np.array([k]) for k in range(size))
    if len({len(group) for group in groups}) != 1 or len(groups) == size:
        return network, Units("d_model", None, single, np.zeros(0, np.int64))
    first = np.array([group[0] for group in groups])
    gather = np.stack(groups)
    changes = {n: jnp.take(getattr(network, n), first, axis=1) for n in ("tokens", "positions")}
    changes |= {n: tuple(jnp.take(p, first, axis=1) for p in getattr(network, n)) for n in ("outputs", "contract")}
    changes |= {n: tuple(jnp.take(p, first, axis=0) for p in getattr(network, n)) for n in names}
    changes |= {n: tuple(p[:, gather].sum(axis=2) for p in getattr(network, n)) for n in ("queries", "keys", "values")}
    changes["expand"] = tuple(p[gather].sum(axis=1) for p in network.expand)
    changes["readout"] = network.readout[gather].sum(axis=1)
    if network.final_scale is not None and network.final_shift is not None:
        changes |= {"final_scale": network.final_scale[first], "final_shift": network.final_shift[first]}
    changed = eqx.tree_at(lambda n: [getattr(n, name) for name in changes], network, list(changes.values()))
    return changed, Units("d_model", None, tuple(groups), np.zeros(0, np.int64))


def with_block(network: Decoder, block: int, parts: ArrayOf) -> Decoder:
    """Returns the decoder with other arrays in one block, in its own precision."""
    changes = {
        name: tuple(jnp.asarray(new, old.dtype) if k == block else old for k, old in enumerate(getattr(network, name)))
        for name, new in parts.items()
    }
    return eqx.tree_at(lambda n: [getattr(n, name) for name in changes], network, list(changes.values()))


def alike(coordinates: list[np.ndarray], threshold: float) -> list[np.ndarray]:
    """Returns groups of units of which any two are within `threshold` in each kind of coordinate.

    Args:
        coordinates: Arrays with the units first.
        threshold: Relative to the larger of the two units.
    """
    flat = [part.reshape(len(part), -1) for part in coordinates]
    groups: list[list[int]] = []
    for unit in range(len(flat[0])):
        home = next((g for g in groups if all(_near(flat, unit, other, threshold) for other in g)), None)
        if home is None:
            groups.append([unit])
        else:
            home.append(unit)
    return [np.array(group) for group in groups]


def _near(flat: list[np.ndarray], one: int, other: int, threshold: float) -> bool:
    for part in flat:
        scale = max(np.linalg.norm(part[one]), np.linalg.norm(part[other]))
        if np.linalg.norm(part[one] - part[other]) > threshold * scale:
            return False
    return True


def _live(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Returns the last-axis units that are not null in either of two factors, for all heads; at least one."""
    live = np.flatnonzero(one.any(axis=(0, 1)) & other.any(axis=(0, 1)))
    return live if len(live) else np.array([0])
