"""What does the landscape look like around embedded critical points, and along training?"""

from collections.abc import Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from condenslab.studies.contract.claims import Claim
from condenslab.studies.landscape_slices import claims
from condenslab.studies.landscape_slices.cases import PRESETS, CriticalCase, Settings, TrajectoryCase, make_cases
from condenslab.studies.old_study import Drawing, Study
from condenslab.sweeps import Outcome, Progress, Record

if TYPE_CHECKING:
    from condenslab.tasks import Table


class LandscapeSlices(Study):
    """Slices through embedded minima of the three-tanh target and around a gradient flow."""

    name: ClassVar[str] = "landscape_slices"
    revision: ClassVar[int] = 1
    question: ClassVar[str] = "What does the landscape look like around embedded critical points, and along training?"
    source: ClassVar[str] = "EP21, Theorem 2 and Fig. 3; Li et al., NeurIPS 2018 (arXiv 1712.09913), section 7"
    claim_statements: ClassVar[tuple[str, ...]] = claims.STATEMENTS
    presets: ClassVar[Mapping[str, Settings]] = PRESETS

    def cases(self, settings: Settings, *, seed: int, data: "Table | None") -> Sequence[CriticalCase | TrajectoryCase]:
        """Returns embedded minima and trajectories."""
        return make_cases(settings, seed)

    def compile_key(self, case: CriticalCase | TrajectoryCase) -> Hashable:
        """Returns all but the seed."""
        if isinstance(case, CriticalCase):
            return ("critical", case.width, case.copies, case.points)
        return ("trajectory", case.width, case.time, case.points)

    def bytes_per_member(self, case: CriticalCase | TrajectoryCase) -> int:
        """Returns the size of the recorded parameters, or of the Hessian."""
        if isinstance(case, CriticalCase):
            return 64 * (3 * (case.width + case.copies)) ** 2 + 16 * case.points**2
        return 8 * 3 * case.width * 4000 + 32 * case.points**2

    def seconds_per_member(self, case: CriticalCase | TrajectoryCase) -> float:
        """Returns a rough time on two cores, most of it compilation."""
        return 4.0 + case.points**2 * case.width * 1e-7

    def run_batch(
        self,
        cases: Sequence[CriticalCase | TrajectoryCase],
        *,
        data: "Table | None" = None,
        progress: Progress | None = None,
    ) -> list[Outcome]:
        """Computes slices through embedded minima one by one, or trajectories all at once."""
        from condenslab.studies.landscape_slices.runs import run_critical, run_trajectories

        runs = [case for case in cases if isinstance(case, TrajectoryCase)]
        if runs:
            return run_trajectories(runs, progress)
        return [run_critical(case) for case in cases if isinstance(case, CriticalCase)]

    def claims(self, records: Sequence[Record], settings: Any, *, known_target: bool) -> list[Claim]:
        """Decides the claims."""
        return claims.decide(records)

    def draw(self, records: Sequence[Record]) -> list[Drawing]:
        """Draws planes and lines through embedded minima, and the plane of a trajectory."""
        from condenslab.studies.landscape_slices import draw

        return draw.drawings(records)


STUDY = LandscapeSlices()
