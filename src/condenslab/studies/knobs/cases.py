"""Settings and cases of the study of knobs; imports no JAX."""

from dataclasses import dataclass
from typing import Any

from condenslab.studies.settings import Count
from condenslab.studies.shared.descents import DescentCase
from condenslab.studies.shared.descents.knobs import Knobs

KNOBS = {
    "exponent": "initial exponent γ, std m^(−γ/2)",
    "rate": "learning rate of Adam",
    "descent": "learning rate of gradient descent, in units of 2/λ₀",
    "decay": "weight decay",
    "drop": "dropout probability",
}


@dataclass(frozen=True)
class Settings(Knobs):
    """What `--set` can change, beside the values of `Knobs`; one rate of gradient descent alone leaves it out.

    Attributes:
        seeds: Runs of every value.
        steps: Steps of every run.
        width: Neurons, m.
    """

    seeds: Count = 10
    steps: Count = 30_000
    width: Count = 100


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
