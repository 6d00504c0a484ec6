"""The exact problem that a theorem is about: data as exact numbers, loss, and the shape of the network."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np

from condenslab.errors import UserError
from condenslab.landscape.proof.exact import Balls, ball, exact_text, fraction
from condenslab.landscape.proof.shapes import Shape, canonical, shape_from, shape_of, shape_values
from condenslab.losses import CrossEntropy, SquaredLoss
from condenslab.networks import MLP, TwoLayer, apply
from condenslab.risk import EmpiricalRisk

Numbers = tuple[tuple[str, ...], ...]
_LOSSES = {SquaredLoss: "squared", CrossEntropy: "cross_entropy"}


@dataclass(frozen=True)
class Teacher:
    """Targets by a formula: the outputs of a network with exact parameters, enclosed to any precision.

    Attributes:
        shape: Its shape.
        theta: Its parameters as exact numbers, layer by layer, W_l row by row and then b_l.
    """

    shape: Shape
    theta: tuple[str, ...]

    def __post_init__(self) -> None:
        """Refuses parameters that are not those of the shape."""
        if len(self.theta) != self.shape.size:
            raise UserError(f"a teacher of {self.shape} has {self.shape.size} parameters. Got {len(self.theta)}.")


@dataclass(frozen=True)
class Problem:
    """R(θ) = Σ_i p_i·ℓ(f_θ(x_i), y_i) with every number exact.

    Attributes:
        inputs: x, exact numbers, shape (sample, input).
        targets: y, exact numbers, shape (sample, output), or a teacher whose outputs they are.
        weights: Sample weights, p_i is a weight over their sum; None for 1/n each.
        loss: "squared": ‖f − y‖², or "cross_entropy": −Σ_o y_o log softmax(f)_o, the rows of y with the sum 1 exactly.
        shape: The network.

    Raises:
        UserError: The parts do not fit each other.
    """

    inputs: Numbers
    targets: Numbers | Teacher
    weights: tuple[str, ...] | None
    loss: str
    shape: Shape

    def __post_init__(self) -> None:
        """Refuses parts that do not fit: a theorem about them would be about nothing."""
        inner, outer = self.shape.widths[0], self.shape.widths[-1]
        given = self.targets.shape.widths if isinstance(self.targets, Teacher) else None
        rows = self.inputs if isinstance(self.targets, Teacher) else self.targets
        if not self.inputs or len(rows) != len(self.inputs) or any(len(row) != inner for row in self.inputs):
            raise UserError(f"a problem needs inputs of {inner} numbers, and a target for each: check the shapes.")
        if any(len(row) != outer for row in rows) if given is None else (given[0], given[-1]) != (inner, outer):
            raise UserError(f"the targets need {outer} numbers for each input: check their shape.")
        if self.loss not in _LOSSES.values():
            raise UserError(f"proofs know the losses {', '.join(_LOSSES.values())}. Got {self.loss!r}.")
        if self.loss == "cross_entropy" and (given or any(sum(map(fraction, row)) != 1 for row in rows)):
            raise UserError("cross-entropy needs targets as numbers, rows that sum to 1 exactly.")
        shares = [fraction(weight) for weight in self.weights or ("1",) * len(self.inputs)]
        if len(shares) != len(self.inputs) or min(shares) < 0 or not any(shares):
            raise UserError("sample weights are one a sample, none negative, not all 0. Got others.")

    @property
    def samples(self) -> int:
        """The number of samples n."""
        return len(self.inputs)

    def probabilities(self) -> list[Fraction]:
        """Returns p, exact, shape (sample,)."""
        if self.weights is None:
            return [Fraction(1, self.samples)] * self.samples
        values = [fraction(weight) for weight in self.weights]
        return [value / sum(values) for value in values]

    def of_width(self, width: int) -> "Problem":
        """Returns the same data with a two-layer network of another width.

        Args:
            width: Hidden neurons.
        """
        return self.of_widths((self.shape.widths[0], width, self.shape.widths[-1]))

    def of_widths(self, widths: Sequence[int]) -> "Problem":
        """Returns the same data with a network of other hidden widths.

        Args:
            widths: (m_0, …, m_L), as many as before.
        """
        return replace(self, shape=replace(self.shape, widths=tuple(widths)))

    def same_data(self, other: "Problem") -> bool:
        """Returns whether another problem has the same data and loss; the network may differ.

        Args:
            other: The other problem.
        """
        return replace(other, shape=self.shape) == self

    def as_dict(self) -> dict[str, Any]:
        """Returns the problem as plain values for a certificate."""
        targets: Any = [list(row) for row in self.targets] if isinstance(self.targets, tuple) else None
        teacher = None
        if isinstance(self.targets, Teacher):
            teacher = {**shape_values(self.targets.shape), "theta": list(self.targets.theta)}
        return {
            "inputs": [list(row) for row in self.inputs],
            "targets": targets,
            "teacher": teacher,
            "weights": None if self.weights is None else list(self.weights),
            "loss": self.loss,
            "network": shape_values(self.shape),
        }


def problem_from_dict(values: Any) -> Problem:
    """Returns the problem that `Problem.as_dict` wrote.

    Args:
        values: The plain values.

    Raises:
        UserError: A part is missing or is no exact number.
    """
    try:
        teacher, targets = values["teacher"], values["targets"]
        shown = exact_table(targets) if teacher is None else Teacher(shape_from(teacher), _row(teacher["theta"]))
        weights = None if values["weights"] is None else _row(values["weights"])
        return Problem(exact_table(values["inputs"]), shown, weights, values["loss"], shape_from(values["network"]))
    except (AttributeError, KeyError, TypeError) as error:
        raise UserError(
            f"a problem needs inputs, targets or teacher, weights, loss and network. Got {error}."
        ) from error


def problem_of(
    risk: EmpiricalRisk,
    network: TwoLayer | MLP,
    *,
    inputs: Any = None,
    targets: Any = None,
    teacher: TwoLayer | MLP | None = None,
) -> Problem:
    """Returns the exact problem behind a risk: its floats are taken as the binary numbers that they are.

    Args:
        risk: R, of this package's dense networks, without a scale.
        network: A network of the shape in question; its parameters play no role.
        inputs: The inputs as exactly stated numbers instead, shape (sample, input): "0.1", "30/49", fractions.
        targets: The targets likewise.
        teacher: A network whose exact outputs the targets are: they are then no rounded numbers.

    Raises:
        TypeError: The network is no dense one.
        UserError: The activation has a kink or is one's own, the risk is a subclass, has a loss of one's own, predicts
            by another function or with a scale, a number is NaN, or replaced data differ from the risk's by more than
            1e-9 of their size. Targets of cross-entropy that sum to 1 only up to rounding are divided by their sum.
    """
    shape = shape_of(network)
    _require_known(risk)
    own_inputs, own_targets = np.asarray(risk.inputs), np.asarray(risk.targets)
    points = exact_table(own_inputs if inputs is None else inputs)
    _require_close("inputs", points, own_inputs)
    values: Numbers | Teacher
    if teacher is None:
        values = exact_table(own_targets if targets is None else targets)
        _require_close("targets", values, own_targets)
    else:
        values = Teacher(shape_of(teacher), tuple(map(exact_text, canonical(teacher))))
        _require_close("targets", exact_table(np.asarray(teacher(risk.inputs))), own_targets)
    loss = _LOSSES[type(risk.loss)]
    if loss == "cross_entropy":
        values = _normalised(values)
    weights = None if risk.weights is None else tuple(map(exact_text, np.asarray(risk.weights)))
    return Problem(points, values, weights, loss, shape)


def data_balls(numbers: Numbers) -> Balls:
    """Returns exact numbers as balls of the working precision.

    Args:
        numbers: The table.
    """
    return [[ball(text) for text in row] for row in numbers]


def _require_known(risk: EmpiricalRisk) -> None:
    """Refuses risks of which not every formula is known here: a proof about another R would be none."""
    if type(risk) is not EmpiricalRisk:
        raise TypeError(f"a proof is about an EmpiricalRisk itself, or a Problem. Got {type(risk).__name__}.")
    if type(risk.loss) not in _LOSSES:
        raise UserError(f"proofs know SquaredLoss and CrossEntropy. Got the loss {type(risk.loss).__name__}.")
    if risk.predict is not apply or risk.scale is not None:
        raise UserError("a proof is about this package's dense networks: the risk must have its own predict, no scale.")


def _normalised(values: Numbers | Teacher) -> Numbers | Teacher:
    """Requires rows of probabilities; rows that sum to 1 only up to rounding are divided by their exact sum."""
    if isinstance(values, Teacher):
        raise UserError("a teacher's outputs are no probabilities: cross-entropy needs targets as numbers.")
    rows = [[fraction(text) for text in row] for row in values]
    return tuple(tuple(str(value / sum(row)) for value in row) for row in rows)


def _require_close(name: str, exact: Numbers, own: np.ndarray) -> None:
    stated = np.array([[float(fraction(text)) for text in row] for row in exact]).reshape(len(exact), -1)
    if stated.shape != own.shape or np.abs(stated - own).max(initial=0.0) > 1e-9 * max(1.0, np.abs(own).max()):
        raise UserError(f"the exact {name} must be the risk's own to 1e-9. Got others: check their order and shape.")


def exact_table(rows: Any) -> Numbers:
    """Returns rows of numbers or texts as exact text.

    Args:
        rows: Shape (sample, entry).

    Raises:
        UserError: They are none.
    """
    try:
        return tuple(_row(row) for row in rows)
    except TypeError as error:
        raise UserError(f"exact data are rows of numbers or texts, shape (sample, entry). Got {rows!r:.60}.") from error


def _row(values: Iterable[Any]) -> tuple[str, ...]:
    return tuple(exact_text(value) for value in values)
