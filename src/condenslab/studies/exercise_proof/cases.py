"""Settings and cases of the study; imports no JAX."""

from dataclasses import dataclass
from typing import Annotated

import msgspec

from condenslab.studies.settings import Count


@dataclass(frozen=True)
class Settings:
    """What `--set` can change.

    Attributes:
        starts: Starts of a search, times the square of its width.
        seeds: Searches with different starts.
        step: The box of width 1 is |w|·dx ≤ this, dx the distance of neighbouring inputs; 3 is the steepest neuron that
            the search takes for one.
        boxes: Rectangles that branch and bound looks at, at most.
    """

    starts: Count = 100
    seeds: Count = 1
    step: Annotated[float, msgspec.Meta(gt=0)] = 0.6
    boxes: Count = 20_000


@dataclass(frozen=True)
class PointsCase:
    """Searches of widths 1, 2 and 3, and a proof of all that they find.

    Attributes:
        starts: Starts, times the square of the width.
        seed: Of the starts.
    """

    starts: int
    seed: int


@dataclass(frozen=True)
class BoxCase:
    """Branch and bound over the networks of width 1.

    Attributes:
        step: The largest |w|·dx.
        boxes: Rectangles, at most.
    """

    step: float
    boxes: int


def make_cases(settings: Settings, seed: int) -> list[PointsCase | BoxCase]:
    """Returns the searches and the box.

    Args:
        settings: The settings.
        seed: Of the run.
    """
    points = [PointsCase(settings.starts, seed + k) for k in range(settings.seeds)]
    return [*points, BoxCase(settings.step, settings.boxes)]
