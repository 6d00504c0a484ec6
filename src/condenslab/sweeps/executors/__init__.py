"""Where batches run: one small protocol, and executors on processes, dask.distributed, Ray and Slurm."""

from condenslab.sweeps.executors.choice import EXECUTORS, executor
from condenslab.sweeps.executors.inprocess import InProcess
from condenslab.sweeps.executors.local import LocalProcesses
from condenslab.sweeps.executors.protocol import Executor

__all__ = ["EXECUTORS", "Executor", "InProcess", "LocalProcesses", "executor"]
