"""Signs of curvature: the whole spectrum of a Hessian on one line, point under point, with what each step adds."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from condenslab.figures import checks, style

_SIGNS = ("negative", "zero", "positive")
_COLOURS = {"negative": "vermillion", "zero": "black", "positive": "blue"}
_MARKERS = {"negative": "v", "zero": "o", "positive": "^"}


@style.styled
def signed_spectra(
    ax: Axes,
    labels: Sequence[str],
    eigenvalues: Sequence[ArrayLike],
    tolerances: ArrayLike,
    *,
    above: Sequence[int | None] | None = None,
) -> list[tuple[int, int, int]]:
    """Draws the eigenvalues of several Hessians, one row a point, so that those that stay stand under one another.

    The axis is linear within the largest tolerance, where the band of zeros is shaded, and logarithmic beyond. Over
    each row stand the numbers of negative, zero and positive eigenvalues, and by how much each differs from an earlier
    row.

    Args:
        ax: The axes.
        labels: Name of each point, length k.
        eigenvalues: The spectrum of each, k arrays of any lengths.
        tolerances: What counts as zero at each, shape (k,), positive.
        above: For each row the row that it is compared with, None for no comparison; by default the one above it.

    Returns:
        For each point the numbers of positive, zero and negative eigenvalues.

    Raises:
        ValueError: Lengths that do not fit, numbers that are not finite, or a tolerance that is not positive.

    References:
        Zhang et al., NeurIPS 2021 (EP21), Fig. 3.
    """
    spectra = [checks.numbers("eigenvalues", values, 1) for values in eigenvalues]
    cuts = checks.numbers("tolerances", tolerances, 1)
    for name, other in (("eigenvalues", np.arange(len(spectra))), ("tolerances", cuts)):
        checks.same_length("labels", np.arange(len(labels)), name, other)
    if cuts.min() <= 0:
        raise ValueError(f"tolerances must be positive. Got {cuts.min():g}.")
    _axis(ax, spectra, float(cuts.max()), labels)
    found: list[tuple[int, int, int]] = []
    earlier = _compared(len(spectra), above)
    for row, (values, cut) in enumerate(zip(spectra, cuts, strict=True)):
        chosen = {"negative": values < -cut, "zero": np.abs(values) <= cut, "positive": values > cut}
        parts = {sign: values[mine] for sign, mine in chosen.items()}
        _row(ax, row, parts)
        negative, zero, positive = (len(parts[sign]) for sign in _SIGNS)
        found.append((positive, zero, negative))
        _counts(ax, row, found, earlier[row])
        style.describe(ax, f"{labels[row]}: {positive} positive, {zero} zero, {negative} negative.")
    return found


@style.styled
def signed_counts(
    ax: Axes, labels: Sequence[str], counts: ArrayLike, *, above: Sequence[int | None] | None = None
) -> None:
    """Draws how many Hessian eigenvalues are negative, zero and positive: one row a point, the band of zeros shaded.

    The same as `signed_spectra` where the eigenvalues themselves are not known: bars to the left are negative ones, in
    the shaded band zeros, to the right positive ones; lengths are logarithmic. Numbers stand over each bar, with how
    much each differs from an earlier row.

    Args:
        ax: The axes.
        labels: Name of each point, length k.
        counts: Numbers of positive, zero and negative eigenvalues, shape (k, 3), in that order.
        above: For each row the row that it is compared with, None for no comparison; by default the one above it.

    Raises:
        ValueError: Shapes that do not fit, or counts that are negative or not whole.
    """
    table = checks.counts("counts", counts, 2)
    if table.shape[1] != 3:
        raise ValueError(f"counts must have the columns positive, zero, negative. Got shape {table.shape}.")
    checks.same_length("labels", np.asarray(labels, dtype=object), "counts", table)
    found = [(int(positive), int(zero), int(negative)) for positive, zero, negative in table]
    earlier = _compared(len(found), above)
    ax.axvspan(-0.5, 0.5, color="#EEEEEE", linewidth=0, zorder=0)
    longest = np.log1p(max(1, int(table.max())))
    for row, (positive, zero, negative) in enumerate(found):
        ax.axhline(row, color="#DDDDDD", linewidth=0.8, zorder=0.5)
        lengths = {sign: np.log1p(n) / longest for sign, n in zip(_SIGNS, (negative, zero, positive), strict=True)}
        starts = {"negative": -0.5 - 0.9 * lengths["negative"], "zero": -0.45 * lengths["zero"], "positive": 0.5}
        for sign, length in lengths.items():
            look = {"height": 0.16, "color": style.OKABE_ITO[_COLOURS[sign]], "zorder": 3}
            ax.barh(row, 0.9 * length, left=starts[sign], **look)
        _counts(ax, row, found, earlier[row])
        style.describe(ax, f"{labels[row]}: {positive} positive, {zero} zero, {negative} negative.")
    ax.set_xlim(-1.5, 1.5)
    ax.set_xticks([-1.0, 0.0, 1.0], _SIGNS)
    ax.tick_params(axis="x", length=0)
    ax.set_xlabel("eigenvalues by sign (length: number, logarithmic)")
    _rows_axis(ax, labels)


def _compared(rows: int, above: Sequence[int | None] | None) -> list[int | None]:
    """Returns for each row the earlier row that it is compared with."""
    if above is None:
        return [row - 1 if row else None for row in range(rows)]
    if len(above) != rows or any(other is not None and not 0 <= other < row for row, other in enumerate(above)):
        raise ValueError(f"above must name an earlier row or None for each of {rows} rows. Got {list(above)}.")
    return list(above)


def _rows_axis(ax: Axes, labels: Sequence[str]) -> None:
    ax.set_yticks(range(len(labels)), list(labels))
    ax.set_ylim(len(labels) - 0.5, -0.75)
    ax.tick_params(axis="y", length=0)


def _axis(ax: Axes, spectra: Sequence[np.ndarray], cut: float, labels: Sequence[str]) -> None:
    largest = max(max(float(np.abs(values).max()) for values in spectra), 10 * cut)
    ax.axvspan(-cut, cut, color="#EEEEEE", linewidth=0, zorder=0)
    ax.set_xscale("symlog", linthresh=cut, linscale=1.0)
    ax.set_xlim(-10 * largest, 10 * largest)
    decades = np.arange(np.ceil(np.log10(cut)) + 1, np.log10(largest) + 1)  # closer ones would touch the 0
    powers = 10.0 ** decades[:: max(1, round(len(decades) / 3))]
    ax.set_xticks([*-powers[::-1], 0.0, *powers])
    ax.xaxis.minorticks_off()
    ax.set_xlabel("eigenvalue (shaded: zero to the tolerance)")
    _rows_axis(ax, labels)


def _row(ax: Axes, row: int, parts: dict[str, np.ndarray]) -> None:
    ax.axhline(row, color="#DDDDDD", linewidth=0.8, zorder=0.5)
    for sign, values in parts.items():
        look: dict[str, Any] = {"marker": _MARKERS[sign], "color": style.OKABE_ITO[_COLOURS[sign]], "linestyle": "none"}
        label = sign if row == 0 else f"_{sign}"
        ax.plot(values, np.full(len(values), float(row)), label=label, markersize=6, alpha=0.8, zorder=3, **look)


def _counts(ax: Axes, row: int, found: Sequence[tuple[int, int, int]], earlier: int | None) -> None:
    """Writes the numbers of a row over it, and by how much they differ from those of an earlier row."""
    for place, sign, column in zip((1 / 6, 0.5, 5 / 6), _SIGNS, (2, 1, 0), strict=True):
        size = found[row][column]
        more = "" if earlier is None else f"  ({size - found[earlier][column]:+,})".replace("-", "−")
        colour = style.OKABE_ITO[_COLOURS[sign]]
        look = {"transform": ax.get_yaxis_transform(), "ha": "center", "va": "bottom", "color": colour, "fontsize": 9}
        ax.text(place, row - 0.16, f"{size:,}{more}", **look)
