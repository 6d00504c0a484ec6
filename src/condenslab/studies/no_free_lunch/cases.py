"""Settings and cases of the study of the free lunch that there is not; imports no JAX."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

import msgspec

from condenslab.studies.settings import Count
from condenslab.studies.shared.descents.cases import DescentCase, TaskName

Search = Literal["in order", "next to the best", "network", "network, upside down"]

SEARCHES: tuple[Search, ...] = ("in order", "next to the best", "network", "network, upside down")
"""How the next point is chosen: as they come; nearest to the best so far; where the fit of a wide network to what was
seen is largest, or smallest."""
LEARNERS: tuple[Search, ...] = ("next to the best", "network")
"""Searches that use what they have seen as one would."""

SCHEMES: dict[str, dict[str, Any]] = {
    "γ = 0": {"exponent": 0.0},
    "γ = 1": {"exponent": 1.0},
    "γ = 3": {"exponent": 3.0},
    "10 neurons": {"exponent": 1.0, "width": 10},
    "dropout": {"exponent": 1.0, "drop": 0.1},
    "decay": {"exponent": 1.0, "decay": 0.1},
    "large rate": {"exponent": 1.0, "rate": 1e-2},
}
"""The settings of training that are tried, by what they change."""
TASKS: tuple[TaskName, ...] = ("random_labels", "planted_labels")
PLANTED = 2
"""Neurons of the function whose sample size a random function's is compared with."""


@dataclass(frozen=True)
class Settings:
    """What `--set` can change.

    Attributes:
        places: Points of the set on which all functions are searched.
        values: Values of these functions.
        seeds: Random functions and labels.
        samples: Labels that are given, of 200.
        width: Neurons of the networks that learn labels, but for one setting.
        steps: Largest number of steps.
        risk: Risk that ends a run.
        points: Points of the set on which random functions are fitted.
        neurons: Neurons of the network that fits them; three parameters a neuron.
    """

    places: Annotated[int, msgspec.Meta(ge=3, le=9)] = 6
    values: Annotated[int, msgspec.Meta(ge=2, le=4)] = 3
    seeds: Count = 20
    samples: Annotated[int, msgspec.Meta(ge=1, le=199)] = 20
    width: Count = 100
    steps: Count = 10_000
    risk: Annotated[float, msgspec.Meta(gt=0)] = 1e-2
    points: Annotated[int, msgspec.Meta(ge=7)] = 12
    neurons: Annotated[int, msgspec.Meta(ge=3)] = 8


PRESETS = {
    "tiny": Settings(places=4, values=2, seeds=1, width=20, steps=200, points=7, neurons=4),
    "quick": Settings(),
    "full": Settings(places=8, seeds=100, width=400, steps=100_000, points=18, neurons=12),
}


@dataclass(frozen=True)
class SearchCase:
    """One search, on every function from a set of points to a set of values.

    Attributes:
        search: How it chooses.
        places: Points.
        values: Values.
    """

    search: Search
    places: int
    values: int


@dataclass(frozen=True)
class RankCase:
    """A random function on a finite set, fitted by a network, and a planted one.

    Attributes:
        seed: Of the functions and the starts.
        points: Points of the set.
        neurons: Neurons of the network.
    """

    seed: int
    points: int
    neurons: int


def descent(settings: Settings, task: TaskName, scheme: str, seed: int) -> DescentCase:
    """Returns the run of a setting.

    Args:
        settings: The settings of the study.
        task: Which labels.
        scheme: One of `SCHEMES`.
        seed: Of the run.
    """
    shared = {"width": settings.width, "steps": settings.steps, "risk": settings.risk}
    return DescentCase(task, settings.samples, seed, **shared | SCHEMES[scheme])


def make_cases(settings: Settings, seed: int) -> list[SearchCase | DescentCase | RankCase]:
    """Returns the searches, the runs on labels, and the functions to fit.

    Args:
        settings: The settings.
        seed: The first of consecutive seeds.
    """
    seeds = range(seed, seed + settings.seeds)
    return [
        *(SearchCase(search, settings.places, settings.values) for search in SEARCHES),
        *(descent(settings, task, scheme, s) for task in TASKS for scheme in SCHEMES for s in seeds),
        *(RankCase(s, settings.points, settings.neurons) for s in seeds),
    ]
