"""Settings and cases of the study of the feature map; imports no JAX."""

from dataclasses import dataclass
from typing import Annotated

import msgspec

from condenslab.studies.settings import Count, Numbers, Positive


@dataclass(frozen=True)
class Settings:
    """What `--set` can change.

    Attributes:
        gammas: γ of the map.
        gamma_primes: γ′ of the map.
        widths: m.
        seeds: Runs of every point.
        risk: R at which a run has converged.
        tolerance: Accepted relative error of a step of the flow.
        max_steps: Most steps to try.
    """

    gammas: Numbers = (0.7, 1.0, 1.3)
    gamma_primes: Numbers = (-0.3, 0.0, 0.3)
    widths: Annotated[tuple[Count, ...], msgspec.Meta(min_length=2)] = (1000, 5000, 20000)
    seeds: Count = 3
    risk: Positive = 1e-6
    tolerance: Positive = 0.1
    max_steps: Count = 20_000


PRESETS = {
    "tiny": Settings(gammas=(0.7, 1.0, 1.5), gamma_primes=(0.0,), widths=(100, 400), seeds=1),
    "quick": Settings(),
    "full": Settings(
        gammas=(0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.3),
        gamma_primes=(-0.3, -0.2, -0.1, 0.0, 0.1, 0.2, 0.3),
        widths=(1000, 10_000, 1_000_000),
        tolerance=0.03,
    ),
}


@dataclass(frozen=True)
class FeatureCase:
    """One normalised flow whose neurons are looked at.

    Attributes:
        gamma: γ.
        gamma_prime: γ′.
        width: m.
        seed: Of the initial parameters.
        risk: R at which it has converged.
        tolerance: Accepted relative error of a step.
        max_steps: Most steps to try.
    """

    gamma: float
    gamma_prime: float
    width: int
    seed: int
    risk: float
    tolerance: float
    max_steps: int


def make_cases(settings: Settings, seed: int) -> list[FeatureCase]:
    """Returns every point of the map at every width and seed.

    Args:
        settings: The settings.
        seed: The first of consecutive seeds.
    """
    s = settings
    return [
        FeatureCase(g, p, m, seed + k, s.risk, s.tolerance, s.max_steps)
        for m in s.widths
        for p in s.gamma_primes
        for g in s.gammas
        for k in range(s.seeds)
    ]
