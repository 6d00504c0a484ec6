"""A table brought to standard units, cut into folds; and back."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from condenslab.studies.table.network import Narrow
from condenslab.studies.table.planted import built_in

if TYPE_CHECKING:
    from condenslab.tasks import Table


@dataclass(frozen=True, eq=False)
class Problem:
    """Inputs and targets of mean 0 and standard deviation 1, column by column; classes stay one-hot.

    Attributes:
        inputs: x, shape (sample, input).
        targets: y, shape (sample, output).
        labels: Whether targets are classes.
        shift, scale: Of the inputs: x = (given − shift)/scale.
        level, height: Of the targets; 0 and 1 for classes.
    """

    inputs: np.ndarray
    targets: np.ndarray
    labels: bool
    shift: np.ndarray
    scale: np.ndarray
    level: np.ndarray
    height: np.ndarray

    def in_units(self, network: Narrow) -> Narrow:
        """Returns the network that takes and gives the units of the table."""
        weights = network.weights / self.scale
        return Narrow(
            weights,
            network.biases - weights @ self.shift,
            self.height[:, None] * network.outgoing,
            self.level + self.height * network.level,
            network.activation,
        )


def make_problem(data: "Table | None", noise: float) -> Problem:
    """Returns the user's table, or the built-in one, in standard units.

    Args:
        data: The user's own table, or None.
        noise: Of the built-in one.
    """
    table = built_in(noise) if data is None else data
    (inputs, shift, scale), labels = _standard(table.inputs), bool(table.labels)
    targets, level, height = _standard(table.targets)
    if labels:
        targets, level, height = table.targets, np.zeros_like(level), np.ones_like(height)
    return Problem(inputs, targets, labels, shift, scale, level, height)


def cut(samples: int, folds: int, seed: int) -> np.ndarray:
    """Returns the fold of every sample, of sizes that differ by at most one, shape (sample,).

    Args:
        samples: Number of samples.
        folds: Number of folds.
        seed: Of the cut.
    """
    return np.random.default_rng([seed, samples]).permutation(np.arange(samples) % folds)


def _standard(columns: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    shift, spread = columns.mean(axis=0), columns.std(axis=0)
    scale = np.where(spread > 0, spread, 1.0)
    return (columns - shift) / scale, shift, scale
