"""What a sweep costs beside its cases: overhead, workers, reading a store, and critical search in processes.

    python benchmarks/sweeps.py [--json] [--quick]

Ratios are measured side by side in one run; times that are no ratios are processor time where another job of the
machine could lengthen them, and say so. What it came to is in benchmarks/README.md.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from support import machine, options
from support.sweep_cases import Case, Spin, Square, best, grid_of

from condenslab.sweeps import LocalProcesses, Record, Store, complete


def main() -> None:
    """Measures and prints."""
    chosen = options.parse("Overhead of a sweep, workers, stores, and critical search in processes.")
    described = machine.describe()
    quick = chosen.quick
    measured = {
        "overhead": overhead(2_000 if quick else 10_000),
        "joblib": against_joblib(100 if quick else 400),
        "workers": workers(40 if quick else 200),
        "reading": reading(10_000 if quick else 100_000),
        "bounded": bounded(20_000 if quick else 1_000_000),
        "critical": critical(quick),
    }
    result = {"benchmark": "sweeps", "machine": described, "measured": measured, "aims": _aims(measured)}
    print(options.dump(result) if chosen.json else _text(result))


def overhead(count: int) -> dict[str, float]:
    """Returns what a case costs beside its computation, in batches of 1,000, in microseconds of processor time.

    Args:
        count: Cases.
    """
    with tempfile.TemporaryDirectory() as folder:
        store = Store(folder, create=True)
        begun, wall = time.process_time(), time.perf_counter()
        complete(grid_of(count, 1000), Square(), store)
        return {
            "processor_us_a_case": 1e6 * (time.process_time() - begun) / count,
            "wall_us_a_case": 1e6 * (time.perf_counter() - wall) / count,
        }


def against_joblib(count: int) -> dict[str, float]:
    """Returns how many times as many cases a second a sweep computes as joblib with one case a task.

    A case is 10 ms of gradient descent on a small network, alone; a batch of them is one program.

    Args:
        count: Cases.
    """
    import joblib
    from support.sweep_training import Together, alone

    cases = [Case(seed) for seed in range(count)]
    few = cases[: max(10, count // 10)]
    with joblib.Parallel(n_jobs=machine.cores()) as pool:
        pool(joblib.delayed(alone)(case.seed) for case in few)  # compiles
        theirs = best(3, lambda: pool(joblib.delayed(alone)(case.seed) for case in few)) / len(few)
    alone(0)
    single = best(5, lambda: alone(0))

    def ours() -> None:
        with tempfile.TemporaryDirectory() as folder:
            complete(grid_of(count, count), Together(), Store(folder, create=True))

    ours()  # compiles
    own = best(3, ours) / count
    return {"case_alone_ms": 1e3 * single, "joblib_ms": 1e3 * theirs, "sweep_ms": 1e3 * own, "ratio": theirs / own}


def workers(count: int) -> dict[str, float]:
    """Returns how much quicker two processes are than one, on cases of 20 ms of processor time.

    Args:
        count: Cases.
    """
    seconds = {}
    for number in (1, 2):

        def run(number: int = number) -> float:
            with tempfile.TemporaryDirectory() as folder:
                store, engine = Store(folder, create=True), LocalProcesses(number)
                complete(grid_of(number * 4, 1), Spin(0.001), store, executor=_Kept(engine))  # starts the processes
                begun = time.perf_counter()
                complete(grid_of(count, 10, first=1000), Spin(0.02), store, executor=_Kept(engine))
                taken = time.perf_counter() - begun
                engine.stop()
                return taken

        seconds[number] = min(run() for _ in range(2))
    return {"one_seconds": seconds[1], "two_seconds": seconds[2], "ratio": seconds[1] / seconds[2]}


class _Kept:
    """An executor whose processes stay for the next sweep."""

    def __init__(self, inner: LocalProcesses):
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def stop(self) -> None:
        """Keeps them."""


def reading(count: int) -> dict[str, float]:
    """Returns the seconds of processor time that reading a store takes, statuses and all records.

    Args:
        count: Records.
    """
    with tempfile.TemporaryDirectory() as folder:
        store = filled(Path(folder), count)
        index = best(3, lambda: store.statuses(), clock=time.process_time)
        every = best(3, lambda: store.records(), clock=time.process_time)
    return {"records": count, "statuses_seconds": index, "records_seconds": every}


def bounded(count: int) -> dict[str, float]:
    """Returns the memory that a process takes at most which goes through a store, in megabytes above the start.

    Args:
        count: Records.
    """
    with tempfile.TemporaryDirectory() as folder:
        filled(Path(folder), count)
        program = (
            "import sys; from condenslab.sweeps import Store; s = Store(sys.argv[1])\n"
            "def peak(): return int(open('/proc/self/status').read().partition('VmHWM:')[2].split()[0])\n"
            "a = peak(); n = sum(r.status == 'done' for r in s.scan()); print(n, (peak() - a) / 1024)"
        )
        done = subprocess.run([sys.executable, "-c", program, folder], capture_output=True, text=True, check=True)
        found, megabytes = done.stdout.split()
    assert int(found) == count
    return {"records": count, "megabytes": float(megabytes)}


def filled(folder: Path, count: int) -> Store:
    """Returns a store of so many records, 1,000 a shard.

    Args:
        folder: Where.
        count: Records.
    """
    store = Store(folder, create=True)
    about = {"condenslab": "0.1.0", "jax": "0.10.1", "device": "cpu", "batch": 1000, "seconds": 1.5, "revision": 1}
    for first in range(0, count, 1000):
        store.add(
            Record("bench", f"{k:032x}", {"seed": k, "width": 100}, "done", "", {"risk": 0.1 * k, "n": 3}, {}, about)
            for k in range(first, min(count, first + 1000))
        )
    return store


def critical(quick: bool) -> dict[str, float]:
    """Returns how much quicker two processes search critical points of width 3 than one.

    Args:
        quick: Fewer starts.
    """
    import jax
    import jax.numpy as jnp

    from condenslab import landscape, tasks
    from condenslab.risk import EmpiricalRisk

    jax.config.update("jax_enable_x64", True)
    with tempfile.TemporaryDirectory() as cache:
        jax.config.update("jax_compilation_cache_dir", cache)
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.2)
        task = tasks.task("three_tanh")
        risk = EmpiricalRisk(jnp.asarray(task.inputs), jnp.asarray(task.targets))
        starts = 4_096 if quick else 16_384

        def search(processes: int) -> float:
            begun = time.perf_counter()
            landscape.critical_points(risk, width=3, starts=starts, key=0, processes=processes)
            return time.perf_counter() - begun

        search(1)  # compiles
        one, two = search(1), search(2)
    return {"starts": starts, "one_seconds": one, "two_seconds": two, "ratio": one / two}


def _aims(measured: dict[str, dict[str, float]]) -> list[dict[str, Any]]:
    busy = f"load average {os.getloadavg()[0]:.1f} on {machine.cores()} cores"
    rows: list[tuple[str, float, float, bool]] = [
        ("overhead a case in a batch, in units of 50 µs", measured["overhead"]["processor_us_a_case"] / 50, 1.0, False),
        ("cases a second against joblib, one case a task", measured["joblib"]["ratio"], 10.0, True),
        ("one worker against two", measured["workers"]["ratio"], 1.8, True),
        ("statuses of a store of 10⁵ records, in seconds", measured["reading"]["statuses_seconds"], 1.0, False),
        ("all records of a store of 10⁵, in seconds", measured["reading"]["records_seconds"], 1.0, False),
        ("critical search of width 3, one process against two", measured["critical"]["ratio"], 1.7, True),
    ]
    return [
        options.aim(text, measured=value, bound=bound, at_least=least, note=busy) for text, value, bound, least in rows
    ]


def _text(result: dict[str, Any]) -> str:
    lines = [machine.headline(result["machine"]), ""]
    for name, row in result["measured"].items():
        lines.append(f"{name}: " + ", ".join(f"{key.replace('_', ' ')} {value:.4g}" for key, value in row.items()))
    return "\n".join([*lines, "", *options.aim_lines(result["aims"])])


if __name__ == "__main__":
    main()
