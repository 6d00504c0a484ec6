"""How a folder stands: of every request what is done, diverged, failed and missing, and how long the rest takes."""

import shlex
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import get_args

from condenslab.sweeps.batches import Batch
from condenslab.sweeps.costs import Costs, costs_of
from condenslab.sweeps.planning import plans
from condenslab.sweeps.records import Status
from condenslab.sweeps.store import Store


@dataclass(frozen=True)
class Standing:
    """How one request stands.

    Attributes:
        study: Name under which its records are stored.
        preset: Name of the preset; "" for a sweep of one's own, None for records of which no plan tells.
        seed: The seed.
        command: The command that goes on with it; empty where no plan tells.
        cases: How many it has.
        done: Records that are done.
        diverged: Records that diverged, which is an answer.
        failed: Records that failed; the next run tries them again.
        missing: Cases without a record; None where no plan tells.
        seconds_left: Expected wall time of what failed and is missing, on one worker; None where no plan tells.
    """

    study: str
    preset: str | None
    seed: int | None
    command: str
    cases: int
    done: int
    diverged: int
    failed: int
    missing: int | None
    seconds_left: float | None


def standing(store: Store, say: Callable[[str], None] | None = None) -> list[Standing]:
    """Says how every request of a store stands, and counts the records that no plan asks for.

    Args:
        store: The store; it may be written to meanwhile, or be a copy of one that was.
        say: Called with the sentence on a damaged shard, whose records count as missing; without it, it is raised.

    Raises:
        UserError: A file is damaged.
    """
    known: dict[str, tuple[str, Status]] = {}
    for head in store.heads(say=say):
        if head.status != "failed" or head.id not in known:
            known[head.id] = head.study, head.status
    requests = plans(store)
    costs = costs_of(store, {plan.study for plan in requests}, damaged=say is not None)
    rows, told = [], set()
    for plan in requests:
        seconds, counts = 0.0, Counter()
        for cut, ids in plan.each():
            found = [known[identity][1] if identity in known else "missing" for identity in ids]
            counts.update(found)
            told.update(ids)
            left = found.count("missing") + found.count("failed")
            if left:
                share = left / cut.size if cut.alone else 1.0
                seconds += share * costs[plan.study].seconds(cut.program, cut.seconds)
        command = shlex.join(["condenslab", *plan.command, "--out", str(store.path)])
        rows.append(
            _row(plan.study, counts, plan.cases, preset=plan.preset, seed=plan.seed, command=command, seconds=seconds)
        )
    untold: dict[str, Counter] = {}
    for identity, (study, status) in known.items():
        if identity not in told:
            untold.setdefault(study, Counter())[status] += 1
    return rows + [_row(study, counts, sum(counts.values())) for study, counts in untold.items()]


def seconds_left(batches: Iterable[Batch], costs: Costs, workers: int) -> float:
    """Returns the expected wall time of batches, in seconds.

    Args:
        batches: What is missing.
        costs: What such batches took.
        workers: How many work at a time; one batch is never shared.
    """
    times = [costs.seconds(batch.program, batch.seconds) for batch in batches]
    return max(sum(times) / workers, max(times, default=0.0))


def _row(
    study: str,
    counts: Counter,
    cases: int,
    *,
    preset: str | None = None,
    seed: int | None = None,
    command: str = "",
    seconds: float | None = None,
) -> Standing:
    done, diverged, failed = (counts[name] for name in get_args(Status))
    missing = None if preset is None else counts["missing"]
    return Standing(study, preset, seed, command, cases, done, diverged, failed, missing, seconds)
