"""Which threshold brings a hidden layer to a width: the height in its merge tree at which few enough units are left."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from condenslab.landscape.reduction.one_layer import EXACT, edit_layer
from condenslab.measures.grouping import WIDEST_LINKAGE, complete_linkage
from condenslab.measures.neurons import InvariantCoordinates
from condenslab.networks.checks import check_number
from condenslab.networks.layered import LayerArrays, Layered

_INEXACT = float(np.nextafter(EXACT, 1.0))
"""A target width is reached by what the exact mode does not merge, so that near equals with cancelling weights may."""


def threshold_for_width(network: Layered, arrays: LayerArrays, layer: int, width: int, drop: float) -> float:
    """Returns the smallest threshold at which a layer is reduced to at most a width.

    Args:
        network: Says which activation, pooling and padding the layers have.
        arrays: The weights.
        layer: Which hidden layer.
        width: The target.
        drop: Amplitude, relative to the largest, below which units are dropped.

    Raises:
        ValueError: The layer is too wide for a linkage.
    """
    edit, _ = edit_layer(network, arrays, layer, EXACT, drop)
    if len(edit.parts) <= width:
        return EXACT
    points, outgoing = edit.coordinates.points, edit.coordinates.outgoing
    if len(points) > WIDEST_LINKAGE:
        raise ValueError(
            f"hidden layer {layer} has {len(points)} units, more than the {WIDEST_LINKAGE} whose merge tree fits in "
            f"memory: widths must be reached with a threshold there. Got width {width}."
        )
    live = np.any(outgoing != 0, axis=0) & np.any(points != 0, axis=1)
    live[edit.constant] = False
    tree = complete_linkage(InvariantCoordinates(points[live], outgoing[:, live], edit.coordinates.parity))
    heights = np.unique(np.nextafter(tree[:, 2], np.inf))
    low, high = 0, len(heights) - 1
    while low < high:
        middle = (low + high) // 2
        found, _ = edit_layer(network, arrays, layer, max(float(heights[middle]), _INEXACT), drop)
        low, high = (low, middle) if len(found.parts) <= width else (middle + 1, high)
    return max(float(heights[low]), _INEXACT)


def thresholds_of(threshold: float | Sequence[float], layers: int) -> tuple[float, ...]:
    """Returns one threshold a hidden layer.

    Args:
        threshold: One number for all layers, or one a layer.
        layers: Their number.

    Raises:
        ValueError: There are not as many as layers, or one is no relative distance.
    """
    many = np.ndim(threshold) > 0
    given: list[Any] = np.asarray(threshold).tolist() if many else [threshold] * layers
    if len(given) != layers:
        raise ValueError(
            f"threshold must be one number, or one a hidden layer, of which there are {layers}. Got {given}."
        )
    for one in given:
        check_number("threshold", one)
        if not 0.0 < one < 2.0:
            raise ValueError(f"threshold is a relative distance between 0 and 2. Got {one}.")
    return tuple(float(one) for one in given)


def one_threshold(threshold: float | Sequence[float]) -> float:
    """Returns a threshold that must be one number.

    Args:
        threshold: What was given.

    Raises:
        ValueError: There are several, or it is no relative distance.
    """
    if np.ndim(threshold):
        raise ValueError(f"threshold must be one number for a Decoder. Got {threshold}.")
    return thresholds_of(threshold, 1)[0]


def targets_of(widths: Mapping[int, int] | None, layers: int) -> dict[int, int]:
    """Returns target widths by the number of the hidden layer.

    Args:
        widths: What was given; None for no targets.
        layers: The number of hidden layers.

    Raises:
        TypeError: No dictionary.
        ValueError: A target is that of no hidden layer, or no whole number of at least 1.
    """
    if widths is not None and not isinstance(widths, Mapping):
        raise TypeError(f"widths must name the hidden layer of each target width: {{0: 20}} say. Got {widths!r}.")
    for layer, width in (widths or {}).items():
        whole = isinstance(width, int | np.integer) and not isinstance(width, bool)
        if layer not in range(layers) or not whole or width < 1:
            raise ValueError(
                f"widths must give hidden layers, numbered from 0 to {layers - 1}, whole numbers from 1. "
                f"Got {layer!r}: {width!r}."
            )
    return dict(widths or {})
