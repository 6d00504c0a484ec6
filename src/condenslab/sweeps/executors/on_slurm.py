"""Batches as jobs of Slurm, in arrays, through submitit."""

import logging
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from condenslab.errors import UserError
from condenslab.sweeps.executors.extras import need
from condenslab.sweeps.executors.local import cores
from condenslab.sweeps.executors.protocol import Tell
from condenslab.sweeps.tasks import Ended, Task
from condenslab.sweeps.working import serve_sealed

ARRAY = 1000
"""Jobs in one array: Slurm's own default limit is 1,001."""

_POLL = 0.2
_GENERIC = ("timeout_min", "mem_gb", "cpus_per_task", "gpus_per_node", "nodes", "name")


class OnSlurm:
    """Runs every batch as a job; job files and logs are in the folder `.jobs` of the store.

    Options are those of submitit: `timeout_min`, `mem_gb`, `cpus_per_task`, `gpus_per_node`, `nodes`, `name`, and any
    other as an option of sbatch: `partition`, `account`, `qos`, `array_parallelism` … `cluster=local` runs the jobs as
    processes of this machine.
    """

    name = "slurm"

    def __init__(self, options: str, say: Callable[[str], None]):
        """Reads the options.

        Args:
            options: As `partition=gpu,gpus_per_node=1,timeout_min=60`.
            say: Called with the folder of the logs.

        Raises:
            UserError: An option has no value.
        """
        pairs = [text.partition("=") for text in options.split(",") if text.strip()]
        if any(not equals or not key or not value for key, equals, value in pairs):
            raise UserError(f"slurm's options are KEY=VALUE,KEY=VALUE, like partition=gpu,nodes=1. Got {options!r}")
        self._options = {key.strip(): _number(value.strip()) for key, _, value in pairs}
        cluster = str(self._options.pop("cluster", "slurm"))
        self._cluster = "slurm" if cluster == "slurm" else "local"
        if cluster not in ("slurm", "local"):
            raise UserError(f"slurm's option cluster is 'slurm', or 'local' for this machine. Got {cluster!r}")
        self.workers = self.slots = cores() if cluster == "local" else ARRAY
        self.neighbours = self.workers if cluster == "local" else 1
        self._say = say
        self._executor: Any = None
        self._flying: dict[Any, int] = {}

    def start(self, tell: Tell) -> None:
        """Does nothing yet: the folder of the jobs is the store's, which comes with the first task.

        Args:
            tell: Is not called.

        Raises:
            UserError: submitit is missing.
        """
        need("submitit", "slurm", "submitit")

    def submit(self, tasks: Sequence[Task]) -> None:
        """Submits tasks as one job array.

        Args:
            tasks: The tasks.

        Raises:
            UserError: One cannot be sent, an option is unknown, or Slurm refuses the jobs.
        """
        sealed = [task.sealed() for task in tasks]
        executor = self._executor or self._open(Path(tasks[0].recipe.store) / ".jobs")
        try:
            jobs = executor.map_array(serve_sealed, sealed)
        except Exception as error:
            raise UserError(f"Slurm takes no jobs ({' '.join(str(error).split())[:300]})") from error
        self._flying |= {job: task.number for job, task in zip(jobs, tasks, strict=True)}

    def ended(self, seconds: float) -> list[Ended]:
        """Waits until jobs have ended.

        Args:
            seconds: After which it returns with none.
        """
        until = time.monotonic() + seconds
        while True:
            done = [job for job in self._flying if job.done()]
            if done or time.monotonic() > until:
                return [self._take(job) for job in done]
            time.sleep(_POLL)

    def stop(self) -> None:
        """Cancels the jobs that have not ended."""
        for job in self._flying:
            job.cancel(check=False)
        self._flying.clear()

    def _open(self, folder: Path) -> Any:
        submitit = need("submitit", "slurm", "submitit")
        logging.getLogger("submitit").setLevel(logging.ERROR)
        try:
            executor = submitit.AutoExecutor(folder=str(folder / "%j"), cluster=self._cluster)
            parameters = {key if key in _GENERIC else f"slurm_{key}": value for key, value in self._options.items()}
            executor.update_parameters(**parameters)
        except Exception as error:
            raise UserError(f"Slurm cannot be used ({' '.join(str(error).split())[:300]})") from error
        self._say(f"jobs and their logs: {folder}")
        self._executor = executor
        return executor

    def _take(self, job: Any) -> Ended:
        number = self._flying.pop(job)
        try:
            return Ended(number, job.result())
        except Exception as error:
            return Ended(number, None, f"job {job.job_id} was lost ({type(error).__name__}, state {job.state})")


def _number(text: str) -> Any:
    return int(text) if text.lstrip("-").isdigit() else text
