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
    ax: Axes, labels: Sequence[str], eigenvalues: Sequence[ArrayLike], tolerances: ArrayLike
) -> list[tuple[int, int, int]]:
    """Draws the eigenvalues of several Hessians, one row a point, so that those that stay stand under one another.

    The axis is linear within the largest tolerance, where the band of zeros is shaded, and logarithmic beyond. Over
    each row stand the numbers of negative, zero and positive eigenvalues, and by how much each differs from the row
    above.

    Args:
        ax: The axes.
        labels: Name of each point, length k.
        eigenvalues: The spectrum of each, k arrays of any lengths.
        tolerances: What counts as zero at each, shape (k,), positive.

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
    for row, (values, cut) in enumerate(zip(spectra, cuts, strict=True)):
        chosen = {"negative": values < -cut, "zero": np.abs(values) <= cut, "positive": values > cut}
        parts = {sign: values[mine] for sign, mine in chosen.items()}
        _row(ax, row, parts)
        sizes = [len(parts[sign]) for sign in _SIGNS]
        before = [found[-1][2 - column] for column in range(3)] if found else None
        _counts(ax, row, sizes, before)
        found.append((sizes[2], sizes[1], sizes[0]))
        style.describe(ax, f"{labels[row]}: {sizes[2]} positive, {sizes[1]} zero, {sizes[0]} negative.")
    return found


def _axis(ax: Axes, spectra: Sequence[np.ndarray], cut: float, labels: Sequence[str]) -> None:
    largest = max(max(float(np.abs(values).max()) for values in spectra), 10 * cut)
    ax.axvspan(-cut, cut, color="#EEEEEE", linewidth=0, zorder=0)
    ax.set_xscale("symlog", linthresh=cut, linscale=1.0)
    ax.set_xlim(-10 * largest, 10 * largest)
    decades = np.arange(np.ceil(np.log10(cut)), np.log10(largest) + 1)
    powers = 10.0 ** decades[:: max(1, round(len(decades) / 3))]
    ax.set_xticks([*-powers[::-1], 0.0, *powers])
    ax.xaxis.minorticks_off()
    ax.set_xlabel("eigenvalue (shaded: zero to the tolerance)")
    ax.set_yticks(range(len(labels)), list(labels))
    ax.set_ylim(len(labels) - 0.5, -0.75)
    ax.tick_params(axis="y", length=0)


def _row(ax: Axes, row: int, parts: dict[str, np.ndarray]) -> None:
    ax.axhline(row, color="#DDDDDD", linewidth=0.8, zorder=0.5)
    for sign, values in parts.items():
        look: dict[str, Any] = {"marker": _MARKERS[sign], "color": style.OKABE_ITO[_COLOURS[sign]], "linestyle": "none"}
        label = sign if row == 0 else f"_{sign}"
        ax.plot(values, np.full(len(values), float(row)), label=label, markersize=6, alpha=0.8, zorder=3, **look)


def _counts(ax: Axes, row: int, sizes: list[int], before: list[int] | None) -> None:
    for place, sign, size, earlier in zip((0.2, 0.5, 0.8), _SIGNS, sizes, before or [None] * 3, strict=True):
        more = "" if earlier is None else f"  ({size - earlier:+,})".replace("-", "−")
        colour = style.OKABE_ITO[_COLOURS[sign]]
        look = {"transform": ax.get_yaxis_transform(), "ha": "center", "va": "bottom", "color": colour, "fontsize": 9}
        ax.text(place, row - 0.16, f"{size:,}{more}", **look)
