"""How do groups of neurons form along training, and does their number grow?"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import msgspec

from condenslab.studies.contract.claims import Claim
from condenslab.studies.old_study import Drawing, Study
from condenslab.studies.trajectory import claims
from condenslab.sweeps import Outcome, Progress, Record

if TYPE_CHECKING:
    from condenslab.tasks import Table

Count = Annotated[int, msgspec.Meta(ge=1)]


@dataclass(frozen=True)
class Settings:
    """What `--set` can change.

    Attributes:
        seeds: Runs on the target of four ReLU neurons.
        steps: Their epochs; rate 0.1, 100 neurons, std 1e-4.
        pair_seeds: Runs on the target of two ReLU neurons.
        pair_steps: Their epochs; rate 0.05, 1000 neurons, std 1e-3.
    """

    seeds: Count = 8
    steps: Count = 100_000
    pair_seeds: Count = 3
    pair_steps: Count = 100_000


@dataclass(frozen=True)
class Case:
    """One run of gradient descent from small weights.

    Attributes:
        task: "four_relu" or "relu_pair".
        seed: Of the initial parameters.
        width: Neurons.
        std: Initial standard deviation of every parameter.
        rate: Learning rate, of the mean squared error without a factor 1/2.
        steps: Epochs.
    """

    task: Literal["four_relu", "relu_pair"]
    seed: int
    width: int
    std: float
    rate: float
    steps: int


class TrajectoryStudy(Study):
    """Two targets of ReLU neurons: the number of groups over time, and what the groups end as."""

    name: ClassVar[str] = "trajectory"
    revision: ClassVar[int] = 1
    question: ClassVar[str] = "How do groups of neurons form along training, and does their number grow?"
    source: ClassVar[str] = (
        "deck 002, '1d example'; Xu's lecture notes, Figs 1.5 and 1.7 (LN); overview of condensation, arXiv "
        "2504.09484; dlphenomena/condensation, condense.ipynb"
    )
    claim_statements: ClassVar[tuple[str, ...]] = claims.STATEMENTS
    presets: ClassVar[Mapping[str, Settings]] = {
        "tiny": Settings(seeds=1, steps=5_000, pair_seeds=1, pair_steps=4_000),
        "quick": Settings(),
        "full": Settings(seeds=50, pair_seeds=10, pair_steps=1_000_000),
    }

    def cases(self, settings: Settings, *, seed: int, data: "Table | None") -> Sequence[Case]:
        """Returns the runs on both targets, with consecutive seeds."""
        four = [Case("four_relu", seed + k, 100, 1e-4, 0.1, settings.steps) for k in range(settings.seeds)]
        pair = [Case("relu_pair", seed + k, 1000, 1e-3, 0.05, settings.pair_steps) for k in range(settings.pair_seeds)]
        return four + pair

    def compile_key(self, case: Case) -> Hashable:
        """Returns the task, which decides all sizes."""
        return (case.task, case.width, case.steps)

    def bytes_per_member(self, case: Case) -> int:
        """Returns the size of the recorded parameters."""
        return 8 * 3 * case.width * 320

    def seconds_per_member(self, case: Case) -> float:
        """Returns a rough time."""
        return 0.5 + 1e-8 * case.steps * case.width

    def run_batch(
        self, cases: Sequence[Case], *, data: "Table | None" = None, progress: Progress | None = None
    ) -> list[Outcome]:
        """Trains the cases of one target together, and follows their groups."""
        from condenslab.studies.trajectory.runs import run

        return run(cases, progress)

    def claims(self, records: Sequence[Record], settings: Any, *, known_target: bool) -> list[Claim]:
        """Decides the claims."""
        return claims.decide(records)

    def draw(self, records: Sequence[Record]) -> list[Drawing]:
        """Draws risk and groups over time, the stages of one run, a film, and the two orientations of the pair."""
        from condenslab.studies.trajectory import draw  # matplotlib is slow to import

        return draw.drawings(records)


STUDY = TrajectoryStudy()
