"""What a run would compute, how long that takes by what such batches took before, and whether it fits the memory."""

from typing import Any

from condenslab.cli import show, streams
from condenslab.cli.options import RunOptions
from condenslab.errors import UserError
from condenslab.memory import shortage
from condenslab.studies import Plan
from condenslab.sweeps import Costs, Grid, Store, costs_of, executor, seconds_left


def require_memory(options: RunOptions, plans: list[Plan]) -> None:
    """Refuses a run of which one batch asks for more memory than there is, by the study's own estimate.

    Args:
        options: Those of the run.
        plans: What it would compute.

    Raises:
        UserError: It does not fit.
    """
    for plan in plans:
        missing = shortage(1e6 * _cost(plan, options)["megabytes"])
        if missing:
            raise UserError(
                f"{plan.study.name} does not fit on this machine: {missing}; give less data or smaller settings "
                "(--dry-run shows what they cost)"
            )


def dry_run(options: RunOptions, plans: list[Plan]) -> int:
    """Prints what a run would compute.

    Args:
        options: Those of the run.
        plans: What it would compute.
    """
    rows = [_cost(plan, options) for plan in plans]
    if options.json:
        streams.write(show.as_json(rows) + "\n")
        return 0
    for row in rows:
        basis = ", by what was stored before" if row["calibrated"] else ""
        streams.write(
            f"{row['study']}, preset {row['preset']}, seed {row['seed']}: {row['cases']} cases in {row['batches']} "
            f"batches and {row['programs']} programs, {row['stored']} of them stored already; the rest takes about "
            f"{show.number(row['seconds'])} s{basis} and {show.number(row['megabytes'])} MB\n"
        )
    return 0


def _cost(plan: Plan, options: RunOptions) -> dict[str, Any]:
    """Estimates what a run would compute: the study's own figures, corrected by stored records where there are any.

    What is damaged counts as missing: the run moves it aside and computes it again.
    """
    store = Store(options.out) if Store.exists(options.out) else None
    known = store.statuses(plan.study.name, damaged=True) if store is not None else {}
    costs = costs_of(store, [plan.study.name], damaged=True)[plan.study.name] if store is not None else Costs()
    workers = executor(options.executor).workers
    grid = Grid(plan.schedule, plan.cases)
    batches, pending = grid.batches(workers=workers), grid.pending(known, workers=workers)
    missing = sum(len(wanted) for _, wanted in pending)
    cases = sum(len(batch.ids) for batch in batches)
    return {
        "study": plan.study.name,
        "preset": plan.preset,
        "seed": plan.seed,
        "cases": cases,
        "stored": cases - missing,
        "batches": len(batches),
        "programs": len({batch.program for batch in batches}),
        "seconds": float(seconds_left([batch for batch, _ in pending], costs, workers)),
        "megabytes": max((batch.bytes for batch, _ in pending), default=0) / 1e6,
        "calibrated": bool(costs.programs),
    }
