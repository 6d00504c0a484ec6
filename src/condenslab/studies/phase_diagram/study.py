"""Where on the plane (γ, γ′) do wide two-layer ReLU networks condense?"""

from collections.abc import Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from condenslab.studies.contract.claims import Claim
from condenslab.studies.old_study import Drawing, Study
from condenslab.studies.phase_diagram import claims
from condenslab.studies.phase_diagram.cases import PRESETS, ChoiceCase, PointCase, Settings, make_cases
from condenslab.sweeps import Outcome, Progress, Record

if TYPE_CHECKING:
    from condenslab.tasks import Table


class PhaseDiagram(Study):
    """Relative distances of the input weights over (γ, γ′) and the width, on x² at four points and on digits."""

    name: ClassVar[str] = "phase_diagram"
    revision: ClassVar[int] = 1
    question: ClassVar[str] = "Where on the plane (γ, γ′) do wide two-layer ReLU networks condense?"
    source: ClassVar[str] = "Luo et al., JMLR 22(71), 2021 (PD), Figs 2, 3, 4, 5; deck 002, 'Phase diagram'"
    claim_statements: ClassVar[tuple[str, ...]] = claims.STATEMENTS
    presets: ClassVar[Mapping[str, Settings]] = PRESETS

    def cases(self, settings: Settings, *, seed: int, data: "Table | None") -> Sequence[PointCase | ChoiceCase]:
        """Returns the points of the two diagrams at every width, those of Figs 2 and 3, and equivalent scales."""
        return make_cases(settings, seed)

    def compile_key(self, case: PointCase | ChoiceCase) -> Hashable:
        """Returns data and width: γ, γ′ and seed are data of one program."""
        if isinstance(case, ChoiceCase):
            return ("choice", case.gamma, case.std_exponent, case.width)
        return (case.data, case.samples, case.width, case.keep, case.risk, case.tolerance, case.max_steps)

    def bytes_per_member(self, case: PointCase | ChoiceCase) -> int:
        """Returns the size of the parameters and of what is computed with them."""
        return 8 * case.width * (60 if isinstance(case, ChoiceCase) or case.data == "square" else 600)

    def seconds_per_member(self, case: PointCase | ChoiceCase) -> float:
        """Returns a rough time on two cores: about 160 tried steps a point, most of them at large γ."""
        if isinstance(case, ChoiceCase):
            return 0.5 + 2e-7 * case.steps * case.width
        return 0.02 + case.width * (8e-6 if case.data == "square" else 3e-4)

    def run_batch(
        self,
        cases: Sequence[PointCase | ChoiceCase],
        *,
        data: "Table | None" = None,
        progress: Progress | None = None,
    ) -> list[Outcome]:
        """Computes normalised flows of one width, or descents in original parameters."""
        from condenslab.studies.phase_diagram.flows import run_choice, run_points

        points = [case for case in cases if isinstance(case, PointCase)]
        if points:
            return run_points(points, progress)
        return [run_choice(case, progress) for case in cases if isinstance(case, ChoiceCase)]

    def claims(self, records: Sequence[Record], settings: Any, *, known_target: bool) -> list[Claim]:
        """Decides the claims from the distances."""
        return claims.decide(records)

    def draw(self, records: Sequence[Record]) -> list[Drawing]:
        """Draws the diagrams, the slopes and the features."""
        from condenslab.studies.phase_diagram import draw  # matplotlib is slow to import

        return draw.drawings(records)


STUDY = PhaseDiagram()
