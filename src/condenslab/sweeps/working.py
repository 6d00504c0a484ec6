"""What a worker does with a batch: it checks that it is the right worker, computes, stores, and says how it went."""

import faulthandler
import os
import pickle
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from types import FrameType
from typing import Any

import condenslab
from condenslab.errors import ACCIDENTS, UserError, told
from condenslab.sweeps.grid import described
from condenslab.sweeps.records import Record
from condenslab.sweeps.shards import encoded
from condenslab.sweeps.store import Store
from condenslab.sweeps.tasks import Outcome, Recipe, Report, Sealed, Task, fault

_ONE_AT_A_TIME = threading.Lock()
"""Two programs of XLA in two threads of a process can wait for each other for ever."""


class OutOfTime(BaseException):
    """The time of a case is up; no `except Exception` on its way holds it up."""


def versions() -> dict[str, str | None]:
    """Returns the versions that must be equal wherever the batches of one sweep run."""
    return {"condenslab": condenslab.__version__, "jax": _installed("jax"), "jaxlib": _installed("jaxlib")}


def serve_sealed(sealed: Sealed, tell: Callable[[Any], None] | None = None) -> Report:
    """Computes and stores a batch in a worker; nothing that happens in it is raised.

    Args:
        sealed: The task.
        tell: Called with (fraction, text) on the way, or None.
    """
    with _ONE_AT_A_TIME:
        sys.path.extend(entry for entry in sealed.path if entry not in sys.path)
        try:
            task: Task = pickle.loads(sealed.content)
        except Exception as error:
            return Report(
                refusal=f"a worker cannot read its batch ({type(error).__name__}: {error}): the modules that define "
                "case and function must be installed on every worker"
            )
        wrong = _mismatch(task.recipe.versions)
        if wrong:
            return Report(refusal=wrong)
        try:
            prepare = getattr(task.recipe.run_batch, "prepare", None)
            if prepare is not None:
                prepare()
            limit = task.limit()  # of the cases: starting a worker and importing what it needs is no part of them
            if limit is not None:
                faulthandler.dump_traceback_later(limit, exit=True, file=_nowhere())  # holds without Python's lock, too
            return perform(task, lambda fraction, text: tell and tell((fraction, text)))
        except UserError as error:
            return Report(refusal=str(error))
        finally:
            faulthandler.cancel_dump_traceback_later()


def perform(task: Task, progress: Callable[[float, str], Any]) -> Report:
    """Computes and stores a batch.

    Args:
        task: The task.
        progress: Called with (fraction, text) on the way.

    Raises:
        UserError: Raised in the batch, or by the store.
    """
    start = time.perf_counter()
    before = _compilations(task.recipe)
    outcomes, all_together = _outcomes(task, progress)
    if all_together and len(task.batch.cases) > 1:
        return Report(halve=True)
    compilations = _compilations(task.recipe) - before
    provenance = dict(task.recipe.environment()) | {
        "precision": task.recipe.precision,
        "revision": task.recipe.revision,
        "batch": len(task.batch.cases),
        "seconds": time.perf_counter() - start,
        "estimate": task.batch.seconds,
        "program": task.batch.program,
        "utc": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    records = made(task, outcomes, provenance)
    _store(Store(task.recipe.store), records)
    return Report(len(records), sum(record.status == "failed" for record in records), compilations=compilations)


def made(task: Task, outcomes: Sequence[Outcome], provenance: dict[str, Any]) -> list[Record]:
    """Returns the records of a batch that are wanted.

    Args:
        task: The task.
        outcomes: One a case.
        provenance: What all of them say of how they came about.
    """
    wanted = set(task.wanted)
    return [
        _record(task.recipe.study, identity, case, outcome, provenance)
        for identity, case, outcome in zip(task.batch.ids, task.batch.cases, outcomes, strict=True)
        if identity in wanted
    ]


@contextmanager
def timed(seconds: float | None) -> Iterator[None]:
    """Raises `OutOfTime` in the main thread when the time is up; elsewhere there is no limit.

    Args:
        seconds: The time, or None.

    Raises:
        OutOfTime: It is up.
    """
    if seconds is None or threading.current_thread() is not threading.main_thread():
        yield
        return

    def ring(number: int, frame: FrameType | None) -> None:
        raise OutOfTime

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)


def _outcomes(task: Task, progress: Callable[[float, str], Any]) -> tuple[Sequence[Outcome], bool]:
    """Runs the batch; an exception becomes failed outcomes with its traceback. Says also whether there was one."""
    cases = task.batch.cases
    try:
        outcomes = list(task.recipe.run_batch(cases, progress=progress))
    except UserError:
        raise
    except ACCIDENTS as error:
        message = told(error)
        return [Outcome({}, {}, "failed", message, traceback.format_exc())] * len(cases), True
    if len(outcomes) != len(cases):
        message = f"ValueError: run_batch must return one outcome a case. Got {len(outcomes)} for {len(cases)}."
        return [Outcome({}, {}, "failed", message)] * len(cases), False
    return [_sound(outcome) for outcome in outcomes], False


def _sound(outcome: Any) -> Outcome:
    """Returns an outcome, or a failed one that says why it is none."""
    wrong = fault(outcome)
    return Outcome({}, {}, "failed", f"TypeError: {wrong}.") if wrong else outcome


def _store(store: Store, records: list[Record]) -> None:
    """Stores records; what cannot be written, for its size perhaps, is recorded as failed where at least that can."""
    try:
        store.add(records)
    except KeyboardInterrupt:
        store.add(records)  # the batch is finished: it is stored before the interruption goes on
        raise
    except TypeError:
        store.add([_storable(record) for record in records])
    except UserError as error:
        store.add([_lost(record, error) for record in records])


def _storable(record: Record) -> Record:
    """Returns a record, or a failed one where it cannot be stored: it takes no other of its batch with it."""
    try:
        encoded([record])
    except TypeError as error:
        return _lost(record, error)
    return record


def _lost(record: Record, error: Exception) -> Record:
    return replace(record, status="failed", message=str(error), values={}, arrays={})


def _record(study: str, identity: str, case: Any, outcome: Outcome, provenance: dict[str, Any]) -> Record:
    values, arrays = dict(outcome.values), dict(outcome.arrays)
    if outcome.trace:
        provenance = provenance | {"traceback": outcome.trace}
    return Record(study, identity, described(case), outcome.status, outcome.message, values, arrays, provenance)


def _mismatch(expected: Mapping[str, str | None]) -> str:
    here = versions()
    different = [name for name, value in expected.items() if here.get(name) != value]
    if not different:
        return ""
    told = ", ".join(f"{name} {here.get(name)} instead of {expected[name]}" for name in different)
    return (
        f"a worker on {os.uname().nodename} has {told}: numbers of different versions must not be mixed in one sweep; "
        "install the same versions everywhere"
    )


def _compilations(recipe: Recipe) -> int:
    count = getattr(recipe.run_batch, "compilations", None)
    return 0 if count is None else count()


def _installed(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _nowhere() -> Any:
    global _null  # faulthandler keeps the descriptor only, so the file must stay open
    if _null is None:
        _null = open(os.devnull, "w")  # noqa: SIM115, PTH123
    return _null


_null: Any = None
