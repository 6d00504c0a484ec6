"""Other orders of the neurons of a heat map: by angle, by group, by the time at which each came to stay."""

from typing import Any

import numpy as np

_SHOWN = 300
_MOST = 32
_RANK = 1e-6
_GROUP = 0.95


def neuron_orders(cosine: np.ndarray, times: np.ndarray | None = None) -> dict[str, Any]:
    """Returns vectors with these cosines and permutations of the neurons, as the page's code needs them.

    Of more than 300 neurons as many are taken, evenly by number. The angle is that in the plane of the two leading
    eigenvectors: the direction itself, up to a turn, where input weights have two coordinates. A group is what lies
    within cosine 0.95 of the neuron that has most such neighbours, the largest first.

    Args:
        cosine: Of every two neurons, symmetric, shape (m, m).
        times: When each neuron came to stay, shape (m,); infinite for never.

    Returns:
        `vectors`, shape (m, rank), and `orders` by name; nothing where the rank exceeds 32.
    """
    chosen = np.unique(np.linspace(0, len(cosine) - 1, min(len(cosine), _SHOWN)).round().astype(int))
    matrix = cosine[np.ix_(chosen, chosen)]
    values, basis = np.linalg.eigh(matrix)
    kept = values > _RANK * values[-1]
    if kept.sum() > _MOST:
        return {}
    vectors = (basis[:, kept] * np.sqrt(values[kept]))[:, ::-1]
    flat = np.hstack([vectors, np.zeros((len(matrix), 1))])
    angle = np.arctan2(flat[:, 1], flat[:, 0])
    orders = {"angle": np.argsort(angle, kind="stable"), "group": np.lexsort((angle, _groups(matrix)))}
    if times is not None:
        orders["time"] = np.lexsort((angle, times[chosen]))
    return {
        "vectors": np.round(vectors, 3).tolist(),
        "orders": {name: order.tolist() for name, order in orders.items()},
    }


def _groups(matrix: np.ndarray) -> np.ndarray:
    """Returns the number of each neuron's group, the largest group first."""
    near, group = matrix > _GROUP, np.full(len(matrix), -1)
    number = 0
    while (group < 0).any():
        free = group < 0
        leader = int(np.argmax(np.where(free, (near & free).sum(axis=1), -1)))
        group[(near[leader] & free) | (np.arange(len(matrix)) == leader)] = number
        number += 1
    return group
