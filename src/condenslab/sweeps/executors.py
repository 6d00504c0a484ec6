"""Where batches run: a small protocol, and the executor that runs them here, one after another."""

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol, TypeVar

from condenslab.errors import UserError, unknown

Batch = TypeVar("Batch")
Result = TypeVar("Result")


class Executor(Protocol):
    """Runs a function on every batch.

    The function stores what it computes, so that a batch that is finished is kept whatever happens to the others.
    """

    def map(self, function: Callable[[Batch], Result], batches: Iterable[Batch]) -> Iterator[Result]:
        """Yields the results as they come.

        Args:
            function: Computes and stores one batch.
            batches: The batches.
        """
        ...


class InProcess:
    """Runs batches in this process, in order; JAX itself uses all threads for each."""

    def map(self, function: Callable[[Batch], Result], batches: Iterable[Batch]) -> Iterator[Result]:
        """Yields `function(batch)` for every batch, in order."""
        yield from map(function, batches)


_PLANNED = ("local", "dask", "ray", "slurm")


def executor(name: str) -> Executor:
    """Returns the executor of that name.

    Args:
        name: `"inprocess"`.

    Raises:
        UserError: Any other name; the message says what is available.

    Example:
        >>> executor("inprocess")
        <condenslab.sweeps.executors.InProcess object at ...>
    """
    kind = name.partition(":")[0]
    if name == "inprocess":
        return InProcess()
    if kind in _PLANNED:
        raise UserError(f"the executor {name!r} is not in this version yet: the one available is 'inprocess'")
    raise unknown("executor", name, ["inprocess"])
