"""What a sweep of 10⁶ and of 10⁸ cases on 1,000 workers would ask of its coordinator: a simulation with measured costs.

    python benchmarks/scale.py [--json] [--quick] [--store DIR]

Measured here, in processor time, is what a case and a batch cost in the coordinator's real code: memory, ids, messages,
index, records. Simulated are the workers: batches whose times are drawn from recorded ones (those of `--store`, or the
sample below), and one coordinator that handles one message at a time. What came out is in docs/scale.md.
"""

import argparse
import heapq
import random
import sys
import tempfile
import time
import tracemalloc
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support import machine, options

from condenslab.sweeps import Grid, Outcome, Record, Schedule, Store, complete
from condenslab.sweeps.shards import read_costs
from condenslab.sweeps.tasks import Ended, Report

_WORKERS = 1000
_RELATIVE = (0.42, 0.55, 0.61, 0.70, 0.78, 0.86, 0.93, 1.0, 1.04, 1.1, 1.18, 1.27, 1.41, 1.62, 2.53)
"""Times of batches of one program relative to their mean, recorded in runs of `phase_diagram` and `recovery`."""


@dataclass(frozen=True)
class Case:
    """A case of usual size."""

    seed: int
    width: int = 1000
    gamma: float = 1.5
    gamma_prime: float = 0.25
    rate: float = 1e-3
    activation: str = "tanh"


def main() -> None:
    """Measures, simulates and prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print JSON alone on standard output")
    parser.add_argument("--quick", action="store_true", help="fewer cases: a look, not a result")
    parser.add_argument("--store", help="a folder of results whose times are used")
    chosen = parser.parse_args()
    described = machine.describe()
    costs = measured(2_000 if chosen.quick else 20_000)
    times = recorded(chosen.store) if chosen.store else list(_RELATIVE)
    rows = [plan(costs, times, cases, seconds, batch) for cases, seconds, batch in _plans(chosen.quick)]
    result = {"benchmark": "scale", "machine": described, "costs": costs, "workers": _WORKERS, "plans": rows}
    print(options.dump(result) if chosen.json else _text(result))


def _plans(quick: bool) -> list[tuple[int, float, int]]:
    """Returns cases, seconds a case, and cases a batch."""
    largest = 10**6 if quick else 10**8
    return [(10**6, 1.0, 10), (10**6, 1.0, 100), (10**6, 0.01, 100), (10**6, 0.01, 1000), (largest, 0.01, 1000)]


def measured(count: int) -> dict[str, float]:
    """Returns what a case and a batch cost the coordinator.

    Args:
        count: Cases that are measured with.
    """
    schedule = Schedule("scale", 1, "float64", lambda case: case.width, lambda case: 2**20, memory=100 * 2**20)
    tracemalloc.start()
    begun = time.process_time()
    cases = [Case(seed) for seed in range(count)]
    grid = Grid(schedule, cases)
    batches = grid.batches()
    bytes_held = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    begun = time.process_time()
    Grid(schedule, cases).batches()
    cutting = time.process_time() - begun
    with tempfile.TemporaryDirectory() as folder:
        store = Store(folder, create=True)
        message, size = _messages(grid, store)
        records = [
            Record("scale", i, {"seed": 1, "width": 1000}, "done", "", {"risk": 0.1, "slope": -0.5}, {}, _PROVENANCE)
            for i in grid.ids
        ]
        begun = time.process_time()
        for first in range(0, count, 100):
            store.add(records[first : first + 100])
        writing = time.process_time() - begun
        begun = time.process_time()
        store.statuses("scale")
        index = time.process_time() - begun
        tracemalloc.start()
        held = store.records("scale")
        record_bytes = tracemalloc.get_traced_memory()[0] / len(held)
        tracemalloc.stop()
        disk = sum(path.stat().st_size for path in Path(folder, "shards").iterdir())
    return {
        "coordinator_bytes_a_case": bytes_held / count,
        "record_bytes_a_case": record_bytes,
        "cutting_us_a_case": 1e6 * cutting / count,
        "message_us_a_batch": 1e6 * message,
        "task_bytes_a_case": size,
        "index_us_a_case": 1e6 * index / count,
        "shard_writing_ms": 1e3 * writing / len(batches),
        "disk_bytes_a_case": disk / count,
    }


class _Instant:
    """An executor whose workers take no time: what is left is the coordinator's own."""

    name, workers, slots, neighbours = "instant", _WORKERS, _WORKERS, 1

    def __init__(self) -> None:
        self.bytes = self.cases = 0
        self._waiting: list[Any] = []

    def start(self, tell: Any) -> None:
        """Does nothing."""

    def submit(self, tasks: Any) -> None:
        """Packs the tasks as for a worker."""
        for task in tasks:
            self.bytes += len(task.sealed().content)
            self.cases += len(task.batch.cases)
        self._waiting += [Ended(task.number, Report(len(task.wanted))) for task in tasks]

    def ended(self, seconds: float) -> list[Any]:
        """Returns all of them."""
        found, self._waiting = self._waiting, []
        return found

    def stop(self) -> None:
        """Does nothing."""


class Nothing:
    """Computes nothing, but can be sent."""

    def __call__(self, cases: list[Any], /, *, progress: Any = None) -> list[Outcome]:
        """Returns an empty outcome a case."""
        return [Outcome({}) for _ in cases]


def _messages(grid: Grid, store: Store) -> tuple[float, float]:
    """Returns the seconds that the coordinator spends on a batch, and the bytes sent for a case."""
    engine = _Instant()
    sys.modules.setdefault("scale", sys.modules["__main__"])
    begun = time.process_time()
    complete(grid, _importable(), store, executor=engine, memory=10 * 2**20)
    seconds = time.process_time() - begun
    return seconds / max(1, engine.cases / 10), engine.bytes / engine.cases


def _importable() -> Any:
    Nothing.__module__ = Case.__module__ = "scale"
    return Nothing()


_PROVENANCE = {
    "condenslab": "0.1.0", "python": "3.11.7", "jax": "0.10.1", "jaxlib": "0.10.1", "numpy": "2.4.6", "device": "cpu",
    "threads": 1, "precision": "float64", "revision": 1, "batch": 100, "seconds": 12.5, "estimate": 10.0,
    "program": "0123456789ab", "utc": "2026-11-27T02:01:43+00:00",
}  # fmt: skip


def recorded(folder: str) -> list[float]:
    """Returns the times of the batches of a store relative to the mean of their program.

    Args:
        folder: The store.
    """
    groups: dict[str, set[float]] = {}
    for path in Store(folder).shards():
        for row in read_costs(path):
            groups.setdefault(row.provenance.program, set()).add(row.provenance.seconds)
    return [t / (sum(own) / len(own)) for own in groups.values() for t in own if sum(own) > 0]


def plan(costs: dict[str, float], times: list[float], cases: int, seconds: float, batch: int) -> dict[str, Any]:
    """Returns what a sweep would ask of its coordinator.

    Args:
        costs: As measured.
        times: Of batches, relative to their mean.
        cases: How many.
        seconds: Mean time of a case in a batch.
        batch: Cases a batch.
    """
    count = cases // batch
    service = 1e-6 * costs["message_us_a_batch"] * max(1.0, batch / 10) ** 0.8
    makespan, busy = simulated(count, seconds * batch, service, times)
    return {
        "cases": cases,
        "seconds_a_case": seconds,
        "batch": batch,
        "batches": count,
        "hours": makespan / 3600,
        "workers_busy": cases * seconds / (makespan * _WORKERS),
        "coordinator_busy": busy / makespan,
        "messages_a_second": 2 * count / makespan,
        "coordinator_gigabytes": cases * costs["coordinator_bytes_a_case"] / 1e9,
        "records_gigabytes": cases * costs["record_bytes_a_case"] / 1e9,
        "cutting_minutes": cases * costs["cutting_us_a_case"] / 6e7,
        "index_minutes": cases * costs["index_us_a_case"] / 6e7,
        "files": count,
        "disk_gigabytes": cases * costs["disk_bytes_a_case"] / 1e9,
    }


def simulated(count: int, mean: float, service: float, times: list[float]) -> tuple[float, float]:
    """Returns the wall time of a sweep and how long its coordinator was busy, in seconds.

    Args:
        count: Batches; of more than 200,000 as many are simulated, and the rest follows in proportion.
        mean: Mean seconds of a batch.
        service: Seconds that the coordinator spends on a batch.
        times: Of batches, relative to their mean.
    """
    few = min(count, 200_000)
    draws = random.Random(0)
    average = sum(times) / len(times)
    free = [(0.0, number) for number in range(_WORKERS)]  # when a worker asks for its next batch
    clock = end = 0.0
    for _ in range(few):
        asked, worker = heapq.heappop(free)
        clock = max(clock, asked) + service  # one message at a time
        end = clock + mean * draws.choice(times) / average
        heapq.heappush(free, (end, worker))
    last = max(when for when, _ in free)
    return last * count / few, service * count


def _text(result: dict[str, Any]) -> str:
    lines = [machine.headline(result["machine"]), "", "measured in the coordinator's code:"]
    lines += [f"  {name.replace('_', ' ')}: {value:.4g}" for name, value in result["costs"].items()]
    names = [name for name in result["plans"][0] if name != "batches"]
    lines += ["", f"simulated on {result['workers']} workers:"]
    for row in result["plans"]:
        lines.append("  " + ", ".join(f"{name.replace('_', ' ')} {row[name]:.4g}" for name in names))
    return "\n".join(lines)


if __name__ == "__main__":
    main()
