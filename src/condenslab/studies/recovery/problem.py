"""The data of the recovery study: the built-in target, or the user's own table."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import jax.numpy as jnp
import numpy as np

from condenslab import networks, tasks

if TYPE_CHECKING:
    from condenslab.tasks import Table

_GRID = 1000


@dataclass(frozen=True)
class Setting:
    """What the cases of a run learn from, and where their functions are looked at.

    Attributes:
        inputs: Training inputs, shape (sample, input).
        targets: Training targets, shape (sample, 1).
        grid: Where functions are compared: 1000 points over the range of one input, else the training inputs.
        heldout_targets: The target on the grid, shape (point, 1), or None where it is unkntarget.
        teacher: The target as a network, or None where it is unknown or the activation is another.
    """

    inputs: np.ndarray
    targets: np.ndarray
    grid: np.ndarray
    heldout_targets: np.ndarray | None
    teacher: networks.TwoLayer | None

    @property
    def one_input(self) -> bool:
        """Whether inputs are numbers, so that functions and orientations can be drawn."""
        return self.inputs.shape[1] == 1

    def probes(self, parameters: int) -> np.ndarray:
        """Returns twice as many inputs as there are parameters, over the range of the training inputs.

        Args:
            parameters: Number of parameters.

        Returns:
            Evenly spaced for one input, uniformly random (of a fixed seed) for more; shape (probe, input).
        """
        low, high = self.inputs.min(axis=0), self.inputs.max(axis=0)
        count = 2 * max(parameters, 1)
        if self.one_input:
            return np.linspace(low, high, count)
        return np.random.default_rng(0).uniform(low, high, (count, self.inputs.shape[1]))


def make_setting(activation: str, data: "Table | None", *, standardise: bool) -> Setting:
    """Returns the built-in three-tanh task, or the user's own table.

    Args:
        activation: Of the student; the target is known as a network of its kind only for tanh.
        data: The user's own table, or None.
        standardise: Whether the columns of that table are brought to mean 0 and standard deviation 1.
    """
    if data is not None:
        inputs, targets = data.inputs, data.targets
        if standardise:
            inputs, targets = _standardised(inputs), _standardised(targets)
        low, high = inputs.min(axis=0), inputs.max(axis=0)
        grid = np.linspace(low, high, _GRID) if inputs.shape[1] == 1 else inputs
        return Setting(inputs, targets, grid, None, None)
    task = tasks.task("three_tanh")
    target, grid = task.facts.teacher, task.heldout_inputs
    assert target is not None and grid is not None, "the built-in target is a teacher with held-out inputs"
    teacher = networks.TwoLayer(
        jnp.asarray(target.input_weights),
        None if target.biases is None else jnp.asarray(target.biases),
        jnp.asarray(target.output_weights),
        None,
        networks.activation("tanh"),
    )
    return Setting(task.inputs, task.targets, grid, task.heldout_targets, teacher if activation == "tanh" else None)


def _standardised(columns: np.ndarray) -> np.ndarray:
    spread = columns.std(axis=0)
    return (columns - columns.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
