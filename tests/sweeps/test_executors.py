"""Executors: the same records on each; what kills or outlasts a worker is found, recorded, and loses no other case."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import condenslab
import toy
from condenslab import studies
from condenslab.errors import UserError
from condenslab.sweeps import InProcess, LocalProcesses, Store, executor, sweep
from condenslab.sweeps.executors import extras, on_ray
from hardship import Case, Work, schedule

TESTS = Path(__file__).parent.parent
MORE = [
    pytest.param("ray", marks=pytest.mark.more),
    pytest.param("slurm:cluster=local", marks=pytest.mark.more),
]
TROUBLES = [Case(0), Case(1, "once"), Case(2), Case(3, "kill"), Case(4), Case(5), Case(6, "memory"), Case(7), Case(8)]


def run(tmp_path, name, cases, *, memory=4, say=lambda _: None, work=None, **options):
    """Returns the records by seed."""
    if name == "ray":
        pytest.importorskip("ray", reason="ray is not installed: pip install 'condenslab[ray]'")
    marks = tmp_path / "marks"
    marks.mkdir(exist_ok=True)
    store = Store(tmp_path / "runs", create=True)
    engine = executor(name, say) if isinstance(name, str) else name
    records = sweep(cases, schedule(memory), work or Work(str(marks)), store, executor=engine, say=say, **options)
    return {record.case["seed"]: record for record in records}


def assert_right(record):
    seed = record.case["seed"]
    expected = np.random.default_rng(seed).normal(size=5)
    assert record.status == "done", record.message
    assert (record.values["square"], record.values["mean"]) == (seed**2, pytest.approx(expected.mean(), rel=1e-12))
    np.testing.assert_array_equal(record.arrays["numbers"], expected)


@pytest.mark.parametrize("name", ["local:2", "dask", *MORE])
def test_what_kills_a_worker_is_found_and_loses_no_other_case(tmp_path, name):
    found = run(tmp_path, name, TROUBLES)
    for seed, record in found.items():
        if seed == 3:
            assert record.status == "failed"
            assert record.message.startswith("its worker died each time, at last when nothing else ran: ")
        elif seed == 6:
            assert record.status == "failed" and "Memory" in record.message
        else:
            assert_right(record)
    attempts = [len(list((tmp_path / "marks").glob(f"{seed}-*"))) for seed in (1, 3)]
    assert attempts[0] >= 2, "a case that met a death by accident is tried again"
    assert attempts[1] <= 8, "a case that always kills is not tried for ever"
    lines = [line for shard in Store(tmp_path / "runs").shards() for line in shard.read_text().splitlines()]
    assert len(lines) == len(TROUBLES), "every case exactly once"


def test_the_reason_of_a_death_is_recorded(tmp_path):
    (record,) = run(tmp_path, "local:1", [Case(3, "kill")]).values()
    assert record.message.endswith("its process was killed by SIGKILL")


@pytest.mark.parametrize("name", ["inprocess", "local:2", pytest.param("dask", marks=pytest.mark.more), *MORE])
def test_a_case_that_never_ends(tmp_path, name):
    cases = [Case(0), Case(1, "endless"), Case(2), Case(3)]
    found = run(tmp_path, name, cases, time_limit=0.5)
    assert found[1].status == "failed"
    assert found[1].message == "it did not end within the time limit of 0.5 s"
    for seed in (0, 2, 3):
        assert_right(found[seed])


def test_starting_a_worker_is_no_part_of_the_time_of_a_case(tmp_path):
    work = Work(str(tmp_path / "marks"), start=1.0)
    for record in run(tmp_path, "local:1", [Case(0), Case(1)], memory=1, work=work, time_limit=0.4).values():
        assert_right(record)


@pytest.mark.parametrize("name", ["inprocess", "local:2"])
def test_a_batch_that_raises_or_is_refused_memory(tmp_path, name):
    cases = [Case(0), Case(1, "raise"), *(Case(seed) for seed in range(2, 6)), Case(6, "memory"), Case(7)]
    found = run(tmp_path, name, cases)
    for seed, record in found.items():
        if seed not in (1, 6):
            assert_right(record)
    assert (found[1].status, found[1].message) == ("failed", "RuntimeError: the case broke")
    assert "suffer" in found[1].provenance["traceback"]
    assert found[6].status == "failed" and "Memory" in found[6].message
    assert found[6].provenance["batch"] == 1


def test_a_shard_that_is_too_large_for_the_disk(tmp_path):
    """A bound on the size of files stands for a full disk: the large batch is recorded as failed, the others go on."""
    code = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))\n"
        "from pathlib import Path; import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "sys.path.insert(0, sys.argv[2]); sys.path.insert(0, sys.argv[2] + '/sweeps')\n"
        "from test_executors import Case, run\n"
        "for name in ('inprocess', 'local:1'):\n"
        "    folder = Path(sys.argv[1], name[:5]); folder.mkdir()\n"
        "    found = run(folder, name, [Case(0), Case(1, 'big'), Case(2)], memory=1)\n"
        "    print([record.status for record in found.values()], found[1].message)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, tmp_path, TESTS], capture_output=True, text=True, check=True)
    first, second = done.stdout.splitlines()
    assert first.startswith("['done', 'failed', 'done'] the store ") and "cannot be written (File too large)" in first
    assert second.startswith("['done', 'failed', 'done'] ")


def test_other_versions_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(condenslab, "__version__", "0.0.1")
    with pytest.raises(UserError, match=r"a worker on .* has condenslab .* instead of 0\.0\.1: .*install the same"):
        run(tmp_path, "local:1", [Case(0)])
    assert Store(tmp_path / "runs").records() == {}


@pytest.fixture
def scheduler(tmp_path):
    """A dask scheduler of its own with one worker; returns its process and its address."""
    file = tmp_path / "scheduler.json"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    common = ["--scheduler-file", str(file), "--no-dashboard"]
    dask = [sys.executable, "-m", "distributed.cli.dask_scheduler", *common, "--host", "127.0.0.1", "--port", "0"]
    with subprocess.Popen(dask, **quiet) as process:
        deadline = time.monotonic() + 60
        while not (file.exists() and file.read_text().endswith("}")):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        path = os.pathsep.join([*sys.path, str(TESTS)])
        worker = [sys.executable, "-m", "distributed.cli.dask_worker", *common, "--nthreads", "1", "--no-nanny"]
        with subprocess.Popen(
            [*worker, "--death-timeout", "5"], env=os.environ | {"PYTHONPATH": path}, **quiet
        ) as other:
            yield process, json.loads(file.read_text())["address"]
            process.kill()
            other.kill()


def test_a_scheduler_that_is_lost(tmp_path, scheduler):
    """The scheduler at an address dies in the middle: one sentence, and the same sweep goes on from there."""
    process, address = scheduler
    lines: list[str] = []
    dashboards: list[str] = []

    def report(fraction, text):
        lines.append(text)
        if len(lines) == 3:
            process.kill()

    (tmp_path / "marks").mkdir()
    cases = [Case(seed) for seed in range(40)]
    with pytest.raises(UserError, match=r"dask's scheduler tcp://.* was lost; every finished batch is stored"):
        run(
            tmp_path, f"dask:{address}", cases, memory=2, progress=report, work=Work(str(tmp_path / "marks"), 0.05),
            say=dashboards.append,
        )  # fmt: skip
    assert dashboards[0].startswith("dask's dashboard: http://")
    before = Store(tmp_path / "runs").statuses()
    assert 0 < len(before) < 40
    for record in run(tmp_path, "inprocess", cases, memory=2).values():
        assert_right(record)


def test_nobody_at_the_address(tmp_path):
    with pytest.raises(UserError, match=r"there is no dask scheduler at 'tcp://127.0.0.1:1'.*dask scheduler"):
        run(tmp_path, "dask:tcp://127.0.0.1:1", [Case(0)])


@pytest.mark.parametrize("name", ["local:2", pytest.param("dask", marks=pytest.mark.more), *MORE])
def test_the_same_claims_on_every_executor(tmp_path, monkeypatch, name):
    if name == "ray":
        pytest.importorskip("ray", reason="ray is not installed: pip install 'condenslab[ray]'")
    toy.register(monkeypatch)
    expected = studies.run("toy", out=tmp_path / "here")
    found = studies.run("toy", out=tmp_path / "there", executor=name)
    assert (found.claims, found.counts, found.records) == (expected.claims, expected.counts, expected.records)


@pytest.mark.parametrize("comes", [False, True])
def test_ray_keeps_the_handler_of_sigterm(monkeypatch, comes):
    """Ray puts one in its place that leaves the program with status 15; an interrupted run has 3, and is told."""

    def init(*arguments, **options):
        signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(number))
        if comes:
            signal.raise_signal(signal.SIGTERM)

    ray = SimpleNamespace(init=init, cluster_resources=dict, remote=lambda **needs: lambda function: function)
    monkeypatch.setattr(on_ray, "need", lambda *names: ray)
    before = signal.getsignal(signal.SIGTERM)
    if comes:
        with pytest.raises(KeyboardInterrupt):
            executor("ray").start(lambda *said: None)
    else:
        executor("ray").start(lambda *said: None)
    assert signal.getsignal(signal.SIGTERM) is before


def test_names():
    assert isinstance(executor("inprocess"), InProcess)
    assert isinstance(executor("local:3"), LocalProcesses) and executor("local:3").workers == 3
    with pytest.raises(UserError, match="did you mean 'inprocess'"):
        executor("inproces")
    for wrong in ("local:", "local:0", "local:-1", "local:two", "local:1.5", "local:99999", "local:²"):
        with pytest.raises(UserError, match="local:N needs a whole number of processes"):
            executor(wrong)
    for wrong in ("slurm:partition", "slurm:=gpu", "slurm:partition="):
        with pytest.raises(UserError, match="KEY=VALUE"):
            executor(wrong)
    with pytest.raises(UserError, match="takes no options"):
        executor("inprocess:2")


@pytest.mark.parametrize(
    ("module", "extra", "package"),
    [("no_such_dask", "dask", "dask"), ("no_such_ray", "ray", "ray"), ("no_such_submitit", "slurm", "submitit")],
)
def test_a_missing_package_is_named(module, extra, package):
    with pytest.raises(UserError, match=rf"this needs {package} .*pip install 'condenslab\[{extra}\]'"):
        extras.need(module, extra, package)


def test_what_cannot_be_sent_is_said(tmp_path):
    with pytest.raises(UserError, match="cannot be sent to another process"):
        run(tmp_path, "local:1", [Case(0)], work=lambda cases, *, progress=None: [])
