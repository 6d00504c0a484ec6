"""Teachers: targets that are two-layer networks themselves, so that their parameters and intrinsic width are known."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from condenslab.errors import unknown
from condenslab.tasks.arrays import count, matrix, vector
from condenslab.tasks.designs import generator

Function = Callable[[np.ndarray], np.ndarray]

_erf = np.vectorize(math.erf, otypes=[np.float64])


def _sigmoid(z: np.ndarray) -> np.ndarray:
    return 0.5 + 0.5 * np.tanh(z / 2)


ACTIVATIONS: dict[str, Function] = {
    "tanh": np.tanh,
    "relu": lambda z: np.maximum(z, 0.0),
    "leaky_relu": lambda z: np.where(z < 0, 0.01 * z, z),
    "sigmoid": _sigmoid,
    "softplus": lambda z: np.logaddexp(0.0, z),
    "gelu": lambda z: z * (0.5 + 0.5 * _erf(z / math.sqrt(2.0))),
    "swish": lambda z: z * _sigmoid(z),
    "exp": np.exp,
    "x_tanh": lambda z: z * np.tanh(z),
    "x2_tanh": lambda z: z * z * np.tanh(z),
}
"""The activations of the networks in numpy, under the same names."""

_HOMOGENEOUS = ("relu", "leaky_relu")


@dataclass(frozen=True, eq=False)
class Teacher:
    """f*(x) = A·σ(W·x + b), a target of known width. Its arrays are read-only float64 copies.

    Attributes:
        input_weights: W, shape (neuron, input).
        biases: b, shape (neuron,), or None.
        output_weights: A, shape (output, neuron).
        activation: A name in `ACTIVATIONS`, or any elementwise numpy function.

    Raises:
        UserError: No activation of that name.
        ValueError: An array has NaN or infinity, or its shape does not fit the others.

    Example:
        >>> one = np.ones((1, 1))
        >>> Teacher(one, np.ones(1), one, "tanh")(-one)
        array([[0.]])
    """

    input_weights: np.ndarray
    biases: np.ndarray | None
    output_weights: np.ndarray
    activation: str | Function

    def __post_init__(self) -> None:
        if isinstance(self.activation, str) and self.activation not in ACTIVATIONS:
            raise unknown("activation", self.activation, ACTIVATIONS)
        inner = matrix("input_weights", self.input_weights, "(neuron, input)")
        outer = matrix("output_weights", self.output_weights, "(output, neuron)")
        if outer.shape[1] != len(inner):
            raise ValueError(
                f"output_weights must have one column a neuron, {len(inner)} here. Got shape {outer.shape}."
            )
        object.__setattr__(self, "input_weights", inner)
        object.__setattr__(self, "output_weights", outer)
        if self.biases is not None:
            object.__setattr__(self, "biases", vector("biases", self.biases, len(inner)))

    def __call__(self, inputs: ArrayLike) -> np.ndarray:
        """Returns the targets at the inputs: (sample, input) → (sample, output).

        Raises:
            ValueError: The inputs are not finite, or not of this teacher's input dimension.
        """
        x = matrix("inputs", inputs)
        if x.shape[1] != self.input_weights.shape[1]:
            raise ValueError(f"inputs must have {self.input_weights.shape[1]} column(s). Got shape {x.shape}.")
        preactivations = x @ self.input_weights.T + (0.0 if self.biases is None else self.biases)
        function = ACTIVATIONS[self.activation] if isinstance(self.activation, str) else self.activation
        return function(preactivations) @ self.output_weights.T

    @property
    def activation_name(self) -> str | None:
        """The activation's name, or None for a function of the caller's own."""
        return self.activation if isinstance(self.activation, str) else None

    @property
    def intrinsic_width(self) -> int | None:
        """The smallest width that expresses this function on the whole space, or None where that is not evident.

        Neurons with zero output weights do not count. The others need w ≠ 0 and distinct (w, b) up to sign, for (leaky)
        ReLU distinct kinks, for exp distinct w: then no narrower network of the same activation is equal.
        """
        if self.activation_name is None:
            return None
        alive = np.any(self.output_weights != 0, axis=0)
        inner = self.input_weights[alive]
        own = inner if self.biases is None or self.activation_name == "exp" else np.c_[inner, self.biases[alive]]
        if not np.all(np.any(inner != 0, axis=1)):
            return None
        if self.activation_name in _HOMOGENEOUS:
            own = own / np.linalg.norm(own, axis=1, keepdims=True)
        mirrored = (own, own) if self.activation_name == "exp" else (own, -own)
        for k, row in enumerate(own):
            if any(np.any(np.all(np.isclose(rows[:k], row, rtol=1e-12, atol=0), axis=1)) for rows in mirrored):
                return None
        return len(own)

    @property
    def optimistic_samples(self) -> int | None:
        """O(f*) for a wider tanh network with hidden biases just where the teacher has them; None if not known.

        k·(d + 1) without and k·(d + 2) with biases, k the intrinsic width: the optimistic sample size of a two-layer
        tanh network with one output (Zhang et al., JMLR 26(69), 2025, Theorem 4).
        """
        if self.activation_name != "tanh" or self.intrinsic_width is None or len(self.output_weights) != 1:
            return None
        return self.intrinsic_width * (self.input_weights.shape[1] + 1 + (self.biases is not None))


def random_teacher(
    seed: int,
    *,
    width: int,
    inputs: int,
    outputs: int = 1,
    activation: str | Function = "tanh",
    biases: bool = True,
    input_std: float = 1.0,
    output_std: float = 1.0,
) -> Teacher:
    """Draws a teacher with independent normal parameters.

    Args:
        seed: A whole number of at least 0.
        width: Number of neurons; almost surely the intrinsic width.
        inputs: Input dimension.
        outputs: Number of outputs.
        activation: A name in `ACTIVATIONS`, or any elementwise numpy function.
        biases: Whether the neurons have biases.
        input_std: Standard deviation of W and b.
        output_std: Standard deviation of A.

    Raises:
        UserError: No activation of that name.
        ValueError: The seed, a dimension or a standard deviation is out of range.
    """
    k, d, o = count("width", width), count("inputs", inputs), count("outputs", outputs)
    for name, std in (("input_std", input_std), ("output_std", output_std)):
        if not (np.isfinite(std) and std > 0):
            raise ValueError(f"{name} must be positive and finite. Got {std}.")
    random = generator(seed)
    inner = input_std * random.standard_normal((k, d))
    outer = output_std * random.standard_normal((o, k))
    return Teacher(inner, input_std * random.standard_normal(k) if biases else None, outer, activation)
