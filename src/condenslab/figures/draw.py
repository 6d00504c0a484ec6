"""What neurons look like: orientation against amplitude, and the cosines between them.

Every function draws numpy arrays on axes that the caller made (`panels` makes some), checks them first, and knows no
network. A hollow mark is an initial value, a filled one a final value, in every figure.
"""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter
from numpy.typing import ArrayLike

from condenslab.figures import checks, interactive, legends, style
from condenslab.figures.orders import neuron_orders

QUARTERS = {-2: "−π", -1: "−π/2", 0: "0", 1: "π/2", 2: "π"}
_OVERLAP = 0.35
_FAINTEST = 1e-12


def wrap(angle: np.ndarray) -> np.ndarray:
    """Returns the same directions as angles in [−π, π).

    Args:
        angle: Angles in radians, any shape.

    Example:
        >>> float(wrap(np.array(1.5 * np.pi)) / np.pi)
        -0.5
    """
    wrapped = np.mod(np.asarray(angle, dtype=np.float64) + np.pi, 2 * np.pi) - np.pi
    return np.where(wrapped >= np.pi, -np.pi, wrapped)


@style.styled
def orientation_amplitude(
    ax: Axes,
    angle: ArrayLike,
    amplitude: ArrayLike,
    *,
    initial_angle: ArrayLike | None = None,
    initial_amplitude: ArrayLike | None = None,
    logarithmic: bool = False,
) -> None:
    """Draws each neuron as a point: the angle of (w, b) against the amplitude |a|·‖(w, b)‖.

    The axis of angles is a circle cut open at ±π. What lies near the cut is repeated, fainter, in a grey margin beyond
    the other end, so that a group at ±π is seen whole.

    Args:
        ax: The axes.
        angle: atan2(b, w) of each neuron in radians, shape (m,); taken modulo 2π.
        amplitude: |a|·‖(w, b)‖ of each neuron, shape (m,), not negative.
        initial_angle: The same before training, shape (k,), drawn hollow; optional.
        initial_amplitude: The same before training, shape (k,); needed with `initial_angle`.
        logarithmic: Whether amplitudes are drawn on a logarithmic axis. Those below 1e-12 of the largest (zero too)
            are then drawn at that level.

    Raises:
        ValueError: Shapes that do not fit, numbers that are not finite, a negative amplitude, one initial array alone.

    References:
        Luo, Xu, Ma, Zhang, JMLR 22(71), 2021, section 3.1 and Fig. 2.
    """
    if (initial_angle is None) != (initial_amplitude is None):
        raise ValueError("initial_angle and initial_amplitude must be given together. Got only one of them.")
    clouds = []
    if initial_angle is not None and initial_amplitude is not None:
        clouds.append(("initial", *_cloud("initial_", initial_angle, initial_amplitude)))
    clouds.append(("final", *_cloud("", angle, amplitude)))
    largest = max(float(heights.max()) for _, _, heights in clouds)
    orientation_axis(ax)
    for name, angles, heights in clouds:
        drawn = np.maximum(heights, _FAINTEST * largest) if logarithmic else heights
        _scatter(ax, name, angles, drawn)
        style.describe(ax, f"{len(angles)} {name} neurons, largest amplitude {style.readable(heights.max())}.")
    _amplitude_axis(ax, largest, logarithmic)
    if len(clouds) > 1:
        legends.legend_below(ax)


def _cloud(prefix: str, angle: ArrayLike, amplitude: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    angles = checks.numbers(f"{prefix}angle", angle, 1)
    amplitudes = checks.numbers(f"{prefix}amplitude", amplitude, 1)
    checks.same_length(f"{prefix}angle", angles, f"{prefix}amplitude", amplitudes)
    checks.not_negative(f"{prefix}amplitude", amplitudes)
    return wrap(angles), amplitudes


def orientation_axis(ax: Axes) -> None:
    """Makes the x axis one of orientations: a circle cut open at ±π, with grey margins for what is repeated there."""
    for start, end in ((-np.pi - _OVERLAP, -np.pi), (np.pi, np.pi + _OVERLAP)):
        ax.axvspan(start, end, color="#EEEEEE", linewidth=0, zorder=0)
    ax.set_xlim(-np.pi - _OVERLAP, np.pi + _OVERLAP)
    ax.set_xticks([quarter * np.pi / 2 for quarter in QUARTERS], list(QUARTERS.values()))
    ax.set_xlabel("orientation of (w, b) (rad)")


def _amplitude_axis(ax: Axes, largest: float, logarithmic: bool) -> None:
    ax.set_ylabel("amplitude |a|·‖(w, b)‖")
    if logarithmic and largest > 0:
        ax.set_yscale("log")
    else:
        ax.set_ylim(*((-0.03 * largest, 1.06 * largest) if largest > 0 else (-0.05, 1.0)))


def _scatter(ax: Axes, name: str, angles: np.ndarray, heights: np.ndarray) -> None:
    colour = style.OKABE_ITO["blue" if name == "initial" else "vermillion"]
    face = "none" if name == "initial" else colour
    look = {"marker": "o", "s": 20.0, "facecolors": face, "edgecolors": colour, "linewidths": 0.8}
    ax.scatter(angles, heights, **look, alpha=0.75, label=name, zorder=3)
    over = np.abs(angles) > np.pi - _OVERLAP
    if over.any():
        beyond = angles[over] - 2 * np.pi * np.sign(angles[over])
        ax.scatter(beyond, heights[over], **look, alpha=0.3, label=f"_{name} again", zorder=2)


@style.styled
def cosine_heatmap(
    ax: Axes,
    cosine: ArrayLike,
    *,
    order: ArrayLike | None = None,
    times: ArrayLike | None = None,
    colour_bar: bool = True,
) -> np.ndarray:
    """Draws the cosine similarity of every two neurons, ordered so that groups become blocks.

    Rows and columns are ordered by the entries of the leading eigenvector of the matrix; equal entries (six decimals)
    by those of the next eigenvector; or as the caller says. The range is −1 to +1 and the diagonal is +1.

    Args:
        ax: The axes.
        cosine: u·v / (‖u‖‖v‖) of every two input weight vectors, shape (m, m). A neuron of norm 0 has no cosine and
            must be left out by the caller.
        order: The neurons from top to bottom and left to right, shape (m,), such as by angle; a permutation.
        times: When each neuron came to stay, shape (m,), not NaN: an order to look at besides, on the page.
        colour_bar: Whether a colour bar is drawn beside it; leave it out where several maps share one.

    Returns:
        The order of the neurons, top to bottom and left to right, shape (m,).

    Raises:
        ValueError: Not square, not symmetric, not finite, an entry beyond ±1, a diagonal that is not 1, or an order
            that is no permutation.

    References:
        The ordering is that of P6 App. B.1 and of the lecture notebooks (`dlphenomena/condensation`).
    """
    matrix = _cosine_matrix(cosine)
    wanted = _block_order(matrix) if order is None else _permutation(order, len(matrix))
    image = ax.imshow(
        matrix[np.ix_(wanted, wanted)],
        cmap=style.DIVERGING,
        vmin=-1.0,
        vmax=1.0,
        aspect="equal",
        interpolation="nearest",
    )
    ax.set_xlabel("neuron (ordered)")
    ax.set_ylabel("neuron (ordered)")
    ax.spines[:].set_visible(True)
    _index_ticks(ax, len(wanted))
    if colour_bar:
        bar = style.figure_of(ax).colorbar(image, ax=ax, ticks=[-1, -0.5, 0, 0.5, 1], shrink=0.9, pad=0.03)
        bar.set_label("cosine similarity")
        bar.outline.set_linewidth(0.6)
    came = None if times is None else np.asarray(times, dtype=float)
    if came is not None and came.shape != (len(matrix),):
        raise ValueError(f"times must have one entry a neuron ({len(matrix)}). Got shape {came.shape}.")
    if orders := neuron_orders(matrix, came):
        interactive.attach(ax, "orders", orders)
    off_diagonal = matrix[~np.eye(len(matrix), dtype=bool)]
    alike = 100 * float(np.mean(np.abs(off_diagonal) > 0.95)) if off_diagonal.size else 0.0
    style.describe(ax, f"{len(wanted)} neurons; {alike:.0f} % of the pairs have a cosine beyond ±0.95.")
    return wanted


def _permutation(order: ArrayLike, size: int) -> np.ndarray:
    wanted = checks.numbers("order", order, 1).astype(int)
    if sorted(wanted.tolist()) != [*range(size)]:
        raise ValueError(f"order must name each of the {size} neurons once. Got {len(wanted)} entries that do not.")
    return wanted


def _cosine_matrix(cosine: ArrayLike) -> np.ndarray:
    matrix = checks.numbers("cosine", cosine, 2)
    if matrix.shape[0] != matrix.shape[1]:
        raise ValueError(f"cosine must be square. Got shape {matrix.shape}.")
    tolerance = 1e-5
    if np.abs(matrix).max() > 1 + tolerance:
        raise ValueError(f"cosine must lie in [-1, 1]. Got {matrix.flat[np.abs(matrix).argmax()]:g}.")
    diagonal = np.diagonal(matrix)
    if np.abs(diagonal - 1).max() > tolerance:
        raise ValueError(f"the diagonal of cosine must be 1. Got {diagonal[np.abs(diagonal - 1).argmax()]:g}.")
    if np.abs(matrix - matrix.T).max() > tolerance:
        raise ValueError(f"cosine must be symmetric. Got a difference of {np.abs(matrix - matrix.T).max():g}.")
    return np.clip(matrix, -1.0, 1.0)


def _block_order(matrix: np.ndarray) -> np.ndarray:
    _, vectors = np.linalg.eigh(matrix)
    leading, second = (_one_sign(vectors[:, -min(rank, len(matrix))]) for rank in (1, 2))
    return np.lexsort((second, np.round(leading, 6)))


def _one_sign(vector: np.ndarray) -> np.ndarray:
    return vector * (np.sign(vector[np.abs(vector).argmax()]) or 1.0)


def _index_ticks(ax: Axes, size: int) -> None:
    ticks = sorted({0, (size - 1) // 2, size - 1})
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_locator(FixedLocator(ticks))
        axis.set_major_formatter(FuncFormatter(lambda index, _: f"{round(index) + 1}"))
