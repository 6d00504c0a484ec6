"""Phase diagrams: a signed quantity over a plane with two boundaries, and the lines whose slopes it shows."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from numpy.typing import ArrayLike

from condenslab.figures import checks, interactive, legends, style
from condenslab.figures.draw import QUARTERS, wrap

LINEAR_TO_CONDENSED = "RdBu"


@style.styled
def phase_map(
    ax: Axes,
    x: ArrayLike,
    y: ArrayLike,
    slopes: ArrayLike,
    *,
    limit: float = 0.5,
    boundary: tuple[ArrayLike, ArrayLike] | None = None,
    stars: tuple[ArrayLike, ArrayLike] | None = None,
    not_converged: ArrayLike | None = None,
    labels: tuple[str, str] = ("γ", "γ′"),
    name: str = "slope S of log RD against log m",
    legend: bool = True,
    details: Sequence[dict[str, Any] | None] = (),
) -> None:
    """Draws one square a point, red where the slope is negative (linear), blue where it is positive (condensed).

    Args:
        ax: The axes.
        x: Abscissa of each point, shape (point,).
        y: Ordinate of each point, shape (point,).
        slopes: The slope at each point, shape (point,); NaN where there is none.
        limit: Colours end at ± this, as in the source.
        boundary: A dashed line, shapes (k,) and (k,): the theory's boundary; optional.
        stars: Where the measured slope vanishes, shapes (j,) and (j,); optional.
        not_converged: Which points rest on runs that did not all converge, shape (point,); they get a cross.
        labels: Of the two axes.
        name: What the colour bar shows.
        legend: Whether a legend stands below.
        details: For each point what opens from its square, such as `interactive.run_detail`; empty for nothing.

    Raises:
        ValueError: Shapes that do not fit, numbers that are not finite where they must be, or a limit not above 0.

    References:
        Luo, Xu, Ma, Zhang, JMLR 22(71), 2021, Fig. 4, whose caption has the axes the wrong way round.
    """
    across, up = checks.numbers("x", x, 1), checks.numbers("y", y, 1)
    values = np.asarray(slopes, np.float64)
    checks.same_length("x", across, "y", up)
    checks.same_length("x", across, "slopes", values)
    if not limit > 0:
        raise ValueError(f"limit must be positive. Got {limit}.")
    known = ~np.isnan(values)
    columns, rows = np.unique(across), np.unique(up)
    mesh = np.full((len(rows), len(columns)), np.nan)
    mesh[np.searchsorted(rows, up[known]), np.searchsorted(columns, across[known])] = values[known]
    image = ax.pcolormesh(
        _edges(columns),
        _edges(rows),
        np.clip(mesh, -limit, limit),
        cmap=LINEAR_TO_CONDENSED,
        norm=Normalize(-limit, limit),
        edgecolors="white",
        linewidth=0.4,
    )
    bar = style.figure_of(ax).colorbar(image, ax=ax, extend="both", pad=0.02)
    bar.set_label(f"{name}, clipped at ±{limit:g}")
    _crosses(ax, across, up, ~known if not_converged is None else np.asarray(not_converged, bool) | ~known)
    if boundary is not None:
        ax.plot(*(checks.numbers("boundary", part, 1) for part in boundary), "k--", lw=1.4, label="theory")
    if stars is not None and np.size(stars[0]):
        look = {"mfc": style.OKABE_ITO["yellow"], "mec": "black", "ms": 10.0, "mew": 0.7}
        ax.plot(*(checks.numbers("stars", part, 1) for part in stars), "*", **look, label="measured slope is 0")
    ax.set_xlim(*_edges(columns)[[0, -1]])
    ax.set_ylim(*_edges(rows)[[0, -1]])
    ax.set_xlabel(labels[0])
    ax.set_ylabel(labels[1])
    if legend:
        legends.legend_below(ax)
    _squares(ax, (across, up, values), (columns, rows), labels, details)
    signs = f"{int(np.sum(values[known] < 0))} negative (red, linear), {int(np.sum(values[known] > 0))} positive (blue)"
    style.describe(ax, f"{name[:1].upper()}{name[1:]} at {len(across)} points: {signs}, {int((~known).sum())} unknown.")


def _squares(
    ax: Axes,
    table: tuple[np.ndarray, np.ndarray, np.ndarray],
    lines: tuple[np.ndarray, np.ndarray],
    labels: tuple[str, str],
    details: Sequence[dict[str, Any] | None],
) -> None:
    """Names the squares of a phase map."""
    edges = [_edges(line) for line in lines]
    spots = []
    for x, y, value, detail in zip(*table, details or [None] * len(table[0]), strict=True):
        (left, right), (bottom, top) = (
            edge[np.searchsorted(line, at) + np.arange(2)] for edge, line, at in zip(edges, lines, (x, y), strict=True)
        )
        what = "unknown" if np.isnan(value) else f"slope {style.readable(value)}"
        words = f"{labels[0]} = {style.readable(x)}, {labels[1]} = {style.readable(y)}: {what}".replace("-", "−")
        spots.append(interactive.Spot((left, bottom, right, top), words, detail))
    interactive.add_spots(ax, spots)


def _apart(widths: np.ndarray) -> list[bool]:
    """Returns which widths can be written under a logarithmic axis side by side, from the largest down."""
    places = np.log(widths) / max(float(np.ptp(np.log(widths))), 1e-9)
    written, last = np.zeros(len(places), dtype=bool), np.inf
    for index in np.argsort(-places):
        if last - places[index] > 0.14:
            written[index], last = True, places[index]
    return written.tolist()


@style.styled
def scaling_lines(
    ax: Axes,
    widths: ArrayLike,
    distances: Mapping[str, ArrayLike],
    *,
    ylabel: str = "relative distance RD(θ_w)",
) -> None:
    """Draws distances against the width on logarithmic axes, each series with its least-squares line.

    Args:
        ax: The axes.
        widths: m, shape (width,).
        distances: Label → distance at each width, shape (width,); NaN where there is none.
        ylabel: What the distances are.

    Raises:
        ValueError: No series, or shapes that do not fit.
    """
    m = checks.numbers("widths", widths, 1)
    if not distances:
        raise ValueError("distances must hold at least one series. Got none.")
    for index, (label, values) in enumerate(distances.items()):
        heights = np.asarray(values, np.float64)
        checks.same_length("widths", m, f"series {label!r}", heights)
        look, known = style.series(index), np.isfinite(heights) & (heights > 0)
        ax.plot(m[known], heights[known], look.marker, color=look.colour, label=label)
        if known.sum() > 1:
            line = np.polyfit(np.log(m[known]), np.log(heights[known]), 1)
            ends = np.array([m[known].min(), m[known].max()])
            ax.plot(ends, np.exp(np.polyval(line, np.log(ends))), color=look.colour, ls=look.line_style, lw=1.2)
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_xticks(m, [f"{width:,.0f}" if written else "" for width, written in zip(m, _apart(m), strict=True)])
    ax.set_xticks([], minor=True)
    ax.set_xlabel("width m")
    ax.set_ylabel(ylabel)
    ax.grid(True, which="major")
    legends.legend_below(ax, columns=2)
    style.describe(ax, f"{ylabel} at widths {m.min():g} to {m.max():g}: {', '.join(distances)}.")


@style.styled
def slope_curves(
    ax: Axes,
    x: ArrayLike,
    curves: Mapping[str, tuple[ArrayLike, Sequence[float | None]]],
    *,
    expected: ArrayLike | None = None,
    expected_name: str = "derived, m → ∞",
    xlabel: str = "γ",
    ylabel: str = "slope S of log RD against log m",
) -> None:
    """Draws slopes with their standard errors over one exponent, beside a line that is expected.

    Args:
        ax: The axes.
        x: The exponent, shape (point,), increasing.
        curves: Label → slopes, shape (point,), NaN where there is none, and their standard errors (None where unknown).
        expected: The expected slope at each x, shape (point,); optional.
        expected_name: Its name in the legend.
        xlabel: Label of the exponent.
        ylabel: Label of the slope.

    Raises:
        ValueError: Shapes that do not fit.
    """
    across = checks.numbers("x", x, 1)
    ax.axhline(0.0, color=style.GREY, lw=0.8)
    if expected is not None:
        ax.plot(across, checks.numbers("expected", expected, 1), "k--", lw=1.2, label=expected_name)
    for index, (label, (values, errors)) in enumerate(curves.items()):
        heights = np.asarray(values, np.float64)
        checks.same_length("x", across, f"curve {label!r}", heights)
        spread = np.array([0.0 if error is None else error for error in errors])
        look = style.series(index)
        ax.errorbar(
            across,
            heights,
            yerr=spread,
            color=look.colour,
            ls=look.line_style,
            marker=look.marker,
            ms=4,
            capsize=2,
            lw=1.2,
            label=label,
        )
    ax.set_xlabel(xlabel)
    ax.set_ylabel(ylabel)
    legends.legend_below(ax)
    style.describe(ax, f"{ylabel} over {xlabel} from {across[0]:g} to {across[-1]:g}: {', '.join(curves)}.")


@style.styled
def feature_cloud(ax: Axes, angle: ArrayLike, amplitude: ArrayLike, *, label: str, index: int) -> None:
    """Adds one cloud of neurons, orientation against amplitude, to those of other widths on the same axes.

    Args:
        ax: The axes.
        angle: atan2(b, w) of each neuron in radians, shape (neuron,).
        amplitude: Amplitude of each in units of the largest, shape (neuron,).
        label: Name of the cloud.
        index: 0, 1, 2, …: which colour and mark it gets.

    Raises:
        ValueError: Shapes that do not fit or numbers that are not finite.

    References:
        Luo, Xu, Ma, Zhang, JMLR 22(71), 2021, Fig. 6.
    """
    angles, heights = wrap(checks.numbers("angle", angle, 1)), checks.numbers("amplitude", amplitude, 1)
    checks.same_length("angle", angles, "amplitude", heights)
    look = style.series(index)
    shape = {"marker": look.marker, "s": 10.0, "linewidths": 0.6, "alpha": 0.6, "zorder": 2 + 0.1 * index}
    ax.scatter(angles, heights, facecolors="none", edgecolors=look.colour, label=label, **shape)
    ax.set_xlim(-np.pi, np.pi)
    ax.set_xticks([quarter * np.pi / 2 for quarter in QUARTERS], list(QUARTERS.values()))
    ax.set_ylim(-0.03, 1.06)
    ax.set_xlabel("orientation of (w, b) (rad)")
    ax.set_ylabel("amplitude / its largest")
    style.describe(ax, f"{len(angles)} neurons of {label}.")


def _crosses(ax: Axes, across: np.ndarray, up: np.ndarray, marked: np.ndarray) -> None:
    if marked.any():
        ax.plot(across[marked], up[marked], "x", color="black", ms=6, mew=1.3, label="not all widths converged")


def _edges(centres: np.ndarray) -> np.ndarray:
    """Returns the edges between neighbouring centres, and as far beyond the outer ones."""
    if len(centres) == 1:
        return np.array([centres[0] - 0.5, centres[0] + 0.5])
    middle = (centres[1:] + centres[:-1]) / 2
    return np.concatenate([[2 * centres[0] - middle[0]], middle, [2 * centres[-1] - middle[-1]]])
