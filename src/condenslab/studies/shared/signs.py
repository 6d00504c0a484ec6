"""Draws signs of curvature: the eigenvalues where they were kept, else how many there are of each sign."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from condenslab import figures


def draw_signs(
    ax: Axes,
    labels: Sequence[str],
    counts: Sequence[Sequence[int]],
    spectra: Sequence[np.ndarray | None],
    cuts: Sequence[float],
    above: Sequence[int | None],
) -> None:
    """Draws one row a critical point, with what is added to an earlier row.

    Args:
        ax: The axes.
        labels: Of the rows.
        counts: Positive, zero and negative eigenvalues of each.
        spectra: Eigenvalues of each; None where an older record holds none, and then counts alone are drawn.
        cuts: What counts as zero at each; as many as rows where the spectra are known.
        above: For each row the one that it is compared with, or None.
    """
    known = [spectrum for spectrum in spectra if spectrum is not None]
    if len(known) == len(labels) == len(cuts):
        figures.signed_spectra(ax, labels, known, cuts, above=above)
    else:
        figures.signed_counts(ax, labels, counts, above=above)
