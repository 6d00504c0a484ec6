"""Which pieces of splines a KAN's hidden values reach over a box of inputs, and inputs that reach them."""

from collections.abc import Callable, Iterator

import numpy as np
from jaxtyping import Float
from scipy.interpolate import BSpline, PPoly

from condenslab.networks import KAN

_BARELY = 5e-3
_ROUNDS, _CLOUD, _SPREAD = 24, 64, 4096


def barely_met(network: KAN, known: Float[np.ndarray, "sample input"]) -> bool:
    """Whether a hidden value reaches so little of a piece that float64 may not see what the piece adds to a rank.

    A cubic that begins at a knot has grown to the third power of what is reached.

    Args:
        network: Splines.
        known: Inputs, at least one, whose bounding box is searched.
    """
    for _, (low, high), edges in _hidden_ranges(network, known, np.random.default_rng(5)):
        gaps = np.diff(edges)
        first, last = np.searchsorted(edges, low, side="right") - 1, np.searchsorted(edges, high) - 1
        inside = 0 <= first < last < len(gaps)
        if inside and min((edges[first + 1] - low) / gaps[first], (high - edges[last]) / gaps[last]) < _BARELY:
            return True
    return False


def spline_points(network: KAN, known: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Returns points in every cell of every hidden value, from its smallest to its largest over the box.

    Args:
        network: Splines.
        known: Inputs, at least one, shape (sample, input), whose bounding box is searched.
        random: The generator that is drawn from.

    Returns:
        Shape (point, input).
    """
    points = [np.empty((0, known.shape[1]))]
    for (value, ends), (low, high), edges in _hidden_ranges(network, known, random):
        levels = np.concatenate([[low], edges[(edges > low) & (edges < high)], [high]])
        points += [_between(value, ends, at)[None] for at in (levels[:-1] + levels[1:]) / 2]
        points.append(np.stack(ends))
    return np.concatenate(points)


def _hidden_ranges(
    network: KAN, known: np.ndarray, random: np.random.Generator
) -> Iterator[tuple[tuple[Callable[..., np.ndarray], list[np.ndarray]], tuple[float, float], np.ndarray]]:
    """Yields every hidden value with where it is smallest and largest, its range over the box, and its knots."""
    low, high = whole_cells(network, known)
    for layer in range(1, len(network.knots)):
        for unit in range(network.widths[layer]):

            def value(x: np.ndarray, layer: int = layer, unit: int = unit) -> np.ndarray:
                return spline_values(network, x)[layer][:, unit]

            if layer == 1:
                ends = _separable_extremes(network, unit, (low, high))
            else:
                wide = np.concatenate([known, random.uniform(low, high, (_SPREAD, low.size))])
                ends = [_extreme(value, sign, wide, (low, high), random) for sign in (-1.0, 1.0)]
            reached = value(np.stack(ends))
            yield (value, ends), (float(reached[0]), float(reached[1])), np.unique(network.knots[layer])


def whole_cells(network: KAN, known: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns the bounding box of inputs, made wider to the ends of the cells that it reaches into.

    Args:
        network: Splines.
        known: Inputs, at least one, shape (sample, input).

    Returns:
        Its lowest and its highest corner, each of shape (input,).
    """
    edges, low, high = np.unique(network.knots[0]), known.min(axis=0), known.max(axis=0)
    lower = edges[np.clip(np.searchsorted(edges, low, side="right") - 1, 0, None)]
    upper = edges[np.clip(np.searchsorted(edges, high), None, len(edges) - 1)]
    return np.minimum(low, lower), np.maximum(high, upper)


def _separable_extremes(network: KAN, unit: int, box: tuple[np.ndarray, np.ndarray]) -> list[np.ndarray]:
    """Returns where a sum of splines, one an input, is smallest and largest over a box: each by itself, exactly."""
    knots, columns = np.asarray(network.knots[0]), []
    for i, (low, high) in enumerate(zip(*box, strict=True)):
        one = BSpline(knots, np.asarray(network.coefficients[0])[unit, i], network.degree, extrapolate=False)
        turns = PPoly.from_spline(one.derivative()).roots(extrapolate=False)
        places = np.concatenate([[low, high], knots, turns[np.isfinite(turns)]])
        places = places[(places >= low) & (places <= high)]
        values = np.nan_to_num(one(places))
        columns.append(places[[values.argmin(), values.argmax()]])
    return list(np.stack(columns, axis=1))


def _extreme(
    value: Callable[..., np.ndarray],
    sign: float,
    known: np.ndarray,
    box: tuple[np.ndarray, np.ndarray],
    random: np.random.Generator,
) -> np.ndarray:
    """Returns where sign·value is largest: the best known point, then ever smaller clouds around the best so far."""
    best = known[int(np.argmax(sign * value(known)))]
    width = (box[1] - box[0]) / 8
    for _ in range(_ROUNDS):
        cloud = np.clip(best + width * random.standard_normal((_CLOUD, best.size)), *box)
        cloud = np.concatenate([best[None], cloud])
        best = cloud[int(np.argmax(sign * value(cloud)))]
        width = width * 0.6
    return best


def _between(value: Callable[..., np.ndarray], ends: list[np.ndarray], level: float) -> np.ndarray:
    """Returns a point between two where a continuous value takes a level, by bisection."""
    low, high = ends
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if value(middle[None])[0] < level else (low, middle)
    return (low + high) / 2


def spline_values(network: KAN, inputs: np.ndarray) -> list[np.ndarray]:
    """Returns what enters every spline layer, each of shape (sample, input of the layer).

    Args:
        network: Splines.
        inputs: Shape (sample, input).
    """
    found, hidden = [], np.asarray(inputs)
    for c, knots in zip(network.coefficients, network.knots, strict=True):
        found.append(hidden)
        splines = BSpline(np.asarray(knots), np.moveaxis(np.asarray(c), -1, 0), network.degree, extrapolate=False)
        inside = np.clip(hidden, knots[0], knots[-1])
        values = np.where((hidden == inside)[:, :, None, None], np.nan_to_num(splines(inside)), 0.0)
        hidden = np.einsum("njoj->no", values)
    return found
