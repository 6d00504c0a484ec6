"""A training run to play with: the output and the neurons side by side, at the time that a slider chooses."""

from typing import Any, NamedTuple

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike
from plotly.subplots import make_subplots

from condenslab.figures import checks
from condenslab.figures.draw import QUARTERS, wrap
from condenslab.figures.style import GREY, OKABE_ITO, readable

_FRAMES = 40
_NEURONS = 500
_DECADES = 12


class _Film(NamedTuple):
    """The checked record: grid (n,), output (T, n), angle and amplitude (T, m), time and risk (T,), target (n,)."""

    grid: np.ndarray
    output: np.ndarray
    angle: np.ndarray
    amplitude: np.ndarray
    time: np.ndarray
    risk: np.ndarray
    target: np.ndarray | None


def trajectory_player(
    x: ArrayLike,
    outputs: ArrayLike,
    angles: ArrayLike,
    amplitudes: ArrayLike,
    times: ArrayLike,
    risk: ArrayLike,
    target: ArrayLike | None = None,
) -> go.Figure:
    """Shows training as a film: the output over x beside the neurons' orientations and amplitudes, above the risk.

    A slider and a play button choose the time; it opens on the last one. To keep the page small, numbers are stored in
    single precision, at most 40 of the recorded times are frames (evenly by index, first and last included) and at most
    500 neurons are shown (evenly by rank of the final amplitude, the largest and smallest included). Amplitudes are
    logarithmic; those below 1e-12 of the largest are drawn at that level.

    Args:
        x: The grid, shape (n,), in increasing order.
        outputs: The network's output on the grid at each time, shape (T, n).
        angles: atan2(b, w) of each neuron in radians at each time, shape (T, m); taken modulo 2π.
        amplitudes: |a|·‖(w, b)‖ of each neuron at each time, shape (T, m), not negative.
        times: Times of the record, shape (T,), not negative, in increasing order.
        risk: The risk at those times, shape (T,), not negative. Zero times and risks are not drawn.
        target: The target on the grid, shape (n,); optional.

    Returns:
        A plotly figure with one frame a time.

    Raises:
        ValueError: Shapes that do not fit, numbers that are not finite or negative, a grid or times out of order.
    """
    film = _checked(x, outputs, angles, amplitudes, times, risk, target)
    shown = _evenly(film.angle.shape[1], _NEURONS, np.argsort(film.amplitude[-1], kind="stable"))
    film = film._replace(angle=film.angle[:, shown], amplitude=film.amplitude[:, shown])
    moments = _evenly(len(film.time), _FRAMES)
    figure = _stage(film)
    figure.frames = [
        go.Frame(name=str(number), data=_state(film, moment), traces=[0, 1, 2]) for number, moment in enumerate(moments)
    ]
    labels = [readable(float(film.time[moment])) for moment in moments]
    figure.update_layout(
        sliders=[_slider(labels)], updatemenus=[_buttons()], meta={"description": _words(film, labels)}
    )
    return figure


def _checked(
    x: ArrayLike,
    outputs: ArrayLike,
    angles: ArrayLike,
    amplitudes: ArrayLike,
    times: ArrayLike,
    risk: ArrayLike,
    target: ArrayLike | None,
) -> _Film:
    lines = {"x": x, "times": times, "risk": risk} | ({} if target is None else {"target": target})
    line = {name: checks.numbers(name, values, 1) for name, values in lines.items()}
    sheets = {"outputs": outputs, "angles": angles, "amplitudes": amplitudes}
    sheet = {name: checks.numbers(name, values, 2) for name, values in sheets.items()}
    for name, array in (("risk", line["risk"]), *sheet.items()):
        checks.same_length("times", line["times"], name, array)
    for name, array in (("each row of outputs", sheet["outputs"][0]), ("target", line.get("target", line["x"]))):
        checks.same_length("x", line["x"], name, array)
    checks.same_length("each row of angles", sheet["angles"][0], "each row of amplitudes", sheet["amplitudes"][0])
    for name, array in (("times", line["times"]), ("risk", line["risk"]), ("amplitudes", sheet["amplitudes"])):
        checks.not_negative(name, array)
    for name in ("x", "times"):
        checks.rising(name, line[name])
    size = np.maximum(sheet["amplitudes"], sheet["amplitudes"].max() * 10.0**-_DECADES)
    return _Film(
        line["x"], sheet["outputs"], wrap(sheet["angles"]), size, line["times"], line["risk"], line.get("target")
    )


def _evenly(size: int, most: int, order: np.ndarray | None = None) -> np.ndarray:
    chosen = np.unique(np.linspace(0, size - 1, min(size, most)).round().astype(int))
    return chosen if order is None else np.sort(order[chosen])


def _points(x: np.ndarray, y: np.ndarray, **look: Any) -> go.Scatter:
    return go.Scatter(x=x.astype(np.float32), y=y.astype(np.float32), **look)


def _state(film: _Film, moment: int) -> list[go.Scatter]:
    now = slice(moment, moment + 1)
    return [
        go.Scatter(y=film.output[moment].astype(np.float32)),
        _points(film.angle[moment], film.amplitude[moment]),
        _points(film.time[now], film.risk[now]),
    ]


def _stage(film: _Film) -> go.Figure:
    """Draws the last moment, with the axes fixed to the whole film."""
    figure = make_subplots(
        rows=2,
        cols=2,
        specs=[[{}, {}], [{"colspan": 2}, None]],
        row_heights=[0.68, 0.32],
        vertical_spacing=0.17,
        horizontal_spacing=0.15,
    )
    red = OKABE_ITO["vermillion"]
    dot = {"color": red, "size": 7, "opacity": 0.6, "line": {"color": "white", "width": 0.5}}
    diamond = {"color": red, "size": 12, "symbol": "diamond", "line": {"color": "black", "width": 1}}
    looks = (
        {"mode": "lines", "name": "output", "line": {"color": OKABE_ITO["blue"], "width": 3, "simplify": False}},
        {"mode": "markers", "name": "neurons", "marker": dot, "hovertemplate": "%{x:.3f} rad, %{y:.3g}"},
        {"mode": "markers", "name": "now", "marker": diamond, "hovertemplate": "t = %{x:.3g}, risk %{y:.3g}"},
    )
    places = ((1, 1), (1, 2), (2, 1))
    last = len(film.time) - 1
    for trace, look, (row, column) in zip(_state(film, last), looks, places, strict=True):
        figure.add_trace(trace.update(look), row=row, col=column)
    figure.data[0].x = film.grid.astype(np.float32)
    if film.target is not None:
        dashes = {"color": "black", "width": 1.5, "dash": "dash"}
        figure.add_trace(_points(film.grid, film.target, mode="lines", name="target", line=dashes), row=1, col=1)
    curve = {"mode": "lines", "name": "risk", "line": {"color": GREY, "width": 2}, "hoverinfo": "skip"}
    drawn = (film.time > 0) & (film.risk > 0)
    figure.add_trace(_points(film.time[drawn], film.risk[drawn], **curve), row=2, col=1)
    _fix_axes(figure, film)
    return figure


def _fix_axes(figure: go.Figure, film: _Film) -> None:
    heights = np.concatenate([film.output.ravel(), [] if film.target is None else film.target])
    margin = 0.06 * (np.ptp(heights) or 1.0)
    figure.update_xaxes(title_text="input x", row=1, col=1)
    figure.update_yaxes(title_text="output f(x)", range=[heights.min() - margin, heights.max() + margin], row=1, col=1)
    figure.update_xaxes(
        title_text="orientation of (w, b) (rad; −π is π)",
        range=[-np.pi - 0.15, np.pi + 0.15],
        tickvals=[quarter * np.pi / 2 for quarter in QUARTERS],
        ticktext=list(QUARTERS.values()),
        row=1,
        col=2,
    )
    figure.update_yaxes(title_text="amplitude |a|·‖(w, b)‖", row=1, col=2, **_decades(film.amplitude))
    figure.update_xaxes(title_text="time t", row=2, col=1, **_decades(film.time))
    figure.update_yaxes(title_text="risk R", row=2, col=1, **_decades(film.risk))
    lines = {"showline": True, "linecolor": "#444444", "ticks": "outside", "gridcolor": "#E5E5E5", "zeroline": False}
    figure.update_xaxes(**lines)
    figure.update_yaxes(**lines)
    figure.update_layout(
        height=600,
        showlegend=False,
        paper_bgcolor="white",
        plot_bgcolor="white",
        font={"family": "system-ui, sans-serif", "size": 13, "color": "#222222"},
        margin={"l": 70, "r": 20, "t": 20, "b": 10},
        autosize=True,
    )


def _decades(values: np.ndarray) -> dict[str, Any]:
    """Returns a logarithmic axis around the positive values; an axis without any stays linear."""
    positive = values[values > 0]
    if not positive.size:
        return {}
    low, high = np.log10(positive.min()), np.log10(positive.max())
    margin = 0.05 * (high - low) or 0.5
    return {
        "type": "log",
        "range": [low - margin, high + margin],
        "exponentformat": "power",
        "nticks": 6,
        "tickfont": {"size": 11},
    }


def _slider(labels: list[str]) -> dict[str, Any]:
    jump = {"mode": "immediate", "frame": {"duration": 0, "redraw": False}, "transition": {"duration": 0}}
    steps = [
        {"method": "animate", "label": label, "args": [[str(number)], jump]} for number, label in enumerate(labels)
    ]
    return {
        "active": len(labels) - 1,
        "steps": steps,
        "currentvalue": {"prefix": "time t = ", "font": {"size": 15}, "xanchor": "right"},
        "x": 0.16,
        "len": 0.84,
        "y": -0.1,
        "pad": {"t": 30},
    }


def _buttons() -> dict[str, Any]:
    play = {"fromcurrent": True, "frame": {"duration": 250, "redraw": False}, "transition": {"duration": 0}}
    stop = {"mode": "immediate", "frame": {"duration": 0, "redraw": False}}
    return {
        "type": "buttons",
        "direction": "left",
        "showactive": False,
        "x": 0.0,
        "xanchor": "left",
        "y": -0.1,
        "yanchor": "top",
        "pad": {"t": 38},
        "buttons": [
            {"label": "▶", "method": "animate", "args": [None, play]},
            {"label": "❚❚", "method": "animate", "args": [[None], stop]},
        ],
    }


def _words(film: _Film, labels: list[str]) -> str:
    return (
        f"Interactive: the output and {film.angle.shape[1]} neurons at {len(labels)} times from {labels[0]} to "
        f"{labels[-1]}, with a slider; the risk goes from {readable(film.risk[0])} to "
        f"{readable(film.risk[-1])}."
    )
