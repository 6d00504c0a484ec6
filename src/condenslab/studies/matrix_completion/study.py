"""Which entries of a low-rank matrix determine the others?"""

from collections.abc import Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from condenslab.studies.contract.claims import Claim
from condenslab.studies.matrix_completion import claims
from condenslab.studies.matrix_completion.cases import (
    PRESETS,
    Case,
    OrderCase,
    RankCase,
    Settings,
    TrainCase,
    make_cases,
)
from condenslab.studies.old_study import Drawing, Study
from condenslab.sweeps import Outcome, Progress, Record

if TYPE_CHECKING:
    from condenslab.tasks import Table


class MatrixCompletion(Study):
    """Ranks of the published targets and orders, and gradient descent on observed entries."""

    name: ClassVar[str] = "matrix_completion"
    revision: ClassVar[int] = 1
    question: ClassVar[str] = "Which entries of a low-rank matrix determine the others?"
    source: ClassVar[str] = "deck 001, matrix factorisation; LSH (arXiv 2211.11623), Figs 2 to 5; OPT, Figs 2 and 3"
    claim_statements: ClassVar[tuple[str, ...]] = claims.STATEMENTS
    presets: ClassVar[Mapping[str, Settings]] = PRESETS

    def cases(self, settings: Settings, *, seed: int, data: "Table | None") -> Sequence[Case]:
        """Returns the ranks of targets and orders, and the runs on hooks, crosses, published orders, random designs."""
        return make_cases(settings, seed)

    def compile_key(self, case: Case) -> Hashable:
        """Returns the kind, and the number of steps: all runs share one program."""
        return (case.kind, case.steps if isinstance(case, TrainCase) else 0)

    def bytes_per_member(self, case: Case) -> int:
        """Returns the size of two factors, or of a Jacobian."""
        return 8 * 32 * (16 if not isinstance(case, TrainCase) else 4)

    def seconds_per_member(self, case: Case) -> float:
        """Returns a rough time."""
        return 0.02 if isinstance(case, TrainCase) else 0.1

    def run_batch(
        self, cases: Sequence[Case], *, data: "Table | None" = None, progress: Progress | None = None
    ) -> list[Outcome]:
        """Trains all runs in one program, or computes ranks."""
        from condenslab.studies.matrix_completion import runs

        trained = [case for case in cases if isinstance(case, TrainCase)]
        if trained:
            return runs.run_training(trained, progress)
        return [
            runs.run_rank(case) if isinstance(case, RankCase) else runs.run_order(case)
            for case in cases
            if isinstance(case, RankCase | OrderCase)
        ]

    def claims(self, records: Sequence[Record], settings: Any, *, known_target: bool) -> list[Claim]:
        """Decides the claims."""
        return claims.decide(records)

    def draw(self, records: Sequence[Record]) -> list[Drawing]:
        """Draws test errors against observed entries, scales, orders and designs."""
        from condenslab.studies.matrix_completion import draw  # matplotlib is slow to import

        return draw.drawings(records)


STUDY = MatrixCompletion()
