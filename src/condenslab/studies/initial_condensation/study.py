"""How many orientations do the neurons of a layer have while training begins?"""

from collections.abc import Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from condenslab.studies.contract.claims import Claim
from condenslab.studies.initial_condensation import claims
from condenslab.studies.initial_condensation.cases import PRESETS, Case, Settings, make_cases
from condenslab.studies.old_study import Drawing, Study
from condenslab.sweeps import Outcome, Progress, Record

if TYPE_CHECKING:
    from condenslab.tasks import Table


class InitialCondensation(Study):
    """Small weights, a few hundred steps: orientations counted, and compared with the directions of the theory."""

    name: ClassVar[str] = "initial_condensation"
    revision: ClassVar[int] = 1
    question: ClassVar[str] = "How many orientations do the neurons of a layer have while training begins?"
    source: ClassVar[str] = "decks 002 and 003, initial condensation; Zhou et al., NeurIPS 2022 (IC), Figs 3 to 6"
    claim_statements: ClassVar[tuple[str, ...]] = claims.STATEMENTS
    presets: ClassVar[Mapping[str, Settings]] = PRESETS

    def cases(self, settings: Settings, *, seed: int, data: "Table | None") -> Sequence[Case]:
        """Returns the runs with one and five inputs, under flow and Adam, and in six layers."""
        return make_cases(settings, seed)

    def compile_key(self, case: Case) -> Hashable:
        """Returns the kind, the activation and the method: seeds, samples and scales share a program."""
        return (case.kind, case.activation, case.method, case.rate, case.steps, case.width, case.residual)

    def bytes_per_member(self, case: Case) -> int:
        """Returns the size of the recorded parameters."""
        records = case.steps if case.kind == "direction" else 20
        return 8 * records * case.width * (5 * case.width if case.kind == "deep" else 7)

    def seconds_per_member(self, case: Case) -> float:
        """Returns a rough time; most of it is compilation."""
        return 1.0 if case.kind == "deep" else 0.4

    def run_batch(
        self, cases: Sequence[Case], *, data: "Table | None" = None, progress: Progress | None = None
    ) -> list[Outcome]:
        """Trains the cases of one kind, activation and method together."""
        from condenslab.studies.initial_condensation.runs import run

        return run(cases, progress)

    def claims(self, records: Sequence[Record], settings: Any, *, known_target: bool) -> list[Claim]:
        """Decides the claims."""
        return claims.decide(records)

    def draw(self, records: Sequence[Record]) -> list[Drawing]:
        """Draws orientations, maps of cosines, counts over time, and the direction under flow and Adam."""
        from condenslab.studies.initial_condensation import draw  # matplotlib is slow to import

        return draw.drawings(records)


STUDY = InitialCondensation()
