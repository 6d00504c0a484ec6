"""Reduction in depth: layers that act linearly on the data are multiplied into the next one."""

from collections.abc import Sequence
from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np
from jax import Array

from condenslab.landscape.receipt import Receipt, make_receipt, risk_receipt
from condenslab.measures.linearisation import LINEAR, LayerLinearity, linearisation
from condenslab.networks import MLP, TwoLayer, as_mlp
from condenslab.networks.conversion import floating
from condenslab.networks.dense import skips
from condenslab.risk import EmpiricalRisk, require_samples


@dataclass(frozen=True, eq=False)
class LayerMerge:
    """A shallower network, and which layers went into the next one.

    Attributes:
        network: The shallower network, an `MLP`; without hidden layers it is a linear map.
        receipt: What the merge changed, on the data and away from them.
        merged: Numbers of the hidden layers that went, counted from 0 at the input.
        linearity: How linear every hidden layer was, with the lines that replaced its units.
    """

    network: MLP
    receipt: Receipt
    merged: tuple[int, ...]
    linearity: tuple[LayerLinearity, ...]


def merge_layers(
    network: TwoLayer | MLP,
    *,
    layers: Sequence[int] | None = None,
    threshold: float = LINEAR,
    drop: float = 0.0,
    inputs: np.ndarray | Array | None = None,
    risk: EmpiricalRisk | None = None,
) -> LayerMerge:
    """Replaces every effectively linear hidden layer by its lines and multiplies it into the next layer.

    W = W_{q+1}·diag(λ)·W_q and b = W_{q+1}·(λ∘b_q + μ) + b_{q+1}, where λ_j and μ_j are the least-squares line of unit
    j on the data (the source does not say how it takes them); diag(λ)·W_q + I for a residual layer. It undoes `lift`:
    exactly on the data where the activation is affine there, and then everywhere, because the lines are exact.

    Args:
        network: A `TwoLayer` or an `MLP` of any depth.
        layers: Numbers of the hidden layers to merge, counted from 0 at the input; by default the effectively linear
            ones.
        threshold: MPC above which a layer is effectively linear.
        drop: Amplitude filter of the measure; see `measures.linearisation`.
        inputs: The data, shape (sample, input), at least two samples, where there is no risk.
        risk: R, for its inputs and for a receipt with risk and gradient.

    Raises:
        IndexError: No such hidden layer.
        TypeError: The network is neither a `TwoLayer` nor an `MLP`.
        ValueError: Neither inputs nor a risk were given, the data do not fit, or a residual connection would change.

    References:
        Bai et al., arXiv 2205.13283, section 5 (layers of MPC > 0.99 are merged by multiplying their weights).
    """
    if (inputs is None) == (risk is None):
        raise ValueError("layers are merged by what they do on data: give inputs or a risk. Got both or neither.")
    data = np.asarray(
        floating("inputs", inputs) if risk is None else require_samples(risk).counted().inputs, np.float64
    )
    found = linearisation(network, data, threshold=threshold, drop=drop)
    chosen = [k for k, layer in enumerate(found) if layer.linear] if layers is None else sorted(set(layers))
    if any(not 0 <= k < len(found) for k in chosen):
        raise IndexError(f"layers must number hidden layers, 0 to {len(found) - 1}. Got {list(layers or ())}.")
    dense = as_mlp(network) if isinstance(network, TwoLayer) else network
    shallow = _multiplied(dense, chosen, found)
    receipt = make_receipt(network, shallow, inputs=data) if risk is None else risk_receipt(risk, network, shallow)
    return LayerMerge(shallow, receipt, tuple(chosen), found)


def _multiplied(network: MLP, chosen: Sequence[int], found: Sequence[LayerLinearity]) -> MLP:
    _check_skips(network, chosen)
    weights, biases = [], []
    pending: tuple[np.ndarray, np.ndarray] | None = None
    for layer, (w, b) in enumerate(zip(network.weights, network.biases, strict=True)):
        weight, bias = np.asarray(w, np.float64), None if b is None else np.asarray(b, np.float64)
        if pending is not None:
            below, constant = pending
            bias = weight @ constant + (0.0 if bias is None else bias)
            weight = weight @ below
        if layer in chosen:
            pending = _line(weight, bias, found[layer], pending, layer in network.skips)
            continue
        weights.append(jnp.asarray(weight, w.dtype))
        biases.append(None if bias is None else jnp.asarray(bias, w.dtype))
        pending = None
    return MLP(tuple(weights), tuple(biases), network.activation, network.residual)


def _line(
    weight: np.ndarray,
    bias: np.ndarray | None,
    lines: LayerLinearity,
    pending: tuple[np.ndarray, np.ndarray] | None,
    adds: bool,
) -> tuple[np.ndarray, np.ndarray]:
    """Returns (A, c) with h = A·h_kept + c for the output h of a merged layer, h_kept that of the last kept one."""
    matrix = lines.slopes[:, None] * weight
    constant = lines.offsets + (0.0 if bias is None else lines.slopes * bias)
    if not adds:
        return matrix, constant
    below, shift = pending if pending is not None else (np.eye(matrix.shape[1]), np.zeros(matrix.shape[1]))
    return matrix + below, constant + shift


def _check_skips(network: MLP, chosen: Sequence[int]) -> None:
    """Refuses to merge where a kept layer's residual connection would begin at a merged layer, or appear."""
    if not network.residual:
        return
    widths, kept = network.widths, [k for k in range(len(network.widths) - 2) if k not in chosen]
    shallow = (widths[0], *(widths[k + 1] for k in kept), widths[-1])
    moved = {kept.index(end) for end in network.skips if end in kept}
    broken = any(end in kept and end - 1 in chosen for end in network.skips)
    if broken or moved != set(skips(shallow)):
        raise ValueError(
            f"merging would change the function: the residual connections of the layers that stay would move. Got "
            f"widths {widths} and layers {list(chosen)} to merge; choose others with layers=…"
        )
