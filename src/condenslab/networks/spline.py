"""Kolmogorov–Arnold networks: every connection has a univariate function of its own, a sum of B-splines.

φ_oj(x) = Σ_k c_ojk·B_k(x) with B_k the B-splines of a degree on a knot vector. The knots are data, not parameters; the
coefficients are. Outside of its knots a spline is 0.
"""

from collections.abc import Callable
from functools import partial
from itertools import pairwise

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Float

from condenslab.networks.checks import count, no_dropout
from condenslab.networks.conversion import floating, parameters
from condenslab.networks.dense import Dropout

Knots = tuple[float, ...]


class KAN(eqx.Module):
    """A network of spline layers: h_l,o = Σ_j Σ_k c^[l]_ojk·B^[l]_k(h_{l−1,j}), h_0 = x, f = h_L.

    With two layers f_o = Σ_i Φ_oi(Σ_j φ_ij(x_j)), the form of Kolmogorov's theorem; the middle dimension is the width.

    Attributes:
        coefficients: c^[1] … c^[L], each of shape (output, input, basis).
        knots: The knots of every layer, increasing, len(basis) + degree + 1 of them.
        degree: Of the splines: 0 steps, 1 polygons, 3 cubic.
    """

    coefficients: tuple[Float[Array, "_ _ _"], ...] = eqx.field(converter=parameters)
    knots: tuple[Knots, ...] = eqx.field(static=True)
    degree: int = eqx.field(static=True)

    def __check_init__(self) -> None:
        if not self.coefficients or len(self.coefficients) != len(self.knots):
            raise ValueError(
                f"a KAN needs one knot vector for each of its layers, at least one. Got {len(self.coefficients)} "
                f"layers and {len(self.knots)} knot vectors."
            )
        for layer, (c, knots) in enumerate(zip(self.coefficients, self.knots, strict=True)):
            _check_knots(knots, self.degree)
            if layer and c.shape[-2] != self.coefficients[layer - 1].shape[-3]:
                raise ValueError(
                    f"layer {layer} must have as many inputs as layer {layer - 1} has outputs, "
                    f"{self.coefficients[layer - 1].shape[-3]}. Got coefficients of shape {c.shape}."
                )
            if len(knots) != c.shape[-1] + self.degree + 1:
                raise ValueError(
                    f"layer {layer} with {c.shape[-1]} splines of degree {self.degree} needs "
                    f"{c.shape[-1] + self.degree + 1} knots. Got {len(knots)}."
                )

    def __call__(
        self, inputs: Float[Array, "sample input"], dropout: Dropout | None = None
    ) -> Float[Array, "sample output"]:
        """Returns the outputs on a batch of inputs; dropout must be None."""
        no_dropout(dropout)
        hidden = floating("inputs", inputs)  # knots are in double precision
        for c, knots in zip(self.coefficients, self.knots, strict=True):
            if hidden.ndim != 2 or hidden.shape[1] != c.shape[1]:
                raise ValueError(
                    f"a spline layer with {c.shape[1]} inputs needs a batch of shape (sample, {c.shape[1]}). "
                    f"Got shape {hidden.shape}."
                )
            basis = bspline_basis(hidden, knots, self.degree)
            flat = basis.reshape(basis.shape[0], basis.shape[1] * basis.shape[2])
            hidden = flat @ c.reshape(c.shape[0], flat.shape[1]).T
        return hidden

    @property
    def widths(self) -> tuple[int, ...]:
        """The widths (m_0, …, m_L), input and output dimension included."""
        return (self.coefficients[0].shape[-2], *(c.shape[-3] for c in self.coefficients))


def uniform_knots(low: float, high: float, intervals: int, degree: int) -> Knots:
    """Returns evenly spaced knots for intervals + degree B-splines that span all splines on [low, high].

    The grid goes on for `degree` intervals on both sides, so that every spline has the same shape.

    Args:
        low: Left end of the grid.
        high: Right end of the grid.
        intervals: G, the number of grid intervals, at least 1.
        degree: Of the splines, at least 0.

    Raises:
        ValueError: The ends are not in order, or a count is not a whole number.

    Example:
        >>> uniform_knots(0.0, 1.0, intervals=2, degree=1)
        (-0.5, 0.0, 0.5, 1.0, 1.5)
    """
    if not low < high:
        raise ValueError(f"low must be below high. Got {low} and {high}.")
    g, k = count("intervals", intervals), count("degree", degree, least=0)
    # The ends of the grid are the numbers given: a knot that is one rounding short would leave the end outside.
    inner = {0: float(low), g: float(high)}
    return tuple(inner.get(i, float(low + (high - low) * i / g)) for i in range(-k, g + k + 1))


def bspline_basis(points: Float[Array, "*shape"], knots: Knots, degree: int) -> Float[Array, "*shape basis"]:
    """Returns B_0(x) … B_{K−1}(x), the B-splines of a degree on a knot vector, by the recursion of Cox and de Boor.

    B_{i,0} = 1 on [t_i, t_{i+1}), and B_{i,k} = (x − t_i)/(t_{i+k} − t_i)·B_{i,k−1} + (t_{i+k+1} − x)/(t_{i+k+1} −
    t_{i+1})·B_{i+1,k−1}, a quotient with denominator 0 being 0. The last interval includes its right end.

    Args:
        points: x, any shape.
        knots: t, increasing, at least degree + 2 of them.
        degree: k, at least 0.

    Raises:
        ValueError: Too few knots, or knots that are not in order.

    References:
        de Boor, A Practical Guide to Splines, chapter IX.

    Example:
        >>> bspline_basis(jnp.array([0.25]), (0.0, 1.0, 2.0), 1).tolist()
        [[0.25]]
    """
    _check_knots(knots, degree)
    return _basis(points, tuple(knots), degree)


@partial(jax.jit, static_argnums=(1, 2), inline=True)
def _basis(points: Array, knots: Knots, degree: int) -> Array:
    t, x = np.asarray(knots), points[..., None]

    def row(values: np.ndarray) -> Array:
        return jnp.asarray(values.reshape((1,) * points.ndim + values.shape), x.dtype)

    last = np.arange(len(t) - 1) == np.flatnonzero(t[:-1] < t[1:])[-1]
    low, high = row(t[:-1]), row(t[1:])
    basis = ((x >= low) & ((x < high) | ((row(last) > 0) & (x == high)))).astype(x.dtype)
    for k in range(1, degree + 1):
        starts, ends = t[: -k - 1], t[k + 1 :]
        rising, falling = _slopes(t[k:-1] - starts), _slopes(ends - t[1:-k])
        basis = (x - row(starts)) * row(rising) * basis[..., :-1] + (row(ends) - x) * row(falling) * basis[..., 1:]
    return basis


def refine(network: KAN, layer: int | None = None) -> KAN:
    """Halves every grid interval of one layer, or of all, by inserting knots; the function is kept everywhere.

    The new spline space contains the old one (nested knots): Boehm's insertion gives the coefficients exactly.

    Args:
        network: Any KAN.
        layer: Which layer, counted from 0; None refines all.

    Raises:
        IndexError: No such layer.

    References:
        Boehm, Computer-Aided Design 12, 1980.
    """
    layers = range(len(network.knots)) if layer is None else (layer,)
    coefficients, knots = list(network.coefficients), list(network.knots)
    for chosen in layers:
        if not 0 <= chosen < len(knots):
            raise IndexError(f"layer must be one of 0 to {len(knots) - 1}. Got {chosen}.")
        t = np.asarray(knots[chosen])
        grid = t[network.degree : len(t) - network.degree]
        middles = [(a + b) / 2 for a, b in pairwise(grid) if a < b]
        knots[chosen], matrix = _insertion(t, network.degree, middles)
        c = coefficients[chosen]
        coefficients[chosen] = c @ jnp.asarray(matrix, c.dtype).T
    return KAN(tuple(coefficients), tuple(knots), network.degree)


def add_null_splines(network: KAN, layer: int, neurons: int) -> KAN:
    """Widens the layer behind spline layer `layer` by neurons whose splines, in and out, are all 0; the output is kept.

    Args:
        network: A KAN of at least two layers.
        layer: Which spline layer gets more outputs, counted from 0; not the last.
        neurons: How many, at least 0.

    Raises:
        IndexError: No such layer.
        ValueError: Not a whole number of at least 0.
    """
    more = count("neurons", neurons, least=0)
    return _widen(
        network,
        layer,
        lambda c: jnp.pad(c, ((0, more), (0, 0), (0, 0))),
        lambda c: jnp.pad(c, ((0, 0), (0, more), (0, 0))),
    )


def copy_spline(network: KAN, layer: int, neuron: int, *, share: float = 0.5) -> KAN:
    """Copies a hidden neuron as a new last one, which takes `share` of its outgoing splines; the output is kept.

    Args:
        network: A KAN of at least two layers.
        layer: The spline layer whose output it is, counted from 0; not the last.
        neuron: Which neuron, counted from 0.
        share: The copy's part of the outgoing splines; the original keeps 1 − share.

    Raises:
        IndexError: No such layer or neuron.
    """
    if 0 <= layer < len(network.knots) - 1 and not 0 <= neuron < network.widths[layer + 1]:
        raise IndexError(f"neuron must be one of 0 to {network.widths[layer + 1] - 1}. Got {neuron}.")

    def outgoing(c: Array) -> Array:
        return jnp.concatenate([c.at[:, neuron].multiply(1.0 - share), share * c[:, neuron : neuron + 1]], axis=1)

    return _widen(network, layer, lambda c: jnp.concatenate([c, c[neuron : neuron + 1]]), outgoing)


def _widen(network: KAN, layer: int, incoming: Callable[[Array], Array], outgoing: Callable[[Array], Array]) -> KAN:
    if not 0 <= layer < len(network.knots) - 1:
        raise IndexError(f"layer must be one of 0 to {len(network.knots) - 2}, before the last. Got {layer}.")
    coefficients = list(network.coefficients)
    coefficients[layer], coefficients[layer + 1] = incoming(coefficients[layer]), outgoing(coefficients[layer + 1])
    return KAN(tuple(coefficients), network.knots, network.degree)


def _insertion(t: np.ndarray, degree: int, points: list[float]) -> tuple[Knots, np.ndarray]:
    """Returns the knots with the points inserted, and the matrix from old coefficients to new ones."""
    total = np.eye(len(t) - degree - 1)
    for point in points:
        size = len(t) - degree - 1
        interval = int(np.searchsorted(t, point, side="right")) - 1
        step = np.zeros((size + 1, size))
        for i in range(size + 1):
            if i <= interval - degree:
                weight = 1.0
            elif i > interval:
                weight = 0.0
            else:
                weight = (point - t[i]) / (t[i + degree] - t[i])
            if i < size:
                step[i, i] = weight
            if i > 0:
                step[i, i - 1] = 1.0 - weight
        total = step @ total
        t = np.insert(t, interval + 1, point)
    return tuple(t.tolist()), total


def _slopes(differences: np.ndarray) -> np.ndarray:
    return np.divide(1.0, differences, out=np.zeros_like(differences), where=differences > 0)


def _check_knots(knots: Knots, degree: int) -> None:
    k = count("degree", degree, least=0)
    if len(knots) < k + 2 or np.any(np.diff(knots) < 0) or knots[0] == knots[-1]:
        raise ValueError(
            f"knots must be at least {k + 2} increasing numbers for splines of degree {k}, not all the same. "
            f"Got {knots}."
        )
