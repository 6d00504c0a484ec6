"""Cases in, records out: grids with content ids, a store of immutable shards, and sweeps that compute what is missing.

Nothing here knows a network or JAX: a sweep is told what cases are, which of them share a program, and how to run a
batch.
"""

from condenslab.sweeps.batches import Batch, Schedule
from condenslab.sweeps.content import require_claims
from condenslab.sweeps.costs import Costs, costs_of
from condenslab.sweeps.executors import Executor, InProcess, LocalProcesses, executor
from condenslab.sweeps.grid import canonical, case_id, described
from condenslab.sweeps.records import Record, Run
from condenslab.sweeps.results import Results, load
from condenslab.sweeps.run import Work, complete, sweep
from condenslab.sweeps.store import Store
from condenslab.sweeps.tasks import Outcome, Progress, Recipe

__all__ = [
    "Batch",
    "Costs",
    "Executor",
    "InProcess",
    "LocalProcesses",
    "Outcome",
    "Progress",
    "Recipe",
    "Record",
    "Results",
    "Run",
    "Schedule",
    "Store",
    "Work",
    "canonical",
    "case_id",
    "complete",
    "costs_of",
    "described",
    "executor",
    "load",
    "require_claims",
    "sweep",
]
