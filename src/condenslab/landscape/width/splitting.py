"""Splitting embeddings: a narrow network as a point of a wider one, with the same output and criticality.

One step T^α_{l,s} copies neuron s of hidden layer l, input weights and bias, as a new last neuron of the layer; of the
output weights the copy gets α and the original keeps 1 − α (Zhang et al., NeurIPS 2021, Definition 5; J. Mach. Learn.
1(1), 2022, Definition 4.4). A `Splitting` holds any number of steps in one layer as an index map with shares. In a
convolution network a neuron is a channel: its kernels and bias are copied, and the copy gets one share α of every
weight that reads it, at all positions (Zhang et al., 2021, section 6, states this without proof).
"""

from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.core import Tracer

from condenslab.landscape.receipt import Receipt, risk_receipt
from condenslab.networks import MLP
from condenslab.networks.checks import check_number, count, library
from condenslab.networks.dense import skips
from condenslab.networks.layered import Layered, Net, layers, with_layers
from condenslab.networks.layered import width as layer_width
from condenslab.risk import Function, Risk, require_risk

_LOST = 1e-6
"""Shares so large that 1 − α has lost so much of the 1 are refused: the function would not be the same."""


@dataclass(frozen=True)
class Splitting:
    """A splitting embedding of one hidden layer: neuron i of the wide layer is a copy of neuron `sources[i]`.

    It is linear in the parameters, θ′ = Tθ: rows of input weights (and biases) are copied, columns of output weights
    are copied and multiplied by their shares. The shares of the copies of each neuron sum to 1.

    Attributes:
        sources: Which narrow neuron each wide neuron copies; every narrow neuron occurs.
        shares: Which part of its output weights each wide neuron gets, any real numbers that sum to 1 for each source.
        layer: Which hidden layer, counted from 0 at the input; in a CNN the convolution layers come first.
    """

    sources: tuple[int, ...]
    shares: tuple[float, ...]
    layer: int = 0

    def __post_init__(self) -> None:
        count("layer", self.layer, least=0)
        if len(self.sources) != len(self.shares):
            raise ValueError(f"each copy has one share. Got {len(self.sources)} copies and {len(self.shares)} shares.")
        if not np.all(np.isfinite(self.shares)):
            raise ValueError(f"shares must be finite numbers. Got {self.shares}.")
        if any(isinstance(one, bool) or not isinstance(one, int | np.integer) for one in self.sources):
            raise ValueError(f"sources must be whole numbers, the neurons that are copied. Got {self.sources}.")
        number = max(self.sources, default=-1) + 1
        if sorted(set(self.sources)) != list(range(number)):
            raise ValueError(f"every neuron from 0 to {number - 1} must be a source. Got {sorted(set(self.sources))}.")
        sources, shares = np.array(self.sources, dtype=np.int64), np.array(self.shares, dtype=np.float64)
        sums = np.bincount(sources, shares, number)
        excess = np.abs(sums - 1) / np.maximum(np.bincount(sources, np.abs(shares), number), 1.0)
        # Summing c shares one after the other rounds up to c times: hundreds of thousands of copies need that much.
        if np.any(np.abs(sums - 1) > _LOST) or np.any(
            excess > np.maximum(1e-12, np.finfo(float).eps * np.bincount(sources, minlength=number))
        ):
            worst = int(np.argmax(np.abs(sums - 1)))
            raise ValueError(f"the shares of each neuron must sum to 1. Got {sums[worst]} for neuron {worst}.")

    @property
    def width(self) -> int:
        """The width of the layer after the embedding."""
        return len(self.sources)

    def __call__(self, network: Net) -> Net:
        """Returns Tθ, the wide network.

        Raises:
            IndexError: The network has no such hidden layer.
            TypeError: It is none of `TwoLayer`, `MLP`, `CNN` and `ConvTwoLayer`.
            ValueError: Its layer has another width, a neuron to be split has zero output weights, or a residual
                connection would appear or disappear.
        """
        self._check_width(network)
        self._check_function(network)
        return _reindex(network, self.layer, self.sources, np.ones(len(self.shares)), np.asarray(self.shares))

    def gradient(self, gradient: Net) -> Net:
        """Returns D·g, so that ∇R′(Tθ) = D·∇R(θ) at any θ, critical or not.

        Gradients of input weights and biases are copied and multiplied by the shares, gradients of output weights are
        copied: the entries of D are 0, 1 and the shares.

        Args:
            gradient: g, with the structure of the narrow network.

        Raises:
            IndexError: It has no such hidden layer.
            TypeError: It is none of `TwoLayer`, `MLP`, `CNN` and `ConvTwoLayer`.
            ValueError: Its layer has another width.
        """
        self._check_width(gradient)
        return _reindex(gradient, self.layer, self.sources, np.asarray(self.shares), np.ones(len(self.shares)))

    def _check_width(self, network: Layered) -> None:
        width = layer_width(network, self.layer)
        if len(set(self.sources)) != width:
            raise ValueError(
                f"the splitting is made for a layer of width {len(set(self.sources))}. Got a network whose hidden "
                f"layer {self.layer} has width {width}."
            )

    def _check_function(self, network: Layered) -> None:
        given = layers(network)[0][self.layer + 1]
        outgoing = np.ones(given.shape) if isinstance(given, Tracer) else np.asarray(given)  # traced: not known
        split = np.flatnonzero(np.bincount(np.array(self.sources, dtype=np.int64), minlength=outgoing.shape[1]) > 1)
        dead = split[[not np.any(outgoing[:, unit]) for unit in split]]
        if dead.size:
            raise ValueError(
                f"neuron {dead[0]} of layer {self.layer} has zero output weights, so every share of it is the same "
                f"point and splitting adds no direction. Reduce the network first, or split another neuron."
            )
        if isinstance(network, MLP) and network.residual:
            _check_skips(network.widths, self.layer + 1, self.width)


def splitting(width: int, neuron: int, *, share: float = 0.5, layer: int = 0) -> Splitting:
    """Returns the one-step splitting T^α_{l,s} of a layer of the given width.

    Args:
        width: Width of the layer before.
        neuron: s, which neuron is split, counted from 0.
        share: α, the part of the output weights that the copy gets; the original keeps 1 − α. Any real number; at 0 and
            1 the result is critical but no strict saddle.
        layer: l, which hidden layer, counted from 0 at the input.

    Raises:
        IndexError: No such neuron.
        ValueError: The share is not finite.
    """
    width = count("width", width)
    if isinstance(neuron, bool) or not isinstance(neuron, int | np.integer) or not 0 <= neuron < width:
        raise IndexError(f"neuron must be one of 0 to {width - 1}, the layer's. Got {neuron}.")
    check_number("share", share)
    shares = [1.0] * width
    shares[neuron] = 1.0 - share
    return Splitting((*range(width), neuron), (*shares, share), layer)


def equal_splitting(width: int, wide: int, *, layer: int = 0) -> Splitting:
    """Returns the splitting to width `wide` in which neurons are copied in turn and all copies of one share equally.

    It is a composition of `wide` − `width` one-step splittings, done in one go: neuron i of the wide layer copies
    neuron i mod `width`, and a neuron with c copies (itself included) gives each of them 1/c.

    Args:
        width: Width of the layer before, at least 1.
        wide: Width of the layer after, at least `width`.
        layer: Which hidden layer, counted from 0 at the input.

    Raises:
        ValueError: The layer is empty or would become narrower.
    """
    width, wide = count("width", width), count("the target width", wide)
    if width > wide:
        raise ValueError(
            f"a splitting widens a layer of at least one neuron. Got width {width} and target width {wide}."
        )
    sources = np.arange(wide) % width
    copies = np.bincount(sources)
    return Splitting(tuple(sources.tolist()), tuple((1.0 / copies[sources]).tolist()), layer)


def split(network: Net, neuron: int, *, share: float = 0.5, layer: int = 0) -> Net:
    """Splits one neuron in two: the copy, appended last, gets `share` of its output weights, the original 1 − `share`.

    Output (on any input), risk, representation and criticality are preserved, for any data, loss and activation; no
    inertia count decreases.

    Args:
        network: A `TwoLayer`, `MLP`, `CNN` or `ConvTwoLayer`.
        neuron: Which neuron, counted from 0.
        share: α, any real number.
        layer: Which hidden layer, counted from 0 at the input.

    Raises:
        IndexError: No such layer or neuron.
        TypeError: The network is none of `TwoLayer`, `MLP`, `CNN` and `ConvTwoLayer`.
        ValueError: The neuron has zero output weights, the share is not finite, or a residual connection would change.

    References:
        Zhang et al., NeurIPS 2021 (arXiv 2105.14573), Definition 5, Lemma 1, Theorem 1.
    """
    return splitting(layer_width(network, layer), neuron, share=share, layer=layer)(network)


def split_to_width(network: Net, width: int, *, layer: int = 0) -> Net:
    """Widens a hidden layer by splitting its neurons in turn, with equal shares; see `equal_splitting`.

    Args:
        network: A `TwoLayer`, `MLP`, `CNN` or `ConvTwoLayer`.
        width: Width of the layer after.
        layer: Which hidden layer, counted from 0 at the input.

    Raises:
        IndexError: No such layer.
        TypeError: The network is none of `TwoLayer`, `MLP`, `CNN` and `ConvTwoLayer`.
        ValueError: The layer is empty or wider already, a neuron to be split has zero output weights, or a residual
            connection would change.
    """
    return equal_splitting(layer_width(network, layer), width, layer=layer)(network)


def embed(risk: Risk, network: Net, embedding: Splitting) -> tuple[Net, Receipt]:
    """Embeds a network and says what that did to output, risk and gradient.

    Args:
        risk: R, for the receipt.
        network: The narrow network.
        embedding: For example `splitting(…)` or `equal_splitting(…)`.

    Raises:
        IndexError: As in `Splitting`.
        TypeError: As in `Splitting`, or the embedding is none.
        ValueError: As in `Splitting`, or a `risk.Function` does not take the wide network.
    """
    require_risk(risk)
    if not callable(embedding):
        raise TypeError(f"embedding must be one, landscape.splitting(…) say. Got {embedding!r}.")
    wide = embedding(network)
    if isinstance(risk, Function):
        risk.require_defined(wide)
    return wide, risk_receipt(risk, network, wide)


def _reindex(network: Net, layer: int, sources: tuple[int, ...], incoming: np.ndarray, outgoing: np.ndarray) -> Net:
    """Copies units, multiplying the input side by `incoming` and the output side by `outgoing`, each (unit,)."""
    order = np.asarray(sources, dtype=int)

    def scaled(array: Array, factors: np.ndarray, axis: int) -> Array:
        shape = [1] * array.ndim
        shape[axis] = factors.size
        xp = library(array)  # NumPy where numbers are known: every shape would be another program
        return jnp.array(xp.take(xp.asarray(array), order, axis) * factors.reshape(shape).astype(array.dtype))

    given = layers(network)
    weights, biases = list(given[0]), list(given[1])
    weights[layer], weights[layer + 1] = scaled(weights[layer], incoming, 0), scaled(weights[layer + 1], outgoing, 1)
    bias = biases[layer]
    biases[layer] = None if bias is None else scaled(bias, incoming, 0)
    return with_layers(network, weights, biases)


def _check_skips(widths: tuple[int, ...], position: int, wide: int) -> None:
    """Refuses to change the width at `position` of (m_0, …, m_L) where a residual connection ends or begins there."""
    after = (*widths[:position], wide, *widths[position + 1 :])
    for end in range(position, min(position + 2, len(widths) - 1)):
        for when, w in (("has", widths), ("would get", after)):
            if end - 1 in skips(w) and widths != after:
                raise ValueError(
                    f"splitting would change the function: hidden layer {end - 1} {when} a residual connection, "
                    f"because its width equals that of the layer before ({w[end]}), and widening one of the two "
                    f"switches it {'off' if when == 'has' else 'on'}. Choose another layer or width."
                )
