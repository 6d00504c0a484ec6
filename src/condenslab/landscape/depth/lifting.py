"""Embedding in depth: a layer is put into a network where it acts linearly on the data, so that nothing changes there.

Lifting inserts a layer q̂ between layers q and q + 1. On the training inputs every unit of it stays in one affine
segment σ(z) = λz + μ, and W′_{q+1}·diag(λ)·W′_q̂ = W_{q+1}, W′_{q+1}·(λ∘b′_q̂ + μ) + b′_{q+1} = b_{q+1} (Bai et al.,
arXiv 2205.13283, Definition 3). All such parameters are the lifted set T_S(θ); the two constructions of Lemma 1 give
one point of it each. Output, risk and criticality are kept for the training inputs S and every subset of them, not
everywhere.
"""

import math
from dataclasses import dataclass
from typing import Literal, NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import Array

from condenslab.landscape.depth.segments import AffineSegment, affine_segments
from condenslab.landscape.receipt import Receipt, make_receipt, risk_receipt
from condenslab.measures.linearisation import layer_states
from condenslab.networks import MLP, TwoLayer, as_mlp
from condenslab.networks.conversion import floating
from condenslab.networks.dense import skips
from condenslab.risk import EmpiricalRisk, require_samples

Carried = Literal["preactivations", "activations"]


@dataclass(frozen=True, eq=False)
class Lifting:
    """A deeper network with the same function on the data, and how it was made.

    Attributes:
        network: θ′, an `MLP`.
        receipt: What changed on the data (`output_difference`) and, told apart, away from them
            (`output_difference_random`, which is rarely small).
        layers: Numbers of the new hidden layers, counted from 0 at the input.
        carried: What the first new layer carries: the preactivations of layer q + 1 or the activations of layer q.
        segment: Where its units are affine.
        interval: Range that the carried numbers are scaled into, inside the segment.
        residual: Whether the new layers add their input.
    """

    network: MLP
    receipt: Receipt
    layers: tuple[int, ...]
    carried: Carried
    segment: AffineSegment
    interval: tuple[float, float]
    residual: bool

    @property
    def exact(self) -> bool:
        """Whether the activation is exactly affine on the segment, so that only rounding remains."""
        return self.segment.error == 0


def lift(
    network: TwoLayer | MLP,
    *,
    layer: int,
    width: int | None = None,
    count: int = 1,
    carried: Carried | None = None,
    segment: AffineSegment | None = None,
    interval: tuple[float, float] | None = None,
    residual: bool = False,
    inputs: np.ndarray | Array | None = None,
    risk: EmpiricalRisk | None = None,
) -> Lifting:
    """Inserts a hidden layer that acts linearly on the data, by a construction of Lemma 1.

    With ξ the ratio of the interval's length to the range of what is carried, the new layer computes ξ·z + const for
    the preactivations z of the layer after it (construction for a width ≥ m_{q+1}; the output side is then I/(λξ)), or
    ξ·h + const for the activations h of the layer before it (width ≥ m_q; the output side is W_{q+1}/(λξ), and
    W_{q+1}/(λξ + 1) for a residual layer). Further units get zero weights on both sides and a bias in the middle of the
    interval, off the kink. It carries over critical points with their risk, since W and b of the next layer are free
    (arXiv 2205.13283, Proposition 2).

    Args:
        network: θ, a `TwoLayer` or an `MLP` of any depth.
        layer: Number that the new hidden layer gets, counted from 0 at the input: 0 puts it before the first hidden
            layer, and the number of hidden layers puts it before the output layer.
        width: Its width, at least the smaller one of the two layers that it joins; by default that.
        count: How many layers to insert there, one after the other.
        carried: Which construction; by default that of the narrower side (the preactivations if equal).
        segment: Where the activation is affine; by default its first exact segment. `tangent_segment` makes an
            approximate one for a smooth activation.
        interval: Range inside the segment that the carried numbers are scaled into; by default `segment.interval()`.
        residual: Whether the new layer adds its input (Appendix, Definition 5): it then has the width of the layer
            before it and carries activations, and the network becomes residual.
        inputs: Training inputs, shape (sample, input), where there is no risk.
        risk: R, for its inputs and for a receipt with risk and gradient.

    Raises:
        IndexError: The network has no place of that number.
        TypeError: The network is neither a `TwoLayer` nor an `MLP`.
        ValueError: The width is too small, the activation has no linear segment, the next layer has no biases, the
            interval leaves the segment, a residual connection would change, count is not positive, or neither inputs
            nor a risk were given.

    References:
        Bai, Luo, Xu & Zhang, arXiv 2205.13283, Definition 3, Lemma 1, Propositions 1 to 3, Theorem 1.
    """
    if (inputs is None) == (risk is None):
        raise ValueError("a lift is made for training inputs: give either inputs or a risk. Got both or neither.")
    if count < 1:
        raise ValueError(f"count must be at least 1. Got {count}.")
    data = np.asarray(
        floating("inputs", inputs) if risk is None else require_samples(risk).counted().inputs, np.float64
    )
    where = segment if segment is not None else _segment(network)
    low, high = where.interval() if interval is None else interval
    inside = where.low < low < high < where.high or (where.error > 0 and where.low <= low < high <= where.high)
    if not (inside and math.isfinite(low) and math.isfinite(high)):
        raise ValueError(f"interval must lie inside the segment ({where.low}, {where.high}). Got ({low}, {high}).")
    deeper, first = network, None
    for number in range(layer, layer + count):
        deeper, used = _inserted(deeper, data, number, _Wish(width, carried, where, low, high, residual))
        first = first or used
    assert isinstance(deeper, MLP) and first is not None
    receipt = make_receipt(network, deeper, inputs=data) if risk is None else risk_receipt(risk, network, deeper)
    return Lifting(deeper, receipt, tuple(range(layer, layer + count)), first, where, (low, high), residual)


class _Wish(NamedTuple):
    """How a layer is to be made."""

    width: int | None
    carried: Carried | None
    segment: AffineSegment
    low: float
    high: float
    residual: bool


class _Factors(NamedTuple):
    """The new layer, the layer after it, and how many units of the new layer are used."""

    weight: np.ndarray
    bias: np.ndarray
    next_weight: np.ndarray
    next_bias: np.ndarray


def _segment(network: TwoLayer | MLP) -> AffineSegment:
    known = affine_segments(network.activation)
    if not known:
        name = network.activation.name
        raise ValueError(
            f"lifting must have an activation with a linear segment (ReLU, leaky ReLU). Got {name!r}, which has none "
            "that is known. For an approximate lift of a smooth one pass "
            f"segment=landscape.tangent_segment(networks.activation({name!r}))."
        )
    return known[0]


def _inserted(network: TwoLayer | MLP, inputs: np.ndarray, layer: int, wish: _Wish) -> tuple[MLP, Carried]:
    dense = as_mlp(network) if isinstance(network, TwoLayer) else network
    depth = len(dense.weights)
    if not 0 <= layer < depth:
        raise IndexError(f"layer must be the number of the new hidden layer, 0 to {depth - 1}. Got {layer}.")
    weight, bias = dense.weights[layer], dense.biases[layer]
    if bias is None:
        raise ValueError(
            "the layer after the new one must have biases, which take up the offset of the linear segment and make "
            f"the lifted point critical. Got none in layer {layer} (counted from 0; {depth - 1} is the output layer)."
        )
    carried = _carried(dense.widths[layer : layer + 2], wish)
    before, after = dense.widths[layer : layer + 2]
    needed = after if carried == "preactivations" else before
    width = needed if wish.width is None else wish.width
    _check_width(width, before, after, needed, wish)
    _check_skips(dense, layer, width, wish.residual)
    state = layer_states(dense, inputs)[layer]
    numbers = state.preactivations if carried == "preactivations" else state.inputs
    made = _factors(np.asarray(weight, np.float64), np.asarray(bias, np.float64), numbers, carried, wish)
    made = _padded(made, width - needed, (wish.low + wish.high) / 2)
    new = [jnp.asarray(array, weight.dtype) for array in made]
    weights = (*dense.weights[:layer], new[0], new[2], *dense.weights[layer + 1 :])
    biases = (*dense.biases[:layer], new[1], new[3], *dense.biases[layer + 1 :])
    return MLP(weights, biases, dense.activation, dense.residual or wish.residual), carried


def _carried(widths: tuple[int, ...], wish: _Wish) -> Carried:
    if wish.carried not in (None, "preactivations", "activations"):
        raise ValueError(f"carried must be preactivations, activations or None. Got {wish.carried!r}.")
    if wish.residual:
        if wish.carried == "preactivations":
            raise ValueError("a residual layer must carry the activations that it adds. Got preactivations.")
        return "activations"
    return wish.carried or ("preactivations" if widths[1] <= widths[0] else "activations")


def _check_width(width: int, before: int, after: int, needed: int, wish: _Wish) -> None:
    if wish.residual and width != before:
        raise ValueError(f"a residual layer must have the width of the layer before it, {before}. Got {width}.")
    if width < needed:
        raise ValueError(
            f"the new layer must have a width of at least {min(before, after)}, the smaller one of its neighbours', "
            f"{before} and {after}" + (f", and {needed} to carry {wish.carried}" if wish.carried else "") + ". "
            f"Got {width}: fewer units cannot carry the information."
        )


def _check_skips(network: MLP, layer: int, width: int, residual: bool) -> None:
    """Refuses a layer that would break, move or add a residual connection other than the one asked for."""
    widths = network.widths
    before = set(network.skips)
    after = set(skips((*widths[: layer + 1], width, *widths[layer + 1 :]))) if network.residual or residual else set()
    wanted = {end if end < layer else end + 1 for end in before} | ({layer} if residual else set())
    if layer in before or after != wanted:
        raise ValueError(
            f"lifting would change the function: a residual network adds the input of every hidden layer whose width "
            f"equals that of the layer before. Got widths {widths} with a new layer of width {width} at place {layer}; "
            f"choose another place or width" + ("." if network.residual else ", or a plain lift (residual=False).")
        )


def _factors(weight: np.ndarray, bias: np.ndarray, numbers: np.ndarray, carried: Carried, wish: _Wish) -> _Factors:
    """Returns the layers of Lemma 1 without further units; W: weight and b: bias of layer q + 1."""
    slope, offset = wish.segment.slope, wish.segment.offset
    least, most = float(numbers.min(initial=np.inf)), float(numbers.max(initial=-np.inf))
    varies = most > least
    ratio = (wish.high - wish.low) / (most - least) if varies else 1.0
    if wish.residual and abs(slope * ratio + 1) < 0.5:
        ratio /= 4  # a falling segment: the new layer must not cancel the input that it adds
    shift = (wish.low if varies else (wish.low + wish.high) / 2) - ratio * (least if numbers.size else 0.0)
    if carried == "preactivations":
        inner, inner_bias = ratio * weight, ratio * bias + shift
        outer = np.eye(len(weight)) / (slope * ratio)
    else:
        count = weight.shape[1]
        inner, inner_bias = ratio * np.eye(count), np.full(count, shift)
        outer = weight / (slope * ratio + (1.0 if wish.residual else 0.0))
    return _Factors(inner, inner_bias, outer, bias - outer @ (slope * inner_bias + offset))


def _padded(made: _Factors, extra: int, middle: float) -> _Factors:
    """Adds units that see nothing and that nothing sees, with a bias in the middle of the interval."""
    inner = np.concatenate([made.weight, np.zeros((extra, made.weight.shape[1]))])
    outer = np.concatenate([made.next_weight, np.zeros((len(made.next_weight), extra))], axis=1)
    return _Factors(inner, np.concatenate([made.bias, np.full(extra, middle)]), outer, made.next_bias)
