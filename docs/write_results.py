"""Writes docs/results.md, README's sentence on it and the pictures: python docs/write_results.py STORE [STORE …].

Of every study the latest run without changed settings counts, the larger preset before the smaller one.
"""

import os
import platform
import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from condenslab.report import wording
from condenslab.sweeps import Record, Run, load

_SIZES = ("tiny", "quick", "panel", "full")
_INTRODUCTION = """# Results

Every claim of the studies below as it was last measured, those that fail and those that are undecided included.
This page is made by `python docs/write_results.py STORE …` from stored runs, and not edited by hand. A margin is
slack / tolerance, at least 0 exactly where a claim holds. [Limits](limits.md) says more of the claims that fail. Times
are those that the cases took, one after the other, whatever else the machine was doing.
"""


def chosen(runs: Iterable[Run]) -> list[Run]:
    """Returns of every study the latest run of its largest preset, by name.

    Args:
        runs: Any runs.
    """
    latest: dict[str, Run] = {}
    plain = [run for run in runs if not run.overrides and run.data is None and run.preset in _SIZES]
    for run in sorted(plain, key=lambda run: (_SIZES.index(run.preset), run.provenance["utc"])):
        latest[run.study] = run
    return [latest[name] for name in sorted(latest)]


def page(runs: Sequence[Run], seconds: Sequence[float], machine: str) -> str:
    """Returns the page as Markdown.

    Args:
        runs: One run a study.
        seconds: What the cases of each took.
        machine: Where they were made, in words.
    """
    head = f"{sentence(runs)}. Made on {machine}.\n"
    return "\n".join([_INTRODUCTION, head, *map(_section, runs, seconds)])


def taken(run: Run, records: Iterable[Record]) -> float:
    """Returns how long the cases of a run took, in seconds; a run that found them in its store took no time itself.

    Args:
        run: The run.
        records: Of its store; those of one batch have the time of the batch.
    """
    own = [record.provenance for record in records if record.id in set(run.records)]
    return sum(made["seconds"] / made.get("batch", 1) for made in own)


def sentence(runs: Sequence[Run]) -> str:
    """Returns how many claims hold.

    Args:
        runs: One run a study.
    """
    verdicts = [row["verdict"] for run in runs for row in run.claims]
    holds, fails, undecided = (verdicts.count(name) for name in ("holds", "fails", "undecided"))
    return f"Of {len(verdicts)} claims of {len(runs)} studies {holds} hold, {fails} fail and {undecided} are undecided"


def machine() -> str:
    """Returns the processor of this machine, and how many of its cores this process may use."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{(names or [platform.processor() or platform.machine()])[0]}, {len(os.sched_getaffinity(0))} cores"


def _section(run: Run, seconds: float) -> str:
    made = run.provenance
    versions = ", ".join(f"{name} {made[name]}" for name in ("condenslab", "python", "jax", "numpy") if name in made)
    ended = ", ".join(f"{count} {status}" for status, count in run.counts.items() if count)
    asked = f"{run.preset}, seed {run.seed}, revision {run.revision}"
    told = f"{asked}; {made['utc']}, {seconds:.0f} s, {ended}; {versions}."
    table = ["| verdict | claim | expected | measured | margin |", "|---|---|---|---|---|", *map(_row, run.claims)]
    return "\n".join([f"## {run.study}\n", f"{told}\n", *table, ""])


def _row(claim: dict[str, Any]) -> str:
    tolerance, expected = claim["tolerance"], claim["expected"]
    text = claim["claim"] + (f" *{claim['reason']}*" if claim.get("reason") else "")
    cells = (
        claim["verdict"],
        text,
        wording.expectation(claim),
        wording.value(claim["measured"], tolerance, expected),
        "" if claim["margin"] is None else f"{claim['margin']:.3g}",
    )
    return "| " + " | ".join(str(cell).replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


if __name__ == "__main__":
    from draw_images import main as draw  # not above: it asks this module which runs are meant

    stores = [load(store) for store in sys.argv[1:]]
    runs = chosen(run for store in stores for run in store.runs)
    seconds = [next(taken(run, store.records) for store in stores if run in store.runs) for run in runs]
    Path(__file__).with_name("results.md").write_text(page(runs, seconds, machine()), encoding="utf-8")
    readme = Path(__file__).parent.parent / "README.md"
    text, count = re.subn(r"Of \d+ claims of [^(]*are undecided", sentence(runs), readme.read_text(encoding="utf-8"))
    assert count == 1, "README.md has one sentence on the results"
    readme.write_text(text, encoding="utf-8")
    draw(sys.argv[1:])
