"""A part of a study: one kind of case, how it is computed, and what it costs."""

import traceback
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, fields
from importlib import import_module
from typing import Any

from condenslab.errors import ACCIDENTS, UserError, told
from condenslab.studies.contract.endings import Unfinished
from condenslab.sweeps import Outcome, Progress
from condenslab.tasks import Table


@dataclass(frozen=True, kw_only=True)
class Part:
    """One kind of case.

    Attributes:
        case: The class of its cases, a frozen dataclass.
        run: Its compute function as "module:function", imported when a batch runs, so that listing imports no JAX. It
            is called as run(case, progress) and returns an `Outcome`; with `together` as run(cases, progress) for all
            cases of one program, and returns one outcome a case; with `takes_data` it gets the user's table as `data`.
        varies: Fields that vary inside one compiled program. All others decide the program, so that one that is
            forgotten costs a compilation and never a wrong result.
        apart: What else decides the program, of fields that vary, such as whether one of them is None.
        when: Which cases of the class belong to this part, where several parts share a class.
        seconds: Rough wall time of a case on two cores, in seconds.
        bytes: Memory that a case takes in a batch, in bytes.
        together: Whether the cases of a program are computed in one call.
        takes_data: Whether the function takes the user's own table.
    """

    case: type
    run: str
    seconds: Callable[[Any], float]
    bytes: Callable[[Any], int] = lambda _: 2**20
    varies: tuple[str, ...] = ("seed",)
    apart: Callable[[Any], Hashable] = lambda _: None
    when: Callable[[Any], bool] = lambda _: True
    together: bool = False
    takes_data: bool = False

    def __post_init__(self) -> None:
        strange = sorted(set(self.varies) - {field.name for field in fields(self.case)})
        if strange:
            raise ValueError(f"a field that varies must be one of {self.case.__name__}. Got {', '.join(strange)}.")

    def takes(self, case: Any) -> bool:
        """Returns whether a case is of this part."""
        return type(case) is self.case and self.when(case)

    def key(self, case: Any) -> Hashable:
        """Returns what decides the compiled program: every field that does not vary."""
        fixed = (_hashable(getattr(case, field.name)) for field in fields(case) if field.name not in self.varies)
        return (self.run, *fixed, self.apart(case))

    def outcomes(self, cases: Sequence[Any], data: Table | None, progress: Progress | None) -> list[Outcome]:
        """Computes a batch. A case that raises is a failed outcome of its own where cases are computed one by one.

        Args:
            cases: Cases of one program.
            data: The user's own table, or None.
            progress: Called with the finished fraction of the batch and a few words.
        """
        module, _, name = self.run.partition(":")
        try:
            function = getattr(import_module(module), name)
        except ImportError as error:
            if "condenslab[" in str(error):  # an extra is missing, and the message says which
                raise UserError(str(error)) from error
            raise
        options = {"data": data} if self.takes_data else {}
        if self.together:
            return list(function(cases, progress or _silent, **options))
        return [
            guarded(function, case, _share(progress, number, len(cases)), **options)
            for number, case in enumerate(cases)
        ]


def guarded(function: Callable[..., Outcome], *arguments: Any, **options: Any) -> Outcome:
    """Returns function(…); an ending that was not asked for, or an exception, becomes an outcome that says so.

    Args:
        function: What computes one outcome.
        *arguments: Its arguments.
        **options: Its named arguments.

    Raises:
        UserError: The request cannot be computed: no case of it can.
    """
    try:
        return function(*arguments, **options)
    except Unfinished as ending:
        return ending.outcome()
    except UserError:
        raise
    except ACCIDENTS as error:
        return Outcome({}, {}, "failed", told(error), traceback.format_exc())


def _share(progress: Progress | None, number: int, count: int) -> Progress:
    """Returns the progress of one case of a batch."""

    def tell(fraction: float, text: str) -> None:
        if progress is not None:
            progress((number + fraction) / count, f"{text} ({number + 1} of {count})" if count > 1 else text)

    return tell


def _silent(fraction: float, text: str) -> None:
    """Takes a progress report and does nothing."""


def _hashable(value: Any) -> Hashable:
    return tuple(map(_hashable, value)) if isinstance(value, list | tuple) else value
