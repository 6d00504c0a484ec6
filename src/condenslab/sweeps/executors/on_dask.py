"""Batches on a cluster of dask.distributed."""

import contextlib
from collections.abc import Callable, Sequence
from typing import Any

from condenslab.errors import UserError
from condenslab.sweeps.executors.extras import need
from condenslab.sweeps.executors.local import cores
from condenslab.sweeps.executors.protocol import Tell
from condenslab.sweeps.tasks import Ended, Task
from condenslab.sweeps.working import serve_sealed

_PATIENCE = 20
_CONNECTING = 5


class OnDask:
    """Runs batches on the workers of a dask cluster, or of one that it starts on this machine, one a thread."""

    name = "dask"

    def __init__(self, address: str, say: Callable[[str], None]):
        """Sets the address.

        Args:
            address: Of the scheduler, as `tcp://host:8786`; empty for a cluster of this machine.
            say: Called with the address of the dashboard.
        """
        self._address, self._say = address, say
        self.workers = self.slots = cores()
        self.neighbours = 1 if address else self.workers
        self._client: Any = None
        self._cluster: Any = None
        self._flying: dict[Any, int] = {}

    def start(self, tell: Tell) -> None:
        """Reaches the scheduler, or starts one with workers.

        Args:
            tell: Is not called.

        Raises:
            UserError: dask.distributed is missing, or there is no scheduler at the address.
        """
        distributed = need("distributed", "dask", "dask")
        self._distributed = distributed
        try:
            self._client = distributed.Client(self._address or self._own(distributed), timeout=_CONNECTING)
        except (OSError, ValueError, TimeoutError) as error:
            self.stop()
            raise UserError(
                f"there is no dask scheduler at {self._address!r} ({type(error).__name__}): start one with "
                "`dask scheduler`, or give no address for a cluster of this machine"
            ) from error
        except RuntimeError as error:
            raise UserError(
                "dask cannot start workers here: a script that starts them does so under `if __name__ == '__main__':`, "
                "since each worker imports it"
            ) from error
        self._say(f"dask's dashboard: {self._client.dashboard_link}")
        threads = sum(self._client.nthreads().values())
        self.workers = self.slots = max(1, threads)

    def submit(self, tasks: Sequence[Task]) -> None:
        """Sends tasks to the scheduler.

        Args:
            tasks: The tasks.

        Raises:
            UserError: One cannot be sent, or the scheduler is lost.
        """
        for task in tasks:
            sealed = task.sealed()
            try:
                future = self._client.submit(serve_sealed, sealed, pure=False)
            except Exception as error:  # of its many kinds all mean this
                raise self._lost() from error
            self._flying[future] = task.number

    def ended(self, seconds: float) -> list[Ended]:
        """Waits until a task has ended.

        Args:
            seconds: After which it returns with none.

        Raises:
            UserError: The scheduler is lost.
        """
        try:
            self._distributed.wait(list(self._flying), timeout=seconds, return_when="FIRST_COMPLETED")
        except TimeoutError:
            pass
        except Exception as error:  # futures that were cancelled with their scheduler
            if self._client.status != "running":
                raise self._lost() from error
        if self._client.status != "running":
            raise self._lost()
        self.slots = max(1, sum(self._client.nthreads().values()))
        return [self._take(future) for future in list(self._flying) if future.done()]

    def stop(self) -> None:
        """Leaves the cluster, cancelling what still runs, and ends it if it is our own."""
        for part in (self._client, self._cluster):
            if part is not None:
                with contextlib.suppress(TimeoutError, OSError):  # a worker may be about to start again
                    part.close(timeout=_PATIENCE)
        self._client = self._cluster = None
        self._flying.clear()

    def _own(self, distributed: Any) -> Any:
        from dask import config

        # A death is told at once: who tries again, and how often, is decided in one place for all executors.
        with config.set({"distributed.scheduler.allowed-failures": 0}):
            self._cluster = distributed.LocalCluster(
                n_workers=self.workers, threads_per_worker=1, dashboard_address=":0", silence_logs=50
            )
        return self._cluster

    def _take(self, future: Any) -> Ended:
        number = self._flying.pop(future)
        if future.status == "finished":
            return Ended(number, future.result())
        if future.status == "cancelled" or self._client.status != "running":
            raise self._lost()
        error = future.exception()
        future.release()
        return Ended(number, None, f"its dask worker was lost ({type(error).__name__})")

    def _lost(self) -> UserError:
        where = self._address or "on this machine"
        return UserError(
            f"dask's scheduler {where} was lost; every finished batch is stored, and the same command goes on from "
            "there"
        )
