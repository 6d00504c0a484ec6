"""Bounds of the model rank without the Jacobian: for models whose Jacobian does not fit in memory."""

from collections.abc import Callable
from dataclasses import dataclass

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.flatten_util import ravel_pytree
from jaxtyping import Float, PyTree

from condenslab.measures.rank import Rank, rank
from condenslab.measures.rank_evidence import fades
from condenslab.networks import apply
from condenslab.networks.conversion import Key, as_key, floating, numbers
from condenslab.numerics import require_float64

_VIEWS = 4
"""Random combinations of the rows that a column is seen through, to find columns that are parallel."""
_DIGITS = 1e-13
"""Directions of columns, unit vectors in ℝ⁴, that differ by less than this are equal: only rounding is."""


@dataclass(frozen=True, eq=False)
class RankBounds:
    """Lower and upper bounds of the rank of a Jacobian J, with their evidence.

    Attributes:
        lower: The numerical rank of the sketch J·Ω: never more than that of J.
        upper: min(rows, number of directions of columns), and the sketch's rank where the sketch is not full and its
            spectrum does not fade into the noise, as those of small weights do.
        rows: Samples × outputs.
        parameters: M, the columns of J.
        zero_columns: Columns that are exactly 0 in every view: dead parameters.
        directions: How many directions the other columns have: parallel columns (copies of a neuron) count once.
        sketch: The rank of J·Ω with its spectrum; Ω is Gaussian, shape (param, sketch).
        saturated: Whether the sketch has full column rank, so that J may have more.
    """

    lower: int
    upper: int
    rows: int
    parameters: int
    zero_columns: int
    directions: int
    sketch: Rank
    saturated: bool

    @property
    def decided(self) -> bool:
        """Whether the bounds meet, by a decided spectrum."""
        return self.lower == self.upper and self.sketch.decided

    def __str__(self) -> str:
        """Returns the rank where it is decided, else the interval."""
        return str(self.lower) if self.decided else f"undecided, from {self.lower} to {self.upper}"


def rank_bounds(
    seed: Key,
    network: PyTree,
    probes: np.ndarray | Array,
    *,
    sketch: int = 64,
    predict: Callable[[PyTree, Array], Array] = apply,
) -> RankBounds:
    """Bounds the empirical model rank with `sketch` products J·ω and four products Jᵀ·ω.

    Lower: rank(J·Ω) ≤ rank J for any Ω; a Gaussian Ω attains min(sketch, rank J) with probability 1, so a sketch whose
    spectrum has a decided rank below its size bounds J from above as well. Upper: J has no more rank than rows, nor
    than directions of columns. A column that is 0 is 0 in every random combination of rows, and parallel columns stay
    parallel; both are read off Jᵀ·Ω′, shape (param, 4), and hold with probability 1 (to rounding).

    Args:
        seed: Of Ω and Ω′: an integer, or a JAX key.
        network: θ, any pytree that `predict` takes.
        probes: Inputs, shape (sample, input); with more rows than `sketch`.
        sketch: Number of random directions: more than the rank that is expected. Memory: sketch · rows numbers.
        predict: (params, inputs) → outputs (sample, output).

    Raises:
        TypeError: Parameters are not float64.
        ValueError: `sketch` is not positive, there are no probes, or a derivative is NaN or infinite.
    """
    points = floating("probes", probes) if predict is apply else numbers("probes", probes)
    if sketch < 1 or points.ndim == 0 or points.shape[0] == 0:
        raise ValueError(f"sketch and the number of probes must be positive. Got {sketch} and shape {points.shape}.")
    theta, _ = ravel_pytree(network)
    require_float64(np.asarray(theta), "rank bounds", None)
    first, second = jax.random.split(as_key(seed, "seed"))
    products = np.asarray(_right(predict, network, points, first, sketch))
    views = np.asarray(_left(predict, network, points, second))
    found = rank(products)
    rows = products.shape[0]
    zero, directions = _directions(views)
    saturated = found.value >= min(sketch, rows)
    shown = found.decided and not saturated and not fades(found.singular_values[: found.value], found.gap)
    upper = min(rows, directions, found.value) if shown else min(rows, directions)
    return RankBounds(min(found.value, upper), upper, rows, int(theta.size), zero, directions, found, saturated)


@eqx.filter_jit
def _right(predict: Callable, network: PyTree, probes: Array, key: Array, sketch: int) -> Float[Array, "row sketch"]:
    """Returns J·Ω, one product at a time."""
    theta, unravel = ravel_pytree(network)
    _, push = jax.linearize(lambda t: predict(unravel(t), probes).reshape(-1), theta)

    def product(number: Array) -> Array:
        return push(jax.random.normal(jax.random.fold_in(key, number), theta.shape, theta.dtype))

    return jax.lax.map(product, jnp.arange(sketch)).T


@eqx.filter_jit
def _left(predict: Callable, network: PyTree, probes: Array, key: Array) -> Float[Array, "param view"]:
    """Returns Jᵀ·Ω′."""
    theta, unravel = ravel_pytree(network)
    outputs, pull = jax.vjp(lambda t: predict(unravel(t), probes).reshape(-1), theta)
    weights = jax.random.normal(key, (_VIEWS, outputs.size), outputs.dtype)
    return jnp.stack([pull(weight)[0] for weight in weights], axis=1)


def _directions(views: np.ndarray) -> tuple[int, int]:
    """Returns how many rows are 0, and how many directions (up to sign) the others have."""
    lengths = np.linalg.norm(views, axis=1)
    alive = lengths > 0
    units = views[alive] / lengths[alive, None]
    if not len(units):
        return len(views), 0
    lead = units[np.arange(len(units)), np.argmax(np.abs(units) > 0.25, axis=1)]
    units = units * np.where(lead < 0, -1.0, 1.0)[:, None]
    order = np.argsort(units @ np.array([1.0, np.sqrt(2.0), np.sqrt(3.0), np.sqrt(5.0)]))
    ahead = np.max(np.abs(np.diff(units[order], axis=0)), axis=1)
    return int(np.count_nonzero(~alive)), 1 + int(np.count_nonzero(ahead > _DIGITS))
