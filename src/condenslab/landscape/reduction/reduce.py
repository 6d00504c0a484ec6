"""Reduction, the inverse of embedding: a network with units that have become one merged into one, in every layer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

import jax
import numpy as np
from jax import Array

from condenslab.landscape.receipt import Receipt, make_receipt, risk_receipt
from condenslab.landscape.reduction.decoder import reduced_attention, reduced_model, with_block
from condenslab.landscape.reduction.error_bound import Geometry, edit_bound, geometry
from condenslab.landscape.reduction.one_layer import EXACT, edit_layer
from condenslab.landscape.reduction.widths import one_threshold, targets_of, threshold_for_width, thresholds_of
from condenslab.networks import MLP, ConvTwoLayer, Decoder, TwoLayer
from condenslab.networks.checks import check_number
from condenslab.networks.conversion import floating
from condenslab.networks.dense import skips
from condenslab.networks.layered import LayerArrays, Layered, activation, hidden_layers
from condenslab.risk import EmpiricalRisk, require_samples

Reducible = TypeVar("Reducible", bound=Layered | Decoder)


@dataclass(frozen=True, eq=False)
class LayerReduction:
    """What became of every unit of one hidden layer: a neuron, or a channel of a convolution layer.

    Attributes:
        groups: For every unit of the reduced layer the indices of the units that it stands for.
        dropped: Indices of units that went without a successor: no output weight, no input weight, an amplitude below
            the filter, or a group whose output weights cancel.
        folded: Indices of units that do not depend on the input and went into the next layer's biases.
        refused: Why the layer was left as it is, a sentence; None if it was not.
    """

    groups: tuple[np.ndarray, ...]
    dropped: np.ndarray
    folded: np.ndarray
    refused: str | None = None


@dataclass(frozen=True, eq=False)
class Reduction(Generic[Reducible]):
    """A reduced network, and what became of every unit.

    Attributes:
        network: The reduced network; the units of a layer are in the order of their first members.
        receipt: What the reduction changed; None if neither a risk nor inputs were given.
        layers: What became of the units, one entry a hidden layer.
        bound: No output vector moves by more than this (Euclidean norm, rounding apart) on any input whose norm is at
            most the data's largest; `error_bound` has the formula. None if neither a risk nor inputs were given, or the
            activation has no known Lipschitz constant.
        threshold: The largest relative distance of two units that were merged.
        drop: The relative amplitude below which units were dropped.
        method: "complete linkage" or "greedy cover" (if any layer was grouped so).
    """

    network: Reducible
    receipt: Receipt | None
    layers: tuple[LayerReduction, ...]
    bound: float | None
    threshold: float
    drop: float
    method: str

    @property
    def groups(self) -> tuple[np.ndarray, ...]:
        """The groups of the first hidden layer, the only one of a two-layer network."""
        return self.layers[0].groups if self.layers else ()

    @property
    def dropped(self) -> np.ndarray:
        """The dropped units of the first hidden layer."""
        return self.layers[0].dropped if self.layers else np.zeros(0, dtype=np.int64)

    @property
    def folded(self) -> np.ndarray:
        """The folded units of the first hidden layer."""
        return self.layers[0].folded if self.layers else np.zeros(0, dtype=np.int64)


def reduce(
    network: Reducible,
    *,
    threshold: float | Sequence[float] = EXACT,
    widths: Mapping[int, int] | None = None,
    drop: float = 0.0,
    inputs: np.ndarray | Array | None = None,
    risk: EmpiricalRisk | None = None,
) -> Reduction[Reducible]:
    """Merges units that compute the same function and drops those that compute nothing, layer by layer.

    A unit is a hidden neuron, or a channel of a convolution layer with its kernels and bias. In every hidden layer,
    from the input on: units with zero input weights are constants a·σ(b): they go into the next layer's biases, or are
    merged into one unit where it has none, or pads with zeros (dropped if σ(b) = 0). Units below `drop` times the
    largest amplitude ‖a‖·‖(w, b)‖ go. The rest is grouped as in `measures.condensation`: norm included, up to sign for
    odd and even activations (under max pooling not for odd ones), up to positive scale for homogeneous ones; of an
    activation that declares neither parity nor homogeneity only duplicates are merged. A group becomes one unit whose
    output weights are the (signed) sum and whose input weights are the mean weighted by the members' share in that sum,
    which leaves a second-order output error. A merged unit below `drop` (or whose sum cancels to rounding) goes as
    well. Networks with more than one hidden layer are gone through again, in exact mode, until nothing changes.

    With the default threshold the output is preserved to rounding (a group whose output weights nearly cancel is merged
    only where its units are equal to rounding: a small difference times large weights is a derivative), and criticality
    with it; `reduce(embed(θ))` is θ up to symmetry if θ itself cannot be reduced. Width 0 is a legal result. Hidden
    layers of an `MLP` whose residual connections the reduction would break, or that would get one, are left as they
    are, and the result says so.

    Of a `Decoder` heads of equal pattern and values are merged, null heads and head dimensions dropped, the neurons of
    its feed-forward layers treated as above, and d_model reduced where every coordinate has equally many copies (with
    fewer, layer normalisation would change). Its `layers` are, block by block, heads, d_k, d_v and d_ff, then d_model;
    there is no bound.

    Args:
        network: A `TwoLayer`, `MLP`, `CNN`, `ConvTwoLayer` with shared weights, or `Decoder`.
        threshold: The largest relative distance of two units that are merged, in (0, 2); one number, or (not of a
            `Decoder`) one a hidden layer.
        widths: Target widths by the number of the hidden layer, from 0: the threshold of that layer is raised until at
            most so many units are left. Layers that are not named keep `threshold`. Not of a `Decoder`.
        drop: Amplitude, relative to the largest, below which units are dropped, in [0, 1).
        inputs: Data for receipt and bound, shape (sample, input) or images, where there is no risk.
        risk: R, for a receipt with risk and gradient.

    Raises:
        TypeError: The network is of another class, its activation is a plain function, or the risk has no samples.
        ValueError: A weight is not finite, inputs are no numbers, threshold, drop or a width is out of range, a layer
            with a target width has more than 4,000 units, or a `ConvTwoLayer` shares no weights.

    References:
        Zhang, Zhang & Luo, arXiv 2405.17501, Proposition 4.1 (critical reduction).
    """
    check_number("drop", drop, least=0.0, below=1.0)
    risk = None if risk is None else require_samples(risk)
    inputs = None if inputs is None else floating("inputs", inputs)
    if isinstance(network, Decoder):
        if widths:
            raise ValueError(f"a Decoder has no target widths: reduce must get a threshold. Got widths {widths}.")
        return _reduced_decoder(network, one_threshold(threshold), drop, inputs, risk)
    _check(network)
    limits = thresholds_of(threshold, hidden_layers(network))
    targets = targets_of(widths, len(limits))
    data = inputs if risk is None else risk.counted().inputs
    where = None if data is None else geometry(network, np.asarray(data, np.float64))
    found = _Progress(network, LayerArrays.of(network), where)
    again = found.all_layers(limits, targets, drop, repeated=False) and len(found.states) > 1
    while again:
        again = found.all_layers((EXACT,) * len(limits), {}, 0.0, repeated=True)
    reduced = found.arrays.put_into(network)
    receipt = _receipt(network, reduced, inputs, risk)
    return Reduction(reduced, receipt, tuple(found.states), found.bound, found.threshold, drop, found.method)


def _receipt(before: Any, after: Any, inputs: np.ndarray | Array | None, risk: EmpiricalRisk | None) -> Receipt | None:
    if risk is not None:
        return risk_receipt(risk, before, after)
    return None if inputs is None else make_receipt(before, after, inputs=inputs)


def _reduced_decoder(
    network: Any, threshold: float, drop: float, inputs: np.ndarray | Array | None, risk: EmpiricalRisk | None
) -> Reduction[Any]:
    """Reduces attention and feed-forward layer of every block, then d_model."""
    if not all(np.all(np.isfinite(leaf)) for leaf in jax.tree.leaves(network)):
        raise ValueError("the weights must be finite. The decoder has NaN or infinity: there is nothing to edit.")
    reduced, layers = network, []
    nothing = np.zeros(0, dtype=np.int64)
    for block in range(network.depth):
        reduced, units = reduced_attention(reduced, block, threshold)
        layers += [LayerReduction(one.groups, one.dropped, nothing) for one in units]
        feed = TwoLayer(reduced.expand[block].T, None, reduced.contract[block].T, None, reduced.activation)
        merged = reduce(feed, threshold=threshold, drop=drop)
        layers += merged.layers
        parts = {"expand": merged.network.input_weights.T, "contract": merged.network.output_weights.T}
        reduced = with_block(reduced, block, {name: np.asarray(part) for name, part in parts.items()})
    reduced, model = reduced_model(reduced, threshold)
    layers.append(LayerReduction(model.groups, model.dropped, nothing))
    receipt = _receipt(network, reduced, inputs, risk)
    return Reduction(reduced, receipt, tuple(layers), None, threshold, drop, "complete linkage")


class _Progress:
    """The layers as they stand, and what has become of the units so far, in terms of the first network."""

    def __init__(self, network: Layered, arrays: LayerArrays, where: Geometry | None) -> None:
        self.network, self.arrays, self.where = network, arrays, where
        self.states = [_untouched(len(weights)) for weights in arrays.weights[:-1]]
        self.bound: float | None = None if where is None else 0.0
        self.method = "complete linkage"
        self.threshold = 0.0

    def all_layers(
        self, thresholds: Sequence[float], widths: Mapping[int, int], drop: float, *, repeated: bool
    ) -> bool:
        """Reduces every layer in turn; returns whether one lost units. A repeated pass leaves the others untouched."""
        before = self.arrays
        for layer in range(len(self.states)):
            threshold = thresholds[layer]
            if layer in widths:
                least = threshold_for_width(self.network, self.arrays, layer, widths[layer], drop)
                threshold = max(threshold, least)
            self.threshold = max(self.threshold, threshold)
            self._one_layer(layer, threshold, drop, repeated)
        return any(len(old) != len(new) for old, new in zip(before.weights, self.arrays.weights, strict=True))

    def _one_layer(self, layer: int, threshold: float, drop: float, repeated: bool) -> None:
        edit, after = edit_layer(self.network, self.arrays, layer, threshold, drop)
        state, reason = self.states[layer], _refusal(self.network, self.arrays, after, layer)
        if reason is not None:
            self.states[layer] = replace(state, refused=reason)
            return
        if repeated and not edit.shrinks:
            return
        groups, dropped, folded = edit.in_terms_of(state.groups)
        if self.bound is not None and self.where is not None:
            step = edit_bound(self.arrays, layer, edit, activation(self.network, layer), self.where)
            self.bound = None if step is None else self.bound + step
        self.states[layer] = LayerReduction(
            tuple(groups), np.union1d(state.dropped, dropped), np.union1d(state.folded, folded)
        )
        self.arrays = after
        if edit.method != "complete linkage":
            self.method = edit.method


def _untouched(width: int) -> LayerReduction:
    nothing = np.zeros(0, dtype=np.int64)
    return LayerReduction(tuple(np.array([k]) for k in range(width)), nothing, nothing)


def _refusal(network: Layered, before: LayerArrays, after: LayerArrays, layer: int) -> str | None:
    """Returns why a layer must keep its units, or None: residual connections must stay where they are."""
    if not isinstance(network, MLP) or not network.residual:
        return None
    for end in {layer, layer + 1} & set(skips(before.widths)):
        return (
            f"hidden layer {end} adds its input by a residual connection, so the units of hidden layer {layer} are "
            f"paired one by one with those on its other side"
        )
    if skips(before.widths) == skips(after.widths):
        return None
    width = len(after.weights[layer])
    return f"reduced to {width} units, hidden layer {layer} would get a residual connection with one of equal width"


def _check(network: Any) -> None:
    for layer in range(hidden_layers(network)):
        activation(network, layer)
    if isinstance(network, ConvTwoLayer) and not network.shared:
        raise ValueError(
            "without weight sharing every position has units of its own, which may merge apart from the others: "
            "reduce must get networks.as_two_layer(network), the dense network that it is. Got a ConvTwoLayer "
            "without weight sharing."
        )
