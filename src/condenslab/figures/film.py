"""A training run to play with: the output and the neurons side by side, at the time that the reader chooses."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from condenslab.figures import checks
from condenslab.figures.draw import wrap
from condenslab.figures.style import readable

_FRAMES = 40
_NEURONS = 500
_POINTS = 250
_DECADES = 12


@dataclass(frozen=True)
class Film:
    """What a training run looked like, moment by moment; the atlas plays it, with time on the risk curve.

    Attributes:
        x: The grid, shape (n,).
        outputs: The network's output on the grid, shape (T, n).
        angles: atan2(b, w) of the shown neurons in radians, in [−π, π), shape (T, m).
        amplitudes: |a|·‖(w, b)‖ of the shown neurons, shape (T, m), positive unless all are zero.
        strong: How many of ALL neurons have at least `threshold` times the largest amplitude, shape (T,).
        times: Of the moments, shape (T,).
        risk: At the moments, shape (T,).
        curve: Times and risk of the whole run, in full: two arrays of shape (k,).
        target: On the grid, shape (n,), or None.
        samples: Inputs and targets learnt from, two arrays of shape (s,), or None.
        groups: For each shown neuron the index of its final group, or −1, shape (m,).
        names: Of the groups.
        levels: Horizontal lines of the risk curve: name and risk.
        neurons: How many neurons there are in all.
        facts: What stands above the film: a name and a number in words.
        threshold: What of the largest amplitude counts as strong.
    """

    x: np.ndarray
    outputs: np.ndarray
    angles: np.ndarray
    amplitudes: np.ndarray
    strong: np.ndarray
    times: np.ndarray
    risk: np.ndarray
    curve: tuple[np.ndarray, np.ndarray]
    target: np.ndarray | None
    samples: tuple[np.ndarray, np.ndarray] | None
    groups: np.ndarray
    names: tuple[str, ...]
    levels: tuple[tuple[str, float], ...]
    neurons: int
    facts: tuple[tuple[str, str], ...] = ()
    threshold: float = field(default=0.05)

    @property
    def description(self) -> str:
        """The film in words and numbers, for readers who cannot see it."""
        times, ends = (
            [readable(float(self.times[k])) for k in (0, -1)],
            [readable(float(self.risk[k])) for k in (0, -1)],
        )
        return (
            f"Interactive: the output and {self.angles.shape[1]} neurons at {len(self.times)} times from {times[0]} to "
            f"{times[1]}, with a slider; the risk goes from {ends[0]} to {ends[1]}, and the neurons above "
            f"{100 * self.threshold:g} % of the largest from {int(self.strong[0])} to {int(self.strong[-1])}."
        )

    def content(self) -> dict[str, Any]:
        """Returns the film as JSON can hold it: what the eye can tell apart, and amplitudes as log10."""
        with np.errstate(divide="ignore"):
            logs = np.where(self.amplitudes > 0, np.log10(self.amplitudes), -300.0)
        return {
            "x": _short(self.x),
            "outputs": _short(self.outputs),
            "angles": np.round(self.angles, 3).tolist(),
            "amplitudes": np.round(logs, 2).tolist(),
            "strong": self.strong.tolist(),
            "times": _short(self.times),
            "risk": _short(self.risk),
            "curve": [_short(part) for part in self.curve],
            "target": None if self.target is None else _short(self.target),
            "samples": None if self.samples is None else [_short(part) for part in self.samples],
            "groups": self.groups.tolist(),
            "names": list(self.names),
            "levels": [[name, float(risk)] for name, risk in self.levels],
            "neurons": self.neurons,
            "facts": [[name, number] for name, number in self.facts],
            "threshold": self.threshold,
        }


def trajectory_player(
    x: ArrayLike,
    outputs: ArrayLike,
    angles: ArrayLike,
    amplitudes: ArrayLike,
    times: ArrayLike,
    risk: ArrayLike,
    target: ArrayLike | None = None,
    *,
    samples: tuple[ArrayLike, ArrayLike] | None = None,
    curve: tuple[ArrayLike, ArrayLike] | None = None,
    groups: ArrayLike | None = None,
    names: Sequence[str] = (),
    levels: Sequence[tuple[str, float]] = (),
    facts: Sequence[tuple[str, str]] = (),
) -> Film:
    """Makes the film of a training run: its output over x, the neurons' orientations and amplitudes, and the risk.

    To keep the page small at most 40 recorded times are frames (evenly by index, first and last included), at
    most 500 neurons are shown (evenly by rank of the final amplitude, the largest and smallest included), on at most
    250 points of the grid. Amplitudes below 1e-12 of the largest are drawn at that level.

    Args:
        x: The grid, shape (n,), in increasing order.
        outputs: The network's output on the grid at each time, shape (T, n).
        angles: atan2(b, w) of each neuron in radians at each time, shape (T, m); taken modulo 2π.
        amplitudes: |a|·‖(w, b)‖ of each neuron at each time, shape (T, m), not negative.
        times: Times of the record, shape (T,), not negative, in increasing order.
        risk: The risk at those times, shape (T,), not negative.
        target: The target on the grid, shape (n,); optional.
        samples: Inputs and targets that were learnt from, shape (s,) each; optional.
        curve: Times and risk of the run in full, shape (k,) each; those of the frames if None.
        groups: Index into `names` of the group that each neuron ends in, −1 for none, shape (m,); optional.
        names: Of the groups.
        levels: Horizontal lines of the risk curve: name and risk.
        facts: What is to stand above the film: a name and a number in words.

    Returns:
        The film.

    Raises:
        ValueError: Shapes that do not fit, numbers that are not finite or negative, a grid or times out of order, a
            group without a name.
    """
    sheets = {"outputs": outputs, "angles": angles, "amplitudes": amplitudes}
    sheet = {name: checks.numbers(name, values, 2) for name, values in sheets.items()}
    line = {"x": x, "times": times, "risk": risk} | ({} if target is None else {"target": target})
    line = {name: checks.numbers(name, values, 1) for name, values in line.items()}
    _check(line, sheet)
    amplitude, neurons = sheet["amplitudes"], sheet["amplitudes"].shape[1]
    member = _groups(groups, names, neurons)
    shown = _evenly(neurons, _NEURONS, np.argsort(amplitude[-1], kind="stable"))
    moments, points = _evenly(len(line["times"]), _FRAMES), _evenly(len(line["x"]), _POINTS)
    size = np.maximum(amplitude, amplitude.max() * 10.0**-_DECADES)
    strong = (amplitude >= Film.threshold * amplitude.max(axis=1, keepdims=True)) & (amplitude > 0)
    return Film(
        x=line["x"][points],
        outputs=sheet["outputs"][np.ix_(moments, points)],
        angles=wrap(sheet["angles"])[np.ix_(moments, shown)],
        amplitudes=size[np.ix_(moments, shown)],
        strong=strong.sum(axis=1)[moments],
        times=line["times"][moments],
        risk=line["risk"][moments],
        curve=_pair("curve", curve) or (line["times"], line["risk"]),
        target=None if target is None else line["target"][points],
        samples=_pair("samples", samples),
        groups=member[shown],
        names=tuple(names),
        levels=tuple(levels),
        neurons=neurons,
        facts=tuple(facts),
    )


def _check(line: dict[str, np.ndarray], sheet: dict[str, np.ndarray]) -> None:
    for name, array in (("risk", line["risk"]), *sheet.items()):
        checks.same_length("times", line["times"], name, array)
    for name, array in (("each row of outputs", sheet["outputs"][0]), ("target", line.get("target", line["x"]))):
        checks.same_length("x", line["x"], name, array)
    checks.same_length("each row of angles", sheet["angles"][0], "each row of amplitudes", sheet["amplitudes"][0])
    for name, array in (("times", line["times"]), ("risk", line["risk"]), ("amplitudes", sheet["amplitudes"])):
        checks.not_negative(name, array)
    for name in ("x", "times"):
        checks.rising(name, line[name])


def _groups(groups: ArrayLike | None, names: Sequence[str], neurons: int) -> np.ndarray:
    if groups is None:
        return np.full(neurons, -1)
    member = checks.numbers("groups", groups, 1).astype(int)
    if len(member) != neurons:
        raise ValueError(f"groups must have one entry a neuron ({neurons}). Got {len(member)}.")
    if member.min() < -1 or member.max() >= len(names):
        raise ValueError(
            f"groups must be -1 or an index into the {len(names)} names. Got {member.min()} to {member.max()}."
        )
    return member


def _pair(name: str, pair: tuple[ArrayLike, ArrayLike] | None) -> tuple[np.ndarray, np.ndarray] | None:
    if pair is None:
        return None
    one, other = (checks.numbers(name, part, 1) for part in pair)
    checks.same_length(f"the first of {name}", one, "the second", other)
    return one, other


def _evenly(size: int, most: int, order: np.ndarray | None = None) -> np.ndarray:
    chosen = np.unique(np.linspace(0, size - 1, min(size, most)).round().astype(int))
    return chosen if order is None else np.sort(order[chosen])


def _short(numbers: np.ndarray) -> list[Any]:
    """Returns numbers with five significant digits."""
    if numbers.ndim > 1:
        return [_short(row) for row in numbers]
    return [float(f"{number:.5g}") for number in numbers]
