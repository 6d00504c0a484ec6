"""Settings and cases of the study of embeddings at any depth and for any loss; imports no JAX."""

from dataclasses import dataclass
from typing import Annotated, Literal

import msgspec

from condenslab.studies.settings import Count

LossName = Literal["squared", "quartic", "smooth absolute", "cross-entropy"]
Point = Literal["critical", "any"]

LOSSES: tuple[LossName, ...] = ("squared", "quartic", "smooth absolute", "cross-entropy")
SPLIT, STEPS, COPIES, THREE_FOLD = "split", "steps", "two copies", "three-fold"
GENERAL = (STEPS, COPIES, THREE_FOLD)
"""Embeddings that are no single split: steps in every layer, null neurons too; two mixed copies; three copies."""
SHARES = (0.5, -0.4)
"""α of the splits."""
INPUTS, WIDTH, OUTPUTS = 2, 3, 3
STILL = 1e-12
"""A gradient of this size, relative to that with the targets of other samples, is rounding."""


@dataclass(frozen=True)
class Settings:
    """What `--set` can change.

    Attributes:
        seeds: Critical points of every depth and loss.
        depths: Numbers of hidden layers.
        losses: Which of `LOSSES`.
        samples: Training samples; with three outputs they must outnumber the parameters of the narrow network.
    """

    seeds: Count = 10
    depths: Annotated[tuple[Count, ...], msgspec.Meta(min_length=1)] = (1, 2, 3)
    losses: Annotated[tuple[LossName, ...], msgspec.Meta(min_length=1)] = LOSSES
    samples: Annotated[int, msgspec.Meta(ge=20)] = 60


PRESETS = {
    "tiny": Settings(seeds=1, depths=(2,), losses=("cross-entropy",), samples=40),
    "quick": Settings(),
    "full": Settings(seeds=100, depths=(1, 2, 3, 4, 5), samples=120),
}


@dataclass(frozen=True)
class Case:
    """One critical point of a narrow network with its embeddings, and one point that is not critical with its own.

    Attributes:
        depth: Hidden layers.
        loss: Which.
        seed: Of the networks, the inputs, the residuals and the shares.
        samples: Training samples.
    """

    depth: int
    loss: LossName
    seed: int
    samples: int


def make_cases(settings: Settings, seed: int) -> list[Case]:
    """Returns every depth with every loss, for every seed.

    Args:
        settings: The settings.
        seed: The first seed.
    """
    return [
        Case(depth, loss, seed + k, settings.samples)
        for depth in dict.fromkeys(settings.depths)
        for loss in dict.fromkeys(settings.losses)
        for k in range(settings.seeds)
    ]
