"""Which knobs make a network condense more: initial scale, learning rate, weight decay, dropout?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import msgspec

from condenslab.studies.contract.claims import Claim
from condenslab.studies.contract.study import Drawing
from condenslab.studies.knobs import claims
from condenslab.studies.shared.descents import DescentCase, DescentStudy
from condenslab.sweeps import Record

if TYPE_CHECKING:
    from condenslab.tasks import Table

Count = Annotated[int, msgspec.Meta(ge=1)]


@dataclass(frozen=True)
class Settings:
    """What `--set` can change; the first value of every knob is that of the common baseline.

    Attributes:
        seeds: Runs of every value.
        steps: Steps of every run.
        width: Neurons, m.
        exponents: γ: every parameter is drawn from N(0, m^−γ).
        rates: Learning rates of Adam.
        decays: Decoupled weight decays.
        drops: DROP probabilities (1 − keep).
    """

    seeds: Count = 3
    steps: Count = 30_000
    width: Count = 100
    exponents: tuple[float, ...] = (0.2, 1.0, 2.0, 3.0)
    rates: tuple[Annotated[float, msgspec.Meta(gt=0)], ...] = (1e-3, 3e-3, 1e-2)
    decays: tuple[Annotated[float, msgspec.Meta(ge=0)], ...] = (0.0, 0.1, 1.0)
    drops: tuple[Annotated[float, msgspec.Meta(ge=0, lt=1)], ...] = (0.0, 0.05, 0.1, 0.2)


class Knobs(DescentStudy):
    """One task, one measure: from a common baseline every knob is turned alone."""

    name: ClassVar[str] = "knobs"
    revision: ClassVar[int] = 1
    question: ClassVar[str] = "Which knobs make a network condense more: initial scale, learning rate, decay, dropout?"
    source: ClassVar[str] = (
        "deck 002: 'smaller initialization, dropout, larger weight decay, large learning rate'; Zhang & Xu, TPAMI 2024"
    )
    claim_statements: ClassVar[tuple[str, ...]] = claims.STATEMENTS
    presets: ClassVar[Mapping[str, Settings]] = {
        "tiny": Settings(
            seeds=1, steps=1_000, width=40, exponents=(0.2, 3.0), rates=(1e-3,), decays=(0.0,), drops=(0.0,)
        ),
        "quick": Settings(),
        "full": Settings(seeds=10, steps=300_000, width=500),
    }

    def cases(self, settings: Settings, *, seed: int, data: "Table | None") -> Sequence[DescentCase]:
        """Returns the baseline once, and every other value of every knob."""
        base: dict[str, Any] = {
            "exponent": settings.exponents[0],
            "rate": settings.rates[0],
            "decay": settings.decays[0],
        }
        base["drop"] = settings.drops[0]
        knobs = {
            "exponent": settings.exponents,
            "rate": settings.rates,
            "decay": settings.decays,
            "drop": settings.drops,
        }
        turned: list[dict[str, Any]] = [base | {knob: value} for knob, values in knobs.items() for value in values[1:]]
        return [
            DescentCase(
                task="two_tanh", samples=50, seed=seed + k, width=settings.width, steps=settings.steps, **values
            )
            for values in (base, *turned)
            for k in range(settings.seeds)
        ]

    def claims(self, records: Sequence[Record], settings: Any, *, known_target: bool) -> list[Claim]:
        """Decides the claims."""
        return claims.decide(records)

    def draw(self, records: Sequence[Record]) -> list[Drawing]:
        """Draws the effective width at the end against every knob, along training, and the neurons themselves."""
        from condenslab.studies.knobs import draw  # matplotlib is slow to import

        return draw.drawings(records)


STUDY = Knobs()
