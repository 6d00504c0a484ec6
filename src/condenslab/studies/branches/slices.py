"""How the zero set of the empirical risk shrinks to the target set: solved in a slice with three coordinates.

The slice of the example with 6 parameters is w₁ = w* + s₁·(1, 0), w₂ = w* + s₂·(0, 1), a₁ = αa*, a₂ = (1 − α)a*. It
holds Q₁ (s = 0, any α), Q₂ (s₁ = 0, α = 1) and Q₃ (s₂ = 0, α = 0). At a sample x with σ = exp

    (f − f*)/f* = α·(e^{s₁x₁} − 1) + (1 − α)·(e^{s₂x₂} − 1) = α·p + (1 − α)·q,

so that n samples are fitted exactly where (α, 1 − α) is in the kernel of the matrix with rows (pᵢ, qᵢ). Off Q₁ one
sample has the one solution α = q/(q − p): a surface. Two have a solution where p₁/p₂ = q₁/q₂. Both are strictly
monotone in s₁ and in s₂ (the derivative of log|e^{as} − 1| by s, a/(1 − e^{−as}), increases with a), so that beside
the branches there is at most one s₂ for every s₁: a curve. A third sample leaves points of it, a fourth none.
"""

from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np

from condenslab import measures
from condenslab.networks import TwoLayer
from condenslab.studies.branches.cases import SliceCase
from condenslab.studies.branches.flows import risk_on, target_network
from condenslab.sweeps import Outcome, Progress

REACH = 2.0
"""Largest |s₁| and |s₂|."""
_NODES, _SURFACE = 2000, (61, 80)
_CHECKED = 20
"""Points of a surface or a curve at which dimension and risk are measured."""
_COINCIDENCE = 1e-9
"""Relative: at a point of three samples the equation of a fourth is solved by chance alone."""


@dataclass(frozen=True)
class ZeroSets:
    """What has zero empirical risk in the slice beside the branches, in coordinates (s₁, s₂, α).

    Attributes:
        surface: Of the first sample, shape (k, l, 3): rows are distances from Q₁, columns directions, each named by
            the α in which it ends there.
        curve: Of the first two, shape (k, 3), in the order of s₁; NaN where there is no s₂.
        points: Of the first three, shape (j, 3).
        left: How many of the points fit the fourth sample too.
    """

    surface: np.ndarray
    curve: np.ndarray
    points: np.ndarray
    left: int


def zero_sets(inputs: np.ndarray) -> ZeroSets:
    """Returns the zero sets of one, two, three and four samples, each a part of the one before.

    Args:
        inputs: Four samples, shape (4, 2), of which no coordinate is 0 or equal to another.
    """
    steps = np.linspace(-REACH, REACH, _NODES)  # an even number: none is 0
    curve = _solved(inputs, steps)
    rest = _determinant(inputs, curve[:, 0], curve[:, 1], 2)
    at = np.flatnonzero(np.sign(rest[1:]) * np.sign(rest[:-1]) < 0)
    found = _solved(inputs, _root(inputs, steps[at], steps[at + 1]))
    p, q = (np.expm1(np.outer(found[:, k], inputs[[0, 3], k])) for k in (0, 1))
    terms = p[:, 0] * q[:, 1], q[:, 0] * p[:, 1]
    left = np.abs(terms[0] - terms[1]) <= _COINCIDENCE * (np.abs(terms[0]) + np.abs(terms[1]))
    return ZeroSets(_surface(inputs), curve, found, int(np.count_nonzero(left)))


def planted_samples(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Returns a point (s₁, s₂, α) off the branches and four samples (4, 2), of which it fits the first three.

    Three samples that are drawn freely seldom leave a further point within reach. These are drawn on the curve in the
    plane of inputs on which the network at the point is the target; the fourth sample is drawn freely.

    Args:
        seed: Of both.
    """
    random = np.random.default_rng([seed, 6])
    shifts, share = random.uniform(0.5, 1.5, 2) * random.choice([-1.0, 1.0], 2), random.uniform(0.25, 0.75)
    first = 1.5 * random.standard_normal(1000)
    rest = (1 - share * np.exp(shifts[0] * first)) / (1 - share)
    second = np.log(np.where(rest > 0, rest, 1.0)) / shifts[1]
    fits = (rest > 0) & (np.abs(second) < 2 * REACH) & (np.abs(first) > 0.2)
    chosen = np.column_stack([first, second])[fits][:3]
    return np.array([*shifts, share]), np.concatenate([chosen, random.standard_normal((1, 2))])


def residuals(inputs: np.ndarray, place: np.ndarray) -> np.ndarray:
    """Returns (f − f*)/f* of the network at a point of the slice, on every sample, computed by the network itself.

    Args:
        inputs: Shape (sample, 2).
        place: (s₁, s₂, α).
    """
    target = target_network(1, 2)
    risk = risk_on(target, jnp.asarray(inputs))
    truth = np.asarray(risk.targets)
    return (np.asarray(_network(target, place)(risk.inputs)) - truth)[:, 0] / truth[:, 0]


def run_slice(case: SliceCase, progress: Progress) -> Outcome:
    """Returns the zero sets of one to four samples, their dimensions and how well the network fits there.

    Args:
        case: The case.
        progress: Not called: a case takes a moment.
    """
    _, inputs = planted_samples(case.seed)
    found = zero_sets(inputs)
    flat = found.surface.reshape(-1, 3)
    sets = [flat[np.isfinite(flat).all(axis=1)], found.curve[np.isfinite(found.curve).all(axis=1)], found.points]
    places = [_some(points) for points in sets]
    dimensions = [[_dimension(inputs[:samples], place) for place in chosen] for samples, chosen in enumerate(places, 1)]
    errors = [
        float(np.abs(residuals(inputs[:samples], place)).max() / max(1.0, 2 * abs(place[2])))
        for samples, chosen in enumerate(places, 1)
        for place in chosen
    ]
    values = {
        "dimensions": dimensions,
        "counts": [len(points) for points in sets],
        "left": found.left,
        "error": max(errors),
    }
    arrays = {"inputs": inputs, "surface": found.surface, "curve": found.curve, "points": found.points}
    return Outcome(values, arrays)


def _some(points: np.ndarray) -> np.ndarray:
    return points[np.unique(np.linspace(0, len(points) - 1, _CHECKED).astype(int))] if len(points) else points


def _dimension(inputs: np.ndarray, place: np.ndarray) -> int | None:
    """Returns 3 less the rank of the derivative of (f − f*)/f* along the slice, or None where that is undecided."""
    s, t, share = place
    grown = np.exp(np.array([s, t]) * inputs)
    rows = np.column_stack(
        [share * inputs[:, 0] * grown[:, 0], (1 - share) * inputs[:, 1] * grown[:, 1], grown[:, 0] - grown[:, 1]]
    )
    rank = measures.rank(rows)
    return 3 - rank.value if rank.decided else None


def _network(target: TwoLayer, place: np.ndarray) -> TwoLayer:
    weights = np.asarray(target.input_weights) + np.diag(place[:2])
    share = np.array([[place[2], 1 - place[2]]])
    outgoing = share * np.asarray(target.output_weights)
    return TwoLayer(jnp.asarray(weights), None, jnp.asarray(outgoing), None, target.activation)


def _surface(inputs: np.ndarray) -> np.ndarray:
    """Returns the surface of the first sample by distance and direction; towards Q₁, s₁x₁α + s₂x₂(1 − α) = 0."""
    rows, columns = _SURFACE
    level = 0.5 + np.tan(np.pi * ((np.arange(columns) + 0.5) / columns - 0.5))  # all directions, most near the branches
    direction = np.column_stack([(1 - level) / inputs[0, 0], -level / inputs[0, 1]])
    direction /= np.abs(direction).max(axis=1, keepdims=True)
    shifts = np.linspace(-REACH, REACH, rows)[:, None, None] * direction
    share = _share(inputs, shifts[..., 0], shifts[..., 1])
    share[rows // 2] = level
    return np.concatenate([shifts, share[..., None]], axis=-1)


def _share(inputs: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Returns the α of the first sample at shifts of any one shape, not finite where both terms are equal."""
    p, q = np.expm1(first * inputs[0, 0]), np.expm1(second * inputs[0, 1])
    with np.errstate(divide="ignore", invalid="ignore"):
        return q / (q - p)


def _ratio(shift: np.ndarray, one: float, other: float) -> np.ndarray:
    """Returns (e^{s·one} − 1)/(e^{s·other} − 1), at s = 0 its limit."""
    still = shift == 0
    below = np.where(still, 1.0, np.expm1(shift * other))
    return np.where(still, one / other, np.expm1(shift * one) / below)


def _solved(inputs: np.ndarray, first: np.ndarray) -> np.ndarray:
    """Returns (s₁, s₂, α) of two samples for every s₁ ≠ 0, shape (k, 3); NaN where no s₂ is within reach."""
    wanted = _ratio(first, inputs[0, 0], inputs[1, 0])
    low, high = np.full_like(first, -REACH), np.full_like(first, REACH)
    ends = [_ratio(end, inputs[0, 1], inputs[1, 1]) for end in (low, high)]
    rising = ends[1] > ends[0]
    inside = (wanted > np.minimum(*ends)) & (wanted < np.maximum(*ends))
    for _ in range(80):
        middle = (low + high) / 2
        up = (_ratio(middle, inputs[0, 1], inputs[1, 1]) < wanted) == rising
        low, high = np.where(up, middle, low), np.where(up, high, middle)
    second = np.where(inside, (low + high) / 2, np.nan)
    return np.column_stack([first, second, _share(inputs, first, second)])


def _determinant(inputs: np.ndarray, first: np.ndarray, second: np.ndarray, sample: int) -> np.ndarray:
    """Returns (p₁q − q₁p)/(s₁s₂) of the first sample and another; its zeros beside the branches are common to both."""
    p, q = (np.expm1(np.outer(s, inputs[[0, sample], k])) for k, s in enumerate((first, second)))
    return (p[:, 0] * q[:, 1] - q[:, 0] * p[:, 1]) / (first * second)


def _root(inputs: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Returns the s₁ at which the curve meets the third sample, by bisection between two nodes."""

    def sign(first: np.ndarray) -> np.ndarray:
        solved = _solved(inputs, first)
        return np.sign(_determinant(inputs, solved[:, 0], solved[:, 1], 2))

    begin = sign(low)
    for _ in range(60):
        middle = (low + high) / 2
        same = sign(middle) == begin
        low, high = np.where(same, middle, low), np.where(same, high, middle)
    return (low + high) / 2
