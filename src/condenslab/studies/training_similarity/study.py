"""Do networks of every width stagnate at the same risks?"""

from collections.abc import Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from condenslab.studies.contract.claims import Claim
from condenslab.studies.old_study import Drawing, Study
from condenslab.studies.training_similarity import claims
from condenslab.studies.training_similarity.cases import PRESETS, LevelsCase, Settings, TrialCase, make_cases
from condenslab.sweeps import Outcome, Progress, Record

if TYPE_CHECKING:
    from condenslab.tasks import Table


class TrainingSimilarity(Study):
    """The loss spectrum of ReLU networks of widths 1 to 2000 on a target of four ReLU, and what lies at its levels."""

    name: ClassVar[str] = "training_similarity"
    revision: ClassVar[int] = 1
    question: ClassVar[str] = "Do networks of every width stagnate at the same risks, with the same functions?"
    source: ClassVar[str] = "Xu & Zhang, lecture notes, chapter 'embedding principle', section 1.1 (loss spectrum)"
    claim_statements: ClassVar[tuple[str, ...]] = claims.STATEMENTS
    presets: ClassVar[Mapping[str, Settings]] = PRESETS

    def cases(self, settings: Settings, *, seed: int, data: "Table | None") -> Sequence[TrialCase | LevelsCase]:
        """Returns the trainings of all widths, and the enumerations of critical functions."""
        return make_cases(settings, seed)

    def compile_key(self, case: TrialCase | LevelsCase) -> Hashable:
        """Returns all but the seed: trials of one width are one program."""
        if isinstance(case, LevelsCase):
            return ("levels", case.width, case.samples)
        return ("trial", case.width, case.steps, case.rate, case.samples, case.std, case.exponent)

    def bytes_per_member(self, case: TrialCase | LevelsCase) -> int:
        """Returns the size of the recorded parameters, or of the enumeration's matrices."""
        if isinstance(case, LevelsCase):
            return 8 * 20_000 * case.samples * 2 * case.width * 3
        return 8 * 240 * (3 * case.width + case.samples)

    def seconds_per_member(self, case: TrialCase | LevelsCase) -> float:
        """Returns a rough time on two cores, from measurements; small networks are bound by overhead."""
        if isinstance(case, LevelsCase):
            return 0.01 * 9**case.width / 9
        return case.steps * (1.2e-7 + 3.5e-10 * case.width * case.samples)

    def run_batch(
        self,
        cases: Sequence[TrialCase | LevelsCase],
        *,
        data: "Table | None" = None,
        progress: Progress | None = None,
    ) -> list[Outcome]:
        """Trains all trials of a width at once, or enumerates."""
        from condenslab.studies.training_similarity.runs import run_levels, run_trials

        trials = [case for case in cases if isinstance(case, TrialCase)]
        if trials:
            return run_trials(trials, progress)
        return [run_levels(case) for case in cases if isinstance(case, LevelsCase)]

    def claims(self, records: Sequence[Record], settings: Any, *, known_target: bool) -> list[Claim]:
        """Decides the claims."""
        return claims.decide(records)

    def draw(self, records: Sequence[Record]) -> list[Drawing]:
        """Draws the loss spectrum, risk curves with levels, functions and merged neurons at the width-2 level."""
        from condenslab.studies.training_similarity import draw

        return draw.drawings(records)


STUDY = TrainingSimilarity()
