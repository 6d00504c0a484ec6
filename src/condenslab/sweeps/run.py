"""Runs what is missing: cases to batches, batches to records, each batch stored as soon as it is finished."""

import time
import traceback
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, Protocol, runtime_checkable

import numpy as np

from condenslab.errors import UserError
from condenslab.sweeps.executors import Executor, InProcess
from condenslab.sweeps.grid import case_id, described
from condenslab.sweeps.records import Record
from condenslab.sweeps.store import Store

MEMORY = 2 * 2**30
"""Bytes that the members of one batch may take together, by default. It is a constant and not what happens to be free:
batches must be cut alike when a run is resumed."""


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


class RunBatch(Protocol):
    """Computes all the cases of one batch, which share a compile key."""

    def __call__(self, cases: list[Any], /, *, progress: Progress | None = None) -> Sequence[Outcome]:
        """Returns one outcome a case, in their order."""
        ...


@dataclass(frozen=True)
class Batch:
    """Cases that run in one program.

    Attributes:
        cases: The cases.
        ids: Their ids.
        seconds: Expected wall time, in seconds; only its share of the whole matters here.
        bytes: Expected memory, in bytes.
    """

    cases: list[Any]
    ids: list[str]
    seconds: float
    bytes: int

    def missing(self, known: Mapping[str, Record]) -> list[str]:
        """Returns the ids that have no record or a failed one."""
        return [i for i in self.ids if i not in known or known[i].status == "failed"]


@dataclass(frozen=True)
class Schedule:
    """How the cases of one study are batched.

    Attributes:
        study: Name of the study.
        revision: Revision of the study.
        precision: `"float32"` or `"float64"`.
        compile_key: Cases with equal keys share one compiled program.
        bytes_per_member: Memory that one case takes, in bytes.
        seconds_per_member: Rough wall time of one case, in seconds.
        memory: Bytes that one batch may take; a case that needs more runs alone.
    """

    study: str
    revision: int
    precision: str
    compile_key: Callable[[Any], Hashable]
    bytes_per_member: Callable[[Any], int]
    seconds_per_member: Callable[[Any], float] = lambda _: 1.0
    memory: int = MEMORY

    def batches(self, cases: Sequence[Any]) -> list[Batch]:
        """Cuts the whole grid into batches.

        What is stored already does not matter, so that a resumed run executes the same programs.

        Args:
            cases: The cases, frozen dataclasses; one that is repeated runs once.

        Returns:
            The batches; compile keys in the order of their first case, cases in their order.
        """
        unique = {self.id(case): case for case in cases}
        groups: dict[Hashable, list[str]] = {}
        for identity, case in unique.items():
            groups.setdefault(self.compile_key(case), []).append(identity)
        return [
            self._batch([unique[i] for i in chunk], chunk)
            for ids in groups.values()
            for chunk in _chunks(ids, [self.bytes_per_member(unique[i]) for i in ids], self.memory)
        ]

    def id(self, case: Any) -> str:
        """Returns the id of a case."""
        return case_id(self.study, self.revision, case, self.precision)

    def _batch(self, cases: list[Any], ids: list[str]) -> Batch:
        seconds = sum(self.seconds_per_member(case) for case in cases)
        return Batch(cases, ids, seconds, sum(self.bytes_per_member(case) for case in cases))


def sweep(
    cases: Sequence[Any],
    schedule: Schedule,
    run_batch: RunBatch,
    store: Store,
    *,
    executor: Executor | None = None,
    environment: Callable[[], Mapping[str, Any]] = dict,
    progress: Progress | None = None,
) -> list[Record]:
    """Computes the cases that the store does not hold, storing batch after batch, and returns the records of all.

    A batch runs if any of its cases is missing, and only the missing ones are added. An exception in a batch, a lack of
    memory included, becomes a `failed` record for each of its missing cases, with the sentence of the exception, and
    the sweep goes on; the next sweep tries them again. `KeyboardInterrupt` ends the sweep after what is finished is
    stored.

    Args:
        cases: The whole grid, frozen dataclasses.
        schedule: How to batch them.
        run_batch: Computes one batch.
        store: Where the records are and go.
        executor: Where batches run; in this process by default.
        environment: Called after a batch for what its records say of versions and device.
        progress: Called with the finished fraction of the missing work.

    Returns:
        One record a case, in their order, as read back from the store.

    Raises:
        UserError: Raised in a batch, or by the store.
    """
    known = store.records(schedule.study)
    pending = [batch for batch in schedule.batches(cases) if batch.missing(known)]
    job = _Job(schedule, run_batch, store, known, environment, _Meter(pending, progress))
    for _ in (executor or InProcess()).map(job, pending):
        pass
    if pending:
        known = store.records(schedule.study)
    return [known[schedule.id(case)] for case in cases]


class _Meter:
    """Turns the progress within a batch into that of the whole."""

    def __init__(self, batches: Sequence[Batch], progress: Progress | None):
        self._total = sum(map(_weight, batches))
        self._done = 0.0
        self._progress = progress
        if progress is not None and not batches:
            progress(1.0, "everything is stored already")

    def within(self, batch: Batch) -> Progress:
        def report(fraction: float, text: str) -> None:
            if self._progress is not None:
                self._progress(min(1.0, (self._done + fraction * _weight(batch)) / self._total), text)

        return report

    def finish(self, batch: Batch) -> None:
        self.within(batch)(1.0, "batch stored")
        self._done += _weight(batch)


def _weight(batch: Batch) -> float:
    return batch.seconds or 1.0


@dataclass(frozen=True)
class _Job:
    """Computes and stores one batch."""

    schedule: Schedule
    run_batch: RunBatch
    store: Store
    known: Mapping[str, Record]
    environment: Callable[[], Mapping[str, Any]]
    meter: _Meter

    def __call__(self, batch: Batch) -> None:
        start = time.perf_counter()
        outcomes = self._outcomes(batch)
        provenance = dict(self.environment()) | {
            "precision": self.schedule.precision,
            "revision": self.schedule.revision,
            "batch": len(batch.cases),
            "seconds": time.perf_counter() - start,
            "utc": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        missing = set(batch.missing(self.known))
        records = [
            _record(self.schedule.study, identity, case, outcome, provenance)
            for identity, case, outcome in zip(batch.ids, batch.cases, outcomes, strict=True)
            if identity in missing
        ]
        try:
            self.store.add(records)
        except KeyboardInterrupt:
            self.store.add(records)  # the batch is finished: it is stored before the interruption goes on
            raise
        self.meter.finish(batch)

    def _outcomes(self, batch: Batch) -> Sequence[Outcome]:
        """Runs the batch; an exception becomes failed outcomes with its traceback."""
        try:
            outcomes = self.run_batch(batch.cases, progress=self.meter.within(batch))
            if len(outcomes) != len(batch.cases):
                raise ValueError(
                    f"run_batch must return one outcome a case. Got {len(outcomes)} for {len(batch.cases)}."
                )
            return outcomes
        except UserError:
            raise
        except Exception as error:
            message = f"{type(error).__name__}: {error}"
            return [Outcome({}, {}, "failed", message, traceback.format_exc())] * len(batch.cases)


def _record(study: str, identity: str, case: Any, outcome: Outcome, provenance: dict[str, Any]) -> Record:
    values, arrays = dict(outcome.values), dict(outcome.arrays)
    if outcome.trace:
        provenance = provenance | {"traceback": outcome.trace}
    return Record(study, identity, described(case), outcome.status, outcome.message, values, arrays, provenance)


def _chunks(ids: list[str], sizes: list[int], memory: int) -> list[list[str]]:
    """Cuts a list so that the sizes in each part add up to at most `memory`, with at least one entry a part."""
    chunks: list[list[str]] = []
    room = 0
    for identity, size in zip(ids, sizes, strict=True):
        if not chunks or size > room:
            chunks.append([])
            room = memory
        chunks[-1].append(identity)
        room -= size
    return chunks
