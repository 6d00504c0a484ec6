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

    def jacobian(self, inputs: np.ndarray) -> np.ndarray:
        """Returns ∂f_o(x_i)/∂θ, shape (sample, output, param)."""
        hidden, slope = ACTIVATIONS[self.activation](inputs @ self.weights.T + self.biases)
        samples, outputs, width = len(inputs), len(self.level), self.width
        moved = slope[:, None, :] * self.outgoing[None]  # sample, output, neuron
        parts = [
            (moved[..., None] * inputs[:, None, None, :]).reshape(samples, outputs, -1),
            moved,
            np.einsum("nk,op->nopk", hidden, np.eye(outputs)).reshape(samples, outputs, outputs * width),
            np.broadcast_to(np.eye(outputs), (samples, outputs, outputs)),
        ]
        return np.concatenate(parts, axis=2)
