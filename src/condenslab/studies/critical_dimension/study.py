"""How large is the critical set into which a critical point embeds?"""

from collections.abc import Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from condenslab.studies.contract.claims import Claim
from condenslab.studies.critical_dimension import claims
from condenslab.studies.critical_dimension.cases import EmbeddingCase, Settings, make_cases
from condenslab.studies.old_study import Drawing, Study
from condenslab.sweeps import Outcome, Progress, Record

if TYPE_CHECKING:
    from condenslab.tasks import Table


class CriticalDimension(Study):
    """Corank of the Hessian against the number of added neurons, for two- and three-layer networks."""

    name: ClassVar[str] = "critical_dimension"
    revision: ClassVar[int] = 1
    question: ClassVar[str] = "How does the dimension of a critical set grow with the neurons that embedding adds?"
    source: ClassVar[str] = "EP21, Theorem 2; EP22, Theorem 6.1 and section 6.1; deck 000, 'critical affine subspaces'"
    claim_statements: ClassVar[tuple[str, ...]] = claims.STATEMENTS
    presets: ClassVar[Mapping[str, Settings]] = {
        "tiny": Settings(seeds=1, added=1),
        "quick": Settings(),
        "full": Settings(seeds=20, added=8, samples=200),
    }

    def cases(self, settings: Settings, *, seed: int, data: "Table | None") -> Sequence[EmbeddingCase]:
        """Returns narrow networks 1-2-1 and 1-2-2-1 with up to so many neurons added to each layer."""
        return make_cases(settings, seed)

    def compile_key(self, case: EmbeddingCase) -> Hashable:
        """Returns the shapes."""
        return (case.narrow, case.added, case.samples)

    def bytes_per_member(self, case: EmbeddingCase) -> int:
        """Returns the size of a dense Hessian, several times."""
        return 8 * 4 * (4 * (2 + max(case.added)) ** 2) ** 2

    def seconds_per_member(self, case: EmbeddingCase) -> float:
        """Returns a rough time, nearly all of it compilation."""
        return 1.5

    def run_batch(
        self, cases: Sequence[EmbeddingCase], *, data: "Table | None" = None, progress: Progress | None = None
    ) -> list[Outcome]:
        """Embeds one critical point after the other."""
        from condenslab.studies.critical_dimension.compute import run_case

        outcomes = []
        for number, case in enumerate(cases):
            outcomes.append(run_case(case))
            if progress is not None:
                progress((number + 1) / len(cases), f"added {case.added}")
        return outcomes

    def claims(self, records: Sequence[Record], settings: Any, *, known_target: bool) -> list[Claim]:
        """Decides the claims on coranks."""
        return claims.decide(records)

    def draw(self, records: Sequence[Record]) -> list[Drawing]:
        """Draws coranks against predictions, and spectra."""
        from condenslab.studies.critical_dimension import draw  # matplotlib is slow to import

        return draw.drawings(records)


STUDY = CriticalDimension()
