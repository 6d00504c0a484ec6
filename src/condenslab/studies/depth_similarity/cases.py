"""Settings and cases of the study of depths; imports no JAX."""

from dataclasses import dataclass
from typing import Annotated

import msgspec
import numpy as np

from condenslab.studies.settings import Count, CountOrZero, Positive


@dataclass(frozen=True)
class Start:
    """A reading of the published start.

    Attributes:
        std: Standard deviation of every parameter.
        words: How the source is read.
        reason: Why what is published does not all come out.
    """

    std: float
    words: str
    reason: str


STARTS = (
    Start(0.07, "standard deviation 0.07", "From this start only the first of the three plateaus is as published."),
    Start(
        float(np.sqrt(0.07)),
        "variance 0.07, as printed",
        "Read as a variance, the published 0.07 starts so large that the published plateaus do not appear.",
    ),
)


@dataclass(frozen=True)
class Settings:
    """What `--set` can change.

    The source prints N(0, 0.07), 0.07 being a variance elsewhere in it. From that variance the two upper plateaus of
    its figure do not appear; a standard deviation of 0.07, a reading chosen after seeing both, shows the first of them.

    Attributes:
        depths: Numbers of hidden layers.
        width: Neurons of each.
        seeds: Runs of each depth with standard deviation 0.07.
        printed_seeds: Runs of each depth with variance 0.07, as printed.
        steps: Steps of gradient descent.
        rate: Learning rate of the runs with standard deviation 0.07, for the mean over samples and outputs of the
            squared error.
        printed_rate: That of the others, which a larger one makes oscillate.
    """

    depths: Annotated[tuple[Count, ...], msgspec.Meta(min_length=2)] = (3, 4, 5)
    width: Count = 50
    seeds: Count = 3
    printed_seeds: CountOrZero = 1
    steps: Count = 20_000
    rate: Positive = 5e-3
    printed_rate: Positive = 1e-3


@dataclass(frozen=True)
class DepthCase:
    """One run of gradient descent on Iris.

    Attributes:
        depth: Hidden layers.
        width: Neurons of each.
        seed: Of the start.
        std: Standard deviation of every parameter in the beginning.
        steps: Steps.
        rate: Learning rate.
    """

    depth: int
    width: int
    seed: int
    std: float
    steps: int
    rate: float


def make_cases(settings: Settings, seed: int) -> list[DepthCase]:
    """Returns the runs of every depth and reading of the start, with seeds from `seed` on.

    Args:
        settings: The settings.
        seed: The first seed.
    """
    runs = ((settings.rate, settings.seeds), (settings.printed_rate, settings.printed_seeds))
    return [
        DepthCase(depth, settings.width, seed + k, start.std, settings.steps, rate)
        for start, (rate, count) in zip(STARTS, runs, strict=True)
        for depth in settings.depths
        for k in range(count)
    ]


PRESETS = {
    "tiny": Settings(depths=(2, 3), width=8, seeds=1, printed_seeds=0, steps=500),
    "quick": Settings(),
    "full": Settings(seeds=10, printed_seeds=10, steps=100_000, rate=1e-3),
}
