"""Cases in, records out: grids with content ids, a store of immutable shards, and sweeps that compute what is missing.

Nothing here knows a network or JAX: a sweep is told what cases are, which of them share a program, and how to run a
batch.
"""

from condenslab.sweeps.batches import Batch, Grid, Schedule
from condenslab.sweeps.content import require_claims
from condenslab.sweeps.costs import Costs, costs_of
from condenslab.sweeps.executors import Executor, InProcess, LocalProcesses, executor
from condenslab.sweeps.exporting import FORMATS, export
from condenslab.sweeps.finding import command_of, commands, find, summary
from condenslab.sweeps.grid import canonical, case_id, described
from condenslab.sweeps.merging import Merged, merge
from condenslab.sweeps.planning import Planned, planned, plans
from condenslab.sweeps.records import Record, Run
from condenslab.sweeps.results import Results, load
from condenslab.sweeps.run import Work, complete, sweep
from condenslab.sweeps.states import Standing, seconds_left, standing
from condenslab.sweeps.store import Store
from condenslab.sweeps.tasks import Outcome, Progress, Recipe, require_limit

__all__ = [
    "FORMATS",
    "Batch",
    "Costs",
    "Executor",
    "Grid",
    "InProcess",
    "LocalProcesses",
    "Merged",
    "Outcome",
    "Planned",
    "Progress",
    "Recipe",
    "Record",
    "Results",
    "Run",
    "Schedule",
    "Standing",
    "Store",
    "Work",
    "canonical",
    "case_id",
    "command_of",
    "commands",
    "complete",
    "costs_of",
    "described",
    "executor",
    "export",
    "find",
    "load",
    "merge",
    "planned",
    "plans",
    "require_claims",
    "require_limit",
    "seconds_left",
    "standing",
    "summary",
    "sweep",
]
