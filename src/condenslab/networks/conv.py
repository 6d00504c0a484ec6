"""Convolution networks as data: images in, kernels that all positions share, a dense head.

Inputs are batches of images, shape (sample, channel, height, width). As for dense networks, the array leaves are the
parameters and nothing else; strides, pooling and padding are static.
"""

from typing import Any, Literal

import equinox as eqx
import jax.numpy as jnp
from jax import Array, lax
from jaxtyping import Float

from condenslab.networks.activations import Activation
from condenslab.networks.checks import check_shapes
from condenslab.networks.conversion import as_activation, batch, parameters
from condenslab.networks.dense import Dropout

Pooling = Literal["max", "mean"]
Padding = Literal["valid", "same"]


class CNN(eqx.Module):
    """A convolution network: h_l = pool(σ(K_l ∗ h_{l−1} + b_l)), then a dense head on the flattened channels.

    (K ∗ h)_o(p) = Σ_c Σ_q K_oc(q)·h_c(stride·p + q): cross-correlation, kernels are not flipped. The head flattens
    (channel, height, width) in this order, so that the weights of a channel are one block of columns; its hidden layers
    have the same activation, its last layer is affine.

    Attributes:
        kernels: K_1 …, each of shape (channels out, channels in, kernel height, kernel width).
        kernel_biases: One a convolution layer, each of shape (channels out,) or None.
        weights: The head's matrices, each of shape (neurons out, neurons in).
        biases: The head's biases, each of shape (neurons out,) or None.
        activation: σ.
        strides: Of every convolution layer.
        pools: Side of the pooling window of every convolution layer, which is also its stride; 1 for no pooling. Rows
            and columns that do not fill a window are left out.
        pooling: "max" or "mean".
        padding: "valid": only positions where the kernel fits; "same": zeros around the image, as many positions as
            pixels at stride 1.
    """

    kernels: tuple[Float[Array, "_ _ _ _"], ...] = eqx.field(converter=parameters)
    kernel_biases: tuple[Float[Array, " _"] | None, ...] = eqx.field(converter=parameters)
    weights: tuple[Float[Array, "_ _"], ...] = eqx.field(converter=parameters)
    biases: tuple[Float[Array, " _"] | None, ...] = eqx.field(converter=parameters)
    activation: Activation = eqx.field(static=True, converter=as_activation)
    strides: tuple[int, ...] = eqx.field(static=True)
    pools: tuple[int, ...] = eqx.field(static=True)
    pooling: Pooling = eqx.field(static=True, default="max")
    padding: Padding = eqx.field(static=True, default="valid")

    def __check_init__(self) -> None:
        layers = len(self.kernels)
        counts = (len(self.kernel_biases), len(self.strides), len(self.pools))
        if not layers or any(count != layers for count in counts):
            raise ValueError(
                f"a CNN needs a bias entry (an array or None), a stride and a pool for each of its kernels, at least "
                f"one. Got {layers} kernels and {counts} of these."
            )
        if not self.weights or len(self.weights) != len(self.biases):
            raise ValueError(
                f"a CNN's head needs one bias entry for each of its matrices, at least one. Got {len(self.weights)} "
                f"matrices and {len(self.biases)} bias entries."
            )
        self._check_layers()
        if min(*self.strides, *self.pools) < 1:
            raise ValueError(f"strides and pools must be at least 1. Got {self.strides} and {self.pools}.")
        if self.pooling not in ("max", "mean") or self.padding not in ("valid", "same"):
            raise ValueError(
                f"pooling must be max or mean, and padding valid or same. Got {self.pooling} and {self.padding}."
            )

    def _check_layers(self) -> None:
        parts: dict[str, tuple[Any, str]] = {}
        for number, (kernel, bias) in enumerate(zip(self.kernels, self.kernel_biases, strict=True)):
            parts[f"kernels[{number}]"] = (
                kernel,
                f"channel_{number + 1} channel_{number} row_{number} column_{number}",
            )
            parts[f"kernel_biases[{number}]"] = (bias, f"c_{number + 1}")
        for number, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            parts[f"weights[{number}]"] = (weight, f"m_{number + 1} m_{number}")
            parts[f"biases[{number}]"] = (bias, f"m_{number + 1}")
        check_shapes("a CNN", **parts)

    def __call__(
        self, inputs: Float[Array, "sample channel height width"], dropout: Dropout | None = None
    ) -> Float[Array, "sample output"]:
        """Returns the outputs on a batch of images; dropout noise falls on every hidden activation, before pooling."""
        hidden = inputs
        for layer, pool in enumerate(self.pools):
            activated = self.activation(self._convolved(hidden, layer))
            if dropout is not None:
                flat = dropout(activated.reshape(activated.shape[0], -1), layer)
                activated = flat.reshape(activated.shape)
            hidden = pooled(activated, pool, self.pooling)
        hidden = hidden.reshape(hidden.shape[0], hidden.shape[1] * hidden.shape[2] * hidden.shape[3])
        return self._head(hidden, dropout)

    @property
    def channels(self) -> tuple[int, ...]:
        """The numbers of channels (input, first layer, …, last convolution layer)."""
        return (self.kernels[0].shape[-3], *(kernel.shape[-4] for kernel in self.kernels))

    @property
    def positions(self) -> int:
        """How many columns of the head's first matrix each channel of the last convolution layer has."""
        channels = self.kernels[-1].shape[-4]
        return self.weights[0].shape[-1] // channels if channels else 0

    def _convolved(self, hidden: Array, layer: int) -> Array:
        kernel, bias = self.kernels[layer], self.kernel_biases[layer]
        hidden = batch(hidden)
        if hidden.ndim != 4 or hidden.shape[1] != kernel.shape[1]:
            raise ValueError(
                f"convolution layer {layer} needs a batch of shape (sample, {kernel.shape[1]}, height, width). "
                f"Got shape {hidden.shape}."
            )
        if self.padding == "valid" and (hidden.shape[2] < kernel.shape[2] or hidden.shape[3] < kernel.shape[3]):
            raise ValueError(
                f"images must be as large as the kernels of convolution layer {layer}, {kernel.shape[2:]}. "
                f"Got {hidden.shape[2:]} pixels."
            )
        products = convolved(hidden, kernel, self.strides[layer], self.padding)
        return products if bias is None else products + bias[None, :, None, None]

    def _head(self, hidden: Array, dropout: Dropout | None) -> Array:
        if hidden.shape[1] != self.weights[0].shape[1]:
            raise ValueError(
                f"the head was made for {self.weights[0].shape[1]} features, channels times positions. Images of this "
                f"size give {hidden.shape[1]}."
            )
        for layer, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            hidden = hidden @ weight.T
            if bias is not None:
                hidden = hidden + bias[None, :]
            if layer < len(self.weights) - 1:
                hidden = self.activation(hidden)
                if dropout is not None:
                    hidden = dropout(hidden, len(self.kernels) + layer)
        return hidden


def convolved(
    images: Float[Array, "sample channel height width"],
    kernels: Float[Array, "out channel rows columns"],
    stride: int,
    padding: Padding,
) -> Float[Array, "sample out _ _"]:
    """Returns the cross-correlation of every image with every kernel."""
    dtype = jnp.promote_types(images.dtype, kernels.dtype)
    return lax.conv_general_dilated(images.astype(dtype), kernels.astype(dtype), (stride, stride), padding.upper())


def pooled(
    images: Float[Array, "sample channel _ _"], pool: int, pooling: Pooling
) -> Float[Array, "sample channel _ _"]:
    """Returns the maximum or mean of every pool × pool window; what does not fill a window is left out."""
    if pool == 1:
        return images
    samples, channels, height, width = images.shape
    rows, columns = height // pool, width // pool
    kept = images[:, :, : rows * pool, : columns * pool].reshape(samples, channels, rows, pool, columns, pool)
    return kept.max(axis=(3, 5)) if pooling == "max" else kept.mean(axis=(3, 5))
