"""Settings and cases of the study of generalization; imports no JAX."""

from dataclasses import dataclass
from typing import Annotated, Literal

import msgspec

from condenslab.studies.settings import Count
from condenslab.studies.shared.descents import DescentCase

FRESH = 1000
"""Added to the seeds of gradient flows: they are others than those by which the method was chosen."""
HOLE = 0.5
"""Radius of the missing spot in the square [−1, 1]²."""
RATE = 1e-3
"""Of Adam."""


@dataclass(frozen=True)
class Settings:
    """What `--set` can change.

    Attributes:
        seeds: Runs of every scale by Adam.
        steps: Largest number of steps.
        width: Neurons, m.
        samples: Training samples.
        exponents: γ, largest scale first: every parameter is drawn from N(0, m^−γ).
        risk: Risk that ends a run.
        flows: Gradient flows of every width, and around the missing spot, from both ends of the scales.
        widths: Widths m over which the gap between test and training error is followed.
        side: Points a side of the square whose middle is missing.
    """

    seeds: Count = 5
    steps: Count = 100_000
    width: Count = 200
    samples: Count = 20
    exponents: Annotated[tuple[float, ...], msgspec.Meta(min_length=1)] = (0.0, 1.0, 2.0, 3.0)
    risk: Annotated[float, msgspec.Meta(gt=0)] = 1e-6
    flows: Count = 20
    widths: Annotated[tuple[Count, ...], msgspec.Meta(min_length=2)] = (25, 50, 100, 200, 400)
    side: Annotated[int, msgspec.Meta(ge=5)] = 7


PRESETS = {
    "tiny": Settings(seeds=1, steps=1_000, width=20, exponents=(0.0, 3.0), risk=1e-3, flows=1, widths=(10, 20), side=5),
    "quick": Settings(),
    "full": Settings(seeds=20, steps=1_000_000, width=1000, flows=100, widths=(25, 100, 400, 1600), side=11),
}


@dataclass(frozen=True)
class FlowCase:
    """A gradient flow of a two-layer tanh network.

    Attributes:
        task: "two_tanh", tanh(x − 6) + tanh(x + 6) on an even grid of [−15, 15]; or "missing_spot",
            tanh(3x₁ + x₂) + tanh(3x₂ − x₁) on a grid of the square [−1, 1]² without the disc of radius 1/2.
        samples: n; of the square, the points a side before those in the disc are taken out.
        seed: Of the initial parameters.
        width: Neurons, m.
        exponent: γ, every parameter is drawn from N(0, m^−γ).
        risk: Risk that ends the flow.
    """

    task: Literal["two_tanh", "missing_spot"]
    samples: int
    seed: int
    width: int
    exponent: float
    risk: float


def make_cases(settings: Settings, seed: int) -> list[DescentCase | FlowCase]:
    """Returns the runs of every scale and the narrowest and widest one by Adam, and the flows of every width and spot.

    Args:
        settings: The settings.
        seed: The first of consecutive seeds.
    """
    s = settings
    ends = tuple(dict.fromkeys((min(s.exponents), max(s.exponents))))
    scales = [(s.width, s.exponents), *((width, ends[-1:]) for width in (min(s.widths), max(s.widths)))]
    by_adam = [
        DescentCase("two_tanh", s.samples, seed + k, width, exponent, rate=RATE, steps=s.steps, risk=s.risk)
        for width, exponents in scales
        for exponent in exponents
        for k in range(s.seeds)
    ]
    fresh = range(seed + FRESH, seed + FRESH + s.flows)
    along = [FlowCase("two_tanh", s.samples, k, width, e, s.risk) for width in s.widths for e in ends for k in fresh]
    around = [FlowCase("missing_spot", s.side, k, s.width, e, s.risk) for e in ends for k in fresh]
    return list(dict.fromkeys([*by_adam, *along, *around]))
