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
        images: Folder of a training set of ten classes in IDX files, such as Fashion-MNIST's, `tasks.FASHION_MNIST`; it
            adds a figure, and is not brought along: without it the figure is left out.
        image_samples: How many of its images are learnt, the first ones.
    """

    widths: tuple[Literal[1, 2, 3], ...] = (1, 2, 3)
    copies: Annotated[int, msgspec.Meta(ge=2)] = 7
    points: Annotated[int, msgspec.Meta(ge=5)] = 61
    seeds: Count = 3
    width: Count = 100
    time: Annotated[float, msgspec.Meta(gt=1)] = 1e6
    images: str = ""
    image_samples: Count = 1000


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


@dataclass(frozen=True)
class ImageCase:
    """The plane of two random directions through the end of training on images.

    Attributes:
        folder: Of the IDX files.
        samples: How many images are learnt.
        width: Neurons.
        steps: Of Adam, on all of them.
        points: Grid points along each direction.
        seed: Of the start and the directions.
        kind: Tells the sorts of case apart.
    """

    folder: str
    samples: int
    width: int
    steps: int
    points: int
    seed: int
    kind: Literal["images"] = "images"


IMAGE_WIDTH, IMAGE_STEPS, IMAGE_POINTS = 32, 200, 41


def make_cases(settings: Settings, seed: int) -> list[CriticalCase | TrajectoryCase | ImageCase]:
    """Returns the cases of a run.

    Args:
        settings: The settings.
        seed: The first seed.
    """
    return [
        *(CriticalCase(width, settings.copies, settings.points) for width in settings.widths),
        *(TrajectoryCase(seed + k, settings.width, settings.time, settings.points) for k in range(settings.seeds)),
        *(
            ImageCase(folder, settings.image_samples, IMAGE_WIDTH, IMAGE_STEPS, IMAGE_POINTS, seed)
            for folder in [settings.images]
            if folder
        ),
    ]
