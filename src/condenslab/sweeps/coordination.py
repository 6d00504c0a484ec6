"""Who computes what, and what becomes of a batch whose worker dies: tried again, then halved, then tried alone."""

import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace

from condenslab.errors import UserError
from condenslab.sweeps.batches import Batch
from condenslab.sweeps.executors import Executor
from condenslab.sweeps.store import Store
from condenslab.sweeps.tasks import Ended, Outcome, Recipe, Report, Task
from condenslab.sweeps.working import made

DEATHS = 2
"""Workers that a batch may take with it before it is halved."""

_LOOK = 1.0


class Coordination:
    """Runs the batches of one sweep on an executor.

    A batch is halved that raises an exception, so that the case which causes it takes no other with it. It is tried
    again when its worker died, and halved when that happened twice or its time was up. A single case
    that was with a dying worker twice is tried once more when nothing else runs; if its worker dies then, too, it is
    recorded as failed, with the reason.
    """

    def __init__(self, executor: Executor, recipe: Recipe, store: Store, finished: Callable[[Batch, Report], None]):
        """Takes what all batches have in common.

        Args:
            executor: Where they run; started.
            recipe: How they are computed.
            store: Where the records go.
            finished: Called for every batch, or part of one, that is stored.
        """
        self._executor, self._recipe, self._store, self._finished = executor, recipe, store, finished
        self._queue: deque[Task] = deque()
        self._suspects: deque[Task] = deque()
        self._flying: dict[int, tuple[Task, float]] = {}
        self._count = 0
        self._seen = set(store.shards())

    def run(self, batches: Sequence[tuple[Batch, Sequence[str]]]) -> None:
        """Returns when all batches are stored.

        Args:
            batches: Each with the ids that are wanted.

        Raises:
            UserError: A worker refuses to go on, or the engine is lost.
        """
        self._queue.extend(self._task(batch, wanted) for batch, wanted in batches)
        while self._queue or self._suspects or self._flying:
            self._submit()
            for ended in self._executor.ended(_LOOK):
                self._take(*self._flying.pop(ended.number), ended)

    def task(self, number: int) -> Task | None:
        """Returns a task that is on its way, by its number."""
        return self._flying[number][0] if number in self._flying else None

    def _submit(self) -> None:
        room = self._executor.slots - len(self._flying)
        tasks = [self._queue.popleft() for _ in range(min(room, len(self._queue)))]
        if not tasks and not self._flying and not self._queue:
            tasks = [self._suspects.popleft()]
        if tasks:
            self._flying |= {task.number: (task, time.monotonic()) for task in tasks}
            self._executor.submit(tasks)

    def _take(self, task: Task, since: float, ended: Ended) -> None:
        report = ended.report
        if report is not None and report.refusal:
            raise UserError(report.refusal)
        if report is not None and not report.halve:
            self._finished(task.batch, report)
        elif report is not None:
            self._halve(task)
        else:
            self._mourn(task, ended, late=ended.late or self._is_late(task, since))

    def _mourn(self, task: Task, ended: Ended, *, late: bool) -> None:
        """Decides what becomes of a batch whose worker died; what it may have stored before stays."""
        fresh = [path for path in self._store.shards() if path not in self._seen]
        stored = self._store.statuses(self._recipe.study, fresh)
        wanted = tuple(identity for identity in task.wanted if identity not in stored)
        task = replace(task, wanted=wanted, deaths=task.deaths + 1)
        if not wanted:
            self._finished(task.batch, Report(len(task.wanted)))
        elif len(task.batch.cases) == 1 and (late or task.deaths > DEATHS):
            self._give_up(task, _late(self._recipe.time_limit) if late else _fatal(ended.reason))
        elif late or (task.deaths >= DEATHS and len(task.batch.cases) > 1):
            self._halve(task)
        elif task.deaths >= DEATHS:
            self._suspects.append(task)
        else:
            self._queue.append(task)

    def _halve(self, task: Task) -> None:
        """Makes two of a batch; a half of which nothing is wanted is dropped."""
        count = len(task.batch.cases)
        for numbers in (range(count // 2), range(count // 2, count)):
            half = task.batch.part(numbers)
            wanted = [identity for identity in half.ids if identity in set(task.wanted)]
            if wanted:
                self._queue.append(self._task(half, wanted))
            else:
                self._finished(half, Report())

    def _give_up(self, task: Task, reason: str) -> None:
        provenance = dict(self._recipe.environment()) | {
            "precision": self._recipe.precision,
            "revision": self._recipe.revision,
            "batch": 1,
            "seconds": 0.0,
        }
        self._store.add(made(task, [Outcome({}, {}, "failed", reason)], provenance))
        self._finished(task.batch, Report(1, failed=1))

    def _task(self, batch: Batch, wanted: Sequence[str]) -> Task:
        self._count += 1
        return Task(self._count, self._recipe, batch, tuple(wanted))

    @staticmethod
    def _is_late(task: Task, since: float) -> bool:
        limit = task.limit()
        return limit is not None and time.monotonic() - since >= limit


def _late(limit: float | None) -> str:
    return f"it did not end within the time limit of {limit:g} s"


def _fatal(reason: str) -> str:
    return f"its worker died each time, at last when nothing else ran: {reason or 'for no known reason'}"
