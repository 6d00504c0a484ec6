"""A run that is killed at any moment, or interrupted, and started again ends with the same claims and loses nothing."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import toy
from condenslab import studies
from condenslab.cli.interruption import heeding, interruptible
from condenslab.sweeps import Store

TESTS = Path(__file__).parent


@pytest.fixture(scope="module")
def claims(tmp_path_factory):
    """The claims of a run that nothing disturbed."""
    return studies.run(toy.STUDY, out=tmp_path_factory.mktemp("undisturbed")).claims


def test_killed_at_every_step_of_every_write(tmp_path, claims):
    program = [sys.executable, TESTS / "killing.py", tmp_path]
    finished = subprocess.run(program, capture_output=True, text=True, check=True, timeout=120)
    kills = [json.loads(line) for line in finished.stdout.splitlines()]
    # a marker, three shards of rows and arrays, a run: each half written, before fsync, before and after the renaming
    assert len(kills) > 8 * 4
    assert not kills[-1]["killed"]
    assert {kill["before"] for kill in kills} == {0, 4, 8, 12}, "every batch was stored as soon as it was finished"
    for kill in kills:
        assert kill["claims"] == claims
        assert kill["kept"]
        assert kill["lines"] == 12


def without_ids(claims):
    """A pause is part of a case, so the ids of the records are others."""
    return [{name: value for name, value in claim.items() if name != "records"} for claim in claims]


def start(out, *options, before=()):
    command = [sys.executable, TESTS / "toy.py", "run", "toy", "--out", out, "--set", "pause=0.1", "--json", *options]
    return subprocess.Popen([*before, *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_for_shards(out, count):
    deadline = time.monotonic() + 60
    while len(list((out / "shards").glob("*.jsonl"))) < count or not Store.exists(out):
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize("shards", [0, 1, 2])
def test_killed_from_outside(tmp_path, claims, shards):
    run = start(tmp_path, "--quiet")
    wait_for_shards(tmp_path, shards)
    run.kill()
    assert run.communicate()[0] == ""
    assert len(Store(tmp_path).records()) >= 4 * shards
    again = start(tmp_path, "--quiet")
    assert without_ids(json.loads(again.communicate()[0])) == without_ids(claims)
    assert again.returncode == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted(tmp_path, claims, number):
    # Shells start background processes with SIGINT ignored; the run heeds it all the same.
    run = start(tmp_path, before=["sh", "-c", 'trap "" INT; exec "$@"', "sh"])
    wait_for_shards(tmp_path, 1)
    run.send_signal(number)
    output, errors = run.communicate()
    assert (run.returncode, output) == (3, "")
    last = errors.splitlines()[-1]
    assert last.startswith("condenslab: interrupted; every finished batch is stored")
    assert f"condenslab run toy --out {tmp_path}" in last
    assert len(Store(tmp_path).records()) >= 4
    assert Store(tmp_path).runs() == []
    again = start(tmp_path, "--quiet")
    assert without_ids(json.loads(again.communicate()[0])) == without_ids(claims)


class Trap:
    """Interrupts this process while it is being deleted, where Python drops exceptions."""

    def __del__(self):
        os.kill(os.getpid(), signal.SIGINT)
        for _ in range(1000):
            pass


def test_an_interruption_that_python_drops_is_heeded_at_the_next_step(capsys):
    calls = []
    with interruptible():
        report = heeding(lambda *call: calls.append(call))
        report(0.1, "a")
        trap = Trap()
        del trap
        assert capsys.readouterr().err == ""
        with pytest.raises(KeyboardInterrupt):
            report(0.2, "b")
    with interruptible():
        heeding(None)(0.3, "c")
    assert calls == [(0.1, "a")]
