"""What the study of recovery stability claims; numbers only, no JAX."""

from collections.abc import Callable
from typing import Any

from condenslab.studies.branches.cases import PointCase, StabilityCase, StabilitySettings
from condenslab.studies.contract.claims import wilson
from condenslab.studies.contract.criteria import at_least, exactly
from condenslab.studies.contract.evidence import Evidence
from condenslab.studies.contract.statements import Measured, Statement
from condenslab.sweeps import Record

SOURCE = "Zhang, Zhang & Luo, arXiv 2309.00508, Theorem 5.4 and Table 1; decks 000 and 002"
TABLE = "Theorem 5.4, point by point"


def statements(settings: StabilitySettings) -> list[Statement]:
    """Returns the rows of the theorem's table, setting by setting; what lies between its bounds is only drawn.

    Args:
        settings: The settings.
    """
    chosen = zip(settings.widths, settings.target_widths, settings.inputs, strict=True)
    return [
        statement for setting in dict.fromkeys(chosen) for statement in _of(*setting, settings.trials, settings.flows)
    ]


def unrecovered(record: Record, branch: int) -> int | None:
    """Returns how many flows from near a branch did not recover the target, or None if some may have been cut off.

    Args:
        record: A finished record of one number of samples.
        branch: Its number.
    """
    trials = record.case["trials"]
    lost = trials - record.values["successes"][branch]
    cut_off = trials - record.values["finished"][branch]
    return None if lost and cut_off else lost


def _of(width: int, target_width: int, inputs: int, trials: int, flows: int) -> list[Statement]:
    name = f"m = {width}, m₀ = {target_width}, d = {inputs}"

    def missed(evidence: Evidence) -> Measured:
        cases = evidence.where(StabilityCase, width=width, target_width=target_width, inputs=inputs)
        lost = _counts(cases, lambda record, b: record.case["samples"] >= record.values["stable_from"][b])
        known = [count for count in lost if count is not None]
        low, high = wilson(len(known) * trials - sum(known), len(known) * trials)
        return Measured(lost, note=f"success rate {low:.3f} to {high:.3f} at 95 %")

    enough = Statement(
        "with at least r + (m + m₀ − r)d samples every flow from near a branch recovers the target",
        SOURCE,
        missed,
        exactly(0),
        f"{name}; flows of {trials} that do not, for each branch and n",
        reason="The theorem is one about a neighbourhood, and a displacement of 1e-3 may be too large for single "
        "draws: of the full preset's 1 in 4,000 flows (m = 4, n = 8), all 200 of its kind recover from 1e-4 and 1e-5.",
        label=f"with enough samples every flow recovers ({name})",
        figure=f"Recovery against samples, {name}",
    )
    return [enough, *_points(width, target_width, inputs, flows)]


def _points(width: int, target_width: int, inputs: int, flows: int) -> list[Statement]:
    name, last = f"m = {width}, m₀ = {target_width}, d = {inputs}", (inputs + 1) * width + 1
    shared: dict[str, Any] = {"of": "points", "figure": TABLE}

    def lost(places: str) -> Callable[[Evidence], list[int | None]]:
        """Returns a reader of how many flows from each point do not recover."""

        def read(evidence: Evidence) -> list[int | None]:
            runs = evidence.where(PointCase, places=places, width=width, target_width=target_width, inputs=inputs)
            return [count for row in runs.each(_lost) for count in ([None] if row is None else row)]

        return read

    return [
        Statement(
            "with n ≤ r + (r − l)d samples no point of a branch is recovery stable: from around each some flow strays",
            f"{SOURCE}; on Morse–Bott branches n < r + (r − l)d, where the theorem's halves contradict each other",
            lost("branches"),
            at_least(1),
            f"{name}; flows of {flows} that do not recover, for each branch at its largest such n and each point",
            reason="A share that strays may be too small to be seen: at other points of the same branches 10 % stray. "
            "At the full preset's three points without any (m = 4, n = 7) none of 400 further flows strays (run once).",
            label=f"too few samples: no stable point ({name})",
            **shared,
        ),
        Statement(
            "with n > (d + 1)m samples any point is recovery stable, also those that lie on several branches at once",
            SOURCE,
            lost("exceptional"),
            exactly(0),
            f"{name}, n = {last}; flows of {flows} that do not recover, for each point",
            label=f"enough samples: any point is stable ({name})",
            **shared,
        ),
    ]


def _lost(record: Record) -> list[int]:
    return [count for group in record.values["lost"] for count in group]


def _counts(evidence: Evidence, fits: Callable[[Record, int], bool]) -> list[int | None]:
    """Returns how many flows do not recover, for each n and each branch that fits; one None for an n that was lost."""

    def of(record: Record) -> list[int | None]:
        branches = range(len(record.values["successes"]))
        return [unrecovered(record, branch) for branch in branches if fits(record, branch)]

    return [count for known in evidence.each(of) for count in ([None] if known is None else known)]
