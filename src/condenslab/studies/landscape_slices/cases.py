"""Settings and cases of the landscape_slices study; imports no JAX."""

from dataclasses import dataclass
from typing import Annotated, Literal

import msgspec

from condenslab.studies.settings import Count

NEAR = {
    1: ((3.746951, 0.089537, 0.0),),
    2: ((-2.341854, -0.154989, -0.417625), (0.788588, 1.302005, -9.335645)),
    3: ((1.0, 1.0, -7.0), (1.0, 1.0, 0.0), (1.0, 1.0, 7.0)),
}
"""(a, w, b) of every neuron of the minima of widths 1, 2, 3 of the three-tanh target, to six decimals."""


@dataclass(frozen=True)
class Settings:
    """What `--set` can change.

    Attributes:
        widths: Widths of the embedded minima.
        copies: How many copies of the first neuron the embedding adds.
        points: Grid points along each direction of a plane.
        seeds: Trajectories.
        width: Neurons of the trained network.
        time: End of its gradient flow.
    """

    widths: tuple[Literal[1, 2, 3], ...] = (1, 2, 3)
    copies: Annotated[int, msgspec.Meta(ge=2)] = 7
    points: Annotated[int, msgspec.Meta(ge=5)] = 61
    seeds: Count = 3
    width: Count = 100
    time: Annotated[float, msgspec.Meta(gt=1)] = 1e6


PRESETS = {
    "tiny": Settings(widths=(1,), copies=2, points=11, seeds=1, width=20, time=1e4),
    "quick": Settings(),
    "full": Settings(copies=47, points=201, seeds=10, width=500, time=1e7),
}


@dataclass(frozen=True)
class CriticalCase:
    """Slices through an embedded minimum.

    Attributes:
        width: Of the minimum.
        copies: Of its first neuron.
        points: Grid points along each direction.
        kind: Tells the two sorts of case apart.
    """

    width: int
    copies: int
    points: int
    kind: Literal["critical"] = "critical"


@dataclass(frozen=True)
class TrajectoryCase:
    """Slices along a gradient flow from a small start, and through its end.

    Attributes:
        seed: Of the start, N(0, width⁻³) for every parameter.
        width: Neurons.
        time: End of the flow.
        points: Grid points along each direction.
        kind: Tells the two sorts of case apart.
    """

    seed: int
    width: int
    time: float
    points: int
    kind: Literal["trajectory"] = "trajectory"


def make_cases(settings: Settings, seed: int) -> list[CriticalCase | TrajectoryCase]:
    """Returns the cases of a run.

    Args:
        settings: The settings.
        seed: The first seed.
    """
    return [
        *(CriticalCase(width, settings.copies, settings.points) for width in settings.widths),
        *(TrajectoryCase(seed + k, settings.width, settings.time, settings.points) for k in range(settings.seeds)),
    ]
