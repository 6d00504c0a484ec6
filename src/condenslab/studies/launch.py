"""Runs a study: its settings, the cases that the store lacks, its claims."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from numbers import Integral
from pathlib import Path
from typing import Any, get_args

from condenslab.errors import UserError, unknown
from condenslab.studies.contract.claims import Claim
from condenslab.studies.contract.study import Study
from condenslab.studies.environment import environment
from condenslab.studies.registry import get
from condenslab.studies.settings import as_dict, changed
from condenslab.studies.work import OwnWork, work_of
from condenslab.sweeps import Batch, Grid, InProcess, Progress, Run, Schedule, Store, command_of, complete, planned
from condenslab.sweeps import executor as executor_named
from condenslab.sweeps.quarantine import quarantine
from condenslab.sweeps.records import Record, Status
from condenslab.tasks import Table, require_learnable

_MANY = 50
"""Cases from which it is worth saying that most of them are programs of their own."""

_LARGEST_SEED = 2**32 - 1


@dataclass(frozen=True)
class Plan:
    """What a run would do.

    Attributes:
        study: The study.
        preset: Name of the preset.
        seed: The seed.
        settings: The settings, changes included.
        overrides: The changed settings, by name.
        data: The user's own table, or None.
        cases: The cases.
        schedule: How they are batched.
    """

    study: Study
    preset: str
    seed: int
    settings: Any
    overrides: dict[str, Any]
    data: Table | None
    cases: Sequence[Any]
    schedule: Schedule

    def batches(self) -> list[Batch]:
        """Returns the batches of all cases."""
        return self.schedule.batches(self.cases)

    @property
    def command(self) -> list[str]:
        """The arguments of `condenslab` that ask for it, without folder and executor."""
        name = None if self.data is None else self.data.name
        return command_of(self.study.name, self.preset, self.seed, self.overrides, name)


def plan(
    study: str | Study,
    *,
    preset: str = "quick",
    seed: int = 0,
    overrides: Mapping[str, Any] | None = None,
    data: Table | None = None,
) -> Plan:
    """Checks a request and lists its cases; nothing is computed and no file is touched.

    Args:
        study: Name of a study, or a study. With data a name stands for the study that answers for a table in its place
            (`Study.own_table`).
        preset: Name of one of its presets.
        seed: From 0 to 2³² − 1.
        overrides: Changed settings; see `condenslab.studies.settings.changed`.
        data: The user's own table.

    Raises:
        UserError: Something of it is unknown or does not fit (the message suggests the nearest name), nothing can be
            learned from the data, or the settings leave nothing to compute.
    """
    if isinstance(study, str):
        study = get(study)
        study = get(study.own_table) if data is not None and study.own_table else study
    if preset not in study.presets:
        raise unknown("preset", preset, study.presets)
    if not isinstance(seed, Integral) or isinstance(seed, bool) or not 0 <= seed <= _LARGEST_SEED:
        raise UserError(f"the seed must be a whole number from 0 to {_LARGEST_SEED}. Got {seed!r}")
    if data is not None and not study.accepts_data:
        raise UserError(f"the study {study.name!r} has its own task and takes no data of yours: leave out --data")
    if data is not None:
        _require_table(data)
    settings = changed(study.presets[preset], overrides or {})
    base, now = as_dict(study.presets[preset]), as_dict(settings)
    schedule = Schedule(
        study.name,
        study.revision,
        study.precision,
        study.compile_key,
        study.bytes_per_member,
        study.seconds_per_member,
        alone=study.alone,
    )
    cases = list(study.cases(settings, seed=int(seed), data=data) or ())
    if not cases:
        raise UserError(f"these settings leave {study.name!r} nothing to compute: give its lists an entry")
    differing = {name: value for name, value in now.items() if value != base[name]}
    return Plan(study, preset, int(seed), settings, differing, data, cases, schedule)


def run(
    study: str | Study,
    *,
    preset: str = "quick",
    seed: int = 0,
    out: str | Path = "runs",
    overrides: Mapping[str, Any] | None = None,
    data: Table | None = None,
    executor: str = "inprocess",
    progress: Progress | None = None,
    time_limit: float | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> Run:
    """Computes what is missing for a study, stores it, and stores and returns its claims.

    Studies that compute in float64 need it enabled: `jax.config.update("jax_enable_x64", True)` before the first array.

    Args:
        study: Name of a study, or a study.
        preset: `"tiny"`, `"quick"` or `"full"`.
        seed: From 0 to 2³² − 1.
        out: Folder of the store; it is made where it is missing.
        overrides: Changed settings; see `condenslab.studies.settings.changed`.
        data: The user's own table, for the studies that take one.
        executor: Where batches run; see `condenslab.sweeps.executor`.
        progress: Called with the finished fraction, in [0, 1], and a few words.
        time_limit: Seconds that one case may take; one that takes longer is recorded as failed, and the others go on.
        say: Called with sentences for the user: the address of a dashboard, a damaged file that is computed again.

    Returns:
        The run, as stored; `run.claims` are its claims.

    Raises:
        UserError: Something of the request is unknown or does not fit, or the store cannot be read or written.

    Example:
        ```python
        run = studies.run("recovery", preset="tiny", out="runs")
        for claim in run.claims:
            print(claim["verdict"], claim["claim"])
        ```
    """
    request = plan(study, preset=preset, seed=seed, overrides=overrides, data=data)
    return execute(request, out=out, executor=executor, progress=progress, time_limit=time_limit, say=say)


def execute(
    request: Plan,
    *,
    out: str | Path = "runs",
    executor: str = "inprocess",
    progress: Progress | None = None,
    time_limit: float | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> Run:
    """Computes what is missing for a plan, stores it, and stores and returns its claims; see `run`.

    Args:
        request: The plan.
        out: Folder of the store.
        executor: Where batches run.
        progress: Called with the finished fraction and a few words.
        time_limit: Seconds that one case may take.
        say: Called with sentences for the user.

    Raises:
        UserError: The store cannot be read or written, a batch refuses its cases, or a worker is none for them.
    """
    place = executor_named(executor, say)
    inside = isinstance(place, InProcess)
    batch = OwnWork(request.study, request.data) if inside else work_of(request.study, request.data)
    store = Store(out, create=True)
    quarantine(store, say)
    start = time.perf_counter()
    grid = Grid(request.schedule, request.cases)
    noted = planned(store, grid, preset=request.preset, seed=request.seed, command=request.command)
    done = complete(
        grid,
        batch,
        store,
        memory=noted.memory,
        known=store.statuses(request.study.name),
        executor=place,
        environment=environment,
        progress=progress,
        time_limit=time_limit,
        say=say,
    )
    programs = len({cut.program for cut in noted.batches})
    if done.stored >= _MANY and 2 * programs > len(grid.cases):
        say(
            f"{len(grid.cases)} cases of {request.study.name} are {programs} programs, compiled one by one: fields "
            "that only change numbers belong among those that a part lets vary"
        )
    known = store.records(request.study.name)
    records = [known[identity] for identity in grid.ids]
    work = {"programs": programs, "compilations": done.compilations}
    result = _judged(request, records, {"seconds": time.perf_counter() - start} | work)
    store.add_run(result)
    return result


def told(request: Plan, done: Run, out: str | Path) -> list[str]:
    """Returns the answer of a run in lines, and writes what goes with it into the store's folder; see `Study.tell`.

    Args:
        request: The plan.
        done: The run.
        out: Folder of the store.

    Raises:
        UserError: The folder cannot be read or written.
    """
    if not request.study.answer:
        return []
    known = Store(out).records(request.study.name)
    return request.study.tell([known[identity] for identity in done.records], request.data, out)


def _judged(request: Plan, records: Sequence[Record], spent: dict[str, Any]) -> Run:
    """Returns the run with its claims."""
    own = request.data is None
    claims = request.study.claims(records, request.settings, cases=request.cases, known_target=own)
    utc = datetime.now(UTC).isoformat(timespec="seconds")
    return Run(
        study=request.study.name,
        revision=request.study.revision,
        preset=request.preset,
        seed=request.seed,
        settings=as_dict(request.settings),
        overrides=request.overrides,
        data=None if request.data is None else {"name": request.data.name, "digest": request.data.digest},
        records=[record.id for record in records],
        counts={status: sum(record.status == status for record in records) for status in get_args(Status)},
        failures=list(dict.fromkeys(record.message for record in records if record.status == "failed")),
        claims=[_row(claim, request) for claim in claims],
        provenance=environment() | spent | {"utc": utc},
    )


def _require_table(data: Any) -> None:
    if not isinstance(data, Table):
        raise UserError(
            f"data must be a Table, as tasks.read_table(path) reads one from a file or tasks.Table(x, y, name) holds "
            f"arrays. Got {type(data).__name__}"
        )
    require_learnable(data)


def _row(claim: Claim, request: Plan) -> dict[str, Any]:
    """Turns a claim into the row that the command line prints and the store keeps."""
    fields = asdict(claim)
    head = {"study": request.study.name, "preset": request.preset, "seed": request.seed}
    return head | {"claim": fields.pop("statement")} | fields
