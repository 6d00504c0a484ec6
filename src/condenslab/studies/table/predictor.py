"""The reduced network as a formula and as a file that predicts: JSON and NumPy, nothing else."""

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from condenslab.errors import UserError
from condenslab.studies.table.network import Narrow
from condenslab.tasks.files import FilePath, reading

FORMAT = "condenslab table network 1"
_LARGEST = 2**26


@dataclass(frozen=True)
class Predictor:
    """f(x) = A·σ(W·x + b) + c in the units of a table, with the names of its columns.

    Attributes:
        weights: W, one row a neuron.
        biases: b, one number a neuron.
        outgoing: A, one row an output.
        level: c, one number an output.
        activation: Name of σ: tanh, relu, sigmoid or softplus.
        inputs: Names of the inputs.
        outputs: Names of the outputs; of classes where `labels`.
        labels: Whether outputs are the logits of classes.
        noise: Estimated standard deviation of the noise of each output; empty for classes.
        source: Name of the table.
        low: Least value of each input in the table; empty where it is not known.
        high: Largest value of each.

    Example:
        >>> step = Predictor([[2.0]], [0.0], [[3.0]], [1.0], "tanh", ["x"], ["y"])
        >>> step.formula()
        'y = 1 + 3·tanh(2·x + 0)'
        >>> step.predict([[0.0]]).tolist()
        [[1.0]]
    """

    weights: list[list[float]]
    biases: list[float]
    outgoing: list[list[float]]
    level: list[float]
    activation: str
    inputs: list[str]
    outputs: list[str]
    labels: bool = False
    noise: list[float] = field(default_factory=list)
    source: str = ""
    low: list[float] = field(default_factory=list)
    high: list[float] = field(default_factory=list)

    @property
    def width(self) -> int:
        """The number of neurons."""
        return len(self.biases)

    def outputs_of(self, x: Any) -> np.ndarray:
        """Returns f(x), logits for classes, shape (sample, output).

        Args:
            x: Inputs in the table's units, shape (sample, input).

        Raises:
            ValueError: The shape is another, or a number is not finite.
        """
        values = np.asarray(x, dtype=float)
        if values.ndim != 2 or values.shape[1] != len(self.inputs) or not np.all(np.isfinite(values)):
            raise ValueError(
                f"inputs must be finite numbers of shape (sample, {len(self.inputs)}): {', '.join(self.inputs)}. Got "
                f"shape {values.shape}."
            )
        return self._network()(values)

    def _network(self, digits: int = 17) -> Narrow:
        """Returns the network in arrays, its numbers rounded to so many significant digits."""

        def rounded(part: Any, *shape: int) -> np.ndarray:
            values = np.asarray(part, dtype=float)
            if digits < 17:
                values = np.array([float(f"{value:.{digits}g}") for value in values.ravel()])
            return values.reshape(shape)

        return Narrow(
            rounded(self.weights, self.width, len(self.inputs)),
            rounded(self.biases, self.width),
            rounded(self.outgoing, len(self.level), self.width),
            rounded(self.level, len(self.level)),
            self.activation,
        )

    def beyond(self, x: Any) -> np.ndarray:
        """Returns which inputs lie outside the table's range in some column, shape (sample,).

        There the function is extrapolated: no sample speaks for it.

        Args:
            x: Inputs in the table's units, shape (sample, input).
        """
        values = np.asarray(x, dtype=float)
        if not self.low:
            return np.zeros(len(values), bool)
        return np.any((values < np.array(self.low)) | (values > np.array(self.high)), axis=1)

    def predict(self, x: Any) -> np.ndarray:
        """Returns f(x), shape (sample, output); for classes the name of the likeliest, shape (sample,).

        Args:
            x: Inputs in the table's units, shape (sample, input).

        Raises:
            ValueError: As in `outputs_of`.
        """
        found = self.outputs_of(x)
        return np.asarray(self.outputs)[np.argmax(found, axis=1)] if self.labels else found

    def formula(self, digits: int | None = None) -> str:
        """Returns the function in words and numbers, one line an output.

        Args:
            digits: Significant digits of every number. By default so many, at least 4, that all outputs in the range of
                the table keep a thousandth of their spread there.
        """
        digits = self._digits() if digits is None else digits
        lines = []
        for name, row, level in zip(self.outputs, self.outgoing, self.level, strict=True):
            terms = [f"{level:.{digits}g}"]
            for factor, weights, bias in zip(row, self.weights, self.biases, strict=True):
                inside = [f"{w:.{digits}g}·{x}" for w, x in zip(weights, self.inputs, strict=True) if w]
                terms.append(f"{factor:.{digits}g}·{self.activation}({' + '.join([*inside, f'{bias:.{digits}g}'])})")
            left = f"logit({name})" if self.labels else name
            lines.append(f"{left} = {' + '.join(terms)}".replace("+ -", "− "))
        return "\n".join(lines)

    def _digits(self) -> int:
        """Returns how many digits the formula needs: 1e6 + 2·tanh(x) needs more than the four of most."""
        if not self.low:
            return 4
        low, high = np.array(self.low), np.array(self.high)
        corners = np.random.default_rng(0).uniform(0, 1, (500, len(low)))
        corners[:250] = np.round(corners[:250])
        points = low + corners * (high - low)
        exact = self._network()(points)
        allowed = 1e-3 * np.ptp(exact, axis=0) + 1e-13 * np.abs(exact).max(axis=0)
        fits = (d for d in range(4, 17) if np.all(np.abs(self._network(d)(points) - exact) <= allowed))
        return next(fits, 17)

    def save(self, path: FilePath) -> None:
        """Writes the network as JSON: whole, or not at all.

        Args:
            path: The file.

        Raises:
            UserError: It cannot be written.
        """
        place = Path(path)
        half = place.with_name(f".{place.name}.{os.getpid()}")
        try:
            half.write_text(json.dumps({"format": FORMAT} | asdict(self), indent=1, ensure_ascii=False), "utf-8")
            half.replace(place)
        except OSError as error:
            half.unlink(missing_ok=True)
            raise UserError(f"the network {path} cannot be written: {error.strerror or error}") from error


def load_predictor(path: FilePath) -> Predictor:
    """Reads a network that `Predictor.save` wrote.

    Args:
        path: The file.

    Raises:
        UserError: It is no such file, or what it holds does not fit together.
    """
    with reading(path):
        place = Path(path)
        if place.stat().st_size > _LARGEST:
            raise UserError(f"{path} is no network of a table: it is larger than 64 MiB.")
        try:
            content = json.loads(place.read_bytes().decode("utf-8"))
        except (ValueError, RecursionError) as error:
            raise UserError(f"{path} is no network of a table, but damaged or another file: {error}") from None
    if not isinstance(content, dict) or content.pop("format", None) != FORMAT:
        raise UserError(
            f"{path} is no network of a table: it does not say {FORMAT!r}; `condenslab run` writes such files."
        )
    try:
        found = Predictor(**content)
        _check(found)
    except (TypeError, ValueError, KeyError) as error:
        raise UserError(f"{path} is damaged: {error}") from None
    return found


def _check(found: Predictor) -> None:
    """Refuses parts that do not fit together."""
    shapes = {
        "biases": (found.biases, (found.width,)),
        "outgoing": (found.outgoing, (len(found.outputs), found.width)),
        "level": (found.level, (len(found.outputs),)),
        "weights": (found.weights, (found.width, len(found.inputs))),
    }
    for name, (given, shape) in shapes.items():
        values = np.asarray(given, dtype=float).reshape(shape)
        if not np.all(np.isfinite(values)):
            raise ValueError(f"{name} must be finite numbers")
    for name, given in (("low", found.low), ("high", found.high)):
        if given and not np.all(np.isfinite(np.asarray(given, dtype=float).reshape(len(found.inputs)))):
            raise ValueError(f"{name} must be finite numbers")
    if len(found.low) != len(found.high):
        raise ValueError("low and high must be one number an input")
    if not found.inputs or not all(isinstance(name, str) for name in (*found.inputs, *found.outputs)):
        raise ValueError("inputs and outputs must be names")
    found.outputs_of(np.zeros((1, len(found.inputs))))
