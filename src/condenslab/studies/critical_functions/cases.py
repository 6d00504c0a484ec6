"""Settings and cases of the critical_functions study; imports no JAX."""

from dataclasses import dataclass
from typing import Annotated

import msgspec

Count = Annotated[int, msgspec.Meta(ge=1)]


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
        threads: Processors for the flows.
    """

    starts: Count = 500
    seeds: Count = 3
    largest_width: Annotated[int, msgspec.Meta(ge=1, le=3)] = 3
    kicked: Annotated[int, msgspec.Meta(ge=0)] = 12
    time: Annotated[float, msgspec.Meta(gt=0)] = 1e8
    max_steps: Count = 3000
    threads: Count = 2


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
        threads: Processors for the flows.
    """

    width: int
    starts: int
    seed: int
    kicked: int
    time: float
    max_steps: int
    threads: int
