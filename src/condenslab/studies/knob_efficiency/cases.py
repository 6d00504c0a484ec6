"""Settings and cases of the study of knobs and sample efficiency; imports no JAX."""

from dataclasses import dataclass
from typing import Annotated

import msgspec

from condenslab.studies.settings import Count
from condenslab.studies.shared.descents.cases import DescentCase
from condenslab.studies.shared.descents.knobs import Knobs

OPTIMISTIC = 9
"""Optimistic sample size of three tanh neurons with biases on one input, k(d + 2)."""

KNOBS = {
    "exponent": "initial scale",
    "rate": "learning rate of Adam",
    "descent": "learning rate of gradient descent",
    "decay": "weight decay",
    "drop": "dropout probability",
}


@dataclass(frozen=True)
class Settings(Knobs):
    """What `--set` can change, beside the values of `Knobs`.

    Attributes:
        seeds: Starts of every value.
        samples: Training samples, evenly spaced; some more than the optimistic sample size, 9.
        steps: Steps of every run.
        width: Neurons, m.
    """

    seeds: Annotated[int, msgspec.Meta(ge=2)] = 10
    samples: Annotated[int, msgspec.Meta(ge=OPTIMISTIC)] = 12
    steps: Count = 100_000
    width: Count = 100

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
