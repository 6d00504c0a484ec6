"""Cells of piecewise models: regions of inputs where every kinked neuron stays on one side, every spline in one piece.

Within a cell a network of ReLUs is affine, so that one more input than dimensions shows all of it. Cells are found by
propagation: along a straight line the breakpoints of each layer follow from those of the layer before, and every piece
between two of them lies in one cell, however short it is. For splines each hidden value is driven to both ends of its
range, and every cell in between is met on the way from one to the other.
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from jaxtyping import Float
from scipy.interpolate import BSpline, PPoly

from condenslab.networks import KAN, MLP, TwoLayer, as_mlp
from condenslab.networks.conversion import Key, as_seed

Piecewise = MLP | TwoLayer | KAN

QUIET_LINES = 48
"""So many lines in a row without a new cell end the search."""
_MOST_LINES = 400
_MOST_CELLS, _MOST_POINTS = 1500, 20_000
_FAR, _BARELY = 1e4, 5e-3
_ROUNDS, _CLOUD, _SPREAD = 24, 64, 4096


def is_piecewise(network: object) -> bool:
    """Whether a network has cells: splines, or neurons with a kink at 0.

    Args:
        network: Any network.
    """
    return isinstance(network, KAN) or (
        isinstance(network, MLP | TwoLayer) and network.activation.name in ("relu", "leaky_relu")
    )


def signatures(network: Piecewise, inputs: Float[np.ndarray, "sample input"]) -> np.ndarray:
    """Returns which cell each input lies in: the side or piece of everything that bends, shape (sample, bend).

    Args:
        network: A piecewise network.
        inputs: Shape (sample, input).
    """
    parts = [np.zeros((len(inputs), 0), dtype=np.int64)]
    if isinstance(network, KAN):
        for values, knots in zip(_spline_values(network, inputs), network.knots, strict=True):
            parts.append(np.searchsorted(np.unique(knots), values, side="right"))
    else:
        parts += [(z > 0).astype(np.int64) for z in _bends(network, inputs)]
    return np.concatenate(parts, axis=1)


def further_cells(
    network: Piecewise, known: Float[np.ndarray, "sample input"], seed: int = 0
) -> list[Float[np.ndarray, "point input"]]:
    """Returns inputs in cells that too few known inputs lie in, cell by cell: those that none lies in first.

    Args:
        network: A piecewise network.
        known: Inputs, at least one; for splines their bounding box, of whole cells, is what is searched.
        seed: Of the lines.
    """
    random = np.random.default_rng([seed, 5])
    rows, found = signatures(network, known), []
    poor = _poorly_shown(network, known, rows)
    seen = {row.tobytes() for row in rows} - ({rows[i].tobytes() for i in poor} if isinstance(network, KAN) else set())
    most = min(_MOST_CELLS, _MOST_POINTS // (_shows(network, known.shape[1]) + 1) + 1)
    box = (-np.inf, np.inf)
    if isinstance(network, KAN):
        box = _whole_cells(network, known)
        candidates = [_spline_points(network, known, random)]
    else:
        candidates = (_line_points(network, known, random) for _ in range(_MOST_LINES))
    quiet = 0
    for points in candidates:
        met = signatures(network, points)
        fresh = [i for i, row in enumerate(met) if row.tobytes() not in seen]
        quiet = 0 if fresh else quiet + 1
        for i in fresh:
            if met[i].tobytes() not in seen:
                seen.add(met[i].tobytes())
                found.append(_around(network, points[i], met[i], box, random))
        if quiet >= QUIET_LINES or len(found) >= most or (known.shape[1] == 1 and not isinstance(network, KAN)):
            break
    for i in [] if isinstance(network, KAN) else poor[: max(0, most - len(found))]:
        found.append(_around(network, known[i], rows[i], box, random))
    return found


def _shows(network: Piecewise, inputs: int) -> int:
    """Returns how many generic inputs of a cell show all of the network that is to be seen there."""
    return 4 * inputs + 8 if isinstance(network, KAN) else inputs + 1


def _poorly_shown(network: Piecewise, known: np.ndarray, rows: np.ndarray) -> list[int]:
    """Returns known inputs, one a cell, whose cell holds too few others to be seen as it is.

    Of splines every piece of every hidden value must be met often enough, wherever in the cells of the inputs.

    Args:
        network: A piecewise network.
        known: Inputs, shape (sample, input).
        rows: Their signatures, shape (sample, bend).
    """
    needed, own = _shows(network, known.shape[1]), np.unique(known, axis=0, return_index=True)[1]
    if isinstance(network, KAN):
        counts = np.full(len(own), needed)
        for column in rows[own, known.shape[1] :].T:
            _, place, often = np.unique(column, return_inverse=True, return_counts=True)
            counts = np.minimum(counts, often[place])
        return own[counts < needed].tolist()
    _, cell = np.unique(rows[own], axis=0, return_inverse=True)
    order = np.argsort(cell, kind="stable")
    members = np.split(own[order], np.flatnonzero(np.diff(cell[order])) + 1)
    return [int(some[0]) for some in members if len(some) < needed or not _spans(known[some])]


def _spans(points: np.ndarray) -> bool:
    """Whether points lie on no plane."""
    away = points - points.mean(axis=0)
    return int(np.linalg.matrix_rank(away, rtol=1e-9)) == points.shape[1]


def further_probes(
    network: Piecewise, probes: Float[np.ndarray, "sample input"], seed: Key = 0
) -> Float[np.ndarray, "more input"]:
    """Adds inputs to probes in the cells of a piecewise network that none of them lies in, or too few to show it.

    Straight lines are drawn until 48 in a row meet no new cell (for one input one line meets all); of splines, every
    piece that a hidden value reaches over the cells of the probes' bounding box is visited.

    Args:
        network: Neurons with a kink at 0 (ReLU, leaky ReLU), or splines.
        probes: Inputs, at least one.
        seed: Of the lines, a whole number of at least 0 or a JAX key.

    Returns:
        The probes, followed by more.

    Raises:
        TypeError: The network has no cells.
        ValueError: There are no probes, or they do not fit the network.

    Example:
        >>> from condenslab import networks
        >>> kinks = networks.mlp(0, widths=(1, 3, 2, 1), activation="relu", std=1.0)
        >>> len(further_probes(kinks, np.zeros((1, 1)))) > 1
        True
    """
    if not is_piecewise(network):
        raise TypeError(
            f"network must be piecewise: a KAN, or ReLU or leaky ReLU neurons. Got {type(network).__name__}."
        )
    known = np.asarray(probes, dtype=np.float64)
    inputs = _inputs(network)
    if known.ndim != 2 or len(known) == 0 or known.shape[1] != inputs:
        raise ValueError(f"probes must have shape (sample, {inputs}), at least one sample. Got shape {known.shape}.")
    return np.concatenate([known, *further_cells(network, known, as_seed(seed))])


def _line_points(network: MLP | TwoLayer, known: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Returns a point in every cell that a random line meets, within a far but finite stretch of it."""
    start = known[random.integers(len(known))]
    spread = float(np.median(np.abs(known))) + 1e-3
    way = random.standard_normal(known.shape[1])
    begin = start + 0.1 * spread * random.standard_normal(known.shape[1])
    ends = _FAR * max(1.0, spread)
    times = np.array([-ends, ends])
    depth = len(_bends(network, begin[None]))
    for layer in range(depth):
        z = _bends(network, begin + times[:, None] * way)[layer]
        a, b, low, high = times[:-1, None], times[1:, None], z[:-1], z[1:]
        crosses = (low > 0) != (high > 0)
        with np.errstate(divide="ignore", invalid="ignore"):
            times = np.unique(np.concatenate([times, (a - low * (b - a) / (high - low))[crosses]]))
    middles = (times[:-1] + times[1:]) / 2
    middles[0], middles[-1] = times[1] - spread if len(times) > 2 else 0.0, times[-2] + spread
    return begin + middles[:, None] * way


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


def _spline_points(network: KAN, known: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Returns points in every cell of every hidden value, from its smallest to its largest over the box."""
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
    low, high = _whole_cells(network, known)
    for layer in range(1, len(network.knots)):
        for unit in range(network.widths[layer]):

            def value(x: np.ndarray, layer: int = layer, unit: int = unit) -> np.ndarray:
                return _spline_values(network, x)[layer][:, unit]

            if layer == 1:
                ends = _separable_extremes(network, unit, (low, high))
            else:
                wide = np.concatenate([known, random.uniform(low, high, (_SPREAD, low.size))])
                ends = [_extreme(value, sign, wide, (low, high), random) for sign in (-1.0, 1.0)]
            reached = value(np.stack(ends))
            yield (value, ends), (float(reached[0]), float(reached[1])), np.unique(network.knots[layer])


def _whole_cells(network: KAN, known: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns the bounding box of inputs, made wider to the ends of the cells that it reaches into."""
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


def _around(
    network: Piecewise, point: np.ndarray, cell: np.ndarray, box: tuple[Any, Any], random: np.random.Generator
) -> np.ndarray:
    """Returns the point and others of its cell inside of a box, far apart: enough to show all of the cell."""
    ways = random.standard_normal((_shows(network, point.size), 1, point.size))
    steps = (1.0 + np.linalg.norm(point)) * 4.0 ** -np.arange(1, 24)
    tries = point + steps[:, None] * ways
    inside = np.all(signatures(network, tries.reshape(-1, point.size)) == cell, axis=1).reshape(tries.shape[:2])
    inside &= np.all((tries >= box[0]) & (tries <= box[1]), axis=2)
    stays = np.flatnonzero(inside.any(axis=1))
    return np.concatenate([point[None], tries[stays, inside[stays].argmax(axis=1)]])


def _inputs(network: Piecewise) -> int:
    return network.widths[0] if isinstance(network, KAN | MLP) else network.input_weights.shape[1]


def _bends(network: MLP | TwoLayer, inputs: np.ndarray) -> list[np.ndarray]:
    """Returns the preactivations of every hidden layer, each of shape (sample, neuron)."""
    layered = as_mlp(network) if isinstance(network, TwoLayer) else network
    leak = 0.01 if layered.activation.name == "leaky_relu" else 0.0
    found, hidden = [], inputs
    for weight, bias in zip(layered.weights[:-1], layered.biases[:-1], strict=True):
        z = hidden @ np.asarray(weight).T + (0.0 if bias is None else np.asarray(bias))
        active = np.where(z > 0, z, leak * z)
        hidden = active + hidden if layered.residual and active.shape == hidden.shape else active
        found.append(z)
    return found


def _spline_values(network: KAN, inputs: np.ndarray) -> list[np.ndarray]:
    """Returns what enters every spline layer, each of shape (sample, input of the layer)."""
    found, hidden = [], np.asarray(inputs)
    for c, knots in zip(network.coefficients, network.knots, strict=True):
        found.append(hidden)
        splines = BSpline(np.asarray(knots), np.moveaxis(np.asarray(c), -1, 0), network.degree, extrapolate=False)
        inside = np.clip(hidden, knots[0], knots[-1])
        values = np.where((hidden == inside)[:, :, None, None], np.nan_to_num(splines(inside)), 0.0)
        hidden = np.einsum("njoj->no", values)
    return found
