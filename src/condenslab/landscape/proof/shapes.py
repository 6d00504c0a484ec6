"""The shape of a dense network in a proof, what it is besides its parameters, and these in the order of a proof."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from condenslab.errors import UserError
from condenslab.landscape.proof.activations import BALL_ACTIVATIONS, ball_activation
from condenslab.networks import ACTIVATIONS, MLP, TwoLayer
from condenslab.networks.layered import layers, widths


@dataclass(frozen=True)
class Shape:
    """What a dense network is besides its parameters.

    Attributes:
        widths: (m_0, …, m_L), input and output dimension included.
        biases: Whether each of the L affine maps has a bias.
        activation: σ by name.
        residual: Whether hidden layers of equal width add their input.
    """

    widths: tuple[int, ...]
    biases: tuple[bool, ...]
    activation: str
    residual: bool = False

    def __post_init__(self) -> None:
        """Refuses what is no shape; a stored one is read from a file that anybody may have written."""
        numbers = all(type(width) is int and width >= 0 for width in self.widths)
        if not numbers or len(self.widths) < 2 or len(self.biases) != len(self.widths) - 1:
            raise UserError(f"a network has widths and a bias flag a layer. Got {self.widths} and {self.biases}.")
        if any(type(flag) is not bool for flag in (*self.biases, self.residual)):
            raise UserError(f"biases and residual are true or false. Got {self.biases} and {self.residual!r}.")
        ball_activation(self.activation)

    @property
    def size(self) -> int:
        """M, the number of parameters."""
        pairs = zip(self.widths[:-1], self.widths[1:], self.biases, strict=True)
        return sum((inner + biased) * outer for inner, outer, biased in pairs)

    def skips(self, layer: int) -> bool:
        """Returns whether hidden layer number `layer`, from 0, adds its input.

        Args:
            layer: Its number.
        """
        last = len(self.widths) - 2
        return self.residual and layer < last and self.widths[layer] == self.widths[layer + 1]

    @property
    def plain(self) -> bool:
        """Whether no layer adds its input."""
        return not any(self.skips(layer) for layer in range(len(self.widths) - 1))


def shape_of(network: TwoLayer | MLP, name: str | None = None) -> Shape:
    """Returns the shape of a dense network.

    Args:
        network: The network.
        name: What its activation is called in the shape; by default its own name.

    Raises:
        TypeError: It is no dense one, or of a subclass, which may compute anything.
        UserError: Its activation is not the package's of that name, or has a kink.
    """
    if type(network) not in (TwoLayer, MLP):
        raise TypeError(f"proofs are for TwoLayer and MLP networks. Got {type(network).__name__}.")
    own = network.activation
    if name is None and own.name in BALL_ACTIVATIONS and own.function is not ACTIVATIONS[own.name].function:
        raise UserError(f"a proof knows networks.activation({own.name!r}). Got another activation under that name.")
    biased = tuple(bias is not None for bias in layers(network)[1])
    return Shape(tuple(widths(network)), biased, name or own.name, isinstance(network, MLP) and network.residual)


def shape_values(shape: Shape) -> dict[str, Any]:
    """Returns a shape as plain values.

    Args:
        shape: The shape.
    """
    return {
        "widths": list(shape.widths),
        "biases": list(shape.biases),
        "activation": shape.activation,
        "residual": shape.residual,
    }


def canonical(network: TwoLayer | MLP) -> np.ndarray:
    """Returns the parameters layer by layer, W_l row by row and then b_l, shape (param,).

    Args:
        network: θ.
    """
    weights, biases = layers(network)
    pieces = []
    for weight, bias in zip(weights, biases, strict=True):
        pieces.append(np.asarray(weight, dtype=np.float64).ravel())
        if bias is not None:
            pieces.append(np.asarray(bias, dtype=np.float64))
    theta = np.concatenate(pieces)
    if not np.all(np.isfinite(theta)):
        raise UserError("a proof starts from finite parameters. Got NaN or infinity in the network.")
    return theta


def shape_from(values: dict[str, Any]) -> Shape:
    """Returns the shape that `shape_values` wrote.

    Args:
        values: The plain values.

    Raises:
        KeyError: One is missing.
        TypeError: Widths or biases are no lists.
        UserError: They are no shape.
    """
    return Shape(tuple(values["widths"]), tuple(values["biases"]), values["activation"], values["residual"])
