"""The theory's two-layer convolution model, with and without weight sharing, and the dense networks it is one of.

f(x) = Σ_l Σ_p a_lp σ(K_l·x[p] + b_l) with x[p] the patch of the input at position p, for inputs on a line or in a plane
(Zhang et al., JMLR 26(69), 2025). Without sharing every position has a kernel of its own: K_lp and b_lp.
"""

from itertools import product
from math import prod

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Float

from condenslab.networks.activations import Activation
from condenslab.networks.conversion import as_activation, batch, parameter
from condenslab.networks.dense import Dropout, TwoLayer


class ConvTwoLayer(eqx.Module):
    """A two-layer convolution network: kernels at stride 1 where they fit, one output weight a kernel and position.

    With inputs of d pixels a side and kernels of s there are L = d + 1 − s positions a side. Parameters of k kernels
    with biases and one output: on a line k(s + 1 + L) shared and k(s + 2)L unshared; in a plane k(s² + 1 + L²) and
    k(s² + 2)L².

    Attributes:
        kernels: K: shape (kernel, size …) where positions share them, else (kernel, positions …, size …); size is (s,)
            on a line, (rows, columns) in a plane, and so is positions.
        biases: b, shape (kernel,) or (kernel, positions …), or None.
        output_weights: a, shape (output, kernel, positions …).
        activation: σ.
    """

    kernels: Float[Array, "kernel ..."] = eqx.field(converter=parameter)
    biases: Float[Array, "kernel ..."] | None = eqx.field(converter=parameter)
    output_weights: Float[Array, "output kernel ..."] = eqx.field(converter=parameter)
    activation: Activation = eqx.field(static=True, converter=as_activation)

    def __check_init__(self) -> None:
        axes = self.output_weights.ndim - 2
        shapes = (self.kernels.shape, self.output_weights.shape)
        if axes not in (1, 2) or self.kernels.ndim not in (1 + axes, 1 + 2 * axes):
            raise ValueError(
                f"output weights have shape (output, kernel, positions …) and kernels (kernel, size …) or (kernel, "
                f"*positions, *size), on a line or in a plane. Got {shapes[1]} and {shapes[0]}."
            )
        leading = self.output_weights.shape[1:]
        own = leading[:1] if self.shared else leading
        if self.kernels.shape[: len(own)] != own or (self.biases is not None and self.biases.shape != own):
            raise ValueError(
                f"kernels and biases must fit output weights of shape {shapes[1]}: their shapes begin with {own}. "
                f"Got kernels {shapes[0]} and biases {None if self.biases is None else self.biases.shape}."
            )

    def __call__(self, inputs: Float[Array, "sample ..."], dropout: Dropout | None = None) -> Float[Array, "sample o"]:
        """Returns the outputs on a batch: shape (sample, pixel) on a line, (sample, row, column) in a plane."""
        hidden = self.activation(self.preactivations(inputs))
        flat = hidden.reshape(hidden.shape[0], prod(hidden.shape[1:]))
        if dropout is not None:
            flat = dropout(flat, 0)
        return flat @ self.output_weights.reshape(self.output_weights.shape[0], flat.shape[1]).T

    def preactivations(self, inputs: Float[Array, "sample ..."]) -> Float[Array, "sample kernel ..."]:
        """Returns K_l·x[p] + b_l (b_lp), shape (sample, kernel, positions …)."""
        patches = self._patches(inputs)
        rows = self.kernels.reshape(*self.kernels.shape[: self.kernels.ndim - len(self.size)], prod(self.size))
        if self.shared:
            products = jnp.moveaxis(patches @ rows.T, -1, 1)
        else:
            products = jnp.einsum("n...q,k...q->nk...", patches, rows)
        if self.biases is None:
            return products
        biases = self.biases.reshape(*self.biases.shape, *(1,) * (products.ndim - 1 - self.biases.ndim))
        return products + biases[None]

    @property
    def shared(self) -> bool:
        """Whether all positions have the same kernels."""
        return self.kernels.ndim == self.output_weights.ndim - 1

    @property
    def size(self) -> tuple[int, ...]:
        """The extent of a kernel: (s,) or (rows, columns)."""
        return self.kernels.shape[-(self.output_weights.ndim - 2) :]

    @property
    def positions(self) -> tuple[int, ...]:
        """How many positions a kernel has on each axis: (L,) or (rows, columns)."""
        return self.output_weights.shape[2:]

    @property
    def input_shape(self) -> tuple[int, ...]:
        """The shape of one input: (d,) or (rows, columns)."""
        return tuple(s + p - 1 for s, p in zip(self.size, self.positions, strict=True))

    @property
    def width(self) -> int:
        """The number of kernels of a position."""
        return self.kernels.shape[0]

    def _patches(self, inputs: Array) -> Array:
        """Returns x[p], shape (sample, *positions, entry of a kernel)."""
        inputs = batch(inputs)
        if inputs.shape[1:] != self.input_shape:
            raise ValueError(
                f"kernels of size {self.size} at {self.positions} positions need a batch of shape (sample, "
                f"{', '.join(map(str, self.input_shape))}). Got shape {inputs.shape}."
            )
        slices = [
            inputs[(slice(None), *(slice(o, o + p) for o, p in zip(offset, self.positions, strict=True)))]
            for offset in product(*map(range, self.size))
        ]
        return jnp.stack(slices, axis=-1)


def as_unshared(network: ConvTwoLayer) -> ConvTwoLayer:
    """Returns the same function as a network in which every position has kernels of its own, copies of the shared ones.

    A network without weight sharing is returned as it is.
    """
    if not network.shared:
        return network
    kernels, biases, places = network.kernels, network.biases, (1,) * len(network.positions)
    shape = (network.width, *network.positions)
    spread = jnp.broadcast_to(kernels.reshape(network.width, *places, *network.size), (*shape, *network.size))
    if biases is not None:
        biases = jnp.broadcast_to(biases.reshape(network.width, *places), shape)
    return ConvTwoLayer(spread, biases, network.output_weights, network.activation)


def as_two_layer(network: ConvTwoLayer) -> TwoLayer:
    """Returns the same function as a dense network on the flattened inputs: one neuron for each kernel and position.

    The input weights of neuron (l, p) are the padded kernel, K_lp at position p and zeros elsewhere; neurons are in the
    order of the flattened output weights, kernel first.

    References:
        Zhang et al., JMLR 26(69), 2025, Table 3 and Propositions 3 and 4 (with p(K) the padded kernel).
    """
    wide = as_unshared(network)
    neurons = network.width * prod(network.positions)
    inputs = np.arange(prod(network.input_shape)).reshape(network.input_shape)
    windows = np.lib.stride_tricks.sliding_window_view(inputs, network.size)
    columns = np.broadcast_to(windows, (network.width, *windows.shape)).reshape(neurons, prod(network.size))
    entries = wide.kernels.reshape(neurons, prod(network.size))
    padded = jnp.zeros((neurons, inputs.size), entries.dtype).at[np.arange(neurons)[:, None], columns].set(entries)
    return TwoLayer(
        padded,
        None if wide.biases is None else wide.biases.reshape(neurons),
        network.output_weights.reshape(network.output_weights.shape[0], neurons),
        None,
        network.activation,
    )
