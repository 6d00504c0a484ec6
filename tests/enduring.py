"""A sweep of 2,000 cases as a program, to be killed. Usage: enduring.py FOLDER EXECUTOR."""

import sys
from pathlib import Path

from condenslab.sweeps import Store, executor, sweep
from hardship import Case, Work, schedule

CASES = [Case(seed) for seed in range(2000)]


def main(folder: str, name: str) -> None:
    store = Store(Path(folder, "runs"), create=True)
    records = sweep(CASES, schedule(10), Work(folder, 0.004), store, executor=executor(name), say=print)
    print("status", sorted({record.status for record in records}), len(records))


if __name__ == "__main__":
    main(*sys.argv[1:])
