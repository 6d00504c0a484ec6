"""Settings and cases of the study of the three-layer phase diagram; imports no JAX."""

from dataclasses import dataclass
from typing import Annotated

import msgspec

from condenslab.studies.settings import Count, Numbers, Positive


@dataclass(frozen=True)
class Settings:
    """What `--set` can change.

    Attributes:
        gammas2: γ₂ of the diagram.
        gammas3: γ₃ of the diagram, increasing.
        widths: m, of both hidden layers.
        seeds: Runs at γ₂ = 0; the rest of the diagram takes the first seed.
        risk: R at which a run has converged.
        tolerance: Accepted relative error of a step.
        max_steps: Most steps to try.
    """

    gammas2: Numbers = (-0.5, 0.0, 0.5)
    gammas3: Numbers = (1.0, 1.25, 1.5, 1.75, 2.0)
    widths: Annotated[tuple[Count, ...], msgspec.Meta(min_length=2)] = (50, 100, 200, 400)
    seeds: Count = 3
    risk: Positive = 1e-5
    tolerance: Positive = 0.1
    max_steps: Count = 3000


PRESETS = {
    "tiny": Settings(gammas2=(0.0,), gammas3=(1.0, 1.5, 2.0), widths=(20, 60), seeds=1, max_steps=500),
    "quick": Settings(),
    "full": Settings(
        gammas2=(-1.0, -0.5, 0.0, 0.5, 1.0),
        gammas3=(0.75, 1.0, 1.25, 1.5, 1.75, 2.0, 2.25),
        widths=(100, 1000, 2000, 5000, 10000),
        tolerance=0.03,
    ),
}


@dataclass(frozen=True)
class LayerCase:
    """One normalised flow of a three-layer network.

    Attributes:
        gamma2: γ₂.
        gamma3: γ₃.
        width: m.
        seed: Of the initial parameters.
        risk: R at which it has converged.
        tolerance: Accepted relative error of a step.
        max_steps: Most steps to try.
    """

    gamma2: float
    gamma3: float
    width: int
    seed: int
    risk: float
    tolerance: float
    max_steps: int


def make_cases(settings: Settings, seed: int) -> list[LayerCase]:
    """Returns every point at every width, with more seeds at γ₂ = 0.

    Args:
        settings: The settings.
        seed: The first of consecutive seeds.
    """
    s = settings
    return [
        LayerCase(g2, g3, m, seed + k, s.risk, s.tolerance, s.max_steps)
        for m in s.widths
        for g2 in s.gammas2
        for g3 in s.gammas3
        for k in range(s.seeds if g2 == 0 else 1)
    ]
