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
        varies: Which inputs are not the same in all samples, up to rounding; the others are 0 here and weigh nothing.
    """

    inputs: np.ndarray
    targets: np.ndarray
    labels: bool
    shift: np.ndarray
    scale: np.ndarray
    level: np.ndarray
    height: np.ndarray
    varies: np.ndarray

    def in_units(self, network: Narrow) -> Narrow:
        """Returns the network that takes and gives the units of the table."""
        weights = np.where(self.varies, network.weights / self.scale, 0.0)
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
    (inputs, shift, scale, varies), labels = _standard(table.inputs), bool(table.labels)
    targets, level, height, _ = _standard(table.targets)
    if labels:
        targets, level, height = table.targets, np.zeros_like(level), np.ones_like(height)
    return Problem(inputs, targets, labels, shift, scale, level, height, varies)


def cut(samples: int, folds: int, seed: int) -> np.ndarray:
    """Returns the fold of every sample, of sizes that differ by at most one, shape (sample,).

    Args:
        samples: Number of samples.
        folds: Number of folds.
        seed: Of the cut.
    """
    return np.random.default_rng([seed, samples]).permutation(np.arange(samples) % folds)


def _standard(columns: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Returns standardised columns, what they were shifted and divided by, and which of them vary.

    The mean of equal numbers need not be that number: what differs by rounding alone is constant.
    """
    shift, spread = columns.mean(axis=0), columns.std(axis=0)
    varies = np.ptp(columns / 2, axis=0) > 4 * np.finfo(float).eps * np.abs(columns).max(axis=0)
    shift, scale = np.where(varies, shift, columns[0]), np.where(varies, spread, 1.0)
    return np.where(varies, (columns - shift) / scale, 0.0), shift, scale, varies
