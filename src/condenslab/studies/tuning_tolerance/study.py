"""Does training on more samples than the optimistic number forgive badly chosen scales and rates?"""

from collections.abc import Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from condenslab.studies.contract.claims import Claim
from condenslab.studies.matrix_completion.cases import TrainCase
from condenslab.studies.old_study import Drawing, Study
from condenslab.studies.tuning_tolerance import claims
from condenslab.studies.tuning_tolerance.cases import PRESETS, Settings, make_cases
from condenslab.sweeps import Outcome, Progress, Record

if TYPE_CHECKING:
    from condenslab.tasks import Table


class TuningTolerance(Study):
    """Gradient descent on 7 to 16 entries of a rank-1 matrix, over initial scales, learning rates and orders."""

    name: ClassVar[str] = "tuning_tolerance"
    revision: ClassVar[int] = 1
    question: ClassVar[str] = (
        "Does training on more samples than the optimistic number forgive badly chosen scales and rates?"
    )
    source: ClassVar[str] = "deck 001, optimistic sample size and tuning; OPT (arXiv 2307.08921), Fig. 3b"
    claim_statements: ClassVar[tuple[str, ...]] = claims.STATEMENTS
    presets: ClassVar[Mapping[str, Settings]] = PRESETS

    def cases(self, settings: Settings, *, seed: int, data: "Table | None") -> Sequence[TrainCase]:
        """Returns the runs over n and scale, on the cross and on random orders, and over n and rate."""
        return make_cases(settings, seed)

    def compile_key(self, case: TrainCase) -> Hashable:
        """Returns the number of steps: all runs share one program."""
        return case.steps

    def bytes_per_member(self, case: TrainCase) -> int:
        """Returns the size of two factors, their gradients and the weights."""
        return 8 * 32 * 4

    def seconds_per_member(self, case: TrainCase) -> float:
        """Returns a rough time; many runs end long before their last step."""
        return 1e-3 + 2.5e-7 * case.steps

    def run_batch(
        self, cases: Sequence[TrainCase], *, data: "Table | None" = None, progress: Progress | None = None
    ) -> list[Outcome]:
        """Trains all runs in one program."""
        from condenslab.studies.matrix_completion import runs

        return runs.run_training(cases, progress)

    def claims(self, records: Sequence[Record], settings: Any, *, known_target: bool) -> list[Claim]:
        """Decides the claims."""
        return claims.decide(records)

    def draw(self, records: Sequence[Record]) -> list[Drawing]:
        """Draws success over n and scale, over n and rate, and where the ranges end."""
        from condenslab.studies.tuning_tolerance import draw  # matplotlib is slow to import

        return draw.drawings(records)


STUDY = TuningTolerance()
