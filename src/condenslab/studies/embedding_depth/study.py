"""What are a shallow network's critical points and plateaus in a deeper one?"""

from collections.abc import Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from condenslab.studies.contract.claims import Claim
from condenslab.studies.embedding_depth import claims
from condenslab.studies.embedding_depth.cases import (
    HIDDEN,
    PRESETS,
    Case,
    LiftCase,
    MergeCase,
    NormCase,
    PlateauCase,
    Settings,
    make_cases,
)
from condenslab.studies.old_study import Drawing, Study
from condenslab.sweeps import Outcome, Progress, Record

if TYPE_CHECKING:
    from condenslab.tasks import Table


class EmbeddingDepth(Study):
    """Shared plateaus of shallow and deep networks, lifted critical points, and layers that can be merged."""

    name: ClassVar[str] = "embedding_depth"
    revision: ClassVar[int] = 1
    question: ClassVar[str] = "What are a shallow network's critical points and plateaus in a deeper one?"
    source: ClassVar[str] = "Bai, Luo, Xu & Zhang, arXiv 2205.13283, Figs 3, 4, 5 and 7"
    claim_statements: ClassVar[tuple[str, ...]] = claims.STATEMENTS
    presets: ClassVar[Mapping[str, Settings]] = PRESETS

    def cases(self, settings: Settings, *, seed: int, data: "Table | None") -> Sequence[Case]:
        """Returns the trainings of all depths, the lifts, and the networks to be merged."""
        return make_cases(settings, seed)

    def compile_key(self, case: Case) -> Hashable:
        """Returns the shapes and the steps: seeds share a program."""
        if isinstance(case, PlateauCase):
            return case.kind, case.depth, case.width, case.steps
        if isinstance(case, LiftCase):
            return case.kind, case.problem, case.starts
        if isinstance(case, NormCase):
            return case.kind, case.gamma is None, case.width, case.steps
        return case.kind, case.width, case.images, case.method, case.steps, case.retrain

    def bytes_per_member(self, case: Case) -> int:
        """Returns the size of the recorded parameters, of the search, or of a network's states on all images."""
        if isinstance(case, PlateauCase):
            return 8 * 4 * 120 * case.width * (case.width * (case.depth - 1) + 4)
        if isinstance(case, NormCase):
            return 8 * 200 * case.width
        return 2**24 if isinstance(case, LiftCase) else 8 * 4 * 5000 * (case.width * HIDDEN + 784)

    def seconds_per_member(self, case: Case) -> float:
        """Returns a rough time on two cores: six operations a weight and sample, or mostly compilation."""
        if isinstance(case, PlateauCase):
            return 1.0 + case.steps * (1e-5 + 6 * 50 * case.width**2 * (case.depth - 1) / 4.5e10)
        if isinstance(case, LiftCase):
            return 6.0 + 0.1 * case.starts
        if isinstance(case, NormCase):
            return 0.5 + 4e-5 * case.steps
        return 3.0 + case.steps * (3e-4 + 6 * 1000 * case.width**2 * HIDDEN / 2e11)

    def run_batch(
        self, cases: Sequence[Case], *, data: "Table | None" = None, progress: Progress | None = None
    ) -> list[Outcome]:
        """Computes cases of one kind."""
        plateaus = [case for case in cases if isinstance(case, PlateauCase)]
        if plateaus:
            from condenslab.studies.embedding_depth.plateaus import run_plateaus

            return run_plateaus(plateaus, progress)
        norms = [case for case in cases if isinstance(case, NormCase)]
        if norms:
            from condenslab.studies.embedding_depth.normed import run_normed

            return run_normed(norms, progress)
        merges = [case for case in cases if isinstance(case, MergeCase)]
        if merges:
            from condenslab.studies.embedding_depth.merges import run_merges

            return run_merges(merges, progress)
        from condenslab.studies.embedding_depth.lifts import run_lift

        return [run_lift(case) for case in cases if isinstance(case, LiftCase)]

    def claims(self, records: Sequence[Record], settings: Any, *, known_target: bool) -> list[Claim]:
        """Decides the claims from the records."""
        return claims.decide(records)

    def draw(self, records: Sequence[Record]) -> list[Drawing]:
        """Draws plateaus with the linearity of layers, the inertia of lifts, merged layers, batch normalisation."""
        from condenslab.studies.embedding_depth import draw

        return draw.drawings(records)


STUDY = EmbeddingDepth()
