"""Settings and cases of the study of knobs and sample efficiency; imports no JAX."""

from dataclasses import dataclass
from typing import Annotated

import msgspec

from condenslab.studies.settings import Count, Numbers
from condenslab.studies.shared.descents.cases import DescentCase

OPTIMISTIC = 9
"""Optimistic sample size of three tanh neurons with biases on one input, k(d + 2)."""

KNOBS = {
    "exponent": "initial scale",
    "rate": "learning rate of Adam",
    "descent": "learning rate of gradient descent",
    "decay": "weight decay",
    "drop": "dropout probability",
}

Rates = Annotated[tuple[Annotated[float, msgspec.Meta(gt=0)], ...], msgspec.Meta(min_length=1)]
Decays = Annotated[tuple[Annotated[float, msgspec.Meta(ge=0)], ...], msgspec.Meta(min_length=1)]
Chances = Annotated[tuple[Annotated[float, msgspec.Meta(ge=0, lt=1)], ...], msgspec.Meta(min_length=1)]


@dataclass(frozen=True)
class Settings:
    """What `--set` can change; the first value of every knob is the baseline's, and the values are those of `knobs`.

    Attributes:
        seeds: Starts of every value.
        samples: Training samples, evenly spaced; some more than the optimistic sample size, 9.
        steps: Steps of every run.
        width: Neurons, m.
        exponents: γ: every parameter is drawn from N(0, m^−γ).
        rates: Learning rates of Adam.
        descents: Rates of plain gradient descent in units of 2/λ₀, with a baseline of their own.
        decays: Decoupled weight decays.
        drops: Dropout probabilities (1 − keep).
    """

    seeds: Annotated[int, msgspec.Meta(ge=2)] = 10
    samples: Annotated[int, msgspec.Meta(ge=OPTIMISTIC)] = 12
    steps: Count = 100_000
    width: Count = 100
    exponents: Numbers = (0.2, 1.0, 2.0, 3.0)
    rates: Rates = (1e-3, 3e-3, 1e-2)
    descents: Rates = (0.1, 4.0)
    decays: Decays = (0.0, 0.1, 1.0)
    drops: Chances = (0.0, 0.05, 0.1, 0.2)

    @property
    def knobs(self) -> dict[str, tuple[float, ...]]:
        """The values of every knob, by its name in a case."""
        return {
            "exponent": self.exponents,
            "rate": self.rates,
            "descent": self.descents,
            "decay": self.decays,
            "drop": self.drops,
        }

    @property
    def baseline(self) -> dict[str, float]:
        """The value of every knob where another one is turned; gradient descent only where its rate is."""
        return {knob: 0.0 if knob == "descent" else values[0] for knob, values in self.knobs.items()}

    def turned(self, knob: str) -> list[dict[str, float]]:
        """Returns the knobs of every value of one, the baseline first.

        Args:
            knob: A key of `KNOBS`.
        """
        return [self.baseline | {knob: value} for value in self.knobs[knob]]


PRESETS = {
    "tiny": Settings(
        seeds=2, steps=500, width=20, exponents=(0.2, 3.0), rates=(1e-3,), descents=(0.1,), decays=(0.0,), drops=(0.0,)
    ),
    "quick": Settings(),
    "full": Settings(seeds=30, steps=1_000_000, width=300),
}


def make_cases(settings: Settings, seed: int) -> list[DescentCase]:
    """Returns the runs of every value of every knob, the baseline once.

    Args:
        settings: The settings.
        seed: The first of consecutive seeds.
    """
    rows = [values for knob in KNOBS for values in settings.turned(knob)]
    each = list(dict.fromkeys(tuple(values.items()) for values in rows))
    return [
        DescentCase("three_tanh", settings.samples, seed + k, settings.width, **dict(row), steps=settings.steps)  # pyright: ignore[reportArgumentType]
        for row in each
        for k in range(settings.seeds)
    ]
