"""Dense networks as data: frozen Equinox modules whose array leaves are the parameters.

Inputs are batches, shape (sample, input), and outputs have shape (sample, output), so that a prediction is a few matrix
products over the batch. Widths are read from shapes; width 0 is legal (it arises from reduction).
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple, TypeAlias, TypeVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.core import Tracer
from jax.flatten_util import ravel_pytree
from jaxtyping import Float

from condenslab.networks.activations import Activation
from condenslab.networks.checks import check_shapes
from condenslab.networks.conversion import Key, as_activation, as_key, batch, parameter, parameters

Network = TypeVar("Network", bound=eqx.Module)
Numbers: TypeAlias = Array | np.ndarray


def skips(widths: Sequence[int]) -> tuple[int, ...]:
    """Returns the hidden layers, counted from 0, to which a residual network of these widths adds their input.

    They are those as wide as what they read; the output layer never adds it.

    Args:
        widths: (m_0, …, m_L), input and output dimension included.
    """
    return tuple(layer for layer in range(len(widths) - 2) if widths[layer] == widths[layer + 1])


class Dropout(eqx.Module):
    """Dropout noise on hidden activations: each is zeroed with probability `rate`, the rest divided by 1 − rate.

    Attributes:
        key: A JAX key or an integer seed.
        rate: The DROP probability, scalar in [0, 1). Papers on condensation by dropout write p for the KEEP one.
    """

    key: Key = eqx.field(converter=as_key)
    rate: Float[Array, ""] | float

    def __check_init__(self) -> None:
        if not isinstance(self.rate, Tracer) and not 0 <= self.rate < 1:
            raise ValueError(f"rate must be a DROP probability in [0, 1). Got {self.rate}.")

    def __call__(self, hidden: Float[Array, "sample neuron"], layer: int) -> Float[Array, "sample neuron"]:
        """Returns the noisy activations of hidden layer number `layer` (its own random stream)."""
        kept = jax.random.bernoulli(jax.random.fold_in(self.key, layer), 1.0 - self.rate, hidden.shape)
        return jnp.where(kept, hidden / (1.0 - self.rate), 0.0)


class TwoLayer(eqx.Module):
    """A network with one hidden layer, f(x) = A·σ(W·x + b) + c.

    Attributes:
        input_weights: W, shape (neuron, input).
        biases: b, shape (neuron,), or None for a network without hidden biases.
        output_weights: A, shape (output, neuron).
        output_bias: c, shape (output,), or None for a network without output bias.
        activation: σ.
    """

    input_weights: Float[Array, "neuron input"] = eqx.field(converter=parameter)
    biases: Float[Array, " neuron"] | None = eqx.field(converter=parameter)
    output_weights: Float[Array, "output neuron"] = eqx.field(converter=parameter)
    output_bias: Float[Array, " output"] | None = eqx.field(converter=parameter)
    activation: Activation = eqx.field(static=True, converter=as_activation)

    def __check_init__(self) -> None:
        check_shapes(
            "a TwoLayer",
            input_weights=(self.input_weights, "neuron input"),
            biases=(self.biases, "neuron"),
            output_weights=(self.output_weights, "output neuron"),
            output_bias=(self.output_bias, "output"),
        )

    def __call__(
        self, inputs: Float[Array, "sample input"], dropout: Dropout | None = None
    ) -> Float[Array, "sample output"]:
        """Returns the outputs on a batch of inputs."""
        hidden = self.activation(self.preactivations(inputs))
        if dropout is not None:
            hidden = dropout(hidden, 0)
        outputs = hidden @ self.output_weights.T
        return outputs if self.output_bias is None else outputs + self.output_bias[None, :]

    def preactivations(self, inputs: Float[Array, "sample input"]) -> Float[Array, "sample neuron"]:
        """Returns W·x + b for every sample."""
        return _affine(inputs, self.input_weights, self.biases)

    @property
    def width(self) -> int:
        """The number of hidden neurons."""
        return self.input_weights.shape[-2]

    @property
    def widths(self) -> tuple[int, ...]:
        """The widths (d, m, o), input and output dimension included."""
        return (self.input_weights.shape[-1], self.width, self.output_weights.shape[-2])

    @property
    def skips(self) -> tuple[int, ...]:
        """The hidden layers that add their input: none."""
        return ()


class MLP(eqx.Module):
    """A dense network of any depth: h₀ = x, h_l = σ(W_l·h_{l−1} + b_l), f(x) = W_L·h_{L−1} + b_L.

    With `residual`, h_l = σ(W_l·h_{l−1} + b_l) + h_{l−1} wherever the two widths are equal (the last layer excepted).

    Attributes:
        weights: W_1 … W_L, each of shape (neurons out, neurons in).
        biases: b_1 … b_L, each of shape (neurons out,) or None.
        activation: σ.
        residual: Whether hidden layers of equal width add their input.
    """

    weights: tuple[Float[Array, "_ _"], ...] = eqx.field(converter=parameters)
    biases: tuple[Float[Array, " _"] | None, ...] = eqx.field(converter=parameters)
    activation: Activation = eqx.field(static=True, converter=as_activation)
    residual: bool = eqx.field(static=True, default=False)

    def __check_init__(self) -> None:
        if not self.weights or len(self.weights) != len(self.biases):
            raise ValueError(
                f"an MLP needs one bias entry (an array or None) for each of its weight matrices. Got "
                f"{len(self.weights)} matrices and {len(self.biases)} bias entries."
            )
        parts: dict[str, tuple[Any, str]] = {}
        for number, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            parts[f"weights[{number}]"] = (weight, f"m_{number + 1} m_{number}")
            parts[f"biases[{number}]"] = (bias, f"m_{number + 1}")
        check_shapes("an MLP", **parts)

    def __call__(
        self, inputs: Float[Array, "sample input"], dropout: Dropout | None = None
    ) -> Float[Array, "sample output"]:
        """Returns the outputs on a batch of inputs."""

        def activate(preactivations: Array, layer: int) -> Array:
            activated = self.activation(preactivations)
            return activated if dropout is None else dropout(activated, layer)

        outputs = inputs
        for state in forward(self, inputs, activate):
            outputs = state.activations
        return outputs

    @property
    def widths(self) -> tuple[int, ...]:
        """The widths (m_0, …, m_L), input and output dimension included."""
        return (self.weights[0].shape[-1], *(weight.shape[-2] for weight in self.weights))

    @property
    def skips(self) -> tuple[int, ...]:
        """The hidden layers, counted from 0, that add their input."""
        return skips(self.widths) if self.residual else ()


def dense_layers(network: TwoLayer | MLP) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """Returns (W_1 … W_L) and (b_1 … b_L) of a dense network, an entry None where a layer has no biases."""
    if isinstance(network, TwoLayer):
        return (network.input_weights, network.output_weights), (network.biases, network.output_bias)
    return network.weights, network.biases


class LayerState(NamedTuple):
    """What a layer of a dense network sees and does on a batch.

    Attributes:
        inputs: h_{l−1}, shape (sample, unit below).
        preactivations: W_l·h_{l−1} + b_l, shape (sample, unit).
        activations: σ of these, without the input that a residual layer adds, shape (sample, unit); of the output layer
            the outputs.
    """

    inputs: Any
    preactivations: Any
    activations: Any


def forward(
    network: TwoLayer | MLP,
    inputs: Float[Numbers, "sample input"],
    activate: Callable[[Any, int], Any] | None = None,
) -> Iterator[LayerState]:
    """Yields what every layer sees and does on a batch, from the input on: the forward pass of all dense networks.

    Args:
        network: A dense network, of JAX's or NumPy's arrays.
        inputs: A batch, shape (sample, input).
        activate: (preactivations, hidden layer) → activations, by default σ; with noise for dropout, or on the host.
    """
    weights, biases = dense_layers(network)
    hidden, last, ends = inputs, len(weights) - 1, network.skips
    for layer, (weight, bias) in enumerate(zip(weights, biases, strict=True)):
        reached = _affine(hidden, weight, bias)
        if layer == last:
            activated = reached
        else:
            activated = network.activation(reached) if activate is None else activate(reached, layer)
        yield LayerState(hidden, reached, activated)
        hidden = activated + hidden if layer in ends else activated


def _affine(
    inputs: Float[Numbers, "sample input"],
    weight: Float[Numbers, "neuron input"],
    bias: Float[Numbers, " neuron"] | None,
) -> Any:
    inputs = batch(inputs)
    if inputs.ndim != 2 or inputs.shape[1] != weight.shape[-1]:
        raise ValueError(
            f"a layer with {weight.shape[-1]} inputs needs a batch of shape (sample, {weight.shape[-1]}). "
            f"Got shape {inputs.shape}."
        )
    if weight.shape[-1] == 1:
        # An outer product written as a broadcast fuses into the activation; as a matrix product it does not.
        products = inputs * weight[:, 0][None, :]
    else:
        products = inputs @ weight.T
    return products if bias is None else products + bias[None, :]


def apply(
    network: Callable[..., Array], inputs: Float[Array, "sample ..."], dropout: Dropout | None = None
) -> Float[Array, "sample output"]:
    """Returns network(inputs): the `predict` that a risk uses for this package's own networks.

    Args:
        network: Any module of this package.
        inputs: A batch, shape (sample, input), or of images for a convolution network.
        dropout: Noise on the hidden activations, or None.

    Raises:
        TypeError: The network is no function of inputs: parameters alone, say.
    """
    if not callable(network):
        raise TypeError(
            "the network must be one of condenslab.networks, or come with a predict=(params, inputs) → outputs of its "
            f"own. Got {type(network).__name__}."
        )
    return network(inputs, dropout)


def parameter_count(network: eqx.Module) -> int:
    """Returns M, the number of parameters: the total size of the array leaves."""
    return sum(leaf.size for leaf in jax.tree.leaves(eqx.filter(network, eqx.is_array)))


def ravel(network: eqx.Module) -> Float[Array, " param"]:
    """Returns θ, the array leaves of a network joined in their order, shape (param,)."""
    return ravel_pytree(network)[0]


def unravel(theta: Float[Array, " param"], like: Network) -> Network:
    """Returns the network of the shapes of `like` whose ravelled parameters are θ.

    Raises:
        ValueError: θ has another number of entries than `like` has parameters.
    """
    return ravel_pytree(like)[1](theta)


def as_mlp(network: TwoLayer) -> MLP:
    """Returns the same function as an MLP with one hidden layer."""
    return MLP(*dense_layers(network), network.activation)
