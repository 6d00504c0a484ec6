"""Does dropout make neurons condense, and is it its mean, the penalty R₁, that does?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import msgspec

from condenslab.studies.contract.claims import Claim
from condenslab.studies.contract.study import Drawing
from condenslab.studies.dropout import claims
from condenslab.studies.shared.descents import DescentCase, DescentStudy
from condenslab.sweeps import Record

if TYPE_CHECKING:
    from condenslab.tasks import Table

Count = Annotated[int, msgspec.Meta(ge=1)]
Keep = Annotated[float, msgspec.Meta(gt=0, lt=1)]


@dataclass(frozen=True)
class Settings:
    """What `--set` can change.

    Attributes:
        seeds: Runs of every kind.
        laws: Of the inputs of the ten-dimensional teacher, which the source does not state: uniform on [−1, 1]^10 or
            standard normal; the latter condenses more slowly.
        teacher_keep: KEEP probability p of the source for the ten-dimensional teacher; PyTorch's p is 1 − keep.
        teacher_steps: Steps on it; width 100, 30 samples, Adam 1e-3.
        curve_keep: KEEP probability for the target of one input.
        curve_steps: Steps on it; 50 samples, Adam 1e-3.
        curve_width: Neurons for it; the source has 1000.
    """

    seeds: Count = 3
    laws: tuple[Literal["uniform", "normal"], ...] = ("uniform",)
    teacher_keep: Keep = 0.5
    teacher_steps: Count = 200_000
    curve_keep: Keep = 0.9
    curve_steps: Count = 50_000
    curve_width: Count = 200


class DropoutStudy(DescentStudy):
    """Two targets, each without dropout, with it, and with its deterministic mean alone."""

    name: ClassVar[str] = "dropout"
    revision: ClassVar[int] = 1
    question: ClassVar[str] = "Does dropout make neurons condense, and is it its mean, the penalty R₁, that does?"
    source: ClassVar[str] = (
        "deck 002, knobs; Zhang & Xu, 'Implicit regularization of dropout', TPAMI 2024, Figs 4, 5, 7a, b"
    )
    claim_statements: ClassVar[tuple[str, ...]] = claims.STATEMENTS
    presets: ClassVar[Mapping[str, Settings]] = {
        "tiny": Settings(seeds=1, laws=(), teacher_steps=2_000, curve_steps=2_000, curve_width=50),
        "quick": Settings(),
        "full": Settings(
            seeds=10, laws=("uniform", "normal"), teacher_steps=2_000_000, curve_steps=500_000, curve_width=1000
        ),
    }

    def cases(self, settings: Settings, *, seed: int, data: "Table | None") -> Sequence[DescentCase]:
        """Returns for every task the runs without dropout, with it, and on R + R₁; drop = 1 − keep."""

        def three(keep: float, **fields: Any) -> list[DescentCase]:
            drop = round(1.0 - keep, 12)
            return [
                DescentCase(seed=seed + k, exponent=0.2, rate=1e-3, drop=rate, penalty=penalty, **fields)
                for rate, penalty in ((0.0, False), (drop, False), (drop, True))
                for k in range(settings.seeds)
            ]

        teacher = {"samples": 30, "width": 100, "steps": settings.teacher_steps}
        curve = {"task": "two_tanh", "samples": 50, "width": settings.curve_width, "steps": settings.curve_steps}
        return [
            *(case for law in settings.laws for case in three(settings.teacher_keep, task=f"teacher_{law}", **teacher)),
            *three(settings.curve_keep, **curve),
        ]

    def claims(self, records: Sequence[Record], settings: Any, *, known_target: bool) -> list[Claim]:
        """Decides the claims."""
        return claims.decide(records)

    def draw(self, records: Sequence[Record]) -> list[Drawing]:
        """Draws maps of cosines, orientations and functions, and the number of orientations over time."""
        from condenslab.studies.dropout import draw  # matplotlib is slow to import

        return draw.drawings(records)


STUDY = DropoutStudy()
