"""What studies share whose cases are descents of one two-layer network each."""

from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING

from condenslab.studies.old_study import Study
from condenslab.studies.shared.descents import cases as descents
from condenslab.studies.shared.descents.cases import DescentCase
from condenslab.sweeps import Outcome, Progress

if TYPE_CHECKING:
    from condenslab.tasks import Table


class DescentStudy(Study):
    """A study of descents: it says which cases there are, what it claims of them and how they are drawn."""

    def compile_key(self, case: DescentCase) -> Hashable:
        """Returns what decides the program."""
        return descents.compile_key(case)

    def bytes_per_member(self, case: DescentCase) -> int:
        """Returns the size of the recorded parameters."""
        return descents.bytes_per_member(case)

    def seconds_per_member(self, case: DescentCase) -> float:
        """Returns a rough time on one core."""
        return descents.seconds_per_member(case)

    def run_batch(
        self, cases: Sequence[DescentCase], *, data: "Table | None" = None, progress: Progress | None = None
    ) -> list[Outcome]:
        """Trains the cases of one program together."""
        from condenslab.studies.shared.descents.runs import run

        return run(cases, progress)
