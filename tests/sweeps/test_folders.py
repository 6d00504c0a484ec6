"""Folders of results: what is damaged is quarantined and computed again; merging, exporting, and looking into them."""

import csv
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import toy
from condenslab import studies, sweeps
from condenslab.cli import main
from condenslab.errors import UserError
from condenslab.sweeps import InProcess, Record, Store
from condenslab.sweeps.planning import budget

TESTS = Path(__file__).parent.parent


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The toy's twelve records in three shards."""
    toy.register(monkeypatch)
    studies.run("toy", out=tmp_path / "runs")
    return tmp_path / "runs"


def contents(folder):
    """Returns what is stored, arrays included."""
    return {r.id: (r.values, {n: a.tolist() for n, a in r.arrays.items()}) for r in Store(folder).records().values()}


def truncated(path):
    path.write_bytes(path.read_bytes()[:-40])


def flipped(path):
    content = bytearray(path.read_bytes())
    content[-30] ^= 4
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("damage", "suffix"),
    [
        (truncated, ".jsonl"), (flipped, ".jsonl"), (truncated, ".safetensors"), (flipped, ".safetensors"),
        (Path.unlink, ".safetensors"),
    ],
)  # fmt: skip
def test_a_damaged_shard_is_quarantined_and_computed_again(folder, damage, suffix):
    before = contents(folder)
    victim = Store(folder).shards()[1].with_suffix(suffix)
    damage(victim)
    said: list[str] = []
    run = studies.run("toy", out=folder, say=said.append)
    assert run.counts == {"done": 12, "diverged": 0, "failed": 0}
    assert contents(folder) == before
    assert len(said) == 1 and victim.stem in said[0] and "what it held is computed again" in said[0]
    assert (folder / "quarantine" / f"{victim.stem}.jsonl").exists(), "moved, not deleted"
    assert studies.run("toy", out=folder, say=said.append).claims == run.claims and len(said) == 1


@pytest.mark.parametrize("place", ["shards", "runs", "plans"])
@pytest.mark.parametrize("damage", [truncated, flipped])
def test_the_next_command_moves_aside_what_is_damaged(folder, damage, place, capsys):
    """On the command line, too, where the costs are looked up before; afterwards every command works again."""
    before = contents(folder)
    victim = sorted((folder / place).glob("*.json*"))[0]
    damage(victim)
    assert main(["run", "toy", "--out", str(folder), "--dry-run"]) == 0
    assert ("8 of them stored already" if place == "shards" else "12 of them") in capsys.readouterr().out
    assert main(["run", "toy", "--out", str(folder), "--quiet"]) == 0
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and victim.stem in said and "quarantine now, and" in said
    assert (folder / "quarantine" / victim.name).exists() and contents(folder) == before
    for command in ("claims", "status"):
        assert main([command, str(folder)]) == 0
    assert capsys.readouterr().err == ""


def test_what_a_killed_writer_has_left_is_quarantined(folder):
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    host = os.uname().nodename.replace(".", "-")
    dead = folder / "shards" / f".20260101-abc.jsonl.{host}.{child.pid}.tmp"
    alive = folder / "shards" / f".20260101-abd.jsonl.{host}.{os.getpid()}.tmp"
    elsewhere = folder / "shards" / f".20260101-abe.jsonl.another-host.{child.pid}.tmp"
    for path in (dead, alive, elsewhere):
        path.write_text("half a")
    said: list[str] = []
    studies.run("toy", out=folder, say=said.append)
    assert said == [
        f"a writer that was killed has left 1 unfinished file, now in {folder / 'quarantine'}; what they were to hold "
        "is computed again"
    ]
    assert not dead.exists() and alive.exists() and elsewhere.exists()


def test_two_writers_in_one_folder(tmp_path, monkeypatch):
    """The second begins when the first has stored one batch; both end, and every case has one record."""
    toy.register(monkeypatch)

    class Joined(InProcess):
        def ended(self, seconds):
            if not hasattr(self, "joined"):
                self.joined = studies.run("toy", out=tmp_path)
            return super().ended(seconds)

    plan = studies.plan("toy")
    store = Store(tmp_path, create=True)
    records = sweeps.sweep(plan.cases, plan.schedule, plan.study.run_batch, store, executor=Joined())
    assert [record.status for record in records] == ["done"] * 12
    assert len(store.records()) == 12


def test_a_copy_that_was_taken_while_a_shard_was_written(folder, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    truncated(sorted((copy / "shards").glob("*.jsonl"))[-1])
    said: list[str] = []
    (row,) = sweeps.standing(Store(copy), said.append)
    assert (row.done, row.missing) == (8, 4) and len(said) == 1
    assert contents(folder) == contents(folder)
    studies.run("toy", out=copy)
    assert contents(copy) == contents(folder)


def test_status(folder, capsys, monkeypatch):
    studies.run("toy", out=folder, overrides={"members": 6, "trouble": "raise"})
    Store(folder).add([Record("old", "f" * 32, {"x": 1}, "done")])
    assert main(["status", str(folder), "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [(r["study"], r["cases"], r["done"], r["diverged"], r["failed"], r["missing"]) for r in rows] == [
        ("toy", 12, 12, 0, 0, 0), ("toy", 18, 12, 0, 6, 0), ("old", 1, 1, 0, 0, None),
    ]  # fmt: skip
    assert rows[1]["command"] == (
        f"condenslab run toy --preset quick --seed 0 --set members=6 trouble=raise --out {folder}"
    )
    assert main(["status", str(folder)]) == 0
    assert "toy, preset quick, seed 0: 18 cases, 12 done, 0 diverged, 6 failed, 0 missing" in capsys.readouterr().out


def test_the_time_left_is_that_of_stored_records(tmp_path, monkeypatch, capsys):
    """The toy says a case takes `pause` seconds, and takes a tenth of a second longer: seen after the first batches."""
    toy.register(monkeypatch)
    plan = studies.plan("toy", overrides={"pause": "0.05", "sizes": "10,20"})
    slow = toy.time.sleep
    monkeypatch.setattr(toy.time, "sleep", lambda seconds: slow(3 * seconds))
    studies.execute(plan, out=tmp_path)
    options = ["run", "toy", "--out", str(tmp_path), "--set", "pause=0.05", "members=8", "--dry-run", "--json"]
    assert main(options) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert row["calibrated"]
    assert row["cases"] - row["stored"] == 3 * 8 - 2 * 4
    truth = (row["cases"] - row["stored"]) * 0.15  # a case that is stored is not computed again, though in the estimate
    assert truth / 1.5 <= row["seconds"] <= 1.5 * truth


def test_merging(folder, tmp_path, capsys):
    other = tmp_path / "other"
    studies.run("toy", out=other, seed=1)
    studies.run("toy", out=other)  # the same cases as the first folder: one record each afterwards
    expected = contents(other) | contents(folder)
    target = tmp_path / "both"
    assert main(["merge", str(folder), str(other), "-o", str(target), "--json"]) == 0
    merged = json.loads(capsys.readouterr().out)
    assert (merged["cases"], merged["damaged"]) == (24, 0)
    assert contents(target) == expected
    assert len(Store(target).runs()) == 2
    again = sweeps.merge([folder, other], target)
    assert (again.shards, again.runs, again.cases) == (0, 0, 24)
    flipped(Store(other).shards()[0].with_suffix(".safetensors"))
    said: list[str] = []
    assert sweeps.merge([folder, other], tmp_path / "third", said.append).damaged == 1 and len(said) == 1
    with pytest.raises(UserError, match="no store"):
        sweeps.merge([folder, tmp_path / "nothing"], target)


def test_exporting(folder, tmp_path, capsys):
    import pyarrow.parquet
    import xarray

    Store(folder).add([Record("other", "e" * 32, {"x": {"y": 1}}, "diverged", "left", {"mean": None}, {}, {})])
    records = Store(folder).records()
    for form in ("csv", "parquet", "xarray"):
        assert main(["export", str(folder), "--format", form, "-o", str(tmp_path / form)]) == 0
        assert capsys.readouterr().out.startswith("wrote 13 records to ")
    with (tmp_path / "csv").open() as file:
        rows = list(csv.DictReader(file))
    table = pyarrow.parquet.read_table(tmp_path / "parquet").to_pylist()
    assert {row["id"] for row in rows} == {row["id"] for row in table} == set(records)
    for row, plain in zip(table, rows, strict=True):
        mean = records[row["id"]].values["mean"]
        assert row["values.mean"] == mean and plain["values.mean"] == ("" if mean is None else repr(mean))
        assert row["case.x.y"] == (1 if row["study"] == "other" else None)
    with xarray.open_dataset(tmp_path / "xarray", engine="h5netcdf") as data:
        for place, identity in enumerate(data["id"].values):
            arrays = records[str(identity)].arrays
            padded = data["arrays.numbers"].values[place]
            size = len(arrays["numbers"]) if arrays else 0
            np.testing.assert_array_equal(padded[:size], arrays["numbers"] if arrays else [])
            assert np.isnan(padded[size:]).all()
    with pytest.raises(UserError, match="unknown format 'parket'; did you mean 'parquet'"):
        sweeps.export(Store(folder), tmp_path / "x", "parket")
    with pytest.raises(UserError, match=r"no record to export .* of the study 'none'"):
        sweeps.export(Store(folder), tmp_path / "x", "csv", "none")


def test_one_record(folder, capsys):
    record = next(iter(Store(folder).records().values()))
    assert main(["show", str(folder), record.id[:8], "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["id"], shown["case"], shown["values"]) == (record.id, record.case, record.values)
    (array,) = shown["arrays"]
    numbers = record.arrays["numbers"]
    assert (array["shape"], array["least"], array["largest"]) == ([len(numbers)], numbers.min(), numbers.max())
    (command,) = shown["commands"]
    assert command == f"condenslab run toy --preset quick --seed 0 --out {folder}"
    assert main([*command.split()[1:], "--quiet"]) == 0, "the command makes it"
    capsys.readouterr()
    assert main(["show", str(folder), record.id]) == 0
    assert f"toy {record.id}: done" in capsys.readouterr().out
    for wrong, message in (("zzz", "no record in"), ("", "needs the beginning")):
        assert main(["show", str(folder), wrong]) == 2
        assert message in capsys.readouterr().err


def test_memory_is_measured_once_and_kept(tmp_path, monkeypatch):
    toy.register(monkeypatch)
    assert budget() == 2 ** (budget().bit_length() - 1) and 2**20 <= budget() <= 2**31
    monkeypatch.setattr("condenslab.sweeps.planning.available_bytes", lambda: 2 * 2**30)
    studies.run("toy", out=tmp_path, overrides={"sizes": "10"})
    first = sweeps.plans(Store(tmp_path))
    assert [plan.memory for plan in first] == [2**30]
    assert {r.provenance["batch"] for r in Store(tmp_path).records().values()} == {2}, "half a GiB a case"
    monkeypatch.setattr("condenslab.sweeps.planning.available_bytes", lambda: 64 * 2**30)
    studies.run("toy", out=tmp_path, overrides={"sizes": "10"})
    assert sweeps.plans(Store(tmp_path)) == first
