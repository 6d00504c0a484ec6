"""Batches on a Ray cluster."""

import os
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from condenslab.errors import UserError
from condenslab.processes import THREAD_VARIABLES
from condenslab.sweeps.executors.extras import need
from condenslab.sweeps.executors.local import cores
from condenslab.sweeps.executors.protocol import Tell
from condenslab.sweeps.tasks import Ended, Task
from condenslab.sweeps.working import serve_sealed


class OnRay:
    """Runs batches as tasks of a Ray cluster, or of one that it starts here: one a GPU where there are any, a CPU."""

    name = "ray"

    def __init__(self, address: str, say: Callable[[str], None]):
        """Sets the address.

        Args:
            address: Of the cluster, as `host:6379`, `ray://host:10001` or `auto`; empty for a cluster of this machine.
            say: Called with the address of the cluster.
        """
        self._address, self._say = address, say
        self.workers = self.slots = cores()
        self.neighbours = 1 if address else self.workers
        self._ray: Any = None
        self._flying: dict[Any, int] = {}

    def start(self, tell: Tell) -> None:
        """Reaches the cluster, or starts one.

        Args:
            tell: Is not called.

        Raises:
            UserError: Ray is missing, or there is no cluster at the address.
            KeyboardInterrupt: SIGTERM came meanwhile.
        """
        ray = need("ray", "ray", "ray")
        path = os.pathsep.join(entry or str(Path.cwd()) for entry in sys.path)
        variables = {"PYTHONPATH": path} | dict.fromkeys(THREAD_VARIABLES, "1")
        own = {} if self._address else {"num_cpus": self.workers, "include_dashboard": False}
        try:
            with (
                _own_sigterm(),
                warnings.catch_warnings(),
            ):  # Ray forks to start its own programs at once, which JAX warns of in vain
                warnings.filterwarnings("ignore", r"os\.fork\(\) was called", RuntimeWarning)
                ray.init(
                    self._address or "local",
                    runtime_env={"env_vars": variables},
                    log_to_driver=False,
                    logging_level="ERROR",
                    **own,
                )
        except (OSError, ConnectionError, ValueError, RuntimeError) as error:
            raise UserError(
                f"there is no Ray cluster at {self._address!r} ({' '.join(str(error).split())[:150]}): start one with "
                "`ray start --head`, or give no address for a cluster of this machine"
            ) from error
        self._ray = ray
        resources = ray.cluster_resources()
        gpus = int(resources.get("GPU", 0))
        self.workers = self.slots = max(1, gpus or int(resources.get("CPU", 1)))
        needs = {"num_gpus": 1} if gpus else {"num_cpus": 1}
        self._serve = ray.remote(max_retries=0, **needs)(serve_sealed)
        self._say(f"Ray: {self.workers} workers at {self._address or 'this machine'}")

    def submit(self, tasks: Sequence[Task]) -> None:
        """Sends tasks to the cluster.

        Args:
            tasks: The tasks.

        Raises:
            UserError: One cannot be sent.
        """
        for task in tasks:
            self._flying[self._serve.remote(task.sealed())] = task.number

    def ended(self, seconds: float) -> list[Ended]:
        """Waits until a task has ended.

        Args:
            seconds: After which it returns with none.

        Raises:
            UserError: The cluster is lost.
        """
        try:
            done, _ = self._ray.wait(list(self._flying), num_returns=1, timeout=seconds)
        except Exception as error:
            raise UserError(
                f"the Ray cluster was lost ({type(error).__name__}); every finished batch is stored, and the same "
                "command goes on from there"
            ) from error
        return [self._take(reference) for reference in done]

    def stop(self) -> None:
        """Leaves the cluster, and ends it if it is our own."""
        if self._ray is not None:
            for reference in self._flying:
                self._ray.cancel(reference, force=True)
            self._ray.shutdown()
        self._ray = None
        self._flying.clear()

    def _take(self, reference: Any) -> Ended:
        number = self._flying.pop(reference)
        try:
            return Ended(number, self._ray.get(reference))
        except self._ray.exceptions.RayError as error:
            return Ended(number, None, f"its Ray worker was lost ({type(error).__name__})")


@contextmanager
def _own_sigterm() -> Iterator[None]:
    """Keeps the handler of SIGTERM: Ray puts one in its place that leaves the program, with the signal's number."""
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    except SystemExit as error:
        raise KeyboardInterrupt from error
    finally:
        if threading.current_thread() is threading.main_thread() and before is not None:
            signal.signal(signal.SIGTERM, before)
