"""Cells of piecewise models: regions of inputs where every kinked neuron stays on one side, every spline in one piece.

Within a cell a network of ReLUs is affine, so that one more input than dimensions shows all of it. Cells are found by
propagation: along a straight line the breakpoints of each layer follow from those of the layer before, and every piece
between two of them lies in one cell, however short it is. For splines each hidden value is driven to both ends of its
range, and every cell in between is met on the way from one to the other.
"""

from typing import Any

import numpy as np
from jaxtyping import Float

from condenslab.measures.kinks import line_points, preactivations
from condenslab.measures.pieces import spline_points, spline_values, whole_cells
from condenslab.networks import KAN, MLP, TwoLayer
from condenslab.networks.conversion import Key, as_seed

Piecewise = MLP | TwoLayer | KAN

QUIET_LINES = 48
"""So many lines in a row without a new cell end the search."""
_MOST_LINES = 400
_MOST_CELLS, _MOST_POINTS = 1500, 20_000


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
        for values, knots in zip(spline_values(network, inputs), network.knots, strict=True):
            parts.append(np.searchsorted(np.unique(knots), values, side="right"))
    else:
        parts += [(z > 0).astype(np.int64) for z in preactivations(network, inputs)]
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
        box = whole_cells(network, known)
        candidates = [spline_points(network, known, random)]
    else:
        candidates = (line_points(network, known, random) for _ in range(_MOST_LINES))
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
