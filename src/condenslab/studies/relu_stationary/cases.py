"""Settings and cases of the relu_stationary study; imports no JAX."""

from dataclasses import dataclass
from typing import Annotated, Literal

import msgspec
import numpy as np

from condenslab.studies.settings import Count


@dataclass(frozen=True)
class Experiment:
    """One of the three experiments of the source.

    Attributes:
        inputs: Samples, shape (sample, input); the network has no biases.
        targets: Shape (sample, output).
        std_exponent: Every parameter starts with standard deviation m^−std_exponent.
        rate: Learning rate of the source, for the mean over samples AND outputs.
        steps: Steps of gradient descent.
        ends_at_zero: Whether the source's run ends with zero loss.
    """

    inputs: np.ndarray
    targets: np.ndarray
    std_exponent: float
    rate: float
    steps: int
    ends_at_zero: bool


EXPERIMENTS = {
    1: Experiment(
        np.array([[-1.0, 1.0], [-0.6, 1.0], [-0.1, 1.0], [0.3, 1.0], [0.7, 1.0]]),
        np.array([[0.28], [-0.1], [0.03], [0.23], [-0.22]]),
        3.0,
        1e-3,
        600_000,
        False,
    ),
    2: Experiment(
        np.array(
            [
                [-0.3, -0.75, -0.5],
                [-0.2, -0.2, 0.4],
                [-0.6, 1.0, -1.0],
                [-0.4, 0.4, 0.3],
                [0.6, -0.1, -0.7],
                [0.4, -0.9, 0.3],
                [0.2, 0.2, -0.5],
            ]
        ),
        np.array([[-0.5], [0.1], [-0.6], [0.3], [0.8], [-0.3], [-0.1]]),
        6.5,
        1e-3,
        800_000,
        True,
    ),
    3: Experiment(
        np.array([[-0.3, 0.5], [1.0, 1.0], [-0.6, -1.0], [0.4, -0.4]]),
        np.array([[0.6, -0.5], [0.5, -1.0], [-0.4, 0.6], [0.8, 0.2]]),
        6.5,
        2e-3,
        300_000,
        False,
    ),
}


@dataclass(frozen=True)
class Settings:
    """What `--set` can change.

    Attributes:
        seeds: Starts of each experiment; the source shows one.
        width: Neurons.
        share: The source's numbers of steps are multiplied by this.
        longer: Where a run ends away from zero risk, its end is looked at after this many times its steps: a seed may
            be on its way between two stationary points when the source's steps are over.
        perturbations: Draws of the perturbation test.
        experiments: Which of the three.
    """

    seeds: Count = 20
    width: Count = 50
    share: Annotated[float, msgspec.Meta(gt=0)] = 1.0
    longer: Count = 3
    perturbations: Count = 5000
    experiments: tuple[Literal[1, 2, 3], ...] = (1, 2, 3)


PRESETS = {
    "tiny": Settings(seeds=2, share=0.05, perturbations=500, experiments=(1,)),
    "quick": Settings(),
    "full": Settings(seeds=50),
}


@dataclass(frozen=True)
class RunCase:
    """One training run.

    Attributes:
        experiment: Its number in the source.
        seed: Of the start.
        width: Neurons.
        steps: Steps of gradient descent, of which the course is kept.
        end: Steps after which the end is tested.
        perturbations: Draws of the perturbation test.
    """

    experiment: int
    seed: int
    width: int
    steps: int
    end: int
    perturbations: int


def steps_of(settings: Settings, experiment: int) -> int:
    """Returns the steps of an experiment with these settings."""
    return max(1, round(settings.share * EXPERIMENTS[experiment].steps))


def make_cases(settings: Settings, seed: int) -> list[RunCase]:
    """Returns the cases of a run.

    Args:
        settings: The settings.
        seed: The first seed.
    """
    return [
        RunCase(number, seed + k, settings.width, steps, end, settings.perturbations)
        for number in settings.experiments
        for steps in (steps_of(settings, number),)
        for end in (steps if EXPERIMENTS[number].ends_at_zero else settings.longer * steps,)
        for k in range(settings.seeds)
    ]
