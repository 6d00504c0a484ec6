"""Runs what is missing: cases to batches, batches to records, each batch stored as soon as it is finished."""

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from condenslab.sweeps.batches import Batch, Grid, Schedule
from condenslab.sweeps.coordination import Coordination
from condenslab.sweeps.executors import Executor, InProcess
from condenslab.sweeps.executors.protocol import Tell
from condenslab.sweeps.quarantine import quarantine
from condenslab.sweeps.records import Record
from condenslab.sweeps.store import Store
from condenslab.sweeps.tasks import Progress, Recipe, Report, RunBatch, require_limit
from condenslab.sweeps.working import versions

_SETTLED = 2.0
"""Seconds after which a rate is worth saying."""


def sweep(
    cases: Sequence[Any],
    schedule: Schedule,
    run_batch: RunBatch,
    store: Store,
    *,
    executor: Executor | None = None,
    environment: Callable[[], Mapping[str, Any]] = dict,
    progress: Progress | None = None,
    time_limit: float | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> list[Record]:
    """Computes the cases that the store does not hold, storing batch after batch, and returns the records of all.

    Args:
        cases: The whole grid, frozen dataclasses.
        schedule: How to batch them.
        run_batch: Computes one batch.
        store: Where the records are and go.
        executor: Where batches run; in this process by default.
        environment: Called after a batch for what its records say of versions and device.
        progress: Called with the finished fraction of the missing work.
        time_limit: Seconds that a case may take, or None.
        say: Called with sentences for the user, such as on a damaged file.

    Returns:
        One record a case, in their order, as read back from the store.

    Raises:
        UserError: Raised in a batch, or by the store.
    """
    grid = Grid(schedule, cases)
    complete(
        grid,
        run_batch,
        store,
        executor=executor,
        environment=environment,
        progress=progress,
        time_limit=time_limit,
        say=say,
    )
    known = store.records(schedule.study)
    return [known[identity] for identity in grid.ids]


def complete(
    grid: Grid,
    run_batch: RunBatch,
    store: Store,
    *,
    memory: int | None = None,
    known: Mapping[str, str] | None = None,
    executor: Executor | None = None,
    environment: Callable[[], Mapping[str, Any]] = dict,
    progress: Progress | None = None,
    time_limit: float | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> "Work":
    """Computes the cases that the store does not hold, storing batch after batch; see `sweep` for other arguments.

    A batch runs if any of its cases is missing, and only the missing ones are added. A batch that raises an exception,
    a lack of memory included, is halved, down to the case that causes it, which becomes a `failed` record with the
    sentence of the exception; the next sweep tries it again. What happens when a worker dies or a case does not end is
    said in `condenslab.sweeps.coordination`. Damaged shards are moved to the store's `quarantine` and computed again.
    `KeyboardInterrupt` ends the sweep after what is finished is stored.

    Args:
        grid: The cases and how to batch them.
        run_batch: Computes one batch.
        store: Where the records are and go.
        memory: Bytes that the batches at work on this machine may take together; by default as the schedule says.
        known: Statuses of what is stored, by id; by default they are read, after what is damaged was moved aside.
        executor: As for `sweep`, like the rest.
        environment: As there.
        progress: As there.
        time_limit: As there.
        say: As there.

    Returns:
        What was done.

    Raises:
        UserError: Raised in a batch, or by the store, or the time limit is none.
    """
    require_limit(time_limit)
    schedule = grid.schedule
    if known is None:
        quarantine(store, say)
        known = store.statuses(schedule.study)
    if all(known.get(identity, "failed") != "failed" for identity in grid.ids):
        if progress is not None:
            progress(1.0, "everything is stored already")
        return Work()
    engine = executor or InProcess()
    recipe = Recipe(
        schedule.study,
        schedule.revision,
        schedule.precision,
        run_batch,
        environment,
        str(store.path.resolve()),
        versions(),
        time_limit,
    )
    meter = _Meter(progress)
    with _started(engine, meter.tell):
        room = (schedule.memory if memory is None else memory) // engine.neighbours
        pending = grid.pending(known, workers=engine.workers, memory=room)
        coordination = Coordination(engine, recipe, store, meter.finish)
        meter.begin(coordination, [batch for batch, _ in pending])
        coordination.run(pending)
    return meter.work


@dataclass(frozen=True)
class Work:
    """What a sweep did.

    Attributes:
        stored: Records that it has stored.
        failed: How many of these failed.
        compilations: Programs that were compiled, as far as workers tell.
    """

    stored: int = 0
    failed: int = 0
    compilations: int = 0


@contextmanager
def _started(engine: Executor, tell: Tell) -> Iterator[None]:
    """Starts an engine, and stops it whatever happens."""
    try:
        engine.start(tell)
        yield
    except BaseException:
        with contextlib.suppress(Exception):
            engine.stop()
        raise
    engine.stop()


class _Meter:
    """Turns the progress within batches into that of the whole, and counts."""

    def __init__(self, progress: Progress | None):
        self.work = Work()
        self._progress = progress
        self._total = self._done = 0.0
        self._cases = self._stored = 0
        self._under_way: dict[int, float] = {}
        self._coordination: Coordination | None = None
        self._begun = 0.0

    def begin(self, coordination: Coordination, batches: Sequence[Batch]) -> None:
        self._coordination, self._begun = coordination, time.monotonic()
        self._total = sum(map(_weight, batches))
        self._cases = sum(len(batch.cases) for batch in batches)

    def tell(self, number: int, fraction: float, text: str) -> None:
        task = self._coordination and self._coordination.task(number)
        if task:
            self._under_way[number] = fraction * _weight(task.batch)
            self._report(text)

    def finish(self, batch: Batch, report: Report) -> None:
        flying = [n for n in self._under_way if self._coordination and self._coordination.task(n)]
        self._under_way = {number: self._under_way[number] for number in flying}
        self._done += _weight(batch)
        self._stored += len(batch.cases)
        work = self.work
        self.work = replace(
            work,
            stored=work.stored + report.stored,
            failed=work.failed + report.failed,
            compilations=work.compilations + report.compilations,
        )
        failed = f", {self.work.failed} failed" if self.work.failed else ""
        elapsed = time.monotonic() - self._begun
        rate = f", {self._stored / elapsed:.3g} a second" if elapsed > _SETTLED else ""
        self._report(f"{self._stored} of {self._cases} cases stored{failed}{rate}")

    def _report(self, text: str) -> None:
        if self._progress is not None and self._total:
            self._progress(min(1.0, (self._done + sum(self._under_way.values())) / self._total), text)


def _weight(batch: Batch) -> float:
    return batch.seconds or 1.0
