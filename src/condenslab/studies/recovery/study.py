"""Why can a network of 1,500 parameters recover a target from 50 samples?"""

from collections.abc import Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from condenslab.studies.contract.claims import Claim
from condenslab.studies.old_study import Drawing, Study
from condenslab.studies.recovery import claims
from condenslab.studies.recovery.cases import PRESETS, CriticalCase, FlowCase, Settings, make_cases
from condenslab.sweeps import Outcome, Progress, Record

if TYPE_CHECKING:
    from condenslab.tasks import Table

_STORED_STEPS = 4000
"""Accepted solver steps that a flow is expected to record, for the estimate of memory."""


def _step(samples: int, parameters: int) -> float:
    """Returns the operations of a step of the flow: a solve of the smaller of samples and parameters."""
    smaller = min(samples, parameters)
    return float(samples) * parameters * smaller + float(smaller) ** 3


class Recovery(Study):
    """The chain of the theory in one sitting, on the three-tanh target or on the user's own data."""

    name: ClassVar[str] = "recovery"
    revision: ClassVar[int] = 2
    question: ClassVar[str] = "Why can a network of 1,500 parameters recover a target from 50 samples?"
    source: ClassVar[str] = "deck 000 (exercise and Fig. 'Typical training behaviour'), deck 003; EP21 Figs 1, 3, 4"
    claim_statements: ClassVar[tuple[str, ...]] = claims.STATEMENTS
    presets: ClassVar[Mapping[str, Settings]] = PRESETS
    accepts_data: ClassVar[bool] = True

    def cases(self, settings: Settings, *, seed: int, data: "Table | None") -> Sequence[FlowCase | CriticalCase]:
        """Returns the flows from three starts, and the searches for critical functions of widths 1, 2, 3."""
        return make_cases(settings, seed, data)

    def compile_key(self, case: FlowCase | CriticalCase) -> Hashable:
        """Returns the kind, the widths and the activation: flows of one width are one program."""
        if isinstance(case, FlowCase):
            return ("flow", case.width, case.activation, case.max_steps, case.data, case.standardise)
        return ("critical", case.width, case.wide, case.starts, case.activation, case.data, case.standardise)

    def bytes_per_member(self, case: FlowCase | CriticalCase) -> int:
        """Returns the size of the recorded parameters and outputs and of a step's matrices, or of the dense Hessian."""
        width = case.width if isinstance(case, FlowCase) else max(case.width, case.wide)
        parameters, samples = (case.inputs + 2) * width, case.samples
        if isinstance(case, FlowCase):
            step = min(samples, parameters)
            return 8 * (_STORED_STEPS * (parameters + samples) + 3 * step * parameters + 2 * step * step)
        return 8 * (4 * parameters * parameters + 4 * samples * case.width * (case.inputs + 2))

    def seconds_per_member(self, case: FlowCase | CriticalCase) -> float:
        """Returns a rough time on two cores: most of it is compilation for narrow networks and few samples."""
        if isinstance(case, FlowCase):
            return 1.0 + 4.0 * _step(case.samples, (case.inputs + 2) * case.width) / _step(50, 1500)
        many = max(1.0, case.samples / 50)
        wide = (case.inputs + 2) * case.wide / 1500
        return 6.0 + 0.01 * case.starts * many + 3.0 * wide**2 * max(wide, many / 30)

    def run_batch(
        self,
        cases: Sequence[FlowCase | CriticalCase],
        *,
        data: "Table | None" = None,
        progress: Progress | None = None,
    ) -> list[Outcome]:
        """Computes flows, or one search for critical points a case."""
        from condenslab.studies.recovery.flows import run_flows
        from condenslab.studies.recovery.functions import run_critical
        from condenslab.studies.recovery.problem import make_setting

        setting = make_setting(cases[0].activation, data, standardise=cases[0].standardise)
        flows = [case for case in cases if isinstance(case, FlowCase)]
        if flows:
            return run_flows(flows, setting, progress)
        return [run_critical(case, setting, progress) for case in cases if isinstance(case, CriticalCase)]

    def claims(self, records: Sequence[Record], settings: Any, *, known_target: bool) -> list[Claim]:
        """Decides the claims; those on the three-tanh target are left out on other data or for other activations."""
        return claims.decide(records, known_target=known_target and settings.activation == "tanh")

    def draw(self, records: Sequence[Record]) -> list[Drawing]:
        """Draws the chain: flow, critical functions, groups, embedding, rank, the contrast."""
        from condenslab.studies.recovery import draw  # matplotlib is slow to import, and `list` does not draw

        return draw.drawings(records)


STUDY = Recovery()
