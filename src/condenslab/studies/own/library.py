"""A computation by the library's parts, as a file describes it: task, network, training and measures; no JAX here."""

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from condenslab.errors import UserError
from condenslab.studies.settings import Count, CountOrZero, Positive

VARIES = (
    "seed", "task.seed", "network.exponent", "network.std", "network.gamma", "network.gamma_prime", "training.rate",
    "training.decay", "training.dropout", "training.risk", "training.time",
)  # fmt: skip
"""Fields that vary inside one compiled program; a task's own seed changes numbers only."""


class TaskPart(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is learned.

    Attributes:
        name: A task of `tasks.names()`, `teacher` for a random two-layer network, or `file` for a table of yours.
        samples: n; None for the task's own.
        seed: Of random samples, and of a random teacher.
        grid: Of `three_tanh`.
        width: Neurons of the teacher.
        inputs: Input dimension of the teacher.
        activation: Of the teacher.
        file: Path of the table.
    """

    name: str = "three_tanh"
    samples: Count | None = None
    seed: CountOrZero | None = None
    grid: str | None = None
    width: Count = 3
    inputs: Count = 1
    activation: str = "tanh"
    file: str | None = None


class NetworkPart(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What learns: a dense network. Exactly one of the laws of its initial parameters is given.

    Attributes:
        width: Neurons of the hidden layer, or a list with one number a hidden layer.
        activation: σ.
        biases: Whether neurons have biases.
        exponent: All standard deviations are m^−exponent.
        std: All standard deviations.
        scheme: `lecun`, `he`, `xavier` or `pytorch`.
        gamma: γ of the phase diagram, with `gamma_prime`.
        gamma_prime: γ′.
    """

    width: Count | list[Count] = 100
    activation: str = "tanh"
    biases: bool = True
    exponent: float | None = None
    std: Positive | None = None
    scheme: str | None = None
    gamma: float | None = None
    gamma_prime: float | None = None


class TrainingPart(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How it is trained.

    Attributes:
        method: `descent`, `adam` or `flow`.
        rate: Learning rate of `descent` and `adam`.
        steps: Their number of steps; for `flow` the largest number of solver steps.
        time: End time of `flow`.
        decay: Weight decay, that of the method; L2 coefficient of `flow`.
        dropout: Probability of dropout on the hidden neurons, for `descent` and `adam`.
        batch: Samples a minibatch, for these.
        risk: Risk at which it ends.
    """

    method: Literal["descent", "adam", "flow"] = "adam"
    rate: Positive = 1e-3
    steps: Count = 10_000
    time: Positive = 1e4
    decay: float = 0.0
    dropout: float = 0.0
    batch: Count | None = None
    risk: float = 0.0


class MeasurePart(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is measured at the end. Risk and held-out error, and why the training stopped, always are.

    Attributes:
        names: Of `condensation` (effective width), `orientations` (number of directions), `rank` (model rank, at the
            task's inputs and as many held-out ones as it takes), `gradient` (norm), `inertia` (of the Hessian).
        threshold: Of condensation.
        weights: Whether the final parameters are stored.
        curve: Whether the risk over time is stored.
    """

    names: tuple[Literal["condensation", "orientations", "rank", "gradient", "inertia"], ...] = ("condensation",)
    threshold: Positive = 0.1
    weights: bool = False
    curve: bool = True


class Experiment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One case of the library's parts.

    Attributes:
        task: What is learned.
        network: What learns.
        training: How.
        measure: What is measured.
        seed: Of initial parameters, minibatches and dropout.
    """

    task: TaskPart = TaskPart()
    network: NetworkPart = NetworkPart()
    training: TrainingPart = TrainingPart()
    measure: MeasurePart = MeasurePart()
    seed: CountOrZero = 0


def experiment(point: Mapping[str, Any]) -> Experiment:
    """Returns the experiment of a point.

    Args:
        point: Its fields by dotted names, such as `network.width`.

    Raises:
        UserError: A field is unknown or its value does not fit; the message has its path.
    """
    nested: dict[str, Any] = {}
    for name, value in point.items():
        table, _, field = name.partition(".")
        if field:
            nested.setdefault(table, {})[field] = value
        else:
            nested[name] = value
    try:
        found = msgspec.convert(nested, Experiment)
    except msgspec.ValidationError as error:
        text, _, place = str(error).replace("`", "").partition(" - at $.")
        raise UserError(f"{place or 'the sweep'}: {text[:1].lower()}{text[1:]}") from error
    _check(found)
    return found


def _check(found: Experiment) -> None:
    own = found.network
    phase = (own.gamma, own.gamma_prime)
    laws = [own.exponent is not None, own.std is not None, own.scheme is not None, any(g is not None for g in phase)]
    if sum(laws) != 1 or (laws[3] and None in phase):
        raise UserError(
            "network needs exactly one law of its initial parameters: exponent, std, scheme, or gamma with gamma_prime"
        )
    if isinstance(own.width, list) and (laws[0] or laws[3]):
        raise UserError("network.exponent and network.gamma are for one hidden layer: give std or scheme for several")
    if found.training.method == "flow" and (found.training.dropout or found.training.batch):
        raise UserError("training.dropout and training.batch are for the methods descent and adam, not for flow")
    if not 0 <= found.training.dropout < 1 or found.training.decay < 0:
        raise UserError("training.dropout must be in [0, 1), and training.decay not negative")
    if (found.task.name == "file") != (found.task.file is not None):
        raise UserError('task.file goes with task.name = "file"')
