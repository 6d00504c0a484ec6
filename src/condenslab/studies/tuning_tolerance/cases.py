"""Settings and cases of the study of tuning tolerance: runs of the matrix completion study; imports no JAX."""

from dataclasses import dataclass
from typing import Annotated

import msgspec
import numpy as np

from condenslab.studies.settings import Count, Positive
from condenslab.studies.shared.completion import targets
from condenslab.studies.shared.completion.cases import CROSS, TrainCase, components

Entries = Annotated[int, msgspec.Meta(ge=7, le=16)]

OPTIMISTIC, ENTRIES = 7, 16
TARGET = "M1"


@dataclass(frozen=True)
class Settings:
    """What `--set` can change.

    Attributes:
        samples: Numbers of observed entries n, from O = 7 to all 16.
        stds: Standard deviations of the initial entries.
        seeds: Starts on the cross, at every n and std.
        orders: Random orders of the entries (the first seven of rank 7), each with a start of its own.
        rate: Learning rate while scales are varied.
        rates: Learning rates at the standard deviation `std`.
        std: See `rates`.
        steps: Largest number of steps.
    """

    samples: tuple[Entries, ...] = (7, 8, 9, 10, 11, 12, 13, 14, 15, 16)
    stds: tuple[Positive, ...] = (1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1, 3e-1, 1.0)
    seeds: Count = 8
    orders: Count = 24
    rate: Positive = 0.05
    rates: tuple[Positive, ...] = (0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
    std: Positive = 1e-4
    steps: Count = 20_000


PRESETS = {
    "tiny": Settings(samples=(7, 16), stds=(1e-4, 1e-2, 1.0), seeds=2, orders=3, rates=(0.05, 0.2, 0.8), steps=10_000),
    "quick": Settings(),
    "full": Settings(
        stds=tuple(float(s) for s in np.round(10.0 ** np.arange(-5, 0.01, 0.25), 8)),
        seeds=50,
        orders=500,
        steps=200_000,
    ),
}


def make_cases(settings: Settings, seed: int) -> list[TrainCase]:
    """Returns the runs: scales on the cross of the largest entries and on random orders, and rates on the cross.

    Args:
        settings: The settings.
        seed: The first seed.
    """
    s, counts = settings, sorted(dict.fromkeys(settings.samples))

    def train(part: str, order: tuple[int, ...], n: int, std: float, rate: float, number: int) -> TrainCase:
        return TrainCase(part, TARGET, tuple(sorted(order[:n])), std, rate, s.steps, number)

    cross, cases = targets.cross_order(*CROSS), []
    for number in range(seed, seed + s.seeds):
        cases += [train("cross", cross, n, std, s.rate, number) for std in s.stds for n in counts]
        cases += [train("rates", cross, n, s.std, rate, number) for rate in s.rates for n in counts]
    for number in range(seed, seed + s.orders):
        order = random_order(number)
        cases += [train("random", order, n, std, s.rate, number) for std in s.stds for n in counts]
    return cases


def random_order(seed: int) -> tuple[int, ...]:
    """Returns a random order of the entries whose first seven have rank 7, as row-major numbers.

    Args:
        seed: Of the order.
    """
    random = np.random.default_rng([seed, 8])
    while True:
        order = tuple(random.permutation(ENTRIES).tolist())
        if components(order[:OPTIMISTIC]) == 1:
            return order
