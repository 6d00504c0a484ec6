"""Settings and cases of the critical_functions study; imports no JAX."""

from dataclasses import dataclass
from typing import Annotated

import msgspec

from condenslab.studies.settings import Count


@dataclass(frozen=True)
class Settings:
    """What `--set` can change.

    Attributes:
        starts: Starts of a search, times the square of its width.
        seeds: Searches of every width.
        largest_width: Widths 1 … this are searched.
        kicked: Functions of each width, those of lowest risk, from which gradient flows start.
        time: End time of these flows.
        max_steps: Their largest number of solver steps.
    """

    starts: Count = 500
    seeds: Count = 3
    largest_width: Annotated[int, msgspec.Meta(ge=1, le=3)] = 3
    kicked: Annotated[int, msgspec.Meta(ge=0)] = 12
    time: Annotated[float, msgspec.Meta(gt=0)] = 1e8
    max_steps: Count = 3000


@dataclass(frozen=True)
class SearchCase:
    """One search of one width, and gradient flows from the functions that first appear there.

    Attributes:
        width: Neurons.
        starts: Starts.
        seed: Of the starts.
        kicked: Functions from which flows start, 0 for none.
        time: End time of the flows.
        max_steps: Largest number of solver steps of a flow.
    """

    width: int
    starts: int
    seed: int
    kicked: int
    time: float
    max_steps: int


PRESETS = {
    "tiny": Settings(starts=30, seeds=1, largest_width=1, kicked=1, max_steps=1000),
    "quick": Settings(seeds=1),
    "full": Settings(starts=7300, seeds=5, kicked=60),
}


def make_cases(settings: Settings, seed: int) -> list[SearchCase]:
    """Returns a search for every width and seed; the first seed is also kicked.

    Args:
        settings: The settings.
        seed: The first seed.
    """
    return [
        SearchCase(
            width=width,
            starts=settings.starts * width**2,
            seed=seed + number,
            kicked=settings.kicked if number == 0 else 0,
            time=settings.time,
            max_steps=settings.max_steps,
        )
        for width in range(1, settings.largest_width + 1)
        for number in range(settings.seeds)
    ]
