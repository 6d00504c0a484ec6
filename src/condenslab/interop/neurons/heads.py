"""Attention heads in the products that a change of basis inside a head leaves alone: W_Q′W_K and W_V′W_O."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from condenslab.interop.neurons import names
from condenslab.interop.neurons.rows import UnmeasurableError, as_float

_HEADS = ("num_attention_heads", "n_head", "n_heads", "num_heads", "encoder_attention_heads")


@dataclass(frozen=True)
class Heads:
    """The matrices of the heads of a block, each of shape (head, inner, model).

    Attributes:
        block: Its name.
        queries, keys, values, outputs: W_Q, W_K, W_V and the transpose of W_O; the latter two None where unknown.
        sources: Names of the arrays.
    """

    block: str
    queries: np.ndarray
    keys: np.ndarray
    values: np.ndarray | None
    outputs: np.ndarray | None
    sources: tuple[str, ...]


def head_count(config: Mapping[str, Any], asked: int | None) -> int | None:
    """Returns how many heads a block has, by request or by a `config.json`.

    Args:
        config: The configuration.
        asked: What was asked for.
    """
    return asked if asked is not None else _number(config, _HEADS)


def _number(config: Mapping[str, Any], keys: tuple[str, ...]) -> int | None:
    for table in (config, *(config.get(key) for key in ("text_config", "model", "encoder"))):
        if isinstance(table, Mapping):
            for key in keys:
                if type(table.get(key)) is int and 0 < table[key] < 10_000:
                    return table[key]
    return None


def split_attention(
    weights: Mapping[str, np.ndarray],
) -> tuple[dict[str, dict[str, str]], dict[str, np.ndarray]]:
    """Separates attention weights from the others.

    Args:
        weights: All matrices.

    Returns:
        For each block the names of its arrays by role, and the matrices that are no attention.
    """
    known = frozenset(names.plain(name) for name in weights)
    blocks: dict[str, dict[str, str]] = {}
    others: dict[str, np.ndarray] = {}
    for name, array in weights.items():
        found = names.attention_role(name, known) if array.ndim == 2 else None
        if found is None:
            others[name] = array
        else:
            blocks.setdefault(found[0], {}).setdefault(found[1], name)
    for block in [b for b, roles in blocks.items() if not ({"q", "k"} <= set(roles) or "qkv" in roles)]:
        others |= {name: weights[name] for name in blocks.pop(block).values()}
    return blocks, {name: array for name, array in weights.items() if name in others}


def heads_of(block: str, roles: Mapping[str, str], weights: Mapping[str, np.ndarray], count: int) -> Heads:
    """Cuts the matrices of a block into heads.

    Args:
        block: Its name.
        roles: Names of its arrays by role.
        weights: All matrices.
        count: Heads a block.

    Raises:
        UnmeasurableError: The shapes do not fit the number of heads.
    """
    conv1d = "qkv" in roles and roles["qkv"].endswith("c_attn.weight")
    if "qkv" in roles:
        fused = weights[roles["qkv"]]
        interleaved = "query_key_value" in roles["qkv"]
        q, k, v = _unfused(fused.T if conv1d else fused, count, interleaved)
    else:
        q, k = weights[roles["q"]], weights[roles["k"]]
        v = weights[roles["v"]] if "v" in roles else None
    o = None
    if "o" in roles:
        o = weights[roles["o"]] if conv1d else weights[roles["o"]].T
    inner = len(q) // count
    if (
        len(q) % count
        or len(k) % inner
        or count % max(len(k) // inner, 1)
        or (v is not None and len(v) % (len(k) // inner))
    ):
        raise UnmeasurableError(f"{len(q)} query rows and {len(k)} key rows are no multiple of {count} heads")
    if o is not None and (v is None or len(o) % count):
        o = None
    parts = (_cut(part, count, inner) if part is not None else None for part in (q, k, v, o))
    queries, keys, values, outputs = parts
    assert queries is not None and keys is not None
    known = values is not None and outputs is not None and values.shape[1] == outputs.shape[1]
    return Heads(block, queries, keys, values if known else None, outputs if known else None, tuple(roles.values()))


def _cut(part: np.ndarray, count: int, inner: int) -> np.ndarray:
    """Returns shape (head, inner, model); heads that share keys or values get copies of them."""
    width = len(part) // count if len(part) >= count * inner else inner
    heads = as_float(part).reshape(-1, max(width, 1), part.shape[1])
    return np.repeat(heads, count // len(heads), axis=0)


def _unfused(fused: np.ndarray, count: int, interleaved: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Cuts W_Q, W_K, W_V out of one matrix; where several heads share keys, the width of a head is model by heads."""
    rows, width = fused.shape
    customary = max(width // count, 1)
    shared = (rows // customary - count) // 2
    if rows % (3 * count) and shared > 0 and (count + 2 * shared) * customary == rows:
        inner, groups = customary, shared
    else:
        inner, groups = rows // (3 * count), count
    if (count + 2 * groups) * inner != rows or count % groups:
        raise UnmeasurableError(f"{rows} rows are not the queries of {count} heads with their keys and values")
    if interleaved and groups == count:
        cut = fused.reshape(count, 3, inner, -1)
        q, k, v = (cut[:, part].reshape(count * inner, -1) for part in range(3))
        return q, k, v
    return fused[: count * inner], fused[count * inner : (count + groups) * inner], fused[(count + groups) * inner :]


def product_cosines(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Returns the cosines between the products L_h′R_h of heads, without forming a product.

    With G = L_g L_h′ and K = R_g R_h′ the inner product of two is the sum of G∘K. A change of basis inside a head,
    L → A·L and R → A⁻ᵀ·R, leaves the product, and hence every cosine, as it is.

    Args:
        left: L, shape (head, inner, model).
        right: R, shape (head, inner, model).

    Returns:
        Shape (head, head).
    """
    count, inner, _ = left.shape
    flat = (left.reshape(count * inner, -1), right.reshape(count * inner, -1))
    overlaps = [(f @ f.T).astype(np.float64).reshape(count, inner, count, inner) for f in flat]
    products = np.einsum("gihj,gihj->gh", *overlaps)
    scale = np.sqrt(np.maximum(np.diag(products), 1e-300))
    return products / scale[:, None] / scale[None]
