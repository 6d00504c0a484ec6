"""Where do ReLU networks rest, and are these points stationary from every side?"""

from collections.abc import Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from condenslab.studies.contract.claims import Claim
from condenslab.studies.old_study import Drawing, Study
from condenslab.studies.relu_stationary import claims
from condenslab.studies.relu_stationary.cases import EXPERIMENTS, PRESETS, RunCase, Settings, make_cases
from condenslab.sweeps import Outcome, Progress, Record

if TYPE_CHECKING:
    from condenslab.tasks import Table


class ReluStationary(Study):
    """Three small data sets, plateaus of gradient descent from vanishing starts, and tests of the end points."""

    name: ClassVar[str] = "relu_stationary"
    revision: ClassVar[int] = 1
    question: ClassVar[str] = "Where do ReLU networks rest, and are these points stationary from every side?"
    source: ClassVar[str] = "Wu, Simsek & Ged, ICLR 2025 (arXiv 2402.05626), experiments of its code"
    claim_statements: ClassVar[tuple[str, ...]] = claims.STATEMENTS
    presets: ClassVar[Mapping[str, Settings]] = PRESETS

    def cases(self, settings: Settings, *, seed: int, data: "Table | None") -> Sequence[RunCase]:
        """Returns every experiment from several starts."""
        return make_cases(settings, seed)

    def compile_key(self, case: RunCase) -> Hashable:
        """Returns all but the seed."""
        return (case.experiment, case.width, case.steps, case.perturbations)

    def bytes_per_member(self, case: RunCase) -> int:
        """Returns the size of the records and of the perturbation test."""
        return 8 * (2000 + case.perturbations + 256 * case.width * 8)

    def seconds_per_member(self, case: RunCase) -> float:
        """Returns a rough time on two cores, from measurements."""
        samples = len(EXPERIMENTS[case.experiment].inputs)
        return 0.2 + case.steps * 2.5e-7 * samples * case.width / 250

    def run_batch(
        self, cases: Sequence[RunCase], *, data: "Table | None" = None, progress: Progress | None = None
    ) -> list[Outcome]:
        """Trains all seeds of an experiment at once and tests where they end."""
        from condenslab.studies.relu_stationary.runs import run_cases

        return run_cases(cases, progress)

    def claims(self, records: Sequence[Record], settings: Any, *, known_target: bool) -> list[Claim]:
        """Decides the claims; runs with fewer steps than the source's decide nothing."""
        return claims.decide(records)

    def draw(self, records: Sequence[Record]) -> list[Drawing]:
        """Draws risk curves with their plateaus, and the neurons at the end."""
        from condenslab.studies.relu_stationary import draw

        return draw.drawings(records)


STUDY = ReluStationary()
