"""Layers of so many marks that a drawing of each would be larger than an image of all."""

import numpy as np
from matplotlib.artist import Artist
from matplotlib.collections import Collection, LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

_MOST_POINTS, _MOST_VERTICES = 300, 3000


def as_image(figure: Figure) -> bool:
    """Lets layers of more than 300 marks, or of lines through more than 3,000 points, be drawn as images.

    Args:
        figure: The matplotlib figure.

    Returns:
        Whether there is such a layer.
    """
    layers = [artist for artist in figure.findobj() if _many(artist)]
    for layer in layers:
        layer.set_rasterized(True)
    return bool(layers)


def _many(artist: Artist) -> bool:
    if isinstance(artist, Line2D):
        return artist.get_marker() not in ("None", None, "", " ") and np.size(artist.get_xdata()) > _MOST_POINTS
    if isinstance(artist, LineCollection):
        return sum(len(np.asarray(path.vertices)) for path in artist.get_paths()) > _MOST_VERTICES
    return isinstance(artist, Collection) and np.size(artist.get_offsets()) > 2 * _MOST_POINTS
