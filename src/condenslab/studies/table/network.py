"""A narrow two-layer network in NumPy: its outputs and their derivatives."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


def _expit(z: np.ndarray) -> np.ndarray:
    return 0.5 + 0.5 * np.tanh(z / 2)


def _sigmoid(z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    value = _expit(z)
    return value, value * (1 - value)


def _tanh(z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    value = np.tanh(z)
    return value, 1 - value**2


ACTIVATIONS: dict[str, Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]] = {
    "tanh": _tanh,
    "sigmoid": _sigmoid,
    "softplus": lambda z: (np.logaddexp(0.0, z), _expit(z)),
    "relu": lambda z: (np.maximum(z, 0.0), (z > 0).astype(float)),
}
"""σ and σ′ of an array, by the name of σ."""


@dataclass(frozen=True, eq=False)
class Narrow:
    """f(x) = A·σ(W·x + b) + c.

    Attributes:
        weights: W, shape (neuron, input).
        biases: b, shape (neuron,).
        outgoing: A, shape (output, neuron).
        level: c, shape (output,).
        activation: Name of σ.
    """

    weights: np.ndarray
    biases: np.ndarray
    outgoing: np.ndarray
    level: np.ndarray
    activation: str

    @property
    def width(self) -> int:
        """The number of neurons."""
        return len(self.biases)

    def hidden(self, inputs: np.ndarray) -> np.ndarray:
        """Returns σ(W·x + b), shape (sample, neuron)."""
        return ACTIVATIONS[self.activation](inputs @ self.weights.T + self.biases)[0]

    def __call__(self, inputs: np.ndarray) -> np.ndarray:
        """Returns f(x), shape (sample, output)."""
        return self.hidden(inputs) @ self.outgoing.T + self.level

    def theta(self) -> np.ndarray:
        """Returns all parameters, W, b, A, c, shape (param,)."""
        return np.concatenate([self.weights.ravel(), self.biases, self.outgoing.ravel(), self.level])

    def with_theta(self, theta: np.ndarray) -> "Narrow":
        """Returns the network of these shapes with other parameters."""
        sizes = np.cumsum([part.size for part in (self.weights, self.biases, self.outgoing)])
        parts = np.split(theta, sizes)
        return Narrow(
            parts[0].reshape(self.weights.shape),
            parts[1],
            parts[2].reshape(self.outgoing.shape),
            parts[3],
            self.activation,
        )

    def pulled_back(self, inputs: np.ndarray, slopes: np.ndarray) -> np.ndarray:
        """Returns Σ_i Σ_o g_io·∂f_o(x_i)/∂θ, shape (param,): the gradient of a risk of slopes g in the outputs.

        Args:
            inputs: x, shape (sample, input).
            slopes: g, shape (sample, output).
        """
        hidden, slope = ACTIVATIONS[self.activation](inputs @ self.weights.T + self.biases)
        back = (slopes @ self.outgoing) * slope  # sample, neuron
        parts = [(back.T @ inputs).ravel(), back.sum(axis=0), (slopes.T @ hidden).ravel(), slopes.sum(axis=0)]
        return np.concatenate(parts)
