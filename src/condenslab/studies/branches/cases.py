"""Settings and cases of the two studies of branches; imports no JAX."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import msgspec

from condenslab.studies.settings import Count, Positive

Number = Literal[1, 2, 3]

_BRANCHES: tuple[Number, ...] = (1, 2, 3)


@dataclass(frozen=True)
class Settings:
    """What `--set` can change in `branches`.

    Attributes:
        seeds: Points of each branch whose ranks and rates of convergence are measured, each with its own samples.
        trials: Flows for each number of samples and branch; 0 leaves out who recovers.
        samples: Samples of the flows whose rate is measured.
        radius: Standard deviation of the displacement from the branch of those flows.
        small_radius: The same for the flows that recover or do not.
        time: End time of the flows whose rate is measured.
        long_time: End time of the others: near a condensed branch, neurons a distance ε apart need a time of ε⁻² to
            come nearer to each other, and the smallest eigenvalue of few samples can be tiny.
        draws: Draws of samples for which the zero set of the risk is solved in a slice.
    """

    seeds: Count = 5
    trials: Annotated[int, msgspec.Meta(ge=0)] = 30
    samples: Count = 8
    radius: Positive = 0.1
    small_radius: Positive = 1e-3
    time: Positive = 1e14
    long_time: Positive = 1e15
    draws: Count = 20


PRESETS = {
    "tiny": Settings(seeds=1, trials=0, draws=3),
    "quick": Settings(),
    "full": Settings(seeds=20, trials=200, draws=200),
}


@dataclass(frozen=True)
class StabilitySettings:
    """What `--set` can change in `recovery_stability`.

    Attributes:
        widths: m of each setting.
        target_widths: m₀ of each setting.
        inputs: d of each setting.
        trials: Flows for each number of samples and branch, each from a point of its own.
        points: Points of every branch, each with samples of its own, from which several flows start.
        flows: Flows from every such point, and from every exceptional one.
        small_radius: Standard deviation of the displacement from the branch.
        time: End time of the flows.
    """

    widths: tuple[Count, ...] = (2, 3, 3)
    target_widths: tuple[Count, ...] = (1, 1, 2)
    inputs: tuple[Count, ...] = (2, 2, 2)
    trials: Count = 30
    points: Count = 3
    flows: Count = 30
    small_radius: Positive = 1e-3
    time: Positive = 1e15

    def __post_init__(self) -> None:
        if not len(self.widths) == len(self.target_widths) == len(self.inputs):
            raise ValueError("widths, target_widths and inputs have one entry a setting")
        if any(narrow > wide for narrow, wide in zip(self.target_widths, self.widths, strict=True)):
            raise ValueError("a target width is larger than its width")


STABILITY_PRESETS = {
    "tiny": StabilitySettings(widths=(2,), target_widths=(1,), inputs=(2,), trials=3, points=1, flows=3),
    "quick": StabilitySettings(points=2),
    "full": StabilitySettings(
        widths=(2, 3, 3, 4), target_widths=(1, 1, 2, 2), inputs=(2, 3, 2, 2), trials=200, points=10, flows=50
    ),
}


@dataclass(frozen=True)
class RateCase:
    """Flows from near one branch of the six-parameter example, watched over time.

    Attributes:
        kind: Tells the sorts of case apart.
        branch: 1 for the condensed branch Q₁; 2 and 3 for Q₂ and its mirror Q₃.
        seed: Of the point, the displacement and the samples.
        samples: Number of training samples.
        radius: Standard deviation of the displacement.
        time: End time.
    """

    branch: Number
    seed: int
    samples: int
    radius: float
    time: float
    kind: Literal["rate"] = "rate"


@dataclass(frozen=True)
class StabilityCase:
    """Flows from near every branch, with one number of samples: how many recover the target.

    Attributes:
        kind: Tells the sorts of case apart.
        width: m.
        target_width: m₀.
        inputs: d.
        samples: n.
        most: The largest n of the setting, to which samples are padded with weight 0: one program serves all n.
        trials: How many flows a branch, each with a point, a displacement and samples of its own.
        seed: Of all of them.
        radius: Standard deviation of the displacement.
        time: End time.
    """

    width: int
    target_width: int
    inputs: int
    samples: int
    most: int
    trials: int
    seed: int
    radius: float
    time: float
    kind: Literal["stability"] = "stability"


@dataclass(frozen=True)
class PointCase:
    """Several flows from around each of a few points, with one number of samples: which points are recovery stable.

    Attributes:
        kind: Tells the sorts of case apart.
        places: "branches" for random points of every branch of which theory says that none is stable; "exceptional"
            for points that a random draw misses, of which theory says that all are.
        width: m.
        target_width: m₀.
        inputs: d.
        samples: n.
        most: The largest n of the setting, to which samples are padded with weight 0.
        points: How many points a branch; of exceptional ones one a kind, with so many sets of samples.
        flows: How many flows a point.
        seed: Of points, samples and displacements.
        radius: Standard deviation of the displacement.
        time: End time.
    """

    places: Literal["branches", "exceptional"]
    width: int
    target_width: int
    inputs: int
    samples: int
    most: int
    points: int
    flows: int
    seed: int
    radius: float
    time: float
    kind: Literal["points"] = "points"


@dataclass(frozen=True)
class SliceCase:
    """The zero sets of the risk with one to four samples, in a slice of the six-parameter example.

    Attributes:
        seed: Of the samples.
        kind: Tells the sorts of case apart.
    """

    seed: int
    kind: Literal["slice"] = "slice"


def branch_cases(settings: Settings, seed: int) -> list[RateCase | StabilityCase | SliceCase]:
    """Returns flows from near each branch, watched over time, flows counted for each number of samples, and slices.

    Args:
        settings: The settings.
        seed: The first of consecutive seeds.
    """
    rates = [
        RateCase(branch, seed + k, settings.samples, settings.radius, settings.time)
        for branch in _BRANCHES
        for k in range(settings.seeds)
    ]
    slices = [SliceCase(seed + k) for k in range(settings.draws)]
    if not settings.trials:
        return [*rates, *slices]
    counted = stability_cases(
        2, 1, 2, trials=settings.trials, seed=seed, radius=settings.small_radius, time=settings.long_time
    )
    return [*rates, *counted, *slices]


def setting_cases(settings: StabilitySettings, seed: int) -> list[StabilityCase | PointCase]:
    """Returns for every setting (m, m₀, d) one case a number of samples, and those of single points.

    Args:
        settings: The settings.
        seed: Of the cases.
    """
    s = settings
    common: dict[str, Any] = {"seed": seed, "radius": s.small_radius, "time": s.time}
    chosen = list(zip(s.widths, s.target_widths, s.inputs, strict=True))
    counted = [case for setting in chosen for case in stability_cases(*setting, trials=s.trials, **common)]
    return [*counted, *(case for setting in chosen for case in point_cases(*setting, s.points, s.flows, common))]


def point_cases(
    width: int, target_width: int, inputs: int, points: int, flows: int, common: Mapping[str, Any]
) -> list[PointCase]:
    """Returns the cases of single points: random ones with too few samples, exceptional ones with (d + 1)m + 1.

    What holds of too few samples holds all the more of fewer, and what holds of enough samples of more.

    Args:
        width: m.
        target_width: m₀.
        inputs: d.
        points: Points of every branch.
        flows: Flows from every point.
        common: Seed, radius and end time.
    """
    most = (inputs + 1) * width + 1
    few = [("branches", samples) for samples in largest_unstable(width, target_width, inputs)]
    asked: list[tuple[Any, int]] = [*few, ("exceptional", most)]
    return [
        PointCase(places, width, target_width, inputs, samples, most, points, flows, **common)
        for places, samples in asked
    ]


def largest_unstable(width: int, target_width: int, inputs: int) -> list[int]:
    """Returns the largest n of which Theorem 5.4 says "no point is recovery stable", for every branch, each once.

    It is r + (r − l)d, and one less on Morse–Bott branches, see `landscape.Branch.unstable_below`. Of e = r − m₀ extra
    blocks l have one neuron and the others two or more, of the m − m₀ neurons that there are.

    Args:
        width: m.
        target_width: m₀.
        inputs: d.

    Example:
        >>> largest_unstable(3, 1, 2)
        [3, 4, 5]
    """
    spare, found = width - target_width, set()
    for extra in range(spare + 1):
        for deficient in range(extra + 1):
            if 2 * extra - deficient <= spare:
                features = target_width + extra
                rank = features + (features - deficient) * inputs
                codimension = features + (width + target_width - features) * inputs
                found.add(rank - 1 if rank == codimension else rank)
    return sorted(found)


def stability_cases(
    width: int, target_width: int, inputs: int, *, trials: int, seed: int, radius: float, time: float
) -> list[StabilityCase]:
    """Returns one case a number of samples, from below the smallest threshold of Theorem 5.4 to above the largest.

    Over all branches r + (r − l)d is smallest, and the codimension r + (m + m₀ − r)d largest, at r = m₀.

    Args:
        width: m.
        target_width: m₀.
        inputs: d.
        trials: Flows a branch.
        seed: Of the cases.
        radius: Standard deviation of the displacement.
        time: End time.
    """
    least, most = target_width * (inputs + 1), target_width + width * inputs
    return [
        StabilityCase(width, target_width, inputs, samples, most + 1, trials, seed, radius, time)
        for samples in range(max(1, least - 1), most + 2)
    ]
