"""Settings and cases of the study of data and plateaus; imports no JAX."""

from dataclasses import dataclass
from typing import Annotated, Literal

import msgspec

from condenslab.studies.settings import Count, CountOrZero, Positive

Grid = Literal["nested", "interval"]

GRIDS: dict[Grid, str] = {
    "nested": "the middle points of one grid on [−15, 15], so that more samples include the fewer ones",
    "interval": "as many equally spaced points on [−15, 15]",
}
"""The source's "equally spaced around 0", read both ways; its Proposition 3 is about samples that include others."""


@dataclass(frozen=True)
class Settings:
    """What `--set` can change.

    Attributes:
        samples: Numbers of samples, increasing; training begins with the first.
        depth: Hidden layers.
        width: Neurons of each.
        std: Standard deviation of every parameter in the beginning; the source prints N(0, 0.01), which gives its
            plateaus when read as a standard deviation (study `embedding_depth`).
        before: Steps on the fewest samples, which end on the plateau.
        steps: Steps after that, at most: a run ends where it has left the plateau.
        nested_seeds: Starts with samples that include the fewer ones; 0 leaves them out.
        interval_seeds: Starts with samples that fill the same interval; 0 leaves them out.
    """

    samples: Annotated[tuple[Count, ...], msgspec.Meta(min_length=2)] = (70, 80, 100)
    depth: Count = 3
    width: Count = 50
    std: Positive = 0.01
    before: Count = 50_000
    steps: Count = 1_500_000
    nested_seeds: CountOrZero = 1
    interval_seeds: CountOrZero = 1


PRESETS = {
    "tiny": Settings(samples=(10, 20), depth=2, width=8, before=200, steps=200, nested_seeds=1, interval_seeds=0),
    "quick": Settings(nested_seeds=0),  # some of the others stay for minutes
    "full": Settings(),
}


@dataclass(frozen=True)
class EscapeCase:
    """Gradient descent of a tanh network on few samples of the three-tanh target, then on as many or more.

    Attributes:
        grid: Where the samples lie.
        fewest: Samples in the beginning.
        most: Samples of the whole grid.
        samples: Samples afterwards.
        seed: Of the start.
        depth: Hidden layers.
        width: Neurons of each.
        std: Standard deviation of every parameter in the beginning.
        before: Steps on the fewest samples.
        steps: Steps afterwards, at most.
    """

    grid: Grid
    fewest: int
    most: int
    samples: int
    seed: int
    depth: int
    width: int
    std: float
    before: int
    steps: int


def make_cases(settings: Settings, seed: int) -> list[EscapeCase]:
    """Returns the runs of every grid and number of samples, with seeds from `seed` on.

    Args:
        settings: The settings.
        seed: The first seed.
    """
    counts = sorted(set(settings.samples))
    starts = zip(GRIDS, (settings.nested_seeds, settings.interval_seeds), strict=True)
    return [
        EscapeCase(
            grid,
            counts[0],
            counts[-1],
            samples,
            each,
            settings.depth,
            settings.width,
            settings.std,
            settings.before,
            settings.steps,
        )
        for grid, seeds in starts
        for samples in counts
        for each in range(seed, seed + seeds)
    ]
