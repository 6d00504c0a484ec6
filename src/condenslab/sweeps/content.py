"""What a run must hold so that it can be shown, whoever wrote it: its checksum only says that nobody changed it."""

from collections.abc import Iterable
from typing import Any, Literal

import msgspec

from condenslab.errors import UserError
from condenslab.sweeps.records import Run


class _Claim(msgspec.Struct):
    """The keys of a claim that are shown, and their types; there may be more. The verdict is that of the margin."""

    study: str = ""
    preset: str = ""
    seed: int = 0
    claim: str = ""
    source: str | None = None
    expected: Any = None
    measured: Any = None
    tolerance: float | None = None
    margin: float | None = None
    verdict: Literal["holds", "fails", "undecided"] = "undecided"

    def __post_init__(self) -> None:
        told = "undecided" if self.margin is None else "holds" if self.margin >= 0 else "fails"
        if self.verdict != told:
            raise ValueError(f"a claim with margin {self.margin} is {told!r} and not {self.verdict!r}")


class _Moment(msgspec.Struct):
    """What a run's provenance may say of its time."""

    seconds: float = 0.0
    utc: str = ""


def check_foreign(run: Run) -> None:
    """Refuses values of other types than are shown.

    Args:
        run: A run, as decoded.

    Raises:
        msgspec.ValidationError: A claim, the provenance or the data is of another type.
    """
    msgspec.convert(run.claims, list[_Claim])
    msgspec.convert(run.provenance, _Moment)
    if run.data is not None:
        msgspec.convert(run.data, dict[str, str])


def require_claims(runs: Iterable[Run]) -> None:
    """Refuses runs whose claims lack what is shown of a claim.

    Args:
        runs: The runs that are to be shown.

    Raises:
        UserError: A claim lacks a key; the sentence names run and key.
    """
    for run in runs:
        for number, row in enumerate(run.claims, start=1):
            missing = [key for key in _Claim.__struct_fields__ if key not in row]
            if missing:
                raise UserError(
                    f"claim {number} of the run of {run.study!r}, preset {run.preset!r}, seed {run.seed}, has no "
                    f"{missing[0]!r}: another program wrote it; move its file out of the store and run the study again."
                )
