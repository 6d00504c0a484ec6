"""Draws how neurons turn at leading order: the polynomial of degree p on the circle of directions, and its slope."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from condenslab import figures
from condenslab.studies.contract.study import Drawing
from condenslab.studies.initial_condensation.cases import MULTIPLICITY, PLANE, plane_target
from condenslab.sweeps import Record

FIELD = "How neurons turn at leading order"
"""Title of the drawing."""

_ANGLES = np.linspace(-np.pi, np.pi, 361)
_NAMES = {"x_tanh": "x·tanh x", "x2_tanh": "x²·tanh x"}


def field(records: Sequence[Record]) -> Drawing | None:
    """Returns the field of the leading order for evenly spaced samples, one panel an activation with a multiplicity.

    Args:
        records: The records, in any order.
    """
    done = [r for r in records if r.status == "done" and r.case["kind"] == "plane" and r.case["design"] == "grid"]
    runs: dict[str, Record] = {}
    for record in sorted(done, key=lambda r: r.case["seed"]):
        if "growing" in record.arrays:
            runs.setdefault(record.case["activation"], record)
    chosen = sorted(runs.items(), key=lambda item: MULTIPLICITY[item[0]])[:4]
    if not chosen:
        return None
    figure, axes = figures.panels(2, len(chosen), width=3.5, height=3.4)
    for (name, run), (circle, line) in zip(chosen, axes.T, strict=True):
        degree = MULTIPLICITY[name]
        _circle(circle, run, degree)
        count = int(run.arrays["growing"].sum())
        figures.title(circle, f"{_NAMES.get(name, name)}, p = {degree}: {count} attracting")
        _polynomial(line, run, degree)
    figures.legend_below(axes[1, len(chosen) // 2])
    caption = (
        "One input, 40 evenly spaced samples of sin 3x + ½ sin 6x. Above: the plane of (w, b); arrows are how gradient "
        "flow turns a neuron of small weights, outer ring with output weight a > 0, inner ring with a < 0 (length: "
        "root of the speed); solid rays attract, dashed ones do not; dots are the neurons trained by Adam for "
        f"{chosen[0][1].case['steps']:,} epochs, first seed, radius their amplitude relative to the largest (Adam "
        "follows the signs of the gradient and may stop beside a ray). Below: V(u) = Σ y (u·x)ᵖ / p, a polynomial of "
        "degree p of the direction, whose slope is that field: at most 2p local maxima of |V|."
    )
    return Drawing(FIELD, caption, figure)


def _circle(ax: Axes, run: Record, degree: int) -> None:
    arrays = run.arrays
    turning = np.gradient(polynomial(_ANGLES, degree), _ANGLES)
    figures.direction_field(ax, _ANGLES[:-1], turning[:-1], arrays["predicted"], arrays["growing"])
    radius = 0.62 * arrays["amplitudes"] / arrays["amplitudes"].max()
    at = radius * np.stack([np.cos(arrays["angles"]), np.sin(arrays["angles"])])
    ax.scatter(*at, s=16, color="black", alpha=0.55, linewidths=0, zorder=4, label="neuron")


def _polynomial(ax: Axes, run: Record, degree: int) -> None:
    values = polynomial(_ANGLES, degree)
    scale = float(np.abs(values).max())
    ax.plot(_ANGLES, values / scale, color="black", linewidth=1.6, label="V")
    ax.axhline(0.0, color="#CCCCCC", linewidth=0.8, zorder=0)
    attracting = figures.wrap(run.arrays["predicted"][run.arrays["growing"]])
    heights = np.interp(attracting, _ANGLES, values / scale)
    for positive, colour, marker, sign in ((True, "blue", "^", ">"), (False, "vermillion", "v", "<")):
        mine = (heights > 0) == positive
        look = {"color": figures.OKABE_ITO[colour], "marker": marker, "linestyle": "none", "markersize": 7}
        ax.plot(attracting[mine], heights[mine], label=f"attracts a {sign} 0", zorder=3, **look)
    ax.set_xticks([-np.pi, -np.pi / 2, 0, np.pi / 2, np.pi], ["−π", "−π/2", "0", "π/2", "π"])
    ax.set_xlabel("orientation of (w, b) (rad)")
    ax.set_ylabel("V / largest |V|")
    figures.describe(ax, f"A polynomial of degree {degree} with {len(attracting)} local maxima of its size.")


def polynomial(angles: np.ndarray, degree: int) -> np.ndarray:
    """Returns V(u) = Σ y (u·x)^p / p at directions u of the plane, for the samples of the study's even design.

    Args:
        angles: Of u, in radians, shape (k,).
        degree: p.
    """
    x = np.linspace(*PLANE)
    seen = np.outer(np.cos(angles), x) + np.sin(angles)[:, None]
    return seen**degree @ plane_target(x) / degree
