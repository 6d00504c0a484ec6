"""Networks with hidden units as lists of layers: the form in which units are copied, compared and merged once for all.

Layer l has weights of shape (unit, unit below, …) and biases of shape (unit, …) or None. A unit is a neuron of a dense
layer, a channel of a convolution layer, or a kernel of a two-layer convolution network (with all its positions where
they share none); "…" is what belongs to a pair of units: the entries of a kernel, or the positions at which a dense
layer reads a channel. Biases of networks without weight sharing have positions as well.
"""

import dataclasses
from collections.abc import Sequence
from typing import Any, TypeAlias, TypeVar

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jax import Array

from condenslab.networks.activations import Activation
from condenslab.networks.conv import CNN
from condenslab.networks.conv_two_layer import ConvTwoLayer
from condenslab.networks.dense import MLP, TwoLayer, dense_layers

Layered: TypeAlias = TwoLayer | MLP | CNN | ConvTwoLayer
Net = TypeVar("Net", TwoLayer, MLP, CNN, ConvTwoLayer)
Dense = TypeVar("Dense", TwoLayer, MLP)


def layers(network: Layered) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """Returns (W_1 … W_L) and (b_1 … b_L), an entry None where a layer has no biases; JAX or NumPy arrays, as given.

    The only axes that differ from the network's own are those of a CNN's first dense layer, (neuron, channel,
    position), and of the kernels of a `ConvTwoLayer`, (kernel, 1, …), which has one input channel.

    Raises:
        TypeError: The network is none of `TwoLayer`, `MLP`, `CNN` and `ConvTwoLayer`.
    """
    if isinstance(network, TwoLayer | MLP):
        return dense_layers(network)
    if isinstance(network, CNN):
        first, *others = network.weights
        blocks = first.reshape(first.shape[0], network.channels[-1], network.positions)
        return (*network.kernels, blocks, *others), (*network.kernel_biases, *network.biases)
    if isinstance(network, ConvTwoLayer):
        return (network.kernels[:, None], network.output_weights), (network.biases, None)
    raise TypeError(
        f"the network must be a TwoLayer, MLP, CNN or ConvTwoLayer, whose hidden units are known. "
        f"Got {type(network).__name__}."
    )


def with_layers(network: Net, weights: Sequence[Array], biases: Sequence[Array | None]) -> Net:
    """Returns the network with other weights and biases in the form of `layers`, of any widths but the same depth."""
    if isinstance(network, MLP):
        return eqx.tree_at(lambda n: (n.weights, n.biases), network, (tuple(weights), tuple(biases)))
    if isinstance(network, CNN):
        depth = len(network.kernels)
        blocks = weights[depth]
        head = (blocks.reshape(blocks.shape[0], blocks.shape[1] * blocks.shape[2]), *weights[depth + 1 :])
        return eqx.tree_at(
            lambda n: (n.kernels, n.kernel_biases, n.weights, n.biases),
            network,
            (tuple(weights[:depth]), tuple(biases[:depth]), head, tuple(biases[depth:])),
        )
    if isinstance(network, ConvTwoLayer):
        return ConvTwoLayer(weights[0][:, 0], biases[0], weights[1], network.activation)
    return TwoLayer(weights[0], biases[0], weights[1], biases[1], network.activation)


def widths(network: TwoLayer | MLP) -> tuple[int, ...]:
    """Returns the widths (m_0, …, m_L) of a dense network, input and output dimension included.

    Raises:
        TypeError: The network is neither a `TwoLayer` nor an `MLP`.
    """
    require_dense(network)
    return network.widths


@dataclasses.dataclass(frozen=True, eq=False)
class LayerArrays:
    """The layers of a network as float64 arrays on the host, in the form of `layers`: what is edited, at any widths.

    Attributes:
        weights: W_1 … W_L.
        biases: b_1 … b_L, an entry None where a layer has none.
    """

    weights: tuple[np.ndarray, ...]
    biases: tuple[np.ndarray | None, ...]

    @classmethod
    def of(cls, network: Layered) -> "LayerArrays":
        """Returns the layers of a network.

        Raises:
            TypeError: The network is none of `TwoLayer`, `MLP`, `CNN` and `ConvTwoLayer`.
            ValueError: A parameter is NaN or infinite, or the network carries an ensemble axis.
        """
        require_one(network)
        weights, biases = layers(network)
        arrays = cls(
            tuple(np.asarray(w, np.float64) for w in weights),
            tuple(None if b is None else np.asarray(b, np.float64) for b in biases),
        )
        for layer, parts in enumerate(zip(arrays.weights, arrays.biases, strict=True)):
            if not all(np.all(np.isfinite(part)) for part in parts if part is not None):
                raise ValueError(
                    f"the weights must be finite. Layer {layer} has NaN or infinity: the training diverged, so there "
                    "is nothing to edit."
                )
        return arrays

    @property
    def widths(self) -> tuple[int, ...]:
        """The widths (m_0, …, m_L): numbers of neurons or channels, those of inputs and outputs included."""
        return (self.weights[0].shape[1], *(len(weights) for weights in self.weights))

    def put_into(self, network: Net) -> Net:
        """Returns the network with these layers, in its own precision."""
        weights, biases = layers(network)
        return with_layers(
            network,
            [jnp.asarray(new, old.dtype) for new, old in zip(self.weights, weights, strict=True)],
            [
                None if new is None or old is None else jnp.asarray(new, old.dtype)
                for new, old in zip(self.biases, biases, strict=True)
            ],
        )


def hidden_layers(network: Layered) -> int:
    """Returns the number of hidden layers, those of convolutions first, then those of the head.

    Raises:
        TypeError: The network is none of `TwoLayer`, `MLP`, `CNN` and `ConvTwoLayer`.
    """
    return len(layers(network)[0]) - 1


def width(network: Layered, layer: int) -> int:
    """Returns the number of units of a hidden layer, counted from 0 at the input.

    Raises:
        IndexError: No such hidden layer.
        TypeError: The network is none of `TwoLayer`, `MLP`, `CNN` and `ConvTwoLayer`.
    """
    require_hidden(network, layer)
    return layers(network)[0][layer].shape[0]


def require_hidden(network: Layered, layer: int) -> None:
    """Checks that `layer` numbers a hidden layer, counted from 0 at the input.

    Raises:
        IndexError: It does not.
        TypeError: The network is none of `TwoLayer`, `MLP`, `CNN` and `ConvTwoLayer`.
    """
    count = hidden_layers(network)
    require_one(network)
    whole = isinstance(layer, int | np.integer) and not isinstance(layer, bool)
    if not whole or not 0 <= layer < count:
        valid = f"0 to {count - 1}" if count else "none, the network is linear"
        raise IndexError(f"layer must number a hidden layer, counted from 0 at the input ({valid}). Got {layer!r}.")


def require_one(network: Layered) -> None:
    """Refuses a network whose arrays carry an ensemble axis.

    Raises:
        TypeError: The network is none of `TwoLayer`, `MLP`, `CNN` and `ConvTwoLayer`.
        ValueError: It carries one.
    """
    last = layers(network)[0][-1]
    if getattr(last, "ndim", 2) > 2 and isinstance(network, TwoLayer | MLP):
        raise ValueError(
            f"one network at a time: its output weights must have shape (output, neuron). Got {last.shape}: take one "
            "member out of the ensemble, jax.tree.map(lambda a: a[0], networks)."
        )


def require_dense(network: TwoLayer | MLP) -> None:
    """Checks that a network is dense.

    Raises:
        TypeError: It is neither a `TwoLayer` nor an `MLP`.
    """
    if not isinstance(network, TwoLayer | MLP):
        raise TypeError(
            f"the network must be a TwoLayer or an MLP, whose neurons are known. Got {type(network).__name__}."
        )


def require_dense_layer(network: TwoLayer | MLP, layer: int) -> None:
    """Checks that a network is dense and that `layer` numbers one of its hidden layers, counted from 0 at the input.

    Raises:
        IndexError: No such hidden layer.
        TypeError: The network is neither a `TwoLayer` nor an `MLP`.
    """
    require_dense(network)
    require_hidden(network, layer)


def activation(network: Layered, layer: int) -> Activation:
    """Returns σ of a hidden layer with the symmetries that its pooling leaves it.

    The maximum over a window is not odd: under max pooling an odd activation has no parity.

    Raises:
        TypeError: The network's activation is a plain function, whose symmetries are unknown.
    """
    found = network.activation
    if not isinstance(found, Activation):
        raise TypeError(
            f"the activation must be a networks.Activation, which says its symmetries. Got {found!r}: wrap it, "
            'networks.Activation("its name", function, parity=…, homogeneity=…), with what you know of it.'
        )
    if not isinstance(network, CNN) or found.parity != "odd" or network.pooling != "max":
        return found
    pooled = layer < len(network.kernels) and network.pools[layer] > 1
    return dataclasses.replace(found, parity=None) if pooled else found
