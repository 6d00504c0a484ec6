"""Which neurons do the work: amplitude against orientation, coloured by the group that each neuron ends in."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from condenslab.figures import checks, style
from condenslab.figures.draw import orientation_axis, wrap

_FAINT = "#9A9DA3"
_LOWEST = 1e-12


@style.styled
def grouped_neurons(
    ax: Axes,
    angle: ArrayLike,
    amplitude: ArrayLike,
    groups: ArrayLike,
    names: Sequence[str] = (),
    *,
    threshold: float = 0.05,
    logarithmic: bool = False,
) -> int:
    """Draws each neuron as a point: the angle of (w, b) against its amplitude relative to the largest one.

    Neurons of a group are drawn large in its colour and marker, the others small and grey; a dashed line says what
    counts as strong.

    Args:
        ax: The axes.
        angle: atan2(b, w) of each neuron in radians, shape (m,); taken modulo 2π.
        amplitude: |a|·‖(w, b)‖ of each neuron, shape (m,), not negative.
        groups: Index into `names` of the group of each neuron, −1 for none, shape (m,).
        names: Of the groups, for a legend.
        threshold: What of the largest amplitude counts as strong, in (0, 1).
        logarithmic: Whether amplitudes are on a logarithmic axis; those below 1e-12 of the largest are drawn there.

    Returns:
        How many neurons are strong.

    Raises:
        ValueError: Shapes that do not fit, numbers that are not finite, a negative amplitude, a group without a name.
    """
    turned, heights, member = _checked(angle, amplitude, groups, names)
    largest = float(heights.max())
    relative = heights / largest if largest > 0 else heights
    shown = np.maximum(relative, _LOWEST) if logarithmic else relative
    orientation_axis(ax)
    grey = member < 0
    ax.scatter(turned[grey], shown[grey], s=9, color=_FAINT, alpha=0.6, linewidths=0, label="_others", zorder=2)
    for number, name in enumerate(names):
        look = style.series(number)
        mine = member == number
        ax.scatter(turned[mine], shown[mine], s=55, color=look.colour, marker=look.marker, label=name, zorder=4)
    ax.axhline(threshold, color=style.GREY, linewidth=0.9, linestyle="--", zorder=1)
    strong = int((relative >= threshold).sum()) if largest > 0 else 0
    ax.set_ylabel("amplitude / largest")
    if logarithmic:
        ax.set_yscale("log")
    else:
        ax.set_ylim(-0.04, 1.08)
    style.describe(ax, f"{len(turned)} neurons, {strong} of them above {100 * threshold:g} % of the largest amplitude.")
    return strong


def _checked(
    angle: ArrayLike, amplitude: ArrayLike, groups: ArrayLike, names: Sequence[str]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    turned, heights = wrap(checks.numbers("angle", angle, 1)), checks.numbers("amplitude", amplitude, 1)
    member = checks.numbers("groups", groups, 1).astype(int)
    checks.same_length("angle", turned, "amplitude", heights)
    checks.same_length("angle", turned, "groups", member)
    checks.not_negative("amplitude", heights)
    if member.min() < -1 or member.max() >= len(names):
        raise ValueError(
            f"groups must be -1 or an index into the {len(names)} names. Got {member.min()} to {member.max()}."
        )
    return turned, heights, member
