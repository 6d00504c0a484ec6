"""The exact problem that a theorem is about: data as exact numbers, loss, and the shape of the network."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np

from condenslab.errors import UserError
from condenslab.landscape.proof.activations import ball_activation
from condenslab.landscape.proof.exact import Balls, ball, exact_text, fraction
from condenslab.networks import MLP, TwoLayer, apply
from condenslab.networks.layered import layers, widths
from condenslab.risk import CrossEntropy, EmpiricalRisk, SquaredLoss

Numbers = tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Shape:
    """What a dense network is besides its parameters.

    Attributes:
        widths: (m_0, …, m_L), input and output dimension included.
        biases: Whether each of the L affine maps has a bias.
        activation: σ by name.
        residual: Whether hidden layers of equal width add their input.
    """

    widths: tuple[int, ...]
    biases: tuple[bool, ...]
    activation: str
    residual: bool = False

    @property
    def size(self) -> int:
        """M, the number of parameters."""
        pairs = zip(self.widths[:-1], self.widths[1:], self.biases, strict=True)
        return sum((inner + biased) * outer for inner, outer, biased in pairs)

    def skips(self, layer: int) -> bool:
        """Returns whether hidden layer number `layer`, from 0, adds its input.

        Args:
            layer: Its number.
        """
        last = len(self.widths) - 2
        return self.residual and layer < last and self.widths[layer] == self.widths[layer + 1]


@dataclass(frozen=True)
class Teacher:
    """Targets by a formula: the outputs of a network with exact parameters, enclosed to any precision.

    Attributes:
        shape: Its shape.
        theta: Its parameters as exact numbers, layer by layer, W_l row by row and then b_l.
    """

    shape: Shape
    theta: tuple[str, ...]


@dataclass(frozen=True)
class Problem:
    """R(θ) = Σ_i p_i·ℓ(f_θ(x_i), y_i) with every number exact.

    Attributes:
        inputs: x, exact numbers, shape (sample, input).
        targets: y, exact numbers, shape (sample, output), or a teacher whose outputs they are.
        weights: Sample weights, p_i is a weight over their sum; None for 1/n each.
        loss: "squared": ‖f − y‖², or "cross_entropy": −Σ_o y_o log softmax(f)_o.
        shape: The network.
    """

    inputs: Numbers
    targets: Numbers | Teacher
    weights: tuple[str, ...] | None
    loss: str
    shape: Shape

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
        shape = replace(self.shape, widths=(self.shape.widths[0], width, self.shape.widths[-1]))
        return replace(self, shape=shape)

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


def problem_from_dict(values: dict[str, Any]) -> Problem:
    """Returns the problem that `Problem.as_dict` wrote.

    Args:
        values: The plain values.

    Raises:
        UserError: A part is missing or is no exact number.
    """
    try:
        teacher, targets = values["teacher"], values["targets"]
        shown = _table(targets) if teacher is None else Teacher(_shape_from(teacher), _row(teacher["theta"]))
        weights = None if values["weights"] is None else _row(values["weights"])
        return Problem(_table(values["inputs"]), shown, weights, values["loss"], _shape_from(values["network"]))
    except (KeyError, TypeError) as error:
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
        UserError: The activation has a kink, the risk predicts by another function or with a scale, a number is NaN,
            or replaced data differ from the risk's by more than 1e-9 of their size.
    """
    shape = shape_of(network)
    ball_activation(shape.activation)
    if risk.predict is not apply or risk.scale is not None:
        raise UserError("a proof is about this package's dense networks: the risk must have its own predict, no scale.")
    if not isinstance(risk.loss, CrossEntropy | SquaredLoss):
        raise UserError(f"a proof is about the squared loss or cross-entropy. Got {type(risk.loss).__name__}.")
    own_inputs, own_targets = np.asarray(risk.inputs), np.asarray(risk.targets)
    points = _table(own_inputs if inputs is None else inputs)
    _require_close("inputs", points, own_inputs)
    values: Numbers | Teacher
    if teacher is None:
        values = _table(own_targets if targets is None else targets)
        _require_close("targets", values, own_targets)
    else:
        values = Teacher(shape_of(teacher), tuple(map(exact_text, canonical(teacher))))
        _require_close("targets", _table(np.asarray(teacher(risk.inputs))), own_targets)
    loss = "cross_entropy" if isinstance(risk.loss, CrossEntropy) else "squared"
    if loss == "cross_entropy":
        values = _normalised(values)
    weights = None if risk.weights is None else tuple(map(exact_text, np.asarray(risk.weights)))
    return Problem(points, values, weights, loss, shape)


def shape_of(network: TwoLayer | MLP) -> Shape:
    """Returns the shape of a dense network.

    Args:
        network: The network.

    Raises:
        TypeError: It is no dense one.
    """
    if not isinstance(network, TwoLayer | MLP):
        raise TypeError(f"proofs are for TwoLayer and MLP networks. Got {type(network).__name__}.")
    biased = tuple(bias is not None for bias in layers(network)[1])
    return Shape(tuple(widths(network)), biased, network.activation.name, isinstance(network, MLP) and network.residual)


def shape_values(shape: Shape) -> dict[str, Any]:
    """Returns a shape as plain values.

    Args:
        shape: The shape.
    """
    return {
        "widths": list(shape.widths),
        "biases": list(shape.biases),
        "activation": shape.activation,
        "residual": shape.residual,
    }


def canonical(network: TwoLayer | MLP) -> np.ndarray:
    """Returns the parameters layer by layer, W_l row by row and then b_l, shape (param,).

    Args:
        network: θ.
    """
    weights, biases = layers(network)
    pieces = []
    for weight, bias in zip(weights, biases, strict=True):
        pieces.append(np.asarray(weight, dtype=np.float64).ravel())
        if bias is not None:
            pieces.append(np.asarray(bias, dtype=np.float64))
    theta = np.concatenate(pieces)
    if not np.all(np.isfinite(theta)):
        raise UserError("a proof starts from finite parameters. Got NaN or infinity in the network.")
    return theta


def data_balls(numbers: Numbers) -> Balls:
    """Returns exact numbers as balls of the working precision.

    Args:
        numbers: The table.
    """
    return [[ball(text) for text in row] for row in numbers]


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


def _table(rows: Any) -> Numbers:
    return tuple(_row(row) for row in rows)


def _row(values: Iterable[Any]) -> tuple[str, ...]:
    return tuple(exact_text(value) for value in values)


def _shape_from(values: dict[str, Any]) -> Shape:
    return Shape(tuple(values["widths"]), tuple(values["biases"]), values["activation"], values["residual"])
