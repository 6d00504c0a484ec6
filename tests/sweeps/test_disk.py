"""Disks that are full or read-only: one sentence, and what was stored before is untouched."""

import errno
import os
import subprocess
from contextlib import contextmanager

import numpy as np
import pytest

from condenslab.errors import UserError
from condenslab.sweeps import Record, Run, Store

RUN = Run("toy", 1, "quick", 0, {}, {}, None, ["a"], {}, [], [], {})


def record(identity):
    return Record("toy", identity, {"width": 3}, "done", "", {"risk": 0.5}, {"x": np.arange(1000.0)}, {})


def files(path):
    return {found: found.read_bytes() for found in sorted(path.rglob("*")) if found.is_file()}


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path / "runs", create=True)
    store.add([record("a")])
    store.add_run(RUN)
    return store


@contextmanager
def failing(monkeypatch, function, call, code):
    """Lets the given call of a system function fail, the first being number 1, and all later ones too."""
    original, count = getattr(os, function), [0]

    def replacement(*arguments, **options):
        count[0] += 1
        if count[0] >= call:
            raise OSError(code, os.strerror(code))
        return original(*arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr(os, function, replacement)
        yield


@pytest.mark.parametrize(
    ("function", "call"),
    [("fsync", 1), ("replace", 1), ("fsync", 3), ("replace", 2)],  # of the arrays, then of the rows
)
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS, errno.EDQUOT, errno.EIO])
def test_a_shard_that_cannot_be_written_leaves_no_trace(store, monkeypatch, function, call, code):
    before = files(store.path)
    with failing(monkeypatch, function, call, code), pytest.raises(UserError, match=os.strerror(code)):
        store.add([record("b")])
    assert files(store.path) == before
    assert list(store.records()) == ["a"]


@pytest.mark.parametrize("function", ["fsync", "replace"])
def test_a_run_that_cannot_be_written_leaves_no_trace(store, monkeypatch, function):
    before = files(store.path)
    with failing(monkeypatch, function, 1, errno.ENOSPC), pytest.raises(UserError, match="No space left"):
        store.add_run(RUN)
    assert files(store.path) == before


def test_a_store_that_cannot_be_written_is_refused_before_anything_is_computed(store, monkeypatch):
    before = files(store.path)
    with (
        failing(monkeypatch, "fsync", 1, errno.ENOSPC),
        pytest.raises(UserError, match="free the disk or choose another"),
    ):
        Store(store.path, create=True)
    assert files(store.path) == before


def test_a_store_that_cannot_be_made(tmp_path, monkeypatch):
    with failing(monkeypatch, "replace", 1, errno.EROFS), pytest.raises(UserError, match="Read-only file system"):
        Store(tmp_path / "runs", create=True)
    assert files(tmp_path) == {}


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 64 kB, where the tests may mount one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("mounting a small disk takes root")
    yield disk
    subprocess.run(["umount", disk], check=True)


def test_a_disk_that_is_really_full(small_disk):
    store = Store(small_disk / "runs", create=True)
    store.add([record("a")])
    (small_disk / "ballast").write_bytes(bytes(40_000))
    before = files(small_disk)
    with pytest.raises(UserError, match="No space left"):
        for number in range(20):
            before = files(small_disk)
            store.add([record(str(number))])
    assert files(small_disk) == before
    assert "a" in store.records()
    fill(small_disk)
    with pytest.raises(UserError, match="No space left"):
        Store(store.path, create=True)


def fill(disk):
    """Takes what room is left."""
    with (disk / "filler").open("wb", buffering=0) as filler:
        try:
            while True:
                filler.write(bytes(512))
        except OSError:
            return


def test_a_disk_that_is_really_read_only(small_disk):
    store = Store(small_disk / "runs", create=True)
    store.add([record("a")])
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    before = files(small_disk)
    for write in (lambda: store.add([record("b")]), lambda: store.add_run(RUN), lambda: Store(store.path, create=True)):
        with pytest.raises(UserError, match="Read-only file system"):
            write()
    assert list(Store(store.path).records()) == ["a"], "reading needs no writing"
    assert files(small_disk) == before
