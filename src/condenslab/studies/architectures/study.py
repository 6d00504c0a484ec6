"""How many samples does one target need from a convolution network, one without sharing, and a dense one?"""

from collections.abc import Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from condenslab.studies.architectures import claims
from condenslab.studies.architectures.cases import PRESETS, Case, RankCase, Settings, TableCase, TrainCase, make_cases
from condenslab.studies.contract.claims import Claim
from condenslab.studies.old_study import Drawing, Study
from condenslab.sweeps import Outcome, Progress, Record

if TYPE_CHECKING:
    from condenslab.tasks import Table


class Architectures(Study):
    """Optimistic sample sizes of three architectures, and gradient descent around them."""

    name: ClassVar[str] = "architectures"
    revision: ClassVar[int] = 1
    question: ClassVar[str] = (
        "How many samples does one target need from a convolution network, one without weight sharing, and a dense one?"
    )
    source: ClassVar[str] = (
        "deck 001, CNN, no sharing, fully connected; LSH (arXiv 2211.11623), Fig. 6 and Table 4; Zhang et al., JMLR "
        "26(69), 2025, Fig. 3 and Table 3"
    )
    claim_statements: ClassVar[tuple[str, ...]] = claims.STATEMENTS
    presets: ClassVar[Mapping[str, Settings]] = PRESETS

    def cases(self, settings: Settings, *, seed: int, data: "Table | None") -> Sequence[Case]:
        """Returns the closed forms, the ranks, and the runs over n, width, rate and seed."""
        return make_cases(settings, seed)

    def compile_key(self, case: Case) -> Hashable:
        """Returns the kind; of runs the network, its width, the padded number of samples and the steps."""
        if isinstance(case, TrainCase):
            return (case.kind, case.sharing, case.factor, case.padded, case.steps)
        return case.kind

    def bytes_per_member(self, case: Case) -> int:
        """Returns the size of a few Jacobians, or of data, parameters and activations."""
        if isinstance(case, TrainCase):
            return 8 * (8 * case.padded + 4 * (21 + case.padded) * case.factor)
        return 8 * 6 * (21 * case.factor) ** 2 if isinstance(case, RankCase) else 1000

    def seconds_per_member(self, case: Case) -> float:
        """Returns a rough time on two cores: microseconds a step, and nanoseconds a neuron and sample."""
        if isinstance(case, TrainCase):
            return 0.5e-6 * case.steps * (2.4 + 4e-3 * 3 * case.factor * case.padded)
        return 0.3 + 1e-9 * (21 * case.factor) ** 3 if isinstance(case, RankCase) else 0.01

    def run_batch(
        self, cases: Sequence[Case], *, data: "Table | None" = None, progress: Progress | None = None
    ) -> list[Outcome]:
        """Trains all runs of one network in one program, or computes ranks and closed forms."""
        from condenslab.studies.architectures import runs

        trained = [case for case in cases if isinstance(case, TrainCase)]
        if trained:
            return runs.run_training(trained, progress)
        return [
            runs.run_table(case) if isinstance(case, TableCase) else runs.run_rank(case)
            for case in cases
            if isinstance(case, TableCase | RankCase)
        ]

    def claims(self, records: Sequence[Record], settings: Any, *, known_target: bool) -> list[Claim]:
        """Decides the claims."""
        return claims.decide(records)

    def draw(self, records: Sequence[Record]) -> list[Drawing]:
        """Draws test errors over n and width, where they fall, and the closed forms."""
        from condenslab.studies.architectures import draw  # matplotlib is slow to import

        return draw.drawings(records)


STUDY = Architectures()
