"""What becomes of a minimum of a narrow network in a wider one?"""

from collections.abc import Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from condenslab.studies.contract.claims import Claim
from condenslab.studies.embedding_width import claims
from condenslab.studies.embedding_width.cases import (
    PRESETS,
    Case,
    EscapeCase,
    IrisCase,
    Settings,
    SplitCase,
    make_cases,
)
from condenslab.studies.old_study import Drawing, Study
from condenslab.sweeps import Outcome, Progress, Record

if TYPE_CHECKING:
    from condenslab.tasks import Table


class EmbeddingWidth(Study):
    """Critical points of narrow networks, split: their output, criticality and inertia, and whether flows leave."""

    name: ClassVar[str] = "embedding_width"
    revision: ClassVar[int] = 1
    question: ClassVar[str] = "What becomes of a minimum of a narrow network when its neurons are split?"
    source: ClassVar[str] = "deck 000 (embedding principle in width); EP21 Figs 1, 3, 4"
    claim_statements: ClassVar[tuple[str, ...]] = claims.STATEMENTS
    presets: ClassVar[Mapping[str, Settings]] = PRESETS

    def cases(self, settings: Settings, *, seed: int, data: "Table | None") -> Sequence[Case]:
        """Returns the splits, the flows from perturbed minima, and the critical points on Iris."""
        return make_cases(settings, seed)

    def compile_key(self, case: Case) -> Hashable:
        """Returns the kind of case and its sizes."""
        if isinstance(case, EscapeCase):
            return case.kind
        return (case.kind, case.starts, case.width if isinstance(case, SplitCase) else 0)

    def bytes_per_member(self, case: Case) -> int:
        """Returns the size of the dense Hessian of the wide network, or of the search."""
        parameters = 3 * case.wide if isinstance(case, SplitCase) else 40
        return 8 * 4 * parameters**2 + 2**22

    def seconds_per_member(self, case: Case) -> float:
        """Returns a rough time on two cores: most of it is compilation."""
        if isinstance(case, SplitCase):
            return 2.0 + 0.01 * case.starts + 3.0 * (case.wide / 500) ** 3
        return 2.0 + (0.03 * case.starts if isinstance(case, IrisCase) else 0.0)

    def run_batch(
        self, cases: Sequence[Case], *, data: "Table | None" = None, progress: Progress | None = None
    ) -> list[Outcome]:
        """Computes cases of one kind."""
        from condenslab.studies.embedding_width import runs

        escapes = [case for case in cases if isinstance(case, EscapeCase)]
        if escapes:
            return runs.run_escapes(escapes, progress)
        outcomes = []
        for number, case in enumerate(cases):
            if isinstance(case, SplitCase):
                outcomes.append(runs.run_split(case))
            elif isinstance(case, IrisCase):
                outcomes.append(runs.run_iris(case))
            if progress is not None:
                progress((number + 1) / len(cases), f"{case.kind}, seed {case.seed}")
        return outcomes

    def claims(self, records: Sequence[Record], settings: Any, *, known_target: bool) -> list[Claim]:
        """Decides the claims from the records."""
        return claims.decide(records)

    def draw(self, records: Sequence[Record]) -> list[Drawing]:
        """Draws the inertia of the splits, their spectra with the cut, the escapes, and Iris."""
        from condenslab.studies.embedding_width import draw  # matplotlib is slow to import, and `list` does not draw

        return draw.drawings(records)


STUDY = EmbeddingWidth()
