"""The circle of directions: where neurons of the plane go during training, and what a field on the circle does to them.

Both drawings are of the plane of (w, b) itself: a direction is an angle from the axis of w, seen as an angle.
"""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.patches import Circle
from numpy.typing import ArrayLike

from condenslab.figures import checks, style
from condenslab.figures.draw import wrap

_OUTSIDE = 1.19
_NAMES = {0.0: "0", np.pi / 2: "π/2", np.pi: "±π", -np.pi / 2: "−π/2"}
_FAINT = "#9A9DA3"
_RING, _INNER = 1.0, 0.78
_ARROWS = 48
_MOST_DECADES, _CROWDED, _CANDIDATES = 12.0, 0.3, 32


@style.styled
def polar_courses(
    ax: Axes,
    angle: ArrayLike,
    amplitude: ArrayLike,
    *,
    groups: ArrayLike | None = None,
    names: Sequence[str] = (),
    rays: ArrayLike = (),
    decades: float | None = None,
) -> None:
    """Draws the way of every neuron from start (hollow) to end (filled): its direction as angle, amplitude as radius.

    The radius is logarithmic: the rim is the largest amplitude of all times, the centre lies so many decades below,
    and what is smaller is drawn around the centre.

    Args:
        ax: The axes; its frame and ticks go.
        angle: atan2(b, w) in radians, shape (time, neuron).
        amplitude: |a|·‖(w, b)‖, not negative, shape (time, neuron).
        groups: Index into `names` of the group in which each neuron ends, −1 for none, shape (neuron,).
        names: Of the groups, for a legend.
        rays: Angles of the target's own neurons, shape (k,), drawn as dashed rays.
        decades: Between rim and centre, positive; by default a half more than down to the smaller ones at the start.

    Raises:
        ValueError: Shapes that do not fit, numbers that are not finite, a negative amplitude, or a group without name.
    """
    turned, sizes = checks.numbers("angle", angle, 2), checks.numbers("amplitude", amplitude, 2)
    if turned.shape != sizes.shape:
        raise ValueError(f"amplitude must have the shape of angle {turned.shape}. Got {sizes.shape}.")
    checks.not_negative("amplitude", sizes)
    member = np.full(turned.shape[1], -1) if groups is None else checks.numbers("groups", groups, 1).astype(int)
    checks.same_length("columns of angle", turned.T, "groups", member)
    if member.min() < -1 or member.max() >= len(names):
        raise ValueError(f"groups must be -1 or an index into the {len(names)} names. Got up to {member.max()}.")
    if decades is not None and not decades > 0:
        raise ValueError(f"decades must be positive. Got {decades}.")
    logs = np.log10(np.maximum(sizes / (sizes.max() or 1.0), 10.0**-_MOST_DECADES))
    decades = decades or float(np.clip(0.5 - np.quantile(logs[0], 0.1), 1.0, _MOST_DECADES))
    radius = np.clip(1 + logs / decades, 0.04, 1.0)
    step = max(1, round(decades / 4))
    rings = [(1 - k / decades, style.power("10", -k) if k else "largest") for k in range(0, int(decades), step)]
    _frame(ax, rings, _free(turned[radius > _CROWDED]))
    for ray in np.asarray(rays, dtype=float):
        ax.plot([0, np.cos(ray)], [0, np.sin(ray)], color="black", linewidth=1.0, linestyle="--", zorder=1.5)
    points = np.stack([radius * np.cos(turned), radius * np.sin(turned)], axis=-1)
    for number in (-1, *range(len(names))):
        _courses(ax, points[:, member == number], number, names[number] if number >= 0 else "_others")
    known = f", {int((member >= 0).sum())} of them in {style.counted(len(names), 'group')}" if names else ""
    style.describe(
        ax, f"Ways of {turned.shape[1]} neurons{known}; largest amplitude {style.readable(float(sizes[-1].max()))}."
    )


def _free(taken: np.ndarray) -> float:
    """Returns the angle, of some, that is farthest from all those taken."""
    candidates = np.pi * (np.arange(_CANDIDATES) + 0.5) * 2 / _CANDIDATES
    away = np.abs(wrap(candidates[:, None] - taken)).min(axis=1, initial=np.pi)
    return float(candidates[int(away.argmax())])


def _courses(ax: Axes, points: np.ndarray, number: int, name: str) -> None:
    if not points.shape[1]:
        return
    look = style.series(max(number, 0))
    colour = _FAINT if number < 0 else look.colour
    lines = LineCollection(list(points.transpose(1, 0, 2)), colors=colour, linewidths=0.8, alpha=0.55, zorder=2)
    ax.add_collection(lines)
    marker, size = ("o", 10.0) if number < 0 else (look.marker, 40.0)
    start = {"facecolors": "none", "edgecolors": colour, "linewidths": 0.7}
    ax.scatter(*points[0].T, s=9, zorder=3, label=f"_start {number}", **start)
    ax.scatter(*points[-1].T, s=size, color=colour, marker=marker, zorder=4 + (number >= 0), label=name)


@style.styled
def direction_field(ax: Axes, angles: ArrayLike, turning: ArrayLike, resting: ArrayLike, attracting: ArrayLike) -> None:
    """Draws how a law turns neurons on the circle: outside those with output weight a > 0, inside those with a < 0.

    Every arrow runs along its circle in the direction of the turn, and its length is the speed relative to the fastest
    one. Directions at rest are rays: solid where neurons of one sign gather, dashed where none stays.

    Args:
        ax: The axes; its frame and ticks go.
        angles: Where the law is known, in radians, evenly spaced over the circle, shape (k,).
        turning: dφ/dt of a neuron with a > 0 there, positive if it turns to larger angles, shape (k,).
        resting: Angles at which the law vanishes, shape (j,).
        attracting: Which of them attract, shape (j,).

    Raises:
        ValueError: Shapes that do not fit, or numbers that are not finite.
    """
    places, speed = checks.numbers("angles", angles, 1), checks.numbers("turning", turning, 1)
    checks.same_length("angles", places, "turning", speed)
    rest, gathers = checks.numbers("resting", resting, 1), np.asarray(attracting, dtype=bool)
    checks.same_length("resting", rest, "attracting", gathers)
    _frame(ax)
    for ray, solid in zip(rest, gathers, strict=True):
        look = {"color": "#444444" if solid else _FAINT, "linewidth": 1.5 if solid else 1.0}
        end = np.array([np.cos(ray), np.sin(ray)])
        ax.plot(*np.outer(end, [0.0, 1.06]), linestyle="-" if solid else (0, (4, 3)), zorder=1, **look)
    shown = np.unique(np.linspace(0, len(places) - 1, min(_ARROWS, len(places))).round().astype(int))
    for sign, ring, colour in ((1, _RING, "blue"), (-1, _INNER, "vermillion")):
        _arrows(ax, places[shown], sign * speed[shown], ring, style.OKABE_ITO[colour], "a > 0" if sign > 0 else "a < 0")
    count = int(gathers.sum())
    style.describe(ax, f"{len(rest)} directions at rest, {count} of them attracting.")


def _arrows(ax: Axes, angles: np.ndarray, speed: np.ndarray, ring: float, colour: str, name: str) -> None:
    """Draws arrows whose length is the square root of the speed, so that slow turns are seen too."""
    step = 1.5 * 2 * np.pi / len(angles) * np.sqrt(np.abs(speed) / max(float(np.abs(speed).max()), 1e-300))
    along = np.stack([-np.sin(angles), np.cos(angles)]) * np.sign(speed) * step * ring
    ax.add_patch(Circle((0, 0), ring, fill=False, edgecolor=colour, linewidth=0.5, alpha=0.5, zorder=1.5))
    at = ring * np.stack([np.cos(angles), np.sin(angles)])
    look = {"angles": "xy", "scale_units": "xy", "scale": 1.0, "pivot": "mid", "width": 0.006}
    ax.quiver(*at, *along, color=colour, headwidth=5, headlength=5, headaxislength=4.5, zorder=3, **look, label=name)


def _frame(ax: Axes, rings: Sequence[tuple[float, str]] = (), at: float = 0.0) -> None:
    """Draws the names of four angles, and rings with what they stand for, written in the direction `at`."""
    ax.set_aspect("equal")
    ax.set_axis_off()
    ax.set_xlim(-1.35, 1.35)
    ax.set_ylim(-1.3, 1.3)
    for radius, name in rings:
        ax.add_patch(Circle((0, 0), radius, fill=False, edgecolor="#CCCCCC", linewidth=0.7, zorder=0.5))
        back = {"facecolor": "white", "edgecolor": "none", "pad": 0.8, "alpha": 0.85}
        place = (radius * np.cos(at), radius * np.sin(at))
        ax.text(*place, name, fontsize=8, color=style.GREY, ha="center", va="center", bbox=back, zorder=6)
    for angle, name in _NAMES.items():
        ax.text(_OUTSIDE * np.cos(angle), _OUTSIDE * np.sin(angle), name, fontsize=8, ha="center", va="center")
