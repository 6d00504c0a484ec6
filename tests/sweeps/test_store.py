"""The store: what goes in comes out, and what is damaged is said by name."""

import json
import math

import numpy as np
import pytest

from condenslab import sweeps
from condenslab.errors import UserError
from condenslab.sweeps import Record, Run, Store
from condenslab.sweeps.records import storable


def record(identity="a", status="done", study="toy", **arrays):
    values = {"risk": 0.1 + 0.2, "bad": math.nan, "counts": [1, 2], "name": "x"}
    return Record(study, identity, {"width": 3}, status, "", values, arrays, {"jax": "0"})


def request(seed=0, digest=None, overrides=None, claims=()):
    data = digest and {"name": "t.csv", "digest": digest}
    return Run("toy", 1, "quick", seed, {"width": 3}, overrides or {}, data, ["a"], {"done": 1}, [], list(claims), {})


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "runs", create=True)


def files(store):
    return {path: path.read_bytes() for path in sorted(store.path.rglob("*")) if path.is_file()}


def test_records_come_back_as_they_went_in(store):
    arrays = {
        "double": np.linspace(0, 1, 7),
        "transposed": np.arange(6.0).reshape(2, 3).T,
        "scalar": np.array(2.5),
        "empty": np.zeros((0, 3)),
        "flags": np.array([True, False]),
        "big_endian": np.arange(3, dtype=">i4"),
    }
    store.add([record(**arrays), record("b")])
    found = Store(store.path).records("toy")
    assert list(found) == ["a", "b"]
    assert found["a"].values == {"risk": 0.1 + 0.2, "bad": None, "counts": [1, 2], "name": "x"}
    assert found["a"].case == {"width": 3}
    assert found["a"].provenance == {"jax": "0"}
    assert sorted(found["a"].arrays) == sorted(arrays)
    assert len(found["b"].arrays) == 0
    for name, array in arrays.items():
        np.testing.assert_array_equal(found["a"].arrays[name], array)
        assert found["a"].arrays[name].shape == array.shape
    with pytest.raises(KeyError):
        found["a"].arrays["other"]


def test_records_of_one_study_only(store):
    store.add([record("a"), record("b", study="other")])
    assert list(store.records("other")) == ["b"]
    assert len(store.records()) == 2


@pytest.mark.parametrize(
    ("history", "expected"),
    [(["failed", "done"], "done"), (["done", "failed"], "done"), (["diverged", "failed"], "diverged"),
     (["done", "diverged"], "diverged"), (["failed", "failed"], "failed")],
)  # fmt: skip
def test_the_newest_counts_but_a_failure_hides_nothing(store, history, expected):
    for status in history:
        store.add([record(status=status)])
    assert store.records()["a"].status == expected
    assert len(list((store.path / "shards").iterdir())) == len(history), "nothing is deleted"


def test_no_json_in_the_store_has_a_number_that_is_not_one(store):
    store.add([record()])
    store.add_run(request(claims=[{"margin": math.inf}]))

    def refuse(constant):
        raise AssertionError(constant)

    for content in files(store).values():
        json.loads(content, parse_constant=refuse)


def test_runs_and_the_latest_of_each_request(store):
    for seed, digest, overrides in [
        (0, None, None),
        (1, None, None),
        (0, None, {"width": 4}),
        (0, "d", None),
        (0, None, None),
    ]:
        store.add_run(request(seed, digest, overrides))
    runs = store.runs(latest=False)
    assert [(run.seed, run.data is None, run.overrides) for run in runs] == [
        (0, True, {}), (1, True, {}), (0, True, {"width": 4}), (0, False, {}), (0, True, {}),
    ]  # fmt: skip
    assert store.runs() == [*runs[1:4], runs[4]]


def test_load_gives_tables_and_arrays(store):
    store.add([record(x=np.arange(3.0)), record("b", study="other")])
    store.add_run(request(claims=[{"claim": "c"}]))
    results = sweeps.load(store.path, "toy")
    assert results.rows == [
        {"study": "toy", "id": "a", "status": "done", "message": "", "case.width": 3,
         "values.risk": 0.1 + 0.2, "values.bad": None, "values.counts": [1, 2], "values.name": "x"}
    ]  # fmt: skip
    np.testing.assert_array_equal(results.arrays("x")["a"], np.arange(3.0))
    assert results.arrays("y") == {}
    assert results.claims == [{"claim": "c"}]
    assert len(sweeps.load(store.path).records) == 2


@pytest.mark.parametrize(
    ("verdict", "margin"), [("holds", -0.1), ("holds", None), ("fails", 0.0), ("fails", None), ("undecided", 1.0)]
)
def test_a_verdict_that_its_margin_contradicts_is_refused(store, verdict, margin):
    """Whoever wrote it, under whatever checksum."""
    store.add_run(request(claims=[{"verdict": verdict, "margin": margin}]))
    with pytest.raises(UserError, match=r"runs/.*damaged \(a claim with margin .* and not"):
        store.runs()


@pytest.mark.parametrize("keep", [0, 0.3, 0.9])
@pytest.mark.parametrize("suffix", [".jsonl", ".safetensors", ".json"])
def test_a_truncated_file_is_named_and_nothing_is_touched(store, suffix, keep):
    store.add([record(x=np.arange(100.0)), record("b")])
    store.add_run(request())
    victim = next(path for path in files(store) if path.suffix == suffix and path.name != "store.json")
    victim.write_bytes(victim.read_bytes()[: int(keep * victim.stat().st_size)])
    before = files(store)
    with pytest.raises(UserError, match=victim.name):
        (store.runs if suffix == ".json" else store.records)()
    assert files(store) == before


def test_a_shard_cut_at_the_end_of_a_line_is_noticed(store):
    store.add([record("a"), record("b")])
    victim = next((store.path / "shards").iterdir())
    victim.write_bytes(victim.read_bytes().splitlines(keepends=True)[0])
    with pytest.raises(UserError, match="truncated or damaged"):
        store.records()


def test_lost_arrays_are_noticed(store):
    store.add([record(x=np.zeros(2))])
    lazy = store.records()["a"].arrays
    next((store.path / "shards").glob("*.safetensors")).unlink()
    with pytest.raises(UserError, match=r"\.safetensors"):
        store.records()
    with pytest.raises(UserError, match=r"\.safetensors"):
        lazy["x"]


@pytest.mark.parametrize(
    ("content", "message"),
    [('{"format": 2}', "format 2, written by a newer condenslab"), ("", "damaged"), ("{", "damaged"), ("[]", "damaged"),
     ('{"format": "x"}', "damaged"), ("{}", "damaged"), ('{"format": 0}', "damaged"), ('{"format": -1.5}', "damaged"),
     ('{"format": true}', "damaged")],
)  # fmt: skip
@pytest.mark.parametrize("create", [False, True])
def test_a_store_of_another_format_is_refused_untouched(store, content, message, create):
    store.add([record()])
    (store.path / "store.json").write_text(content)
    before = files(store)
    with pytest.raises(UserError, match=message):
        Store(store.path, create=create)
    assert files(store) == before


def test_only_a_store_is_opened(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="there is no store in"):
        Store(tmp_path)
    with pytest.raises(UserError, match="is a file"):
        Store(tmp_path / "file", create=True)
    assert not Store.exists(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_debris_of_a_killed_process_is_ignored(store):
    store.add([record()])
    shards = store.path / "shards"
    (shards / ".20260101T000000-000000-0.jsonl.77.tmp").write_text('{"half')
    (shards / "20260101T000000-000000-0.safetensors").write_bytes(b"no rows, so it was never stored")
    assert list(Store(store.path, create=True).records()) == ["a"]


def test_what_cannot_be_stored_is_refused_by_name(store):
    with pytest.raises(TypeError, match=r"values\.object"):
        storable({"object": object()})
    with pytest.raises(TypeError, match="'words'"):
        store.add([record(words=np.array(["a"]))])
    assert store.records() == {}


def test_storable_turns_numpy_into_plain_values():
    assert storable({"a": np.float32(0.5), "b": np.arange(2), "c": (np.bool_(True), -np.inf)}) == {
        "a": 0.5, "b": [0, 1], "c": [True, None],
    }  # fmt: skip
