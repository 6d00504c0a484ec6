"""Draws the study of the phase diagram from its stored records."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib import patheffects
from matplotlib.axes import Axes

from condenslab import figures
from condenslab.studies.contract.study import Drawing
from condenslab.studies.phase_diagram.cases import PUBLISHED_GAMMAS
from condenslab.studies.phase_diagram.diagram import (
    KINKS,
    OUTPUTS,
    PORTRAIT,
    SAMPLES,
    Point,
    boundary,
    converged,
    orientations,
    points,
    spaced,
    zero_line,
)
from condenslab.studies.shared.cells import cell_runs
from condenslab.sweeps import Record

SCHEMES = {"LeCun, He": (0.5, 0.5), "NTK": (0.5, 0.0), "Xavier, mean-field": (1.0, 0.0)}
"""(γ, γ′) of the named schemes. Luo, Xu, Ma, Zhang, JMLR 22(71), 2021, Table 1."""


def drawings(records: Sequence[Record]) -> list[Drawing]:
    """Returns the figures of a run; what was not computed is left out.

    Args:
        records: The records, in any order.
    """
    drawn = [
        _diagram(records, "square", "The phase diagram", "x² at four points, anti-symmetric start"),
        _slopes(records),
        _exponents(records),
        _features(records),
        _diagram(records, "digits", "The same on images", "scikit-learn's 8 × 8 digits, the label as target"),
    ]
    return [drawing for drawing in drawn if drawing is not None]


def derived_slope(gamma: float, gamma_prime: float) -> float:
    """Returns the slope of a scaling argument, for context: it is derived, not published.

    Args:
        gamma: γ.
        gamma_prime: γ′.
    """
    if gamma < boundary(gamma_prime):
        if gamma_prime <= 0:
            return gamma - 1
        return gamma - 1 - 2 * gamma_prime if gamma < 1 else 2 * (gamma - 1 - gamma_prime)
    return gamma - 1 if gamma - 1 <= -gamma_prime else (gamma - 1 - gamma_prime) / 2


def _diagram(records: Sequence[Record], data: str, title: str, what: str) -> Drawing | None:
    diagram = points(records, data)
    rows = {point.gamma_prime for point in diagram}
    if len(rows) < 2:
        return None
    figure, axes = figures.panels(1, 1, width=7.2, height=4.6)
    line = {prime: gamma for prime, gamma in zero_line(diagram).items() if gamma is not None}
    low, high = min(rows) - 0.2, max(rows) + 0.2
    up = np.array([low, 0.0, high]) if low < 0 < high else np.array([low, high])
    figures.phase_map(
        axes[0, 0],
        [point.gamma for point in diagram],
        [point.gamma_prime for point in diagram],
        [np.nan if point.slope is None else point.slope.value for point in diagram],
        boundary=([boundary(prime) for prime in up], up),
        stars=(list(line.values()), list(line)),
        not_converged=[bool(point.missing) for point in diagram],
        details=_portraits(records, data, diagram),
    )
    _names(axes[0, 0], schemes=data == "square")
    named = "; diamonds: where named schemes lie" if data == "square" else ""
    runs = [r for r in records if r.case["kind"] == "point" and r.case["data"] == data]
    widths = sorted({r.case["width"] for r in runs if not r.case["keep"]})
    caption = (
        f"Slope of log RD(θ_w) against log m over γ and γ′, {what}, widths {', '.join(map(str, widths))}, runs to risk "
        f"{figures.readable(runs[0].case['risk'])}. Red: the input weights move less the wider the network is "
        "(linear); blue: more (condensed). Stars: zero of the slope by linear interpolation over γ; dashed: the "
        f"boundary that is proved for m → ∞{named}. {_endings(runs)} Widths that did not converge are left out of a "
        "slope, and the point is crossed."
    )
    return Drawing(title, caption, figure)


def _portraits(records: Sequence[Record], data: str, diagram: Sequence[Point]) -> list[dict[str, Any] | None]:
    """Returns for every point the function and neurons of its widest run that kept them, or how far each run moved."""
    runs = [r for r in records if r.case["kind"] == "point" and r.case["data"] == data]
    kept = [r for r in runs if "function" in r.arrays]
    widest = {
        (r.case["gamma"], r.case["gamma_prime"]): r
        for r in sorted(kept, key=lambda r: (not r.case["keep"], r.case["width"], -r.case["seed"]))
    }
    found = [widest.get((point.gamma, point.gamma_prime)) for point in diagram]
    cells = [
        [
            r
            for r in runs
            if (r.case["gamma"], r.case["gamma_prime"]) == (point.gamma, point.gamma_prime) and not r.case["keep"]
        ]
        for point in diagram
    ]
    moved = cell_runs(
        "relative distance of the input weights",
        {(0, k): filter(converged, sorted(own, key=lambda r: r.case["width"])) for k, own in enumerate(cells)},
        lambda record: record.values["input_distance"],
        word=lambda record: f"width {record.case['width']}, seed {record.case['seed']}",
    )
    return [
        moved.get((0, k)) if record is None else _portrait(record, (SAMPLES, SAMPLES**2))
        for k, record in enumerate(found)
    ]


def _portrait(record: Record, samples: tuple[np.ndarray, np.ndarray]) -> dict[str, Any]:
    function, some = record.arrays["function"], spaced(len(record.arrays["angle"]), PORTRAIT)
    points = spaced(len(function), OUTPUTS)
    return figures.run_detail(
        np.linspace(-0.5, 0.5, len(function))[points],
        function[points],
        samples=samples,
        angle=record.arrays["angle"][some],
        amplitude=record.arrays["amplitude"][some],
    )


def _names(ax: Axes, *, schemes: bool) -> None:
    """Writes the names of the two regimes and, if asked, of the named schemes, on the diagram where they lie."""
    outline = [patheffects.withStroke(linewidth=2.5, foreground="white")]
    look = {"fontsize": 9.0, "color": "black", "path_effects": outline, "zorder": 6}
    for name, spot in (("linear regime", (0.03, 0.05)), ("condensed regime", (0.66, 0.05))):
        ax.text(*spot, name, transform=ax.transAxes, style="italic", **look)
    if not schemes:
        return
    for name, (gamma, gamma_prime) in SCHEMES.items():
        ax.plot(gamma, gamma_prime, "D", mfc="white", mec="black", ms=6.0, zorder=6, label=f"_{name}", clip_on=False)
        ax.annotate(name, (gamma, gamma_prime), (7, 6), textcoords="offset points", **look)
    (left, right), (low, high) = ax.get_xlim(), ax.get_ylim()
    across, up = zip(*SCHEMES.values(), strict=True)
    ax.set_xlim(min(left, min(across) - 0.05), right)
    ax.set_ylim(low, max(high, max(up) + 0.1))
    places = "; ".join(f"{name} at γ = {gamma}, γ′ = {prime}" for name, (gamma, prime) in SCHEMES.items())
    figures.describe(ax, f"Named schemes: {places}.")


def _endings(records: Sequence[Record]) -> str:
    """Returns in words how many runs ended how."""
    failed: dict[str, int] = {}
    for record in records:
        if not converged(record):
            stop = record.values.get("stop") or record.values.get("fate") or record.status
            words = str(stop).lower().replace("_", " ")
            failed[words] = failed.get(words, 0) + 1
    good = len(records) - sum(failed.values())
    others = "".join(f", {count}: {words}" for words, count in failed.items())
    return f"{good} of {len(records)} runs converged{others}."


def _slopes(records: Sequence[Record]) -> Drawing | None:
    plain = [r for r in records if r.case["kind"] == "point" and r.case["data"] == "square" and not r.case["keep"]]
    widths = sorted({r.case["width"] for r in plain})
    series: dict[str, np.ndarray] = {}
    for gamma in PUBLISHED_GAMMAS:
        good = [r for r in plain if r.case["gamma"] == gamma and r.case["gamma_prime"] == 0 and converged(r)]
        by_width = [[r.values["input_distance"] for r in good if r.case["width"] == m] for m in widths]
        means = np.array([np.exp(np.mean(np.log(row))) if row else np.nan for row in by_width])
        known = np.isfinite(means)
        if known.sum() > 1:
            slope = np.polyfit(np.log(np.array(widths)[known]), np.log(means[known]), 1)[0]
            series[f"γ = {figures.readable(gamma)}, slope {slope:.3f}".replace("-", "−")] = means
    if not series:
        return None
    figure, axes = figures.panels(1, 1, width=6.0, height=4.0)
    measured = np.isfinite(np.array(list(series.values()))).any(axis=0)
    figures.scaling_lines(
        axes[0, 0], np.array(widths)[measured], {label: means[measured] for label, means in series.items()}
    )
    seeds = len({r.case["seed"] for r in plain})
    caption = (
        f"Relative distance of the input weights at the end of training against the width, γ′ = 0, geometric mean of "
        f"{figures.counted(seeds, 'seed')}. Published slopes for widths 1000 to 40000: −0.506, 0.007, 0.372."
    )
    return Drawing("How far the input weights move", caption, figure)


def _exponents(records: Sequence[Record]) -> Drawing | None:
    diagram = points(records, "square")
    rows = sorted({point.gamma_prime for point in diagram})
    shown = [rows[0], 0.0, rows[-1]] if rows and rows[0] < 0 < rows[-1] else rows[:3]
    chosen = [(prime, [p for p in diagram if p.gamma_prime == prime]) for prime in dict.fromkeys(shown)]
    chosen = [(prime, row) for prime, row in chosen if len(row) > 2]
    if not chosen:
        return None
    figure, axes = figures.panels(1, len(chosen), width=4.0, height=3.6)
    for ax, (prime, row) in zip(axes[0], chosen, strict=True):
        figures.slope_curves(
            ax,
            [p.gamma for p in row],
            {
                "measured": (
                    [_number(p) for p in row],
                    [None if p.slope is None else p.slope.standard_error for p in row],
                )
            },
            expected=[derived_slope(p.gamma, prime) for p in row],
        )
        figures.title(ax, f"γ′ = {figures.readable(prime)}")
    caption = (
        "Measured slopes with their standard errors against the exponents of a scaling argument (dashed), which is "
        "derived, not published, and holds for m → ∞. Near the boundary finite widths round the corner off."
    )
    return Drawing("Slopes beside derived exponents", caption, figure)


def _number(point: Point) -> float:
    return np.nan if point.slope is None else point.slope.value


def _features(records: Sequence[Record]) -> Drawing | None:
    kept = [r for r in records if r.case["kind"] == "point" and r.case["keep"] and r.status == "done"]
    first = min((r.case["seed"] for r in kept), default=None)
    shown = sorted((r for r in kept if r.case["seed"] == first), key=lambda r: r.case["gamma"])
    if not shown:
        return None
    figure, axes = figures.panels(2, len(shown), width=3.8, height=3.5)
    for column, record in enumerate(shown):
        a = record.arrays
        grid = np.linspace(-0.5, 0.5, len(a["function"]))
        figures.function_curves(axes[0, column], grid, {"network": a["function"]}, samples=(SAMPLES, SAMPLES**2))
        figures.title(axes[0, column], f"γ = {figures.readable(record.case['gamma'])}")
        largest, before = a["amplitude"].max(), a["initial_amplitude"].max()
        figures.orientation_amplitude(
            axes[1, column],
            a["angle"],
            a["amplitude"] / largest,
            initial_angle=a["initial_angle"],
            initial_amplitude=a["initial_amplitude"] / before,
        )
        axes[1, column].set_ylabel("amplitude / its largest")
    last = ", ".join(f"{angle:.3f}" for angle in orientations(shown[-1]))
    caption = (
        f"Width {shown[0].case['width']}, γ′ = 0, seed {first}. Above: the function after training. Below: neurons "
        "before (hollow) and after (filled), each cloud in units of its largest amplitude. At the largest γ the strong "
        f"neurons point to {last} rad; kinks at the samples ±1/6 are {KINKS[0]:.3f} and {KINKS[1]:.3f} rad."
    )
    return Drawing("From jagged to piecewise linear", caption, figure)
