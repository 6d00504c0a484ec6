"""A random target that is a spline network, and the same function as a point of a wider or finer network."""

import jax.numpy as jnp
import numpy as np

from condenslab import measures, networks
from condenslab.networks import KAN, spline


def spline_target(seed: int, width: int, grid: int) -> KAN:
    """Returns a random spline network of two inputs, whose hidden values stay inside the grid [−1, 1].

    They do because a spline is a convex combination of its coefficients, and two of them are added.

    Args:
        seed: Of the coefficients.
        width: Hidden neurons.
        grid: Intervals of both layers.
    """
    return networks.kan(seed, widths=(2, width, 1), intervals=grid, std=0.25, law="uniform")


def grown(network: KAN, growth: str, amount: int) -> KAN:
    """Returns the same function as a larger network.

    Args:
        network: A spline network of two layers.
        growth: "none", "null" or "copy" (neurons), or "grid".
        amount: Neurons added, or how often the grid is halved.
    """
    if growth == "null":
        return spline.add_null_splines(network, 0, amount)
    width = network.widths[1]
    for number in range(amount):
        network = spline.refine(network) if growth == "grid" else spline.copy_spline(network, 0, number % width)
    return network


def grown_from(width: int, growth: str, amount: int) -> list[int | None]:
    """Returns for every hidden neuron of a grown network which neuron of the first it is or copies; None: it is null.

    Args:
        width: Hidden neurons of the first network.
        growth: As for `grown`.
        amount: Likewise.
    """
    more: list[int | None] = [number % width if growth == "copy" else None for number in range(amount)]
    return [*range(width), *(more if growth in ("null", "copy") else [])]


def probed(network: KAN, intervals: int, seed: int) -> tuple[np.ndarray, measures.Rank]:
    """Returns probes in all cells of a network, and its model rank on them.

    Args:
        network: A spline network of two inputs.
        intervals: Of its grid.
        seed: Of the probes.
    """
    points = probes(network, intervals, seed, 20)
    return points, measures.model_rank(network, jnp.asarray(points))


def probes(network: KAN, intervals: int, seed: int, times: int) -> np.ndarray:
    """Returns probes in all cells of a network, shape (sample, 2).

    Args:
        network: A spline network of two inputs.
        intervals: Of its grid.
        seed: Of the probes.
        times: So many times as many as parameters, and more where cells are left.
    """
    knots = [np.linspace(-1.0, 1.0, intervals + 1)] * 2
    drawn = measures.cell_probes(seed, knots, times * networks.parameter_count(network))
    return np.asarray(measures.further_probes(network, drawn, seed))
