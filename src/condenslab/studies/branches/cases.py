"""Settings and cases of the two studies of branches; imports no JAX."""

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
    """

    seeds: Count = 5
    trials: Annotated[int, msgspec.Meta(ge=0)] = 30
    samples: Count = 8
    radius: Positive = 0.1
    small_radius: Positive = 1e-3
    time: Positive = 1e12
    long_time: Positive = 1e15


PRESETS = {
    "tiny": Settings(seeds=1, trials=0),
    "quick": Settings(),
    "full": Settings(seeds=20, trials=200),
}


@dataclass(frozen=True)
class StabilitySettings:
    """What `--set` can change in `recovery_stability`.

    Attributes:
        widths: m of each setting.
        target_widths: m₀ of each setting.
        inputs: d of each setting.
        trials: Flows for each number of samples and branch.
        small_radius: Standard deviation of the displacement from the branch.
        time: End time of the flows.
    """

    widths: tuple[Count, ...] = (3, 3)
    target_widths: tuple[Count, ...] = (1, 2)
    inputs: tuple[Count, ...] = (2, 2)
    trials: Count = 30
    small_radius: Positive = 1e-3
    time: Positive = 1e15

    def __post_init__(self) -> None:
        if not len(self.widths) == len(self.target_widths) == len(self.inputs):
            raise ValueError("widths, target_widths and inputs have one entry a setting")
        if any(narrow > wide for narrow, wide in zip(self.target_widths, self.widths, strict=True)):
            raise ValueError("a target width is larger than its width")


STABILITY_PRESETS = {
    "tiny": StabilitySettings(widths=(2,), target_widths=(1,), inputs=(2,), trials=3),
    "quick": StabilitySettings(),
    "full": StabilitySettings(widths=(2, 3, 3, 4), target_widths=(1, 1, 2, 2), inputs=(2, 3, 2, 2), trials=200),
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


def branch_cases(settings: Settings, seed: int) -> list[RateCase | StabilityCase]:
    """Returns flows from near each branch, watched over time, and flows counted for each number of samples.

    Args:
        settings: The settings.
        seed: The first of consecutive seeds.
    """
    rates = [
        RateCase(branch, seed + k, settings.samples, settings.radius, settings.time)
        for branch in _BRANCHES
        for k in range(settings.seeds)
    ]
    if not settings.trials:
        return [*rates]
    counted = stability_cases(
        2, 1, 2, trials=settings.trials, seed=seed, radius=settings.small_radius, time=settings.long_time
    )
    return [*rates, *counted]


def setting_cases(settings: StabilitySettings, seed: int) -> list[StabilityCase]:
    """Returns one case a setting (m, m₀, d) and number of samples.

    Args:
        settings: The settings.
        seed: Of the cases.
    """
    common: dict[str, Any] = {
        "trials": settings.trials,
        "seed": seed,
        "radius": settings.small_radius,
        "time": settings.time,
    }
    chosen = zip(settings.widths, settings.target_widths, settings.inputs, strict=True)
    return [case for setting in chosen for case in stability_cases(*setting, **common)]


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
