"""The knobs that studies turn one at a time, with the values of each; imports no JAX."""

from dataclasses import dataclass
from typing import Annotated

import msgspec

from condenslab.studies.settings import Numbers

Rates = Annotated[tuple[Annotated[float, msgspec.Meta(gt=0)], ...], msgspec.Meta(min_length=1)]
Decays = Annotated[tuple[Annotated[float, msgspec.Meta(ge=0)], ...], msgspec.Meta(min_length=1)]
Chances = Annotated[tuple[Annotated[float, msgspec.Meta(ge=0, lt=1)], ...], msgspec.Meta(min_length=1)]


@dataclass(frozen=True)
class Knobs:
    """Settings of a study that turns knobs; the first value of every knob is that of the common baseline.

    Gradient descent has a baseline of its own, the first of its rates: at λ₀, the largest eigenvalue of the Hessian at
    the start, rates from 2/λ₀ on no longer follow the gradient flow.

    Attributes:
        exponents: γ: every parameter is drawn from N(0, m^−γ).
        rates: Learning rates of Adam.
        descents: Rates of plain gradient descent in units of 2/λ₀.
        decays: Decoupled weight decays.
        drops: Dropout probabilities (1 − keep).
    """

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
        """The value of every knob where another one is turned; gradient descent only where its rate is turned."""
        return {knob: 0.0 if knob == "descent" else values[0] for knob, values in self.knobs.items()}
