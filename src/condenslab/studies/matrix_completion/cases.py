"""Settings and cases of the matrix completion study; imports no JAX."""

from dataclasses import dataclass
from typing import Annotated, Literal

import msgspec
import numpy as np

from condenslab.studies.settings import Count
from condenslab.studies.shared.completion import targets
from condenslab.studies.shared.completion.cases import CROSS, Target, TrainCase

_STEEP = ("M4", "M5", "M6", "M7", "M8")
"""Targets for which the published rate 0.05 can exceed the limit of stability of gradient descent."""


@dataclass(frozen=True)
class Settings:
    """What `--set` can change.

    Attributes:
        seeds: Random starts of every target, design and scale.
        targets: Which targets are trained on.
        std: Standard deviation of the initial entries.
        stds: Those of the experiment on the initial scale.
        designs: Random designs of seven entries.
        design_stds: Initial standard deviations for the random designs.
        rate: Learning rate, for M1 to M3.
        steep_rate: Learning rate, for M4 to M8.
        steps: Largest number of steps.
    """

    seeds: Count = 5
    targets: tuple[Target, ...] = ("M1", "M2", "M3", "M4", "M6", "M7", "M8")
    std: Annotated[float, msgspec.Meta(gt=0)] = 1e-4
    stds: tuple[float, ...] = (1e-1, 1e-2, 1e-3, 1e-4)
    designs: Count = 60
    design_stds: tuple[float, ...] = (1e-2, 1e-4, 1e-7)
    rate: Annotated[float, msgspec.Meta(gt=0)] = 0.05
    steep_rate: Annotated[float, msgspec.Meta(gt=0)] = 0.02
    steps: Count = 100_000


PRESETS = {
    "tiny": Settings(seeds=1, targets=("M1", "M4"), stds=(1e-1, 1e-4), designs=6, design_stds=(1e-4,), steps=20_000),
    "quick": Settings(),
    "full": Settings(seeds=50, designs=1000),
}


@dataclass(frozen=True)
class RankCase:
    """The ranks of one target.

    Attributes:
        target: Which one.
        kind: Tells the sorts of case apart.
    """

    target: str
    kind: Literal["rank"] = "rank"


@dataclass(frozen=True)
class OrderCase:
    """The ranks along one published order.

    Attributes:
        order: Name of the order.
        target: The rank-1 target that it is used for.
        kind: Tells the sorts of case apart.
    """

    order: str
    target: Target = "M2"
    kind: Literal["order"] = "order"


Case = RankCase | OrderCase | TrainCase


def make_cases(settings: Settings, seed: int) -> list[Case]:
    """Returns the cases of a run.

    Args:
        settings: The settings.
        seed: The first seed.
    """

    def train(part: str, target: Target, observed: tuple[int, ...], std: float, number: int) -> TrainCase:
        rate = settings.steep_rate if target in _STEEP else settings.rate
        return TrainCase(part, target, tuple(sorted(observed)), std, rate, settings.steps, seed + number)

    cases: list[Case] = []
    cases += [RankCase(name) for name in targets.RANKS]
    cases += [OrderCase(name) for name in targets.ORDERS]
    for number in range(settings.seeds):
        for name in settings.targets:
            order = targets.hook_order(targets.numbers(name))
            cases += [train("hooks", name, order[:n], settings.std, number) for n in range(1, 17)]
        cross = targets.cross_order(*CROSS)
        cases += [train("scale", "M1", cross[:n], std, number) for std in settings.stds for n in range(6, 17)]
        for name in ("1", "2", "4", "5", "6"):
            order = targets.printed_order(name)
            cases += [train(f"order {name}", "M2", order[:n], settings.std, number) for n in range(5, 15)]
    random = np.random.default_rng([seed, 7])
    for _ in range(settings.designs):
        chosen = tuple(random.choice(16, size=7, replace=False).tolist())
        cases += [train("random", "M1", chosen, std, 0) for std in settings.design_stds]
    return list(dict.fromkeys(cases))
