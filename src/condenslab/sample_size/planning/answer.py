"""How many samples a target needs from an architecture, and what would change that."""

from dataclasses import dataclass

from condenslab.sample_size.optimistic import OptimisticSize
from condenslab.sample_size.planning.closed import closed_form, neighbours
from condenslab.sample_size.planning.experiments import Practical, practical
from condenslab.sample_size.planning.measured import measure
from condenslab.sample_size.planning.request import PlanRequest, checked
from condenslab.sample_size.target_set import TargetSetMinimum


@dataclass(frozen=True, eq=False)
class Change:
    """One thing done differently.

    Attributes:
        words: What.
        closed: The closed form then.
        measured: The minimum over the target set then; measured only where no closed form is known, else None. A
            sentence where it is too large to be measured.
    """

    words: str
    closed: OptimisticSize
    measured: TargetSetMinimum | str | None


@dataclass(frozen=True, eq=False)
class SamplePlan:
    """The answer to a `PlanRequest`.

    Attributes:
        request: As it was understood.
        closed: O(f*) in closed form, with parameters, formula, assumptions and source.
        measured: The smallest model rank found on the target set of a random target, or why it was not measured.
        changes: What more width, more connections and another target would change.
        practical: What experiments needed.
    """

    request: PlanRequest
    closed: OptimisticSize
    measured: TargetSetMinimum | str
    changes: tuple[Change, ...]
    practical: Practical

    @property
    def samples(self) -> int | None:
        """The closed form's number, or else the measured bound; None where neither is known."""
        if self.closed.value is not None or isinstance(self.measured, str):
            return self.closed.value
        return self.measured.value

    @property
    def agrees(self) -> bool | None:
        """Whether measurement and closed form say the same; None where one is missing or undecided."""
        if isinstance(self.measured, str) or self.closed.value is None or self.measured.value is None:
            return None
        return self.measured.value == self.closed.value


def plan(request: PlanRequest) -> SamplePlan:
    """Answers how many samples a target of known intrinsic size needs.

    Args:
        request: Kind and sizes.

    Raises:
        UserError: No such kind, or a size is missing or foreign to the kind.
        ValueError: A size is out of range, for example an intrinsic width above the width.
    """
    asked = checked(request)
    closed = closed_form(asked)
    measured = measure(asked, closed)
    changes = tuple(
        Change(words, form, measure(other, form) if form.value is None else None)
        for words, other in neighbours(asked)
        for form in [closed_form(other)]
    )
    return SamplePlan(asked, closed, measured, changes, practical(asked, closed.value))
