"""The initial stage of training from small weights: when it ends, how many orientations there are, and which ones.

Near θ = 0 every neuron moves on its own. With σ of multiplicity p its direction u follows the gradient of the form
V(u) = (1/p)·Σ_i e_i (u·x_i)^p on the unit sphere, e_i = f(x_i) − y_i, so that the condensed directions are the
solutions of u = ±Σ_i e_i x_i (u·x_i)^(p−1)/‖·‖. For p = 1 there are two in any dimension; for weights in the plane (one
input and a bias) at most 2p. For more inputs and p ≥ 2 the number is an open question.
"""

from dataclasses import dataclass
from itertools import islice
from math import comb

import numpy as np
from jax import Array
from numpy.typing import ArrayLike

from condenslab.measures.real_roots import real_roots
from condenslab.measures.similarity import cosine_similarity, effective_ratio
from condenslab.networks import MLP, TwoLayer
from condenslab.networks.checks import check_number, count
from condenslab.networks.conversion import floating, real_array
from condenslab.networks.dense import forward
from condenslab.networks.layered import layers, require_dense_layer

_SAME = 1e-7
"""Lines whose angle is below this are one: rounding of the data splits a double root by √eps."""


@dataclass(frozen=True, eq=False)
class InitialStage:
    """The part of a run before the risk has fallen to a fraction of its initial value.

    Attributes:
        last: Index of its last record.
        time: Time of that record.
        ratio: Risk at that record over the initial risk.
        left: Whether the run goes beyond the stage; if not, `last` is its last record.
        fraction: The fraction that ends it.
    """

    last: int
    time: float
    ratio: float
    left: bool
    fraction: float


@dataclass(frozen=True, eq=False)
class Orientations:
    """How many directions the neurons of a layer have, with signs: u and −u are two.

    Attributes:
        count: Number of directions, strays left out.
        sizes: Neurons of every direction, shape (direction,).
        leaders: Index of the neuron that stands for each of them, shape (direction,).
        labels: For every neuron the direction that it is nearest to, −1 for a stray, shape (neuron,).
        strays: Neurons that are near no direction.
        cosine: Every neuron but the strays has a leader at a cosine above this.
    """

    count: int
    sizes: np.ndarray
    leaders: np.ndarray
    labels: np.ndarray
    strays: int
    cosine: float


@dataclass(frozen=True, eq=False)
class CondensedDirections:
    """The directions that do not turn at leading order, u = ±Σ_i e_i x_i (u·x_i)^(p−1)/‖·‖.

    Attributes:
        directions: Unit vectors, both signs of each line, shape (direction, coordinate); at most 2p.
        growing: Which of them attract neurons while these grow: the local maxima of |V| on the circle, shape
            (direction,). A neuron whose output weight has the fitting sign ends there.
        multiplicity: p.
    """

    directions: np.ndarray
    growing: np.ndarray
    multiplicity: int


def initial_stage(times: ArrayLike, risk: ArrayLike, fraction: float = 0.7) -> InitialStage:
    """Returns the initial stage of a run: the records before the risk first is at most `fraction` of the initial one.

    Args:
        times: Steps or times of the records, shape (time,).
        risk: Risk at the records, shape (time,); the first is the initial risk, which must be positive.
        fraction: In (0, 1).

    Raises:
        ValueError: No records, lengths that differ, numbers that are not finite, times that decrease, an initial risk
            that is not positive, or a fraction out of range.

    References:
        Zhou et al., NeurIPS 2022, section 3: the initial stage lasts until the loss has fallen to 70 %.

    Example:
        >>> initial_stage([0, 10, 20, 30], [1.0, 0.9, 0.72, 0.5]).time
        20.0
    """
    clock, values = real_array("times", times), real_array("risk", risk)
    if clock.ndim != 1 or clock.shape != values.shape or clock.size == 0:
        raise ValueError(f"times and risk must be equally long vectors. Got shapes {clock.shape} and {values.shape}.")
    if not np.isfinite(values).all() or values[0] <= 0:
        raise ValueError(f"risk must be finite and start positive. Got {values[0]} first.")
    if not np.isfinite(clock).all() or np.any(np.diff(clock) < 0):
        raise ValueError("times must be finite and must not decrease, in the order of the records.")
    check_number("fraction", fraction)
    if not 0 < fraction < 1:
        raise ValueError(f"fraction must lie between 0 and 1. Got {fraction}.")
    fallen = np.flatnonzero(values <= fraction * values[0])
    last = int(fallen[0]) - 1 if fallen.size else len(values) - 1
    return InitialStage(last, float(clock[last]), float(values[last] / values[0]), bool(fallen.size), fraction)


def orientation_count(weights: np.ndarray | Array, *, cosine: float = 0.95, strays: float = 0.03) -> Orientations:
    """Counts the directions of a layer's neurons by a greedy cover, leaving out a few strays.

    The cover is that of `effective_ratio`, the leader with most neurons first. As many leaders are kept as it takes to
    have one at a cosine above `cosine` of all neurons but the share `strays`.

    Args:
        weights: One row a neuron, bias included, shape (neuron, coordinate).
        cosine: The similarity above which one neuron stands for another, in [−1, 1).
        strays: The share of neurons that may be left out, in [0, 1).

    Raises:
        ValueError: There is no neuron, a row is zero or not finite, or `strays` is out of range.

    References:
        Zhou et al., NeurIPS 2022, Figs 3 to 6, judged there by eye from maps of cosines; the cover is Zhang & Xu, TPAMI
        2024, Definition 1.

    Example:
        >>> orientation_count(np.array([[1.0, 0.0], [2.0, 0.0], [-1.0, 0.0]])).count
        2
    """
    check_number("strays", strays)
    if not 0 <= strays < 1:
        raise ValueError(f"strays is a share of the neurons, in [0, 1). Got {strays}.")
    rows = real_array("weights", weights)
    cover = effective_ratio(rows, cosine).cover
    similarity = cosine_similarity(rows)[:, cover]
    similarity[cover, np.arange(len(cover))] = 1.0  # a leader stands for itself whatever the rounding
    missing = np.count_nonzero(np.maximum.accumulate(similarity, axis=1) <= cosine, axis=0)
    kept = 1 + int(np.argmax(missing <= strays * len(rows)))
    labels = np.where(similarity[:, :kept].max(axis=1) > cosine, np.argmax(similarity[:, :kept], axis=1), -1)
    sizes = np.bincount(labels[labels >= 0], minlength=kept)
    return Orientations(kept, sizes, cover[:kept], labels, int(missing[kept - 1]), cosine)


def condensed_directions(inputs: ArrayLike, residuals: ArrayLike, multiplicity: int) -> CondensedDirections:
    """Returns the directions u = ±Σ_i e_i x_i (u·x_i)^(p−1)/‖·‖, in which neurons condense at leading order.

    For p = 1 this is ±Σ_i e_i x_i in any dimension, and at a small start e_i = −y_i. For p ≥ 2 and two coordinates the
    lines are the real roots of the binary form Σ_i e_i (u·x_i)^(p−1) (u₁x_i2 − u₂x_i1) of degree p.

    Args:
        inputs: x_i, the inputs of the layer with their constant 1 if it has biases, shape (sample, coordinate).
        residuals: e_i, shape (sample,).
        multiplicity: p of the activation, at least 1.

    Raises:
        ValueError: Shapes that do not fit, numbers that are not finite, p < 1, p ≥ 2 for other than two coordinates, or
            a form that vanishes (then every direction is as good as another).

    References:
        Zhou et al., NeurIPS 2022, Proposition 1, eqs (8) and (9). A statement on gradient flow at leading order: Adam's
        steps follow the signs of the gradient and turn neurons elsewhere.

    Example:
        >>> found = condensed_directions([[1.0, 1.0], [3.0, 1.0]], [0.0, -2.0], multiplicity=1)
        >>> bool(np.allclose(found.directions[0], np.array([3.0, 1.0]) / np.sqrt(10.0)))
        True
    """
    points, force = real_array("inputs", inputs), real_array("residuals", residuals)
    if points.ndim != 2 or force.shape != (len(points),) or not points.size:
        raise ValueError(
            f"inputs must have shape (sample, coordinate) and residuals (sample,). Got {points.shape}, {force.shape}."
        )
    if not (np.isfinite(points).all() and np.isfinite(force).all()):
        raise ValueError("inputs and residuals must be finite. Got NaN or infinity.")
    multiplicity = count("multiplicity", multiplicity)
    # Units change no direction, but powers of large and small numbers would leave the range of float64. Powers of 2, so
    # that parallel inputs stay parallel.
    points, force = (np.ldexp(part, -np.frexp(np.abs(part).max())[1]) for part in (points, force))
    if multiplicity == 1:
        line = force @ points
        if not np.linalg.norm(line) > 1e-12 * np.linalg.norm(np.abs(force) @ np.abs(points)):
            raise ValueError("Σ e_i x_i must not vanish: without a drift no direction is preferred.")
        unit = -line / np.linalg.norm(line)
        return CondensedDirections(np.stack([unit, -unit]), np.ones(2, dtype=bool), 1)
    if points.shape[1] != 2:
        raise ValueError(
            f"for multiplicity p >= 2 directions are known for weights in the plane only: inputs must have 2 "
            f"coordinates, one input and the constant 1. Got {points.shape[1]}."
        )
    units = _lines(points, force, multiplicity)
    both = np.concatenate([units, -units])
    return CondensedDirections(both, _growing(points, force, both, multiplicity), multiplicity)


def layer_inputs(network: TwoLayer | MLP, inputs: Array | np.ndarray, layer: int = 0) -> np.ndarray:
    """Returns what a hidden layer sees, with a last column of ones where it has biases, shape (sample, coordinate).

    Args:
        network: A dense network.
        inputs: A batch, shape (sample, input).
        layer: Which hidden layer, counted from 0 at the input.

    Raises:
        IndexError: No such hidden layer.
        TypeError: The network is neither a `TwoLayer` nor an `MLP`.
    """
    require_dense_layer(network, layer)
    below = (state.inputs for state in forward(network, floating("inputs", inputs)))
    seen = np.asarray(next(islice(below, layer, None)) if layer else inputs, dtype=np.float64)
    return seen if layers(network)[1][layer] is None else np.column_stack([seen, np.ones(len(seen))])


def _lines(points: np.ndarray, force: np.ndarray, p: int) -> np.ndarray:
    """Returns one unit vector a real line of the binary form, shape (line, 2): its roots, counted exactly."""
    both, e = _whole(points.ravel()), _whole(force)
    form, sizes = [0] * (p + 1), [0] * (p + 1)  # of u₁^(p−k)·u₂^k, k = 0 … p
    for a, b, c in zip(both[::2], both[1::2], e, strict=True):
        for k in range(p + 1):
            plus = comb(p - 1, k) * a ** (p - 1 - k) * b ** (k + 1) if k < p else 0
            minus = comb(p - 1, k - 1) * a ** (p - k + 1) * b ** (k - 1) if k else 0
            form[k] += c * (plus - minus)
            sizes[k] += abs(c) * (abs(plus) + abs(minus))
    form = [c if abs(c) * 10**14 > size else 0 for c, size in zip(form, sizes, strict=True)]  # what cancels
    if not max(map(abs, form)) * 10**13 > max(sizes):
        raise ValueError("the form Σ e_i (u·x_i)^p must not be constant on the circle: no direction is preferred.")
    slopes = np.array(real_roots(form))
    units = np.column_stack([np.ones(len(slopes)), slopes]) / np.hypot(1.0, slopes)[:, None]
    if not form[-1]:
        units = np.concatenate([units, [[0.0, 1.0]]])
    beside = np.abs(units[:, 0] * np.roll(units[:, 1], 1) - units[:, 1] * np.roll(units[:, 0], 1))
    return units[beside > _SAME] if len(units) > 1 else units


def _whole(numbers: np.ndarray) -> list[int]:
    """Returns numbers times one power of 2, by which all of them are whole."""
    ratios = [number.as_integer_ratio() for number in numbers.tolist()]
    common = max(below for _, below in ratios)
    return [above * (common // below) for above, below in ratios]


def _growing(points: np.ndarray, force: np.ndarray, units: np.ndarray, p: int) -> np.ndarray:
    """Returns where |V| has a local maximum: V″ and V of opposite sign, V″ along the circle."""
    along = units @ points.T
    across = np.column_stack([-units[:, 1], units[:, 0]]) @ points.T
    height = along**p @ force
    bend = (p - 1) * ((along ** (p - 2) * across**2) @ force) - height
    return height * bend < 0
