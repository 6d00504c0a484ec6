"""Settings and cases of the study of training spline networks; imports no JAX."""

from dataclasses import dataclass
from typing import Annotated

import msgspec

from condenslab.studies.settings import Count, CountOrZero, Positive

TARGET_GRID = 3
"""Intervals of the target's grid; it has one hidden neuron and two inputs."""
STEP = 1.3
"""No two neighbours of the numbers of samples that are tried are further apart than by this factor."""


@dataclass(frozen=True)
class Settings:
    """What `--set` can change.

    Attributes:
        seeds: Targets, each with samples and starts of its own.
        widths: Hidden neurons of the networks, on the grid of the target; the first is the target's.
        refinements: How often the grid is halved, at the width of the target; 0, the target's own, is among the widths.
        samples: Numbers of samples that are tried, increasing.
        std: Standard deviation of the initial coefficients.
        rate: Learning rate of Adam.
        steps: Largest number of steps: after 10,000 a third of the wide networks had not come to that risk.
        risk: Risk that ends a run.
    """

    seeds: Count = 6
    widths: Annotated[tuple[Count, ...], msgspec.Meta(min_length=1)] = (1, 2, 4)
    refinements: tuple[CountOrZero, ...] = (1, 2)
    samples: Annotated[tuple[Count, ...], msgspec.Meta(min_length=1)] = (10, 12, 15, 19, 24, 30, 38, 48, 60)
    std: Positive = 1e-2
    rate: Positive = 1e-2
    steps: Count = 20_000
    risk: Positive = 1e-10

    @property
    def networks(self) -> list[tuple[int, int]]:
        """Width and refinements of every network, the target's first."""
        found = [(width, 0) for width in self.widths] + [(self.widths[0], times) for times in self.refinements]
        return list(dict.fromkeys(found))


PRESETS = {
    "tiny": Settings(seeds=1, widths=(1, 2), refinements=(1,), samples=(12, 15), steps=100),
    "quick": Settings(),
    "full": Settings(
        seeds=20,
        widths=(1, 2, 4, 8),
        refinements=(1, 2, 3),
        samples=(10, 12, 15, 19, 24, 30, 38, 48, 60, 75, 94, 118),
        steps=200_000,
    ),
}


@dataclass(frozen=True)
class RankCase:
    """The model rank of a target, as a point of a larger network.

    Attributes:
        width: Hidden neurons.
        refinements: How often the grid is halved.
        seed: Of the target and the probes.
    """

    width: int
    refinements: int
    seed: int


@dataclass(frozen=True)
class TrainCase:
    """One run of Adam from a small start.

    Attributes:
        width: Hidden neurons.
        refinements: How often the grid of the target is halved.
        samples: n.
        most: The largest n, to which samples are padded with weight 0: one program serves all n.
        seed: Of the target, the samples and the start.
        std: Standard deviation of the initial coefficients.
        rate: Learning rate.
        steps: Largest number of steps.
        risk: Risk that ends the run.
    """

    width: int
    refinements: int
    samples: int
    most: int
    seed: int
    std: float
    rate: float
    steps: int
    risk: float


def parameters(width: int, refinements: int) -> int:
    """Returns M of a network: three splines a hidden neuron, of G + 3 coefficients.

    Args:
        width: Hidden neurons.
        refinements: How often the grid of the target is halved.
    """
    return 3 * width * (TARGET_GRID * 2**refinements + 3)


def make_cases(settings: Settings, seed: int) -> list[RankCase | TrainCase]:
    """Returns for every network its ranks at the targets, and its runs.

    Args:
        settings: The settings.
        seed: The first of consecutive seeds.
    """
    s, seeds = settings, range(seed, seed + settings.seeds)
    return [
        *(RankCase(*network, one) for network in s.networks for one in seeds),
        *(
            TrainCase(*network, n, max(s.samples), one, s.std, s.rate, s.steps, s.risk)
            for network in s.networks
            for n in sorted(set(s.samples))
            for one in seeds
        ),
    ]
