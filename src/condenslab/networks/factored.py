"""Models that are linear in their inputs, and products in their parameters: where parameters and functions part.

The linear model needs as many samples as it has parameters, whatever the target. Written as differences of squares or
as products, the same functions need fewer when the target is sparse, and matrices of low rank need fewer entries
(Zhang et al., J. Mach. Learn. 4(3), 2025). There is no hidden layer, so dropout is refused.
"""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.core import Tracer
from jaxtyping import Float, Shaped

from condenslab.networks.checks import check_shapes, no_dropout
from condenslab.networks.conversion import batch, parameter
from condenslab.networks.dense import Dropout


class Linear(eqx.Module):
    """The linear model f(x) = Σ_j a_j x_j + c.

    Attributes:
        coefficients: a, shape (input,).
        offset: c, shape (1,), or None.
    """

    coefficients: Float[Array, " input"] = eqx.field(converter=parameter)
    offset: Float[Array, " one"] | None = eqx.field(default=None, converter=parameter)

    def __call__(
        self, inputs: Float[Array, "sample input"], dropout: Dropout | None = None
    ) -> Float[Array, "sample 1"]:
        """Returns the outputs on a batch of inputs; dropout must be None."""
        outputs = _sum(inputs, self.coefficients, dropout)
        return outputs if self.offset is None else outputs + self.offset[None, :]


class Diagonal(eqx.Module):
    """The difference of squares f(x) = Σ_j (a_j² − b_j²) x_j: a diagonal linear network of two layers.

    Attributes:
        plus: a, shape (input,).
        minus: b, shape (input,).
    """

    plus: Float[Array, " input"] = eqx.field(converter=parameter)
    minus: Float[Array, " input"] = eqx.field(converter=parameter)

    def __check_init__(self) -> None:
        check_shapes("a Diagonal", plus=(self.plus, "input"), minus=(self.minus, "input"))

    def __call__(
        self, inputs: Float[Array, "sample input"], dropout: Dropout | None = None
    ) -> Float[Array, "sample 1"]:
        """Returns the outputs on a batch of inputs; dropout must be None."""
        return _sum(inputs, self.coefficients, dropout)

    @property
    def coefficients(self) -> Float[Array, " input"]:
        """The coefficients a_j² − b_j² of the linear function that the model is, shape (input,)."""
        return self.plus**2 - self.minus**2


class DeepDiagonal(eqx.Module):
    """The product model f(x) = Σ_j (Π_{l≤L} a_j^[l]) x_j: a diagonal linear network of L layers.

    Attributes:
        factors: a, shape (layer, input).
    """

    factors: Float[Array, "layer input"] = eqx.field(converter=parameter)

    def __call__(
        self, inputs: Float[Array, "sample input"], dropout: Dropout | None = None
    ) -> Float[Array, "sample 1"]:
        """Returns the outputs on a batch of inputs; dropout must be None."""
        return _sum(inputs, self.coefficients, dropout)

    @property
    def coefficients(self) -> Float[Array, " input"]:
        """The coefficients Π_l a_j^[l] of the linear function that the model is, shape (input,)."""
        return jnp.prod(self.factors, axis=0)

    @property
    def depth(self) -> int:
        """The number of factors L of each coefficient."""
        return self.factors.shape[-2]


class ProductModel(eqx.Module):
    """The smallest model whose optimistic sample size depends on the target: f(x) = t₀ + t₁ x₁ + t₂ t₃ x₂.

    Attributes:
        parameters: t, shape (4,).
    """

    parameters: Float[Array, " four"] = eqx.field(converter=parameter)

    def __check_init__(self) -> None:
        if self.parameters.shape[-1:] != (4,):
            raise ValueError(f"the product model has 4 parameters. Got shape {self.parameters.shape}.")

    def __call__(
        self, inputs: Float[Array, "sample input"], dropout: Dropout | None = None
    ) -> Float[Array, "sample 1"]:
        """Returns the outputs on a batch of inputs with two columns; dropout must be None."""
        t = self.parameters
        return _sum(inputs, jnp.stack([t[1], t[2] * t[3]]), dropout) + t[0]


class MatrixFactorisation(eqx.Module):
    """The entries of a matrix product, f(i, j) = (A·B)_ij: matrix completion as regression on index pairs.

    Attributes:
        left: A, shape (row, inner). An inner dimension below both others limits the rank of A·B.
        right: B, shape (inner, column).
    """

    left: Float[Array, "row inner"] = eqx.field(converter=parameter)
    right: Float[Array, "inner column"] = eqx.field(converter=parameter)

    def __check_init__(self) -> None:
        check_shapes("a MatrixFactorisation", left=(self.left, "row inner"), right=(self.right, "inner column"))

    def __call__(
        self, inputs: Shaped[Array, "sample pair"], dropout: Dropout | None = None
    ) -> Float[Array, "sample 1"]:
        """Returns the entries at index pairs (i, j), counted from 0; dropout must be None.

        Args:
            inputs: Whole numbers, of an integer or a floating type, shape (sample, 2).
            dropout: Must be None.

        Raises:
            IndexError: A pair lies outside the matrix. Inside compiled programs its entry is NaN instead.
            ValueError: The shape is another one, or there is dropout.
        """
        no_dropout(dropout)
        inputs = batch(inputs)
        if inputs.ndim != 2 or inputs.shape[1] != 2:
            raise ValueError(f"inputs must be index pairs, shape (sample, 2). Got shape {inputs.shape}.")
        self._check_pairs(inputs)
        pairs = inputs.astype(jnp.int32)
        # Negative indices count from the end in numpy; an observation at −1 is a mistake, and gets NaN.
        rows, columns = (jnp.where(pairs[:, k] < 0, jnp.iinfo(jnp.int32).max, pairs[:, k]) for k in (0, 1))
        left = self.left.at[rows].get(mode="fill", fill_value=jnp.nan)
        right = self.right.at[:, columns].get(mode="fill", fill_value=jnp.nan)
        return jnp.sum(left * right.T, axis=1, keepdims=True)

    @property
    def matrix(self) -> Float[Array, "row column"]:
        """The product A·B, shape (row, column)."""
        return self.left @ self.right

    def _check_pairs(self, inputs: Array) -> None:
        if isinstance(inputs, Tracer):
            return
        pairs, shape = np.asarray(inputs), (self.left.shape[-2], self.right.shape[-1])
        if np.any(pairs < 0) or np.any(pairs >= np.array(shape)[None, :]) or np.any(pairs != np.round(pairs)):
            raise IndexError(
                f"index pairs (i, j) must be whole numbers inside the {shape[0]} × {shape[1]} matrix, counted from 0. "
                f"Got a pair outside of it: i up to {pairs[:, 0].max():g}, j up to {pairs[:, 1].max():g}."
            )


def index_pairs(rows: int, columns: int) -> np.ndarray:
    """Returns all index pairs of a matrix in row-major order, float64, shape (rows · columns, 2).

    Example:
        >>> index_pairs(1, 2).tolist()
        [[0.0, 0.0], [0.0, 1.0]]
    """
    return np.indices((rows, columns)).reshape(2, rows * columns).T.astype(np.float64)


def _sum(inputs: Array, coefficients: Array, dropout: Dropout | None) -> Array:
    no_dropout(dropout)
    inputs = batch(inputs)
    if inputs.ndim != 2 or inputs.shape[1] != coefficients.shape[0]:
        raise ValueError(
            f"a model with {coefficients.shape[0]} coefficients needs a batch of shape (sample, "
            f"{coefficients.shape[0]}). Got shape {inputs.shape}."
        )
    return inputs @ coefficients[:, None]
