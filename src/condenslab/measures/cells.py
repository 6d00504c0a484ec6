"""Cells of piecewise models: regions of inputs where every kinked neuron stays on one side, every spline in one piece.

Within a cell a network of ReLUs is affine, so that one more input than dimensions shows all of it. Cells are found by
propagation: along a straight line the breakpoints of each layer follow from those of the layer before, and every piece
between two of them lies in one cell, however short it is. For splines each hidden value is driven to both ends of its
range, and every cell in between is met on the way from one to the other.
"""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float
from scipy.interpolate import BSpline

from condenslab.networks import KAN, MLP, TwoLayer, as_mlp

Piecewise = MLP | TwoLayer | KAN

QUIET_LINES = 48
"""So many lines in a row without a new cell end the search."""
_MOST_LINES = 400
_MOST_CELLS = 1500
_FAR = 1e4
_ROUNDS, _CLOUD = 24, 64


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
    """Returns inputs in cells that no known input lies in, cell by cell in the order in which they were found.

    Args:
        network: A piecewise network.
        known: Inputs, at least one; for splines their bounding box is what is searched.
        seed: Of the lines.
    """
    random = np.random.default_rng([seed, 5])
    seen, found = {row.tobytes() for row in signatures(network, known)}, []
    if isinstance(network, KAN):
        candidates = [_spline_points(network, known, random)]
    else:
        candidates = (_line_points(network, known, random) for _ in range(_MOST_LINES))
    quiet = 0
    for points in candidates:
        rows = signatures(network, points)
        fresh = [i for i, row in enumerate(rows) if row.tobytes() not in seen]
        quiet = 0 if fresh else quiet + 1
        for i in fresh:
            if rows[i].tobytes() not in seen:
                seen.add(rows[i].tobytes())
                found.append(_around(network, points[i], rows[i], random))
        if quiet >= QUIET_LINES or len(found) >= _MOST_CELLS or (known.shape[1] == 1 and not isinstance(network, KAN)):
            break
    return found


def further_probes(
    network: Piecewise, probes: Float[np.ndarray, "sample input"], seed: int = 0
) -> Float[np.ndarray, "more input"]:
    """Adds inputs to probes in the cells of a piecewise network that none of them lies in.

    Straight lines are drawn until 48 in a row meet no new cell (for one input one line meets all); of splines, every
    piece that a hidden value reaches over the probes' bounding box is visited.

    Args:
        network: Neurons with a kink at 0 (ReLU, leaky ReLU), or splines.
        probes: Inputs, at least one.
        seed: Of the lines.

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
    inputs = network.widths[0] if isinstance(network, KAN | MLP) else network.input_weights.shape[1]
    if known.ndim != 2 or len(known) == 0 or known.shape[1] != inputs:
        raise ValueError(f"probes must have shape (sample, {inputs}), at least one sample. Got shape {known.shape}.")
    return np.concatenate([known, *further_cells(network, known, seed)])


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


def _spline_points(network: KAN, known: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Returns points in every cell of every hidden value, from its smallest to its largest over the box."""
    low, high = known.min(axis=0), known.max(axis=0)
    points = [np.empty((0, known.shape[1]))]
    for layer in range(1, len(network.knots)):
        edges = np.unique(network.knots[layer])
        for unit in range(network.coefficients[layer].shape[1]):

            def value(x: np.ndarray, layer: int = layer, unit: int = unit) -> np.ndarray:
                return _spline_values(network, x)[layer][:, unit]

            ends = [_extreme(value, sign, known, (low, high), random) for sign in (-1.0, 1.0)]
            reached = value(np.stack(ends))
            inside = edges[(edges > reached[0]) & (edges < reached[1])]
            levels = np.concatenate([[reached[0]], inside, [reached[1]]])
            for at in (levels[:-1] + levels[1:]) / 2:
                points.append(_between(value, ends, at)[None])
            points.append(np.stack(ends))
    return np.concatenate(points)


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


def _around(network: Piecewise, point: np.ndarray, cell: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Returns the point and others of its cell, as far from it as the cell allows: enough to show all of the cell."""
    count = 4 * point.size + 8 if isinstance(network, KAN) else point.size + 1
    ways = random.standard_normal((count, point.size))
    found = [point]
    for way in ways:
        steps = (1.0 + np.linalg.norm(point)) * 4.0 ** -np.arange(1, 24)
        tries = point + steps[:, None] * way
        inside = np.flatnonzero(np.all(signatures(network, tries) == cell, axis=1))
        if inside.size:
            found.append(tries[inside[0]])
    return np.stack(found)


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
