"""An executor that is kept between the rounds of a search: workers are started once."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from condenslab.sweeps.executors.protocol import Executor, Tell
from condenslab.sweeps.tasks import Ended, Task


class Kept:
    """Starts another executor when it is first needed, and stops it only while tasks are under way.

    Attributes:
        name: The other's.
        workers: The other's.
        slots: The other's.
        neighbours: The other's.
    """

    def __init__(self, inner: Executor):
        """Takes the other executor.

        Args:
            inner: It.
        """
        self._inner, self._started, self._flying = inner, False, 0
        self.name, self.workers, self.slots, self.neighbours = inner.name, inner.workers, inner.slots, inner.neighbours

    def start(self, tell: Tell) -> None:
        """Starts the other executor, once.

        Args:
            tell: Called on the way of a task.
        """
        self._tell = tell
        if not self._started:
            self._inner.start(lambda *said: self._tell(*said))
            self._started = True
        self._look()

    def submit(self, tasks: Sequence[Task]) -> None:
        """Hands tasks on.

        Args:
            tasks: The tasks.
        """
        self._flying += len(tasks)
        self._inner.submit(tasks)

    def ended(self, seconds: float) -> list[Ended]:
        """Asks the other executor.

        Args:
            seconds: After which it returns with none.
        """
        found = self._inner.ended(seconds)
        self._flying -= len(found)
        self._look()
        return found

    def stop(self) -> None:
        """Stops the other executor if tasks are under way, which nobody waits for any more."""
        if self._flying:
            self.end()

    def end(self) -> None:
        """Stops the other executor."""
        if self._started:
            self._inner.stop()
        self._started, self._flying = False, 0

    def _look(self) -> None:
        self.workers, self.slots, self.neighbours = self._inner.workers, self._inner.slots, self._inner.neighbours


@contextmanager
def kept(inner: Executor) -> Iterator[Kept]:
    """Keeps an executor for as long as the context lasts.

    Args:
        inner: It.
    """
    engine = Kept(inner)
    try:
        yield engine
    finally:
        engine.end()
