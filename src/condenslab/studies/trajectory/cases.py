"""Settings and cases of the study of trajectories; imports no JAX."""

from dataclasses import dataclass
from typing import Literal

from condenslab.studies.settings import Count


@dataclass(frozen=True)
class Settings:
    """What `--set` can change.

    Attributes:
        seeds: Runs on the target of four ReLU neurons.
        steps: Their epochs; rate 0.1, 100 neurons, std 1e-4.
        pair_seeds: Runs on the target of two ReLU neurons.
        pair_steps: Their epochs; rate 0.05, 1000 neurons, std 1e-3.
    """

    seeds: Count = 20
    steps: Count = 100_000
    pair_seeds: Count = 3
    pair_steps: Count = 100_000


PRESETS = {
    "tiny": Settings(seeds=1, steps=5_000, pair_seeds=1, pair_steps=4_000),
    "quick": Settings(),
    "full": Settings(seeds=50, pair_seeds=10, pair_steps=1_000_000),
}


@dataclass(frozen=True)
class Case:
    """One run of gradient descent from small weights.

    Attributes:
        task: "four_relu" or "relu_pair".
        seed: Of the initial parameters.
        width: Neurons.
        std: Initial standard deviation of every parameter.
        rate: Learning rate, of the mean squared error without a factor 1/2.
        steps: Epochs.
    """

    task: Literal["four_relu", "relu_pair"]
    seed: int
    width: int
    std: float
    rate: float
    steps: int


def make_cases(settings: Settings, seed: int) -> list[Case]:
    """Returns the runs on both targets, with consecutive seeds.

    Args:
        settings: The settings.
        seed: The first seed.
    """
    four = [Case("four_relu", seed + k, 100, 1e-4, 0.1, settings.steps) for k in range(settings.seeds)]
    pair = [Case("relu_pair", seed + k, 1000, 1e-3, 0.05, settings.pair_steps) for k in range(settings.pair_seeds)]
    return four + pair
