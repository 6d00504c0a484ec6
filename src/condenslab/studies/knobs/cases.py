"""Settings and cases of the study of knobs; imports no JAX."""

from dataclasses import dataclass
from typing import Annotated, Any

import msgspec

from condenslab.studies.settings import Count
from condenslab.studies.shared.descents import DescentCase

_SOME = msgspec.Meta(min_length=1)

KNOBS = {
    "exponent": "initial exponent γ, std m^(−γ/2)",
    "rate": "learning rate of Adam",
    "descent": "learning rate of gradient descent, in units of 2/λ₀",
    "decay": "weight decay",
    "drop": "dropout probability",
}


@dataclass(frozen=True)
class Settings:
    """What `--set` can change; the first value of every knob is that of the common baseline.

    Gradient descent has a baseline of its own, the first of its rates: at λ₀, the largest eigenvalue of the Hessian at
    the start, rates from 2/λ₀ on no longer follow the gradient flow.

    Attributes:
        seeds: Runs of every value.
        steps: Steps of every run.
        width: Neurons, m.
        exponents: γ: every parameter is drawn from N(0, m^−γ).
        rates: Learning rates of Adam.
        descents: Rates of plain gradient descent in units of 2/λ₀; one alone leaves it out.
        decays: Decoupled weight decays.
        drops: Dropout probabilities (1 − keep).
    """

    seeds: Count = 10
    steps: Count = 30_000
    width: Count = 100
    exponents: Annotated[tuple[float, ...], _SOME] = (0.2, 1.0, 2.0, 3.0)
    rates: Annotated[tuple[Annotated[float, msgspec.Meta(gt=0)], ...], _SOME] = (1e-3, 3e-3, 1e-2)
    descents: Annotated[tuple[Annotated[float, msgspec.Meta(gt=0)], ...], _SOME] = (0.1, 4.0)
    decays: Annotated[tuple[Annotated[float, msgspec.Meta(ge=0)], ...], _SOME] = (0.0, 0.1, 1.0)
    drops: Annotated[tuple[Annotated[float, msgspec.Meta(ge=0, lt=1)], ...], _SOME] = (0.0, 0.05, 0.1, 0.2)

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


PRESETS = {
    "tiny": Settings(
        seeds=1,
        steps=1_000,
        width=40,
        exponents=(0.2, 3.0),
        rates=(1e-3,),
        descents=(0.1,),
        decays=(0.0,),
        drops=(0.0,),
    ),
    "quick": Settings(),
    "full": Settings(seeds=20, steps=300_000, width=500),
}


def make_cases(settings: Settings, seed: int) -> list[DescentCase]:
    """Returns the baseline once, every other value of every knob, and all rates of gradient descent.

    Args:
        settings: The settings.
        seed: The first of consecutive seeds.
    """
    base: dict[str, Any] = settings.baseline
    turned: list[dict[str, Any]] = [
        base | {knob: value}
        for knob, values in settings.knobs.items()
        for value in (values if knob == "descent" and len(values) > 1 else values[1:])
    ]
    return [
        DescentCase(task="two_tanh", samples=50, seed=seed + k, width=settings.width, steps=settings.steps, **values)
        for values in (base, *turned)
        for k in range(settings.seeds)
    ]
