"""From how many samples does gradient flow from near a branch recover the target?"""

from collections.abc import Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from condenslab.studies.branches.cases import STABILITY_PRESETS, StabilityCase, StabilitySettings, stability_cases
from condenslab.studies.contract.claims import Claim, wilson
from condenslab.studies.old_study import Drawing, Study
from condenslab.sweeps import Outcome, Progress, Record

if TYPE_CHECKING:
    from condenslab.tasks import Table

STATEMENTS = (
    "with at least r + (m + m₀ − r)d samples every flow from near a branch recovers the target",
    "with too few samples, n < r + (r − l)d + 1, some flow from near every branch does not",
)
_SOURCE = "Zhang, Zhang & Luo, arXiv 2309.00508, Theorem 5.4 and Table 1; decks 000 and 002"


class RecoveryStability(Study):
    """The table of Theorem 5.4 against flows from small balls around points of every branch."""

    name: ClassVar[str] = "recovery_stability"
    revision: ClassVar[int] = 1
    question: ClassVar[str] = "From how many samples does gradient flow from near a branch recover the target?"
    source: ClassVar[str] = _SOURCE
    claim_statements: ClassVar[tuple[str, ...]] = STATEMENTS
    presets: ClassVar[Mapping[str, StabilitySettings]] = STABILITY_PRESETS

    def cases(self, settings: StabilitySettings, *, seed: int, data: "Table | None") -> Sequence[StabilityCase]:
        """Returns one case a setting (m, m₀, d) and number of samples."""
        found = []
        for width, target, inputs in zip(settings.widths, settings.target_widths, settings.inputs, strict=True):
            found += stability_cases(
                width,
                target,
                inputs,
                trials=settings.trials,
                seed=seed,
                radius=settings.small_radius,
                time=settings.time,
            )
        return found

    def compile_key(self, case: StabilityCase) -> Hashable:
        """Returns the setting: all its branches and numbers of samples are one program."""
        return (case.width, case.target_width, case.inputs, case.most, case.trials)

    def bytes_per_member(self, case: StabilityCase) -> int:
        """Returns the size of the trials of a case."""
        return 60_000 * case.trials

    def seconds_per_member(self, case: StabilityCase) -> float:
        """Returns a rough time on two cores, without compilation."""
        return 0.06 * case.trials * case.width / 2

    def run_batch(
        self, cases: Sequence[Any], *, data: "Table | None" = None, progress: Progress | None = None
    ) -> list[Outcome]:
        """Computes the cases of one setting."""
        from condenslab.studies.branches.flows import run_stability

        return run_stability(cases, progress)

    def claims(self, records: Sequence[Record], settings: StabilitySettings, *, known_target: bool) -> list[Claim]:
        """Decides both halves of the theorem, setting by setting; what lies between its bounds is only drawn."""
        return [claim for group in settings_of(records) for claim in _claims(group)]

    def draw(self, records: Sequence[Record]) -> list[Drawing]:
        """Draws one figure a setting."""
        from condenslab.studies.branches import draw

        return draw.stability_drawings(settings_of(records))


def settings_of(records: Sequence[Record]) -> list[list[Record]]:
    """Groups finished records by (m, m₀, d), in order of n.

    Args:
        records: Stability records, in any order.
    """
    groups: dict[tuple[int, int, int], list[Record]] = {}
    for record in sorted((r for r in records if r.status == "done"), key=lambda r: r.case["samples"]):
        case = record.case
        groups.setdefault((case["width"], case["target_width"], case["inputs"]), []).append(record)
    return list(groups.values())


def _claims(group: list[Record]) -> list[Claim]:
    case = group[0].case
    name = f"m = {case['width']}, m₀ = {case['target_width']}, d = {case['inputs']}"
    missed, failing = [], []
    for record in group:
        for branch, successes in enumerate(record.values["successes"]):
            lost = record.case["trials"] - successes
            if record.case["samples"] >= record.values["stable_from"][branch]:
                missed.append(lost)
            elif record.case["samples"] < record.values["unstable_below"][branch]:
                failing.append(lost)
    low, high = wilson(len(missed) * case["trials"] - sum(missed), len(missed) * case["trials"])
    rate = f"[success rate {low:.3f} to {high:.3f} at 95 %]"
    flows = f"flows of {case['trials']} that do not, for each branch and n"
    return [
        Claim.count(f"{STATEMENTS[0]}: {name} ({flows}) {rate}", _SOURCE, expected=0, measured=missed),
        Claim.at_least(f"{STATEMENTS[1]}: {name} ({flows})", _SOURCE, bound=1, measured=failing),
    ]


STABILITY = RecoveryStability()
