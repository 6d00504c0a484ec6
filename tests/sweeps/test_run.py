"""Sweeps: batches cut from the whole grid, only what is missing is computed, failures are records."""

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from condenslab.errors import UserError
from condenslab.sweeps import Outcome, Schedule, Store, sweep
from condenslab.sweeps.batches import chunks as _chunks


@dataclass(frozen=True)
class Case:
    seed: int
    width: int = 10


SCHEDULE = Schedule(
    study="toy",
    revision=1,
    precision="float64",
    compile_key=lambda case: case.width,
    bytes_per_member=lambda case: 10 * case.width,
    seconds_per_member=lambda case: case.width,
    memory=300,
)
CASES = [Case(seed, width) for seed in range(5) for width in (10, 100)]


class Runner:
    """Remembers the batches it was given; behaves as it is told."""

    def __init__(self, trouble=None):
        self.batches = []
        self.trouble = trouble

    def __call__(self, cases, /, *, progress=None):
        self.batches.append(cases)
        if progress is not None:
            progress(0.5, "half")
        if self.trouble is not None:
            self.trouble(cases)
        return [Outcome({"square": case.seed**2}, {"seed": np.array(case.seed)}) for case in cases]


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path, create=True)


def run(store, runner, cases=CASES, schedule=SCHEDULE, **options):
    return sweep(cases, schedule, runner, store, **options)


def test_records_come_in_the_order_of_the_cases_with_their_provenance(store):
    records = run(store, Runner(), environment=lambda: {"jax": "1"})
    assert [record.values["square"] for record in records] == [case.seed**2 for case in CASES]
    assert [int(record.arrays["seed"]) for record in records] == [case.seed for case in CASES]
    assert records[0].case == {"@type": "Case", "seed": 0, "width": 10}
    provenance = records[0].provenance
    assert provenance | {"seconds": 0, "utc": "", "program": ""} == {
        "jax": "1", "precision": "float64", "revision": 1, "batch": 3, "seconds": 0, "estimate": 30, "program": "",
        "utc": "",
    }  # fmt: skip


def test_batches_share_a_key_and_fit_the_memory(store):
    runner = Runner()
    run(store, runner)
    assert [[(case.width, case.seed) for case in batch] for batch in runner.batches] == [
        [(10, 0), (10, 1), (10, 2)], [(10, 3), (10, 4)], [(100, 0)], [(100, 1)], [(100, 2)], [(100, 3)], [(100, 4)],
    ]  # fmt: skip


def test_what_is_stored_is_not_computed_again(store):
    run(store, Runner())
    runner, lines = Runner(), []
    run(store, runner, progress=lambda *line: lines.append(line))
    assert runner.batches == []
    assert lines == [(1.0, "everything is stored already")]


def test_a_resumed_sweep_runs_the_same_batches_and_adds_only_what_is_missing(store):
    run(store, Runner(), cases=[Case(0), Case(3)])
    before = store.records()
    runner = Runner()
    run(store, runner)
    assert [case.seed for case in runner.batches[0]] == [0, 1, 2], "the batch is cut from the whole grid"
    after = store.records()
    assert all(after[identity].provenance == record.provenance for identity, record in before.items())
    rows = [line for shard in (store.path / "shards").glob("*.jsonl") for line in shard.read_text().splitlines()]
    assert len(rows) == len(CASES)


def test_repeated_cases_run_once(store):
    runner = Runner()
    records = run(store, runner, cases=[Case(1), Case(2), Case(1)])
    assert runner.batches == [[Case(1), Case(2)]]
    assert [record.values["square"] for record in records] == [1, 4, 1]


@pytest.mark.parametrize("error", [ValueError("bad luck"), MemoryError("too big"), ZeroDivisionError("1/0")])
def test_an_exception_is_a_failed_record_and_is_tried_again(store, error):
    def trouble(cases):
        if cases[0].width == 100:
            raise error

    records = run(store, Runner(trouble))
    by_width = {width: {r.status for r in records if r.case["width"] == width} for width in (10, 100)}
    assert by_width == {10: {"done"}, 100: {"failed"}}
    failed = next(record for record in records if record.status == "failed")
    assert failed.message == f"{type(error).__name__}: {error}"
    assert "trouble" in failed.provenance["traceback"]
    runner = Runner()
    assert {record.status for record in run(store, runner)} == {"done"}
    assert {case.width for batch in runner.batches for case in batch} == {100}


def test_a_wrong_number_of_outcomes_is_a_failure(store):
    records = sweep([Case(0), Case(1)], SCHEDULE, lambda cases, *, progress=None: [Outcome({})], store)
    assert [record.message for record in records] == [
        "ValueError: run_batch must return one outcome a case. Got 1 for 2."
    ] * 2


def test_divergence_is_an_answer(store):
    calls = []

    def diverge(cases, *, progress=None):
        calls.append(cases)
        return [Outcome({"risk": float("inf")}, status="diverged", message="the risk left the finite numbers")]

    first = sweep([Case(0)], SCHEDULE, diverge, store)
    again = sweep([Case(0)], SCHEDULE, diverge, store)
    assert len(calls) == 1
    assert (again[0].status, again[0].values, again[0].message) == ("diverged", {"risk": None}, first[0].message)


@pytest.mark.parametrize("error", [UserError("no such thing"), KeyboardInterrupt()])
def test_mistakes_and_interruptions_go_through_and_finished_batches_stay(store, error):
    def trouble(cases):
        if cases[0].width == 100:
            raise error

    with pytest.raises(type(error)):
        run(store, Runner(trouble))
    assert {record.case["width"] for record in store.records().values()} == {10}
    assert {record.status for record in store.records().values()} == {"done"}


def test_an_interruption_while_storing_loses_no_finished_batch(store, monkeypatch):
    original, calls = Store.add, []

    def interrupted(self, records):
        calls.append(records)
        if len(calls) == 1:
            raise KeyboardInterrupt
        original(self, records)

    monkeypatch.setattr(Store, "add", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run(store, Runner())
    assert len(store.records()) == 3


def test_progress_is_weighted_by_cost_and_ends_at_one(store):
    lines = []
    run(store, Runner(), progress=lambda fraction, text: lines.append((round(fraction, 3), text)))
    total = 5 * 10 + 5 * 100
    assert lines[0] == (round(15 / total, 3), "half")
    assert lines[1] == (round(30 / total, 3), "3 of 10 cases stored")
    assert lines[-1] == (1.0, "10 of 10 cases stored")
    assert [fraction for fraction, _ in lines] == sorted(fraction for fraction, _ in lines)


@given(st.lists(st.integers(0, 50), max_size=30), st.integers(1, 100))
def test_chunks_keep_order_and_bound(sizes, memory):
    ids = [str(number) for number in range(len(sizes))]
    chunks = _chunks(ids, sizes, memory)
    assert [identity for chunk in chunks for identity in chunk] == ids
    for chunk in chunks:
        assert len(chunk) == 1 or sum(sizes[int(identity)] for identity in chunk) <= memory


def _cycle():
    content: list = []
    content.append(content)
    return content


STRANGE = {
    "none": (None, "a case must give an Outcome. Got NoneType"),
    "a dict": ({"square": 1}, "a case must give an Outcome. Got dict"),
    "a status of its own": (Outcome({}, status="ok"), "done, diverged, failed. Got 'ok'"),  # type: ignore[arg-type]
    "no message": (Outcome({}, message=None), "message of an Outcome must be a string"),  # type: ignore[arg-type]
    "no values": (Outcome(None), "values of an Outcome must be a dict. Got NoneType"),  # type: ignore[arg-type]
    "no arrays": (Outcome({}, None), "arrays of an Outcome must be a dict"),  # type: ignore[arg-type]
    "a number as the name of a value": (Outcome({1: 2}), "strings as names. Got 1"),  # type: ignore[dict-item]
    "a number as the name of an array": (Outcome({}, {1: np.ones(2)}), "strings as names. Got 1"),  # type: ignore[dict-item]
    "an object": (Outcome({"x": object()}), "values.x must be None, a number"),
    "complex numbers": (Outcome({}, {"x": np.ones(2) * 1j}), "must hold real numbers"),
    "numbers of 128 bits": (Outcome({}, {"x": np.ones(2, np.longdouble)}), "cannot be stored"),
    "a cycle": (Outcome({"x": _cycle()}), "cannot be stored: RecursionError"),
    "rows of two lengths": (Outcome({}, {"x": [[1], [1, 2]]}), "cannot be stored: ValueError"),  # type: ignore[dict-item]
    "5,000 digits": (Outcome({"x": 10**5000}), "cannot be stored: ValueError"),
}


@pytest.mark.parametrize("strange", STRANGE)
def test_what_is_no_outcome_fails_alone_and_leaves_the_folder_readable(store, strange):
    given, message = STRANGE[strange]

    def batch(cases, /, *, progress=None):
        return [given if case.seed == 1 else Outcome({"square": case.seed**2}) for case in cases]

    records = run(store, batch, [Case(seed) for seed in range(3)])
    assert [record.status for record in records] == ["done", "failed", "done"]
    assert message in records[1].message
    assert len(Store(store.path).records()) == 3


def test_a_text_that_is_no_unicode_is_written_out(store):
    """The name of a file may hold bytes that are none; so may the sentence of an error about it."""

    def batch(cases, /, *, progress=None):
        return [Outcome({"file": "caf\udce9"}), Outcome({}, {}, "failed", "caf\udce9 is missing")]

    first, second = run(store, batch, [Case(0), Case(1)])
    assert first.values["file"] == "caf\\udce9" and second.message == "caf\\udce9 is missing"


@pytest.mark.parametrize("ending", [SystemExit(0), SystemExit("done"), GeneratorExit(), StopIteration()])
def test_an_ending_raised_in_a_case_is_a_failure_of_that_case(store, ending):
    def leave(cases):
        if any(case.seed == 2 for case in cases):
            raise ending

    records = run(store, Runner(leave))
    assert [record.case["seed"] for record in records if record.status == "failed"] == [2, 2]
    assert type(ending).__name__ in next(record.message for record in records if record.status == "failed")


@pytest.mark.parametrize("limit", [0, -1.0, float("nan"), float("inf"), 1e300, True, "5"])
def test_a_time_limit_that_is_none_is_refused(store, limit):
    with pytest.raises(UserError, match="time_limit must be a number of seconds above 0 and at most"):
        run(store, Runner(), time_limit=limit)
    assert not store.records()


@pytest.mark.parametrize("limit", [1e-300, 1e9])
def test_the_shortest_and_the_longest_time_limit(store, limit):
    statuses = {record.status for record in run(store, Runner(), time_limit=limit)}
    assert "done" in statuses if limit > 1 else statuses <= {"failed", "done"}
