"""Random factored models, attention layers and spline networks: every parameter independent, of mean 0, a stated std.

The conventions are those of `two_layer` and `mlp`: a key or an integer seed always given, a law of unit variance times
the std, the same numbers alone and inside `jax.vmap`.
"""

from collections.abc import Sequence
from itertools import pairwise

from jax import Array

from condenslab.networks.attention import MultiHeadAttention
from condenslab.networks.checks import Real, count
from condenslab.networks.conversion import Key
from condenslab.networks.draws import as_std, scaled, unit_draws
from condenslab.networks.factored import DeepDiagonal, Diagonal, Linear, MatrixFactorisation, ProductModel
from condenslab.networks.scale import Law
from condenslab.networks.spline import KAN, uniform_knots


def linear(key: Key, *, inputs: int, std: Real, offset: bool = False, law: Law = "normal") -> Linear:
    """Draws a linear model.

    Args:
        key: A JAX key or an integer seed.
        inputs: d, input dimension.
        std: Standard deviation of every parameter.
        offset: Whether there is a constant term.
        law: "normal", or "uniform" on ±√3·std.

    Raises:
        UserError: No such law.
        ValueError: A dimension is not a positive whole number, or the std is negative, not finite or no scalar.
    """
    a, c = _draws(key, law, std, (count("inputs", inputs),), (1,))
    return Linear(a, c if offset else None)


def diagonal(key: Key, *, inputs: int, std: Real, law: Law = "normal") -> Diagonal:
    """Draws a difference of squares, Σ (a_j² − b_j²) x_j; arguments and errors as for `linear`."""
    size = (count("inputs", inputs),)
    return Diagonal(*_draws(key, law, std, size, size))


def deep_diagonal(key: Key, *, inputs: int, depth: int, std: Real, law: Law = "normal") -> DeepDiagonal:
    """Draws a product model Σ_j (Π_l a_j^[l]) x_j with `depth` factors; other arguments and errors as for `linear`."""
    return DeepDiagonal(*_draws(key, law, std, (count("depth", depth), count("inputs", inputs))))


def product_model(key: Key, *, std: Real, law: Law = "normal") -> ProductModel:
    """Draws the model t₀ + t₁ x₁ + t₂ t₃ x₂; arguments and errors as for `linear`."""
    return ProductModel(*_draws(key, law, std, (4,)))


def matrix_factorisation(
    key: Key, *, rows: int, columns: int | None = None, inner: int | None = None, std: Real, law: Law = "normal"
) -> MatrixFactorisation:
    """Draws a factorisation of a rows × columns matrix.

    Args:
        key: A JAX key or an integer seed.
        rows: Number of rows.
        columns: Number of columns; by default as many as rows.
        inner: The inner dimension, which bounds the rank; by default the larger of the two.
        std: Standard deviation of every entry of both factors.
        law: "normal", or "uniform" on ±√3·std.

    Raises:
        UserError: No such law.
        ValueError: As for `linear`.
    """
    m = count("rows", rows)
    n = m if columns is None else count("columns", columns)
    r = max(m, n) if inner is None else count("inner", inner)
    return MatrixFactorisation(*_draws(key, law, std, (m, r), (r, n)))


def multi_head_attention(
    key: Key,
    *,
    heads: int,
    d_model: int,
    d: int,
    d_v: int | None = None,
    std: Real,
    inputs: int | None = None,
    outputs: int | None = None,
    law: Law = "normal",
) -> MultiHeadAttention:
    """Draws an attention layer.

    Args:
        key: A JAX key or an integer seed.
        heads: h, number of heads.
        d_model: Dimension that the heads read from and write to.
        d: Attention dimension.
        d_v: Value dimension; by default d.
        std: Standard deviation of every parameter.
        inputs: Dimension of a token, for a layer with an embedding; None for one without.
        outputs: Dimension of an output token, for a layer with a readout; None for one without.
        law: "normal", or "uniform" on ±√3·std.

    Raises:
        UserError: No such law.
        ValueError: As for `linear`.
    """
    h, m, k = count("heads", heads), count("d_model", d_model), count("d", d)
    v = k if d_v is None else count("d_v", d_v)
    shapes = [(h, m, k), (h, m, k), (h, m, v), (h, m, v)]
    ends = (count("inputs", inputs or 1), m), (m, count("outputs", outputs or 1))
    q, keys, values, o, embedding, readout = _draws(key, law, std, *shapes, *ends)
    return MultiHeadAttention(
        q, keys, values, o, None if inputs is None else embedding, None if outputs is None else readout
    )


def kan(
    key: Key,
    *,
    widths: Sequence[int],
    intervals: int | Sequence[int],
    degree: int = 3,
    low: float = -1.0,
    high: float = 1.0,
    std: Real,
    law: Law = "normal",
) -> KAN:
    """Draws a spline network on evenly spaced knots.

    Args:
        key: A JAX key or an integer seed.
        widths: (m_0, …, m_L), input and output dimension included.
        intervals: G, grid intervals of every layer, or one number a layer; a function has G + degree coefficients.
        degree: Of the splines.
        low: Left end of every grid.
        high: Right end of every grid.
        std: Standard deviation of every coefficient.
        law: "normal", or "uniform" on ±√3·std.

    Raises:
        UserError: No such law.
        ValueError: Fewer than two widths, another number of grids than layers, or as for `linear`.
    """
    sizes = [count("every width", width) for width in widths]
    grids = list(intervals) if isinstance(intervals, Sequence) else [intervals] * (len(sizes) - 1)
    if len(sizes) < 2 or len(grids) != len(sizes) - 1:
        raise ValueError(f"a KAN needs two widths or more, and a grid a layer. Got {tuple(widths)} and {tuple(grids)}.")
    knots = tuple(uniform_knots(low, high, g, degree) for g in grids)
    shapes = [(o, i, len(t) - degree - 1) for (i, o), t in zip(pairwise(sizes), knots, strict=True)]
    return KAN(tuple(_draws(key, law, std, *shapes)), knots, degree)


def _draws(key: Key, law: Law, std: Real, *shapes: tuple[int, ...]) -> list[Array]:
    return [scaled(as_std(std), unit) for unit in unit_draws(key, law, *shapes)]
