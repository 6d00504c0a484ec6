"""What the study of recovery stability claims; numbers only, no JAX."""

from collections.abc import Callable

from condenslab.studies.branches.cases import StabilityCase, StabilitySettings
from condenslab.studies.contract.claims import wilson
from condenslab.studies.contract.criteria import at_least, exactly
from condenslab.studies.contract.evidence import Evidence
from condenslab.studies.contract.statements import Measured, Statement
from condenslab.sweeps import Record

SOURCE = "Zhang, Zhang & Luo, arXiv 2309.00508, Theorem 5.4 and Table 1; decks 000 and 002"


def statements(settings: StabilitySettings) -> list[Statement]:
    """Returns both halves of the theorem, setting by setting; what lies between its bounds is only drawn.

    Args:
        settings: The settings.
    """
    chosen = zip(settings.widths, settings.target_widths, settings.inputs, strict=True)
    return [statement for setting in dict.fromkeys(chosen) for statement in _of(*setting, settings.trials)]


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


def _of(width: int, target_width: int, inputs: int, trials: int) -> list[Statement]:
    name = f"m = {width}, m₀ = {target_width}, d = {inputs}"
    note = f"{name}; flows of {trials} that do not, for each branch and n"
    figure = f"Recovery against samples, {name}"

    def cases(evidence: Evidence) -> Evidence:
        return evidence.where(StabilityCase, width=width, target_width=target_width, inputs=inputs)

    def missed(evidence: Evidence) -> Measured:
        lost = _counts(cases(evidence), lambda record, b: record.case["samples"] >= record.values["stable_from"][b])
        known = [count for count in lost if count is not None]
        low, high = wilson(len(known) * trials - sum(known), len(known) * trials)
        return Measured(lost, note=f"success rate {low:.3f} to {high:.3f} at 95 %")

    def failing(evidence: Evidence) -> list[int | None]:
        return _counts(cases(evidence), lambda record, b: record.case["samples"] < record.values["unstable_below"][b])

    return [
        Statement(
            "with at least r + (m + m₀ − r)d samples every flow from near a branch recovers the target",
            SOURCE,
            missed,
            exactly(0),
            note,
            label=f"with enough samples every flow recovers ({name})",
            figure=figure,
        ),
        Statement(
            "with too few samples, n < r + (r − l)d + 1, some flow from near every branch does not",
            SOURCE,
            failing,
            at_least(1),
            note,
            label=f"too few samples lose some flow ({name})",
            figure=figure,
        ),
    ]


def _counts(evidence: Evidence, fits: Callable[[Record, int], bool]) -> list[int | None]:
    """Returns how many flows do not recover, for each n and each branch that fits; one None for an n that was lost."""

    def of(record: Record) -> list[int | None]:
        branches = range(len(record.values["successes"]))
        return [unrecovered(record, branch) for branch in branches if fits(record, branch)]

    return [count for known in evidence.each(of) for count in ([None] if known is None else known)]
