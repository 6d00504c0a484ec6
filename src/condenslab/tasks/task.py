"""What is learned: samples of a target, held-out samples, and the facts known about the target."""

from dataclasses import dataclass

import numpy as np

from condenslab.tasks.arrays import matrix
from condenslab.tasks.teachers import Teacher


@dataclass(frozen=True)
class Facts:
    """What is known of a target, from its source and not from our runs.

    Attributes:
        source: Paper or lecture deck, and the place in it.
        intrinsic_width: The smallest width of a two-layer network that expresses the target; None if none does or if it
            is not known.
        activation: Name of that network's activation.
        teacher: The target as such a network, with its parameters.
        optimistic_samples: O(f*), the optimistic sample size of the target for a wider network of the teacher's kind.
        notes: What else the source says, and what it leaves open.
    """

    source: str
    intrinsic_width: int | None = None
    activation: str | None = None
    teacher: Teacher | None = None
    optimistic_samples: int | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Task:
    """A regression task. The arrays are read-only float64 copies; one sample is legal, none is not.

    Attributes:
        name: What reports call it.
        inputs: x, shape (sample, input).
        targets: y, shape (sample, output).
        heldout_inputs: Inputs that training never sees, shape (sample, input), or None.
        heldout_targets: Their targets, or None.
        facts: What is known of the target.

    Raises:
        ValueError: An array is not a finite matrix, has no samples, or does not fit the others; the message names it.
    """

    name: str
    inputs: np.ndarray
    targets: np.ndarray
    heldout_inputs: np.ndarray | None
    heldout_targets: np.ndarray | None
    facts: Facts

    def __post_init__(self) -> None:
        if (self.heldout_inputs is None) != (self.heldout_targets is None):
            raise ValueError("heldout_inputs and heldout_targets go together: give both, or None for both.")
        x, y = self._seal("inputs", "targets")
        if self.heldout_inputs is not None:
            held = self._seal("heldout_inputs", "heldout_targets")
            for kind, one, other in (("inputs", x, held[0]), ("targets", y, held[1])):
                if one.shape[1] != other.shape[1]:
                    raise ValueError(
                        f"heldout_{kind} must have as many columns as {kind}, {one.shape[1]}. Got shape {other.shape}."
                    )

    def _seal(self, first: str, second: str) -> tuple[np.ndarray, np.ndarray]:
        x = matrix(first, getattr(self, first))
        y = matrix(second, getattr(self, second), "(sample, output)")
        if len(x) != len(y):
            raise ValueError(f"{second} must have one row for each row of {first}, {len(x)} here. Got shape {y.shape}.")
        object.__setattr__(self, first, x)
        object.__setattr__(self, second, y)
        return x, y

    @property
    def samples(self) -> int:
        """n, the number of training samples."""
        return len(self.inputs)


def from_teacher(
    name: str,
    teacher: Teacher,
    inputs: np.ndarray,
    heldout_inputs: np.ndarray | None = None,
    *,
    source: str,
    notes: tuple[str, ...] = (),
) -> Task:
    """Returns the task of learning a teacher from its values at the inputs.

    Args:
        name: What reports call it.
        teacher: The target.
        inputs: Training inputs, shape (sample, input).
        heldout_inputs: Inputs that training never sees, or None.
        source: Where the target comes from.
        notes: What else the source says.

    Raises:
        ValueError: The inputs are not finite, or not of the teacher's input dimension.
    """
    facts = Facts(
        source=source,
        intrinsic_width=teacher.intrinsic_width,
        activation=teacher.activation_name,
        teacher=teacher,
        optimistic_samples=teacher.optimistic_samples,
        notes=notes,
    )
    heldout_targets = None if heldout_inputs is None else teacher(heldout_inputs)
    return Task(name, inputs, teacher(inputs), heldout_inputs, heldout_targets, facts)
