"""Settings and cases of the study of embeddings in depth; imports no JAX."""

from dataclasses import dataclass
from typing import Annotated, Literal

import msgspec

Count = Annotated[int, msgspec.Meta(ge=1)]
CountOrNone = Annotated[int, msgspec.Meta(ge=0)]
Positive = Annotated[float, msgspec.Meta(gt=0)]
Problem = Literal["three_tanh", "iris"]

HIDDEN = 10
"""Hidden layers of the network whose layers are merged."""


@dataclass(frozen=True)
class Settings:
    """What `--set` can change.

    Attributes:
        depths: Hidden layers of the networks on the three-tanh data, the shallow one first.
        width: Neurons of each.
        seeds: Runs of each depth.
        steps: Steps of gradient descent, rate 0.01, all parameters from N(0, 0.01).
        starts: Starts of the search for critical points of a ReLU network 1-2-1 on the three-tanh data.
        iris_starts: The same for 4-2-3 on Iris; 0 leaves it out.
        merge_seeds: Networks of ten hidden layers on 8 × 8 digits whose linear layers are merged; 0 leaves them out.
        merge_width: Neurons of each of their layers.
        merge_std: Standard deviation of their parameters in the beginning.
        merge_steps: Steps of Adam, rate 0.001, 200 images a batch. The source takes MNIST and SGD.
        retrain: Steps of Adam of the merged network.
    """

    depths: Annotated[tuple[Count, ...], msgspec.Meta(min_length=2)] = (1, 3)
    width: Count = 50
    seeds: Count = 3
    steps: Count = 40_000
    starts: Count = 24
    iris_starts: CountOrNone = 16
    merge_seeds: CountOrNone = 3
    merge_width: Count = 50
    merge_std: Positive = 0.1
    merge_steps: Count = 1500
    retrain: Count = 200


PRESETS = {
    "tiny": Settings(width=8, seeds=1, steps=500, starts=4, iris_starts=0, merge_seeds=0),
    "quick": Settings(),
    "full": Settings(depths=(1, 3, 4, 5), seeds=10, steps=300_000, starts=200, iris_starts=200, merge_seeds=10),
}


@dataclass(frozen=True)
class PlateauCase:
    """Gradient descent of a tanh network on the three-tanh data.

    Attributes:
        depth: Hidden layers.
        width: Neurons of each.
        seed: Of the start.
        steps: Steps.
        kind: Tells the sorts of case apart.
    """

    depth: int
    width: int
    seed: int
    steps: int
    kind: Literal["plateau"] = "plateau"


@dataclass(frozen=True)
class LiftCase:
    """Critical points of a ReLU network with two neurons, lifted by one layer and by two.

    Attributes:
        problem: The data: "three_tanh" (1-2-1) or "iris" (4-2-3).
        seed: Of the starts.
        starts: Starts of the search.
        kind: Tells the sorts of case apart.
    """

    problem: Problem
    seed: int
    starts: int
    kind: Literal["lift"] = "lift"


@dataclass(frozen=True)
class MergeCase:
    """A trained tanh network of ten hidden layers whose effectively linear layers are merged.

    Attributes:
        seed: Of the start, the batches and the split of the images.
        width: Neurons of each layer.
        std: Standard deviation of every parameter in the beginning.
        steps: Steps of Adam.
        retrain: Steps of Adam after merging.
        kind: Tells the sorts of case apart.
    """

    seed: int
    width: int
    std: float
    steps: int
    retrain: int
    kind: Literal["merge"] = "merge"


Case = PlateauCase | LiftCase | MergeCase


def make_cases(settings: Settings, seed: int) -> list[Case]:
    """Returns the cases of a run, with seeds from `seed` on; critical points are searched with the first.

    Args:
        settings: The settings.
        seed: The first seed.
    """
    own, merges = settings, range(seed, seed + settings.merge_seeds)
    return [
        *(PlateauCase(d, own.width, s, own.steps) for d in own.depths for s in range(seed, seed + own.seeds)),
        LiftCase("three_tanh", seed, own.starts),
        *([LiftCase("iris", seed, own.iris_starts)] if own.iris_starts else []),
        *(MergeCase(s, own.merge_width, own.merge_std, own.merge_steps, own.retrain) for s in merges),
    ]
