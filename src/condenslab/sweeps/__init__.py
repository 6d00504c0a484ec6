"""Cases in, records out: grids with content ids, a store of immutable shards, and sweeps that compute what is missing.

Nothing here knows a network or JAX: a sweep is told what cases are, which of them share a program, and how to run a
batch.
"""

from condenslab.sweeps.content import require_claims
from condenslab.sweeps.executors import Executor, InProcess, executor
from condenslab.sweeps.grid import canonical, case_id, described
from condenslab.sweeps.records import Record, Run
from condenslab.sweeps.results import Results, load
from condenslab.sweeps.run import Batch, Outcome, Progress, Schedule, sweep
from condenslab.sweeps.store import Store

__all__ = [
    "Batch",
    "Executor",
    "InProcess",
    "Outcome",
    "Progress",
    "Record",
    "Results",
    "Run",
    "Schedule",
    "Store",
    "canonical",
    "case_id",
    "described",
    "executor",
    "load",
    "require_claims",
    "sweep",
]
