"""2,000 cases while workers are killed at random and the coordinator five times: each case once, every number right."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from condenslab.sweeps import Store

TESTS = Path(__file__).parent.parent


def descendants(pid):
    """Returns all processes below one, children of children included."""
    found, parents = [], {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except (OSError, ValueError):
                continue
    front = [pid]
    while front:
        front = [child for child, parent in parents.items() if parent in front]
        found += front
    return found


def kill(pid):
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


@pytest.mark.more
@pytest.mark.parametrize("name", ["local:2", "dask"])
def test_workers_and_coordinator_are_killed(tmp_path, name):
    draws = random.Random(0)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(TESTS), *filter(None, sys.path)])}
    program = [sys.executable, TESTS / "enduring.py", tmp_path, name]
    shards = tmp_path / "runs" / "shards"
    deaths = coordinators = 0
    output, deadline = "", time.monotonic() + 900
    while not output:
        assert time.monotonic() < deadline
        with subprocess.Popen(program, env=environment, stdout=subprocess.PIPE, text=True) as process:
            before = len(list(shards.glob("*.jsonl"))) if shards.exists() else 0
            while process.poll() is None:
                time.sleep(draws.uniform(0.2, 0.8))
                stored = len(list(shards.glob("*.jsonl"))) if shards.exists() else 0
                if coordinators < 5 and stored > before + 15:
                    below = descendants(process.pid)
                    process.kill()
                    coordinators += 1
                    if name == "dask":
                        for pid in below:  # nannies of a killed cluster would start new workers for a while
                            kill(pid)
                elif stored > before and deaths < 30 and (below := descendants(process.pid)):
                    kill(draws.choice(below))
                    deaths += 1
            assert process.stdout is not None
            output = process.stdout.read().partition("status ")[2]
    assert coordinators == 5 and deaths >= 5
    if "failed" in output:  # one whose workers were killed three times by chance: the next sweep tries it again
        done = subprocess.run(program, env=environment, capture_output=True, text=True, check=True)
        output = done.stdout.partition("status ")[2]
    assert output.strip() == "['done'] 2000"
    records = Store(tmp_path / "runs").records()
    assert len(records) == 2000
    assert sorted(record.case["seed"] for record in records.values()) == list(range(2000))
    for record in records.values():
        numbers = np.random.default_rng(record.case["seed"]).normal(size=5)
        assert record.values == {"square": record.case["seed"] ** 2, "mean": float(numbers.mean())}
        np.testing.assert_array_equal(record.arrays["numbers"], numbers)


@pytest.mark.more
def test_a_worker_follows_its_coordinator(tmp_path):
    """A worker whose coordinator is killed does not stay: a case that never ends would keep it for ever."""
    code = (
        "import sys; from pathlib import Path; sys.path.insert(0, sys.argv[2])\n"
        "from hardship import Case, Work, schedule\n"
        "from condenslab.sweeps import Store, executor, sweep\n"
        "sweep([Case(0, 'endless')], schedule(), Work(sys.argv[1]), Store(Path(sys.argv[1], 'runs'), create=True),"
        " executor=executor('local:1'))"
    )
    with subprocess.Popen([sys.executable, "-c", code, tmp_path, TESTS]) as process:
        deadline = time.monotonic() + 60
        while not list(tmp_path.glob("0-*")):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        (worker,) = descendants(process.pid)
        process.kill()
    deadline = time.monotonic() + 10
    while Path(f"/proc/{worker}").exists():
        assert time.monotonic() < deadline
        time.sleep(0.1)
