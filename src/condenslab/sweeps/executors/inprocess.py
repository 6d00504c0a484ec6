"""Batches in this process, one after another."""

from collections.abc import Sequence

from condenslab.sweeps.executors.protocol import Tell
from condenslab.sweeps.tasks import Ended, Task
from condenslab.sweeps.working import OutOfTime, perform, timed


class InProcess:
    """Runs batches in this process, in order; JAX itself uses all threads for each.

    A time limit ends Python code here, but no compiled program: that is left at its end.
    """

    name = "inprocess"
    workers = 1
    slots = 1
    neighbours = 1

    def __init__(self) -> None:
        """Takes no options."""
        self._tasks: list[Task] = []

    def start(self, tell: Tell) -> None:
        """Remembers whom to tell.

        Args:
            tell: Called on the way of a task.
        """
        self._tell = tell

    def submit(self, tasks: Sequence[Task]) -> None:
        """Takes tasks.

        Args:
            tasks: The tasks.
        """
        self._tasks += tasks

    def ended(self, seconds: float) -> list[Ended]:
        """Runs the next task, however long it takes.

        Args:
            seconds: Does not matter.
        """
        task = self._tasks.pop(0)
        try:
            with timed(task.limit()):
                report = perform(task, lambda fraction, text: self._tell(task.number, fraction, text))
        except OutOfTime:
            return [Ended(task.number, None, late=True)]
        return [Ended(task.number, report)]

    def stop(self) -> None:
        """Forgets what has not begun."""
        self._tasks.clear()
