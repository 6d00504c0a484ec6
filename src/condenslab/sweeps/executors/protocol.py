"""The protocol of an executor: batches go in, reports come out, and a dead worker is a message like any other."""

from collections.abc import Callable, Sequence
from typing import Protocol

from condenslab.sweeps.tasks import Ended, Task

Tell = Callable[[int, float, str], None]
"""Takes the number of a task, its finished fraction and a few words."""


class Executor(Protocol):
    """Runs tasks somewhere, each of which stores what it computes.

    Which tasks are tried again, split or given up is not its business but that of `condenslab.sweeps.run`, and the same
    for all executors.

    Attributes:
        name: As on the command line.
        workers: How many batches can be computed at a time; known for certain after `start`.
        slots: How many tasks it wants at a time.
        neighbours: How many workers share the memory of this machine.
    """

    name: str
    workers: int
    slots: int
    neighbours: int

    def start(self, tell: Tell) -> None:
        """Starts the workers, or reaches them.

        Args:
            tell: Called on the way of a task, by those executors that hear of it.

        Raises:
            UserError: A package is missing, or there is nobody at the address.
        """
        ...

    def submit(self, tasks: Sequence[Task]) -> None:
        """Takes tasks, at most as many as there are slots free.

        Args:
            tasks: The tasks.

        Raises:
            UserError: One cannot be sent, or the engine is lost.
        """
        ...

    def ended(self, seconds: float) -> list[Ended]:
        """Waits until a task has ended.

        Args:
            seconds: After which it returns with none.

        Raises:
            UserError: The engine is lost.
        """
        ...

    def stop(self) -> None:
        """Ends what still runs, and every process that `start` has started; without a start it does nothing."""
        ...
