"""Which threshold brings a hidden layer to a width: the height in its merge tree at which few enough units are left."""

from collections.abc import Mapping, Sequence

import numpy as np

from condenslab.landscape.reduction.one_layer import EXACT, edit_layer
from condenslab.measures.grouping import WIDEST_LINKAGE, complete_linkage
from condenslab.measures.neurons import InvariantCoordinates
from condenslab.networks.layered import LayerArrays, Layered


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
        found, _ = edit_layer(network, arrays, layer, max(float(heights[middle]), EXACT), drop)
        low, high = (low, middle) if len(found.parts) <= width else (middle + 1, high)
    return max(float(heights[low]), EXACT)


def thresholds_of(threshold: float | Sequence[float], layers: int) -> tuple[float, ...]:
    """Returns one threshold a hidden layer.

    Args:
        threshold: One number for all layers, or one a layer.
        layers: Their number.

    Raises:
        ValueError: There are not as many as layers, or one is no relative distance.
    """
    given = list(threshold) if isinstance(threshold, Sequence | np.ndarray) else [threshold] * layers
    if len(given) != layers:
        raise ValueError(
            f"threshold must be one number, or one a hidden layer, of which there are {layers}. Got {given}."
        )
    for one in given:
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
    if isinstance(threshold, Sequence | np.ndarray):
        raise ValueError(f"threshold must be one number for a Decoder. Got {threshold}.")
    return thresholds_of(threshold, 1)[0]


def check_widths(widths: Mapping[int, int], layers: int) -> None:
    """Raises ValueError unless every target is that of a hidden layer and at least 1.

    Args:
        widths: Target widths by the number of the hidden layer.
        layers: Their number.
    """
    for layer, width in widths.items():
        if layer not in range(layers) or isinstance(width, bool) or int(width) != width or width < 1:
            raise ValueError(
                f"widths must give hidden layers, numbered from 0 to {layers - 1}, whole numbers from 1. "
                f"Got {layer}: {width}."
            )
