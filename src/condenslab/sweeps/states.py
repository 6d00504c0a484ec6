"""How a folder stands: of every request what is done, diverged, failed and missing, and how long the rest takes."""

import shlex
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import get_args

from condenslab.sweeps.batches import Batch
from condenslab.sweeps.costs import Costs, costs_of
from condenslab.sweeps.planning import Planned, plans
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
        seconds_left: Expected wall time of what failed, is missing and may yet be asked for, on one worker; None where
            no plan tells.
        to_come: Of a search: how many further cases it may ask for, at most; 0 of a grid.
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
    to_come: int = 0


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
    requests = _requests(plans(store))
    costs = costs_of(store, {rounds[0].study for rounds in requests}, damaged=say is not None)
    statuses: dict[str, Status] = {identity: status for identity, (_, status) in known.items()}
    rows = [_asked(rounds, statuses, costs[rounds[0].study], store) for rounds in requests]
    told = {identity for rounds in requests for plan in rounds for _, ids in plan.each() for identity in ids}
    untold: dict[str, Counter] = {}
    for identity, (study, status) in known.items():
        if identity not in told:
            untold.setdefault(study, Counter())[status] += 1
    return rows + [_row(study, counts, sum(counts.values())) for study, counts in untold.items()]


def _requests(found: Iterable[Planned]) -> list[list[Planned]]:
    """Returns the rounds of every request, oldest first; a grid has one."""
    requests: dict[tuple, list[Planned]] = {}
    for number, plan in enumerate(found):
        key = (plan.study, *plan.command, plan.search) if plan.search else (number,)
        requests.setdefault(key, []).append(plan)
    return list(requests.values())


def _asked(rounds: list[Planned], statuses: Mapping[str, Status], costs: Costs, store: Store) -> Standing:
    seconds, whole, counts = 0.0, 0.0, Counter[str]()
    asked: set[str] = set()
    for plan in rounds:
        for cut, ids in plan.each():
            found = [statuses.get(identity, "missing") for identity in dict.fromkeys(ids) if identity not in asked]
            asked.update(ids)
            counts.update(found)
            batch = costs.seconds(cut.program, cut.seconds)
            whole += batch
            left = found.count("missing") + found.count("failed")
            if left:
                seconds += (left / cut.size if cut.alone else 1.0) * batch
    first, to_come = rounds[0], min(plan.to_come for plan in rounds)
    command = shlex.join(["condenslab", *first.command, "--out", str(store.path)])
    seconds += to_come * whole / max(1, len(asked))
    row = _row(first.study, counts, len(asked), preset=first.preset, seed=first.seed, command=command, seconds=seconds)
    return replace(row, to_come=to_come)


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
