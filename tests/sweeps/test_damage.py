"""Stores that somebody else changed, wrote or locked: noticed, said in one sentence, never read as something else."""

import dataclasses
import errno
import json
import os

import msgspec
import numpy as np
import pytest

from condenslab.cli import main
from condenslab.errors import UserError
from condenslab.sweeps import Record, Run, Store, require_claims
from condenslab.sweeps.files import sealed_name

CLAIM = {
    "study": "toy", "preset": "quick", "seed": 0, "claim": "c", "source": "s", "expected": 1.0, "measured": [1.0, None],
    "tolerance": 0.1, "margin": 1.0, "verdict": "holds",
}  # fmt: skip


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "runs", create=True)


def record(**arrays):
    return Record("toy", "a", {"width": 3}, "done", "", {"risk": 0.1}, arrays, {})


def run(**changes):
    whole = Run("toy", 1, "quick", 0, {}, {}, None, ["a"], {"done": 1}, [], [CLAIM], {})
    return dataclasses.replace(whole, **changes)


def write_run(store, content: dict) -> None:
    """What another program may have written: any content under the right checksum."""
    folder = store.path / "runs"
    folder.mkdir(exist_ok=True)
    encoded = json.dumps(content).encode()
    (folder / f"{sealed_name(encoded)}.json").write_bytes(encoded)


def test_every_flipped_bit_of_an_array_is_noticed(store):
    array = np.linspace(0.0, 1.0, 6)
    store.add([record(x=array, flags=np.array([True, False]))])
    (path,) = (store.path / "shards").glob("*.safetensors")
    content = path.read_bytes()
    np.testing.assert_array_equal(Store(store.path).records()["a"].arrays["x"], array)
    silent = []
    for place in range(len(content) - 50, len(content)):  # the entries stand last
        for bit in (0, 4, 7):
            damaged = bytearray(content)
            damaged[place] ^= 1 << bit
            path.write_bytes(damaged)
            arrays = Store(store.path).records()["a"].arrays
            try:
                silent += [(place, bit)] if (arrays["x"], arrays["flags"]) else []
            except UserError as error:
                assert "does not match its checksum" in str(error)
    assert not silent


def test_a_store_without_array_checksums_stays_readable(store):
    """As condenslab wrote it before: the same rows without the new key."""
    store.add([record(x=np.arange(3.0))])
    (rows,) = (store.path / "shards").glob("*.jsonl")
    row = msgspec.json.decode(rows.read_bytes())
    assert set(row.pop("checksums")) == {"x"}
    old = msgspec.json.encode(row) + b"\n"
    renamed = rows.with_name(f"{sealed_name(old)}.jsonl")
    renamed.write_bytes(old)
    rows.with_suffix(".safetensors").rename(renamed.with_suffix(".safetensors"))
    rows.unlink()
    assert Store(store.path).records()["a"].arrays["x"].tolist() == [0, 1, 2]


@pytest.mark.parametrize("folder", ["runs", "shards"])
@pytest.mark.parametrize("number", [errno.EACCES, errno.EIO, errno.ENOTDIR])
def test_a_folder_that_cannot_be_listed_is_not_empty(store, monkeypatch, capsys, folder, number):
    store.add([record()])
    store.add_run(run())
    scandir = os.scandir

    def refuse(path="."):
        if os.fspath(path).endswith(folder):
            raise OSError(number, os.strerror(number), os.fspath(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(UserError, match="cannot be read"):
        store.runs() if folder == "runs" else store.records()
    if folder == "runs":
        assert main(["claims", str(store.path)]) == 2
        assert "no run" not in capsys.readouterr().out


@pytest.mark.parametrize("name", ["x" * 256, "b" * 5000])
@pytest.mark.parametrize(
    "command", [["claims"], ["report"], ["run", "recovery", "--preset", "tiny", "--dry-run", "--out"]]
)
def test_names_that_are_too_long(tmp_path, monkeypatch, capsys, command, name):
    monkeypatch.chdir(tmp_path)
    assert main([*command, name]) == 2
    assert "internal error" not in capsys.readouterr().err


FOREIGN = {
    "verdict": {"claims": [CLAIM | {"verdict": "maybe"}]},
    "verdict type": {"claims": [CLAIM | {"verdict": 1}]},
    "no verdict": {"claims": [{k: v for k, v in CLAIM.items() if k != "verdict"}]},
    "no source": {"claims": [{k: v for k, v in CLAIM.items() if k != "source"}]},
    "margin": {"claims": [CLAIM | {"margin": "wide"}]},
    "tolerance": {"claims": [CLAIM | {"tolerance": [0.1]}]},
    "statement": {"claims": [CLAIM | {"claim": None}]},
    "seed": {"claims": [CLAIM | {"seed": "0"}]},
    "claims": {"claims": {"holds": 1}},
    "claim": {"claims": ["holds"]},
    "seconds": {"provenance": {"seconds": "long"}},
    "moment": {"provenance": {"utc": 5}},
    "data": {"data": {"name": 1, "digest": []}},
    "revision": {"revision": "one"},
    "counts": {"counts": {"done": "all"}},
    "records": {"records": [1]},
    "study": {"study": None},
}


@pytest.mark.parametrize("changes", FOREIGN.values(), ids=FOREIGN)
def test_foreign_runs_under_a_valid_checksum(store, tmp_path, capsys, changes):
    write_run(store, msgspec.to_builtins(run()) | changes)
    for command in (["claims", str(store.path)], ["report", str(store.path), "-o", str(tmp_path / "page.html")]):
        assert main(command) == 2
        said = capsys.readouterr().err
        assert said.startswith("condenslab: ") and said.count("\n") == 1 and "internal" not in said


@pytest.mark.parametrize("odd", [{"expected": {"a": 1}}, {"measured": "words"}, {"expected": [[1], None]}, {"new": 1}])
def test_values_of_any_kind_are_shown(store, tmp_path, capsys, odd):
    write_run(store, msgspec.to_builtins(run(claims=[CLAIM | odd])))
    assert main(["claims", str(store.path)]) == 0
    assert main(["report", str(store.path), "-o", str(tmp_path / "page.html")]) == 0
    capsys.readouterr()


def test_the_sentence_names_the_claim():
    with pytest.raises(UserError, match="claim 2 of the run of 'toy', preset 'quick', seed 0, has no 'margin'"):
        require_claims([run(claims=[CLAIM, {k: v for k, v in CLAIM.items() if k != "margin"}])])
