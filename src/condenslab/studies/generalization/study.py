"""Does a small initialisation interpolate better than a large one?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import msgspec

from condenslab.studies.contract.claims import Claim
from condenslab.studies.contract.study import Drawing
from condenslab.studies.generalization import claims
from condenslab.studies.shared.descents import DescentCase, DescentStudy
from condenslab.sweeps import Record

if TYPE_CHECKING:
    from condenslab.tasks import Table

Count = Annotated[int, msgspec.Meta(ge=1)]


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
    exponents: tuple[float, ...] = (0.0, 1.0, 2.0, 3.0)
    risk: Annotated[float, msgspec.Meta(gt=0)] = 1e-6


class Generalization(DescentStudy):
    """One input, few samples, every scale trained to the same risk: what happens between the samples."""

    name: ClassVar[str] = "generalization"
    revision: ClassVar[int] = 1
    question: ClassVar[str] = "Does a small initialisation interpolate better than a large one?"
    source: ClassVar[str] = "decks 000, 001 and 003; Luo et al., JMLR 22(71) 2021, Fig. 2 (there with ReLU)"
    claim_statements: ClassVar[tuple[str, ...]] = claims.STATEMENTS
    presets: ClassVar[Mapping[str, Settings]] = {
        "tiny": Settings(seeds=1, steps=1_000, width=40, exponents=(0.0, 3.0)),
        "quick": Settings(),
        "full": Settings(seeds=20, steps=1_000_000, width=1000),
    }

    def cases(self, settings: Settings, *, seed: int, data: "Table | None") -> Sequence[DescentCase]:
        """Returns the runs of every scale, with consecutive seeds."""
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

    def claims(self, records: Sequence[Record], settings: Any, *, known_target: bool) -> list[Claim]:
        """Decides the claims."""
        return claims.decide(records)

    def draw(self, records: Sequence[Record]) -> list[Drawing]:
        """Draws functions and neurons of every scale, and test errors and groups over seeds."""
        from condenslab.studies.generalization import draw  # matplotlib is slow to import

        return draw.drawings(records)


STUDY = Generalization()
