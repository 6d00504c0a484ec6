"""What travels between a sweep and its workers: one batch there, ids and numbers of seconds back, never arrays."""

import pickle
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, get_args, runtime_checkable

import numpy as np

from condenslab.errors import UserError
from condenslab.sweeps.batches import Batch
from condenslab.sweeps.records import Status

_SHORTEST, _LONGEST = 1e-6, 1e9
"""Seconds; timers of the system take 0 for no limit, and end not far above the longest."""


@runtime_checkable
class Progress(Protocol):
    """A function that is told how far a computation is."""

    def __call__(self, fraction: float, text: str, /) -> None:
        """Takes the finished fraction, in [0, 1], and a few words on what is being done."""
        ...


@dataclass(frozen=True)
class Outcome:
    """What a study computes for one case.

    Attributes:
        values: Numbers, strings, lists of those, or None, by name. Not finite becomes None.
        arrays: NumPy arrays by name.
        status: `done`; `diverged` where the computation left the finite numbers or its tolerances, which is an answer
            and is not tried again; `failed` for an accident, which the next run tries again.
        message: A sentence, for an outcome that is not `done`.
        trace: Traceback of an accident, for its record's provenance.
    """

    values: Mapping[str, Any]
    arrays: Mapping[str, np.ndarray] = field(default_factory=dict)
    status: Literal["done", "diverged", "failed"] = "done"
    message: str = ""
    trace: str = ""


def require_limit(seconds: float | None, name: str = "time_limit") -> None:
    """Refuses a time limit that is none.

    Args:
        seconds: It, or None for no limit.
        name: Under which it was given.

    Raises:
        UserError: It is no number of seconds above 0 and of at most 10⁹, about 30 years.
    """
    number = isinstance(seconds, int | float) and not isinstance(seconds, bool)
    if seconds is not None and not (number and 0 < seconds <= _LONGEST):
        raise UserError(f"{name} must be a number of seconds above 0 and at most {_LONGEST:.0e}. Got {seconds!r}")


def fault(outcome: Any) -> str:
    """Says why something is no outcome that can be stored; empty where it is one.

    Args:
        outcome: What a case gave.
    """
    if not isinstance(outcome, Outcome):
        return f"a case must give an Outcome. Got {type(outcome).__name__}"
    if outcome.status not in get_args(Status):
        return f"the status of an Outcome must be one of {', '.join(get_args(Status))}. Got {outcome.status!r}"
    if not isinstance(outcome.message, str) or not isinstance(outcome.trace, str):
        return f"the message of an Outcome must be a string. Got {outcome.message!r}"
    for name, held in (("values", outcome.values), ("arrays", outcome.arrays)):
        if not isinstance(held, Mapping):
            return f"the {name} of an Outcome must be a dict. Got {type(held).__name__}"
        strange = [key for key in held if not isinstance(key, str)]
        if strange:
            return f"the {name} of an Outcome must have strings as names. Got {strange[0]!r}"
    return ""


class RunBatch(Protocol):
    """Computes all the cases of one batch, which share a compile key.

    For an executor other than `inprocess` it must survive pickle; a method `prepare()`, where it has one, is called in
    a worker before its first batch.
    """

    def __call__(self, cases: list[Any], /, *, progress: Progress | None = None) -> Sequence[Outcome]:
        """Returns one outcome a case, in their order."""
        ...


@dataclass(frozen=True)
class Recipe:
    """How the batches of a sweep are computed and stored, wherever that is.

    Attributes:
        study: Name of the study.
        revision: Its revision.
        precision: `"float32"` or `"float64"`.
        run_batch: Computes one batch.
        environment: Called after a batch for what its records say of versions and device.
        store: The store's folder, as an absolute path.
        versions: Packages that a worker must have in these versions.
        time_limit: Seconds that one case may take, or None.
    """

    study: str
    revision: int
    precision: str
    run_batch: RunBatch
    environment: Callable[[], Mapping[str, Any]]
    store: str
    versions: Mapping[str, str | None] = field(default_factory=dict)
    time_limit: float | None = None


@dataclass(frozen=True)
class Task:
    """One batch on its way to a worker.

    Attributes:
        number: What it is called in this sweep.
        recipe: How it is computed.
        batch: The cases; all are computed, in one program.
        wanted: The ids that are to be stored.
        deaths: How often it was with a worker that died.
    """

    number: int
    recipe: Recipe
    batch: Batch
    wanted: tuple[str, ...]
    deaths: int = 0

    def limit(self) -> float | None:
        """Returns the seconds that it may take, or None."""
        limit = self.recipe.time_limit
        return None if limit is None else max(_SHORTEST, min(_LONGEST, limit * len(self.batch.cases)))

    def sealed(self) -> "Sealed":
        """Returns it in the form in which it travels.

        Raises:
            UserError: It holds what cannot be sent.
        """
        try:
            content = pickle.dumps(self)
            if b"__main__" in content:
                raise TypeError("it is defined in the main program")
        except (pickle.PicklingError, AttributeError, TypeError) as error:
            raise UserError(
                f"the cases of {self.recipe.study!r} cannot be sent to another process ({error}): define case and "
                "function in a module that can be imported, or use the executor 'inprocess'"
            ) from error
        return Sealed(content, tuple(entry for entry in sys.path if entry))


@dataclass(frozen=True)
class Sealed:
    """A task as bytes, and where the modules are that it needs.

    Attributes:
        content: The pickled task.
        path: The sender's module search path.
    """

    content: bytes
    path: tuple[str, ...]


@dataclass(frozen=True)
class Report:
    """What a worker says of a batch.

    Attributes:
        stored: How many records it has stored.
        failed: How many of these failed.
        refusal: A sentence that ends the sweep, or "".
        halve: Whether the batch as a whole raised an exception, such as a lack of memory: nothing of it is stored, and
            its halves may do better.
        compilations: Programs that were compiled, where that is known.
    """

    stored: int = 0
    failed: int = 0
    refusal: str = ""
    halve: bool = False
    compilations: int = 0


@dataclass(frozen=True)
class Ended:
    """A task that came back, or whose worker died.

    Attributes:
        number: The task.
        report: The worker's, or None where there is none.
        reason: What became of the worker then.
        late: Whether it was ended because its time was up.
    """

    number: int
    report: Report | None
    reason: str = ""
    late: bool = False
