"""Runs the sweep of a file: its grid, or its searches round by round, each round computed like a grid."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import msgspec

from condenslab.imports import imported
from condenslab.studies.environment import environment
from condenslab.studies.own.axes import axes
from condenslab.studies.own.library import VARIES, experiment
from condenslab.studies.own.search import Strategy, strategy
from condenslab.studies.own.spec import Search, Spec, read_spec
from condenslab.studies.own.work import Point, PointWork, laboratory
from condenslab.studies.work import JaxSettings
from condenslab.sweeps import (
    Costs,
    Grid,
    Progress,
    Record,
    Schedule,
    Store,
    complete,
    costs_of,
    executor,
    planned,
    plans,
    seconds_left,
)
from condenslab.sweeps.executors.kept import Kept, kept
from condenslab.sweeps.files import checksum
from condenslab.sweeps.quarantine import quarantine

_MEMBER = 2**20
"""Bytes assumed for a case: of a function of the user's nothing is known."""


@dataclass(frozen=True)
class Swept:
    """What a sweep came to.

    Attributes:
        name: Its name.
        ids: Ids of its records.
        counts: How many are `done`, `diverged` and `failed`.
        failures: The distinct sentences of the failed ones.
        answers: Of a search: one a point, its fields and what was found there.
    """

    name: str
    ids: list[str]
    counts: dict[str, int]
    failures: list[str]
    answers: list[dict[str, Any]]


def sweep_file(
    path: str | Path,
    *,
    out: str | Path = "runs",
    place: str = "inprocess",
    progress: Progress | None = None,
    time_limit: float | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> Swept:
    """Computes what the store lacks of the sweep that a file describes.

    Args:
        path: The TOML file; see `condenslab.studies.own.spec.Spec` for what it may hold.
        out: Folder of the store; it is made where it is missing.
        place: Where batches run; see `condenslab.sweeps.executor`.
        progress: Called with the finished fraction, in [0, 1], and a few words.
        time_limit: Seconds that one case may take.
        say: Called with sentences for the user.

    Raises:
        UserError: The file holds a mistake, the function cannot be imported, or the store cannot be read or written.
    """
    spec = read_spec(path)
    work = work_of(spec)
    engine = executor(place, say)
    points = checked(spec)
    store = Store(out, create=True)
    with kept(engine) as workers:
        compute = _computing(spec, path, work, store, workers, progress=progress, time_limit=time_limit, say=say)
        if spec.search is None:
            return _swept(spec, compute(points), [])
        return _searched(spec, points, compute)


def plan_file(path: str | Path, *, out: str | Path = "runs", place: str = "inprocess") -> dict[str, Any]:
    """Says what the sweep of a file would compute; nothing is computed and no file is touched.

    Args:
        path: The TOML file.
        out: Folder of the store.
        place: Where batches would run.

    Returns:
        `sweep`, `points`, and for a grid `cases`, `stored`, `batches`, `programs` and `seconds`; these are None for a
        search, whose cases show on its way, and `seconds` is None where no record says what a case takes. `at_most` is
        how many cases it may come to.

    Raises:
        UserError: The file holds a mistake.
    """
    spec = read_spec(path)
    work_of(spec)
    points = checked(spec)
    names = ("cases", "stored", "batches", "programs", "seconds")
    head = {"sweep": spec.name, "points": len(points)}
    if spec.search is not None:
        most = len(points) * strategy(spec.search).left() * len(_repeats(spec.search))
        return head | dict.fromkeys(names) | {"at_most": most}
    workers = executor(place).workers
    grid = grid_of(spec, points)
    store = Store(out) if Store.exists(out) else None
    known = store.statuses(spec.name, damaged=True) if store is not None else {}
    costs = costs_of(store, [spec.name], damaged=True)[spec.name] if store is not None else Costs()
    batches = grid.batches(workers=workers)
    pending = grid.pending(known, workers=workers)
    left = sum(len(missing) for _, missing in pending)
    seconds = seconds_left([batch for batch, _ in pending], costs, workers) if costs.programs or not pending else None
    programs = len({batch.program for batch in batches})
    return (
        head
        | dict(zip(names, (len(grid.cases), len(grid.cases) - left, len(batches), programs, seconds), strict=True))
        | {"at_most": len(grid.cases)}
    )


def checked(spec: Spec) -> list[dict[str, Any]]:
    """Returns the points of a sweep, each of which the library's parts can be made of where it is theirs.

    Args:
        spec: The sweep.

    Raises:
        UserError: A field is unknown or does not fit.
    """
    points = spec.base()
    if spec.function is None:
        for point in points if spec.search is None else []:  # a search completes its points on the way
            experiment(point)
    return points


def _computing(
    spec: Spec, path: str | Path, work: PointWork, store: Store, workers: Kept, **options: Any
) -> Callable[..., list[Record]]:
    """Returns the function that computes points, of a search those of a round, and returns their records."""
    quarantine(store, options["say"])
    search = _named(spec)
    noted = {plan.ids for plan in plans(store) if search and plan.search == search}
    records: dict[str, Record] = {}
    seen: set[Path] = set()

    def look() -> None:
        """Reads the shards that are new; they never change."""
        fresh = [shard for shard in store.shards() if shard not in seen]
        seen.update(fresh)
        for identity, record in store.records(spec.name, fresh).items():
            if record.status != "failed" or identity not in records:
                records[identity] = record

    def compute(points: list[dict[str, Any]], to_come: int = 0) -> list[Record]:
        grid = grid_of(spec, points)
        memory = None
        if "".join(grid.ids) not in noted:
            plan = planned(store, grid, preset="", seed=0, command=["sweep", str(path)], search=search, to_come=to_come)
            memory = None if search else plan.memory
        if not points:
            return []
        look()
        known = {identity: record.status for identity, record in records.items()}
        complete(grid, work, store, memory=memory, known=known, executor=workers, environment=environment, **options)
        look()
        return [records[identity] for identity in grid.ids]

    return compute


def work_of(spec: Spec) -> PointWork:
    """Returns what computes the batches of a sweep.

    Args:
        spec: The sweep.

    Raises:
        UserError: Its function cannot be imported.
    """
    if spec.function is not None:
        imported(spec.function)
        return PointWork(spec.function, spec.together, JaxSettings.here())
    return PointWork(laboratory(), True, JaxSettings.here())


def grid_of(spec: Spec, points: Sequence[dict[str, Any]]) -> Grid:
    """Returns the points of a sweep as cases that can be batched.

    Args:
        spec: The sweep.
        points: The points, fields by name.
    """
    function = spec.function or laboratory()
    schedule = Schedule(
        spec.name,
        spec.revision,
        spec.precision,
        _key(spec),
        lambda case: _MEMBER,
        most=None if spec.function is None or spec.together else spec.batch,
        alone=lambda case: spec.function is not None and not spec.together,
    )
    return Grid(schedule, [Point(function, point) for point in points])


def _key(spec: Spec) -> Callable[[Point], Hashable]:
    """Returns what decides the program of a case."""
    if spec.function is not None and not spec.together:
        return lambda case: spec.function
    varies: set[str] = set(spec.varies)
    if spec.function is None:
        varies = set(VARIES)
    everything = spec.function is not None and not varies

    def key(case: Point) -> Hashable:
        fixed = () if everything else tuple((k, repr(v)) for k, v in sorted(case.point.items()) if k not in varies)
        return (case.function, *fixed)

    return key


def _searched(spec: Spec, bases: list[dict[str, Any]], compute: Callable[..., list[Record]]) -> Swept:
    """Asks the searches of all points, computes, tells them, until none asks any more."""
    assert spec.search is not None
    searches: list[Strategy] = [strategy(spec.search) for _ in bases]
    repeats = _repeats(spec.search)
    records: dict[str, Record] = {}
    while True:
        left = sum(search.left() for search in searches) * len(repeats)
        asked = [search.ask() for search in searches]
        points = [
            base | place | repeat for base, own in zip(bases, asked, strict=True) for place in own for repeat in repeats
        ]
        if not points:
            break
        found = compute(points, max(0, left - len(points)))
        records |= {record.id: record for record in found}
        places = [found[k : k + len(repeats)] for k in range(0, len(found), len(repeats))]
        for search, own in zip(searches, asked, strict=True):
            if own:
                search.tell([places.pop(0) for _ in own])
    compute([])  # notes that nothing more is to come
    answers = [{"point": base} | search.answer() for base, search in zip(bases, searches, strict=True)]
    return _swept(spec, list(records.values()), answers)


def _repeats(search: Search) -> list[dict[str, Any]]:
    over = axes(search.over, "search.over")
    return [dict(zip(over, values, strict=True)) for values in product(*over.values())]


def _named(spec: Spec) -> str:
    """Returns what tells the search of a file from another one: another range is another request, as of a grid."""
    return "" if spec.search is None else checksum(msgspec.json.encode(spec))


def _swept(spec: Spec, records: Sequence[Record], answers: list[dict[str, Any]]) -> Swept:
    counts = {status: sum(record.status == status for record in records) for status in ("done", "diverged", "failed")}
    failures = list(dict.fromkeys(record.message for record in records if record.status == "failed"))
    return Swept(spec.name, [record.id for record in records], counts, failures, answers)
