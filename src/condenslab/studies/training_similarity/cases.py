"""Settings and cases of the training_similarity study; imports no JAX."""

from dataclasses import dataclass
from typing import Annotated, Literal

import msgspec

from condenslab.studies.settings import Count, Positive

LOWEST, HIGHEST, BINS = -5.0, 0.0, 200
"""The loss spectrum has 200 equal bins of log₁₀ R on [−5, 0]."""

NARROW = 8
"""Networks of at most this width are the narrow ones."""

FRESH = 1000
"""First seed of the runs with the inferred setting, which was chosen after looking at other seeds."""


@dataclass(frozen=True)
class Settings:
    """What `--set` can change.

    The source gives the target, the rate, the widths and the number of trials; the scale of the start, the samples and
    the number of steps are choices of ours. The time axis of its Fig. 1.1 does not fit the printed rate: a second set
    of runs, on seeds of its own, has the rate and the exponent that were inferred from it.

    Attributes:
        widths: Widths of the networks.
        trials: Starts of each width up to 8.
        wide_trials: Starts of each width above 8 and below 1000.
        widest_trials: Starts of each width of at least 1000.
        steps: Steps of gradient descent.
        rate: Learning rate, for the mean over samples of the squared error.
        samples: Even grid on [−1, 1].
        std: Every parameter has standard deviation std·m^−exponent, m the width.
        exponent: See above; κ = std²·m^−2·exponent is condensed where 2·exponent > 1.
        inferred_rate: Learning rate of the second set.
        inferred_exponent: Of its start, std m^−exponent.
        inferred_steps: Its steps.
        levels: Critical risks are enumerated for widths 1 … this.
    """

    widths: tuple[Count, ...] = (1, 2, 3, 4, 6, 8, 15, 30, 60, 100, 200, 2000)
    trials: Count = 64
    wide_trials: Count = 8
    widest_trials: Count = 2
    steps: Count = 500_000
    rate: Positive = 1e-3
    samples: Annotated[int, msgspec.Meta(ge=3)] = 20
    std: Positive = 0.05
    exponent: Positive = 0.75
    inferred_rate: Positive = 0.1
    inferred_exponent: Positive = 1.5
    inferred_steps: Count = 100_000
    levels: Annotated[int, msgspec.Meta(ge=1, le=3)] = 3

    def __post_init__(self) -> None:
        if self.rate == self.inferred_rate:
            raise ValueError(f"the printed and the inferred rate are told apart by their value. Got {self.rate} twice.")


PRESETS = {
    "tiny": Settings(widths=(1, 15), trials=8, wide_trials=2, steps=40_000, inferred_steps=1_000, levels=2),
    "quick": Settings(widths=(1, 2, 3, 4, 8, 15, 30, 60, 100, 200)),
    "full": Settings(trials=100, wide_trials=100, widest_trials=100, steps=2_000_000),
    "panel": Settings(),  # with the widest network too: two and a half minutes on two cores
}


@dataclass(frozen=True)
class TrialCase:
    """One run of gradient descent.

    Attributes:
        width: Neurons.
        seed: Of the start.
        steps: Steps.
        rate: Learning rate.
        samples: Even grid on [−1, 1].
        std: See `Settings`.
        exponent: See `Settings`.
        kind: Tells the two sorts of case apart.
    """

    width: int
    seed: int
    steps: int
    rate: float
    samples: int
    std: float
    exponent: float
    kind: Literal["trial"] = "trial"


@dataclass(frozen=True)
class LevelsCase:
    """The critical functions of one narrow width, by enumeration.

    Attributes:
        width: Neurons.
        samples: Even grid on [−1, 1].
        kind: Tells the two sorts of case apart.
    """

    width: int
    samples: int
    kind: Literal["levels"] = "levels"


def trials_of(settings: Settings, width: int) -> int:
    """Returns the number of starts of a width."""
    if width <= NARROW:
        return settings.trials
    return settings.wide_trials if width < 1000 else settings.widest_trials


def make_cases(settings: Settings, seed: int) -> list[TrialCase | LevelsCase]:
    """Returns the cases of a run: every width with seeds `seed`, `seed` + 1, …, both settings, and the enumerations.

    Args:
        settings: The settings.
        seed: The first seed.
    """
    s = settings
    printed = (s.steps, s.rate, s.samples, s.std, s.exponent)
    inferred = (s.inferred_steps, s.inferred_rate, s.samples, 1.0, s.inferred_exponent)
    return [
        *(LevelsCase(width, s.samples) for width in range(1, s.levels + 1)),
        *(
            TrialCase(width, first + k, *training)
            for first, training in ((seed, printed), (seed + FRESH, inferred))
            for width in s.widths
            for k in range(trials_of(s, width))
        ),
    ]
