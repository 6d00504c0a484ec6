"""Processes that share the work of a search: started when there is some, and kept until the search has its verdicts."""

import pickle
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.connection import wait
from typing import Any

import jax

from condenslab.processes import Helper
from condenslab.processors import available_threads


class Helpers:
    """As many processes as were asked for; a context manager, at whose end they end.

    Attributes:
        processes: How many.
    """

    def __init__(self, processes: int):
        self.processes = processes
        self._running: dict[Any, Helper] = {}

    def __enter__(self) -> "Helpers":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def running(self) -> bool:
        """Whether they have been started."""
        return bool(self._running)

    def each(self, function: Callable[..., Any], arguments: Sequence[bytes]) -> Iterator[tuple[int, str, Any]]:
        """Calls a function once for each argument, several at a time; yields what is told and returned as it comes.

        Args:
            function: A function of a module: `function(content, tell)`, which may say things by `tell(object)`.
            arguments: Its argument for every call, pickled by the sender; read in double precision.

        Yields:
            Number of the call, "told" or "returned", and what.

        Raises:
            RuntimeError: A process died, or the function raised. Then, as after Ctrl-C, all processes are ended.
        """
        waiting = list(enumerate(arguments))[::-1]
        at_work: dict[Any, int] = {}
        try:
            self._start()
            while waiting or at_work:
                for connection, helper in self._running.items():
                    if waiting and connection not in at_work:
                        number, content = waiting.pop()
                        helper.call(serve, function, content, getattr(jax.config, "jax_compilation_cache_dir", None))
                        at_work[connection] = number
                for connection in wait(list(at_work)):
                    told = self._running[connection].heard()
                    if told is None or told.kind == "raised":
                        raise RuntimeError("a process of the search has died" if told is None else told.content)
                    number = at_work.pop(connection) if told.kind == "returned" else at_work[connection]
                    yield number, told.kind, told.content
        except BaseException:
            self.stop()  # what they still say belongs to no later call
            raise

    def stop(self) -> None:
        """Ends the processes."""
        for helper in self._running.values():
            helper.stop()
        self._running = {}

    def _start(self) -> None:
        threads = max(1, available_threads() // self.processes)
        while len(self._running) < self.processes:
            helper = Helper(threads=threads)
            self._running[helper.connection] = helper


def serve(function: Callable[..., Any], content: bytes, cache: str | None, tell: Callable[[Any], None]) -> Any:
    """Calls a function in another process.

    Args:
        function: See `Helpers.each`.
        content: Its argument, pickled.
        cache: JAX's folder of compiled programs, or None.
        tell: Says something to the process that asked.
    """
    jax.config.update("jax_compilation_cache_dir", cache)
    with jax.enable_x64(True):  # else arrays are read in single precision
        return function(pickle.loads(content), tell)


def sendable(things: Sequence[Any]) -> list[bytes] | None:
    """Returns things as bytes, or None where one cannot leave this process, for example a user's own activation."""
    try:
        return [pickle.dumps(thing) for thing in things]
    except (pickle.PicklingError, AttributeError, TypeError):
        return None
