"""Which critical functions does a tanh network of width 3 have, and how do they lead from simple to complex?"""

from collections.abc import Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from condenslab.studies.contract.claims import Claim
from condenslab.studies.critical_functions import claims
from condenslab.studies.critical_functions.cases import SearchCase, Settings
from condenslab.studies.old_study import Drawing, Study
from condenslab.sweeps import Outcome, Progress, Record

if TYPE_CHECKING:
    from condenslab.tasks import Table


class CriticalFunctions(Study):
    """The deck's exercise: dimension, zero loss, convexity, and the critical functions of f* = three tanh."""

    name: ClassVar[str] = "critical_functions"
    revision: ClassVar[int] = 1
    question: ClassVar[str] = "Which functions are critical for a tanh network of width 3, from simple to complex?"
    source: ClassVar[str] = "deck 000, exercise on width-3 tanh networks; EP21 Fig. 4; EP22 Fig. 4.4"
    claim_statements: ClassVar[tuple[str, ...]] = claims.STATEMENTS
    presets: ClassVar[Mapping[str, Settings]] = {
        "tiny": Settings(starts=30, seeds=1, largest_width=1, kicked=1, max_steps=1000, threads=1),
        "quick": Settings(),
        "full": Settings(starts=7300, seeds=5, kicked=60),
    }

    def cases(self, settings: Settings, *, seed: int, data: "Table | None") -> Sequence[SearchCase]:
        """Returns a search for every width and seed; the first seed is also kicked."""
        return [
            SearchCase(
                width=width,
                starts=settings.starts * width**2,
                seed=seed + number,
                kicked=settings.kicked if number == 0 else 0,
                time=settings.time,
                max_steps=settings.max_steps,
                threads=settings.threads,
            )
            for width in range(1, settings.largest_width + 1)
            for number in range(settings.seeds)
        ]

    def compile_key(self, case: SearchCase) -> Hashable:
        """Returns the width: searches of one width share their programs."""
        return case.width

    def bytes_per_member(self, case: SearchCase) -> int:
        """Returns the memory that the batches of a search may hold."""
        return 2**28

    def seconds_per_member(self, case: SearchCase) -> float:
        """Returns a rough time on two cores: 0.1, 0.5 or 1.5 ms a start, compilation, and a second for ten flows."""
        return 4.0 + 1e-3 * (0.1, 0.5, 1.5)[case.width - 1] * case.starts + 0.6 * case.kicked

    def run_batch(
        self, cases: Sequence[SearchCase], *, data: "Table | None" = None, progress: Progress | None = None
    ) -> list[Outcome]:
        """Computes one search after the other."""
        from condenslab.studies.critical_functions.compute import run_search

        outcomes = []
        for number, case in enumerate(cases):
            outcomes.append(run_search(case))
            if progress is not None:
                progress((number + 1) / len(cases), f"critical functions of width {case.width}")
        return outcomes

    def claims(self, records: Sequence[Record], settings: Any, *, known_target: bool) -> list[Claim]:
        """Decides the claims of the exercise."""
        return claims.decide(records, settings.seeds)

    def draw(self, records: Sequence[Record]) -> list[Drawing]:
        """Draws the gallery of functions and the hierarchy."""
        from condenslab.studies.critical_functions import draw  # matplotlib is slow to import

        return draw.drawings(records)


STUDY = CriticalFunctions()
