"""Settings and cases of the study of generalization; imports no JAX."""

from dataclasses import dataclass
from typing import Annotated

import msgspec

from condenslab.studies.settings import Count
from condenslab.studies.shared.descents import DescentCase


@dataclass(frozen=True)
class Settings:
    """What `--set` can change.

    Attributes:
        seeds: Runs of every scale.
        steps: Largest number of steps.
        width: Neurons, m.
        samples: Training samples.
        exponents: γ, largest scale first: every parameter is drawn from N(0, m^−γ).
        risk: Risk that ends a run.
    """

    seeds: Count = 5
    steps: Count = 100_000
    width: Count = 200
    samples: Count = 20
    exponents: Annotated[tuple[float, ...], msgspec.Meta(min_length=1)] = (0.0, 1.0, 2.0, 3.0)
    risk: Annotated[float, msgspec.Meta(gt=0)] = 1e-6


PRESETS = {
    "tiny": Settings(seeds=1, steps=1_000, width=40, exponents=(0.0, 3.0)),
    "quick": Settings(),
    "full": Settings(seeds=20, steps=1_000_000, width=1000),
}


def make_cases(settings: Settings, seed: int) -> list[DescentCase]:
    """Returns the runs of every scale.

    Args:
        settings: The settings.
        seed: The first of consecutive seeds.
    """
    return [
        DescentCase(
            task="two_tanh",
            samples=settings.samples,
            seed=seed + k,
            width=settings.width,
            exponent=exponent,
            rate=1e-3,
            steps=settings.steps,
            risk=settings.risk,
        )
        for exponent in settings.exponents
        for k in range(settings.seeds)
    ]
