"""Batches in processes of this machine."""

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import wait
from pathlib import Path

from condenslab.processes import Helper
from condenslab.sweeps.executors.protocol import Tell
from condenslab.sweeps.tasks import Ended, Report, Task
from condenslab.sweeps.working import serve_sealed

_GRACE = 10.0
"""Seconds after which a worker that should have ended itself is ended."""

_START = 120.0
"""Seconds that it may take besides to start and to import what its first batch needs."""


@dataclass(eq=False)
class _Seat:
    """A worker and what it is doing."""

    helper: Helper
    task: Task | None = None
    since: float = 0.0
    patience: float = _GRACE + _START

    def overdue(self) -> bool:
        limit = None if self.task is None else self.task.limit()
        return limit is not None and time.monotonic() - self.since > limit + self.patience


class LocalProcesses:
    """Runs batches in processes that are started afresh, the threads shared out among them.

    On a machine with GPUs the processes take them in turn; several on one GPU do not reserve its memory beforehand.
    """

    name = "local"

    def __init__(self, workers: int):
        """Sets how many processes there are.

        Args:
            workers: At least 1.
        """
        self.workers = self.slots = self.neighbours = workers
        self._seats: list[_Seat] = []

    def start(self, tell: Tell) -> None:
        """Remembers whom to tell; a process is started for the first task that needs one.

        Args:
            tell: Called on the way of a task.
        """
        self._tell = tell

    def submit(self, tasks: Sequence[Task]) -> None:
        """Gives each task to a worker that is free.

        Args:
            tasks: The tasks.

        Raises:
            UserError: One cannot be sent.
        """
        for task in tasks:
            sealed = task.sealed()
            while True:
                seat = next((seat for seat in self._seats if seat.task is None), None) or self._hire()
                try:
                    seat.helper.call(serve_sealed, sealed)
                except OSError:  # it has died while it was idle
                    self._dismiss(seat)
                    continue
                seat.task, seat.since = task, time.monotonic()
                break

    def ended(self, seconds: float) -> list[Ended]:
        """Waits until a task has ended, or its worker.

        Args:
            seconds: After which it returns with none.
        """
        until, found = time.monotonic() + seconds, []
        while not found and (left := until - time.monotonic()) > 0:
            busy = {seat.helper.connection: seat for seat in self._seats if seat.task is not None}
            for connection in wait(list(busy), min(left, 1.0)):
                found += self._hear(busy[connection])  # type: ignore[index]  what goes in comes out
            for seat in [seat for seat in self._seats if seat.overdue()]:
                found.append(Ended(seat.task.number, None, "it did not end", late=True))  # type: ignore[union-attr]
                self._dismiss(seat)
        return found

    def stop(self) -> None:
        """Ends all processes."""
        for seat in list(self._seats):
            self._dismiss(seat)

    def _hear(self, seat: _Seat) -> list[Ended]:
        task, told = seat.task, seat.helper.heard()
        assert task is not None
        if told is None:
            reason = seat.helper.death()
            self._dismiss(seat)
            return [Ended(task.number, None, f"its process was {reason}".replace("was ended", "ended"))]
        if told.kind == "told":
            self._tell(task.number, *told.content)
            return []
        seat.task, seat.patience = None, _GRACE
        if told.kind == "raised":
            return [Ended(task.number, Report(refusal=f"a worker broke: {told.content.splitlines()[-1]}"))]
        return [Ended(task.number, told.content)]

    def _hire(self) -> _Seat:
        place = len(self._seats)
        seat = _Seat(Helper(threads=max(1, cores() // self.workers), environment=_device(place, self.workers)))
        self._seats.append(seat)
        return seat

    def _dismiss(self, seat: _Seat) -> None:
        self._seats.remove(seat)
        seat.helper.stop()


def cores() -> int:
    """Returns how many processors computations of this process may use: NPROC, which --threads sets, or all."""
    given = os.environ.get("NPROC", "")
    if given.isdigit() and int(given):
        return int(given)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _device(place: int, workers: int) -> dict[str, str]:
    """Returns the environment that gives a worker its GPU, where there are any."""
    given = os.environ.get("CUDA_VISIBLE_DEVICES")
    if given is not None:
        gpus = [name.strip() for name in given.split(",") if name.strip() not in ("", "-1")]
    else:
        gpus = [path.name.removeprefix("nvidia") for path in sorted(Path("/dev").glob("nvidia[0-9]*"))]
    if not gpus:
        return {}
    shared = {"XLA_PYTHON_CLIENT_PREALLOCATE": "false"} if workers > len(gpus) else {}
    return {"CUDA_VISIBLE_DEVICES": gpus[place % len(gpus)]} | shared
