"""Writes what the runs of stores found into the documentation: python docs/write_results.py STORE [STORE …].

That is results.md with a row a study, the verdicts of every study below docs/verdicts, README's sentence on them and
the pictures. Of every study the latest run without changed settings counts, the larger preset before the smaller one.
"""

import os
import platform
import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from study_pages import escaped

from condenslab import studies
from condenslab.report import answers, wording
from condenslab.sweeps import Record, Run, load

_HEAD = ("study and question", "answer", "claims", "recorded")
_SIZES = ("tiny", "quick", "panel", "full")
_INTRODUCTION = """# Results

What each study found when it was last recorded. A study's name leads to all of its claims, those that fail and those
that are undecided included, with what was expected, what was measured and the margin. [Limits](limits.md) says more of
the claims that fail. Times are those that the cases took, one after the other, whatever else the machine was doing.
This page and the verdicts are made by `python docs/write_results.py STORE …` from stored runs, and not edited by hand.
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
    """Returns the overview as Markdown: a row a study.

    Args:
        runs: One run a study.
        seconds: What the cases of each took.
        machine: Where they were made, in words.
    """
    head = f"{sentence(runs)}. Made on {machine}.\n"
    table = [_cells(*_HEAD), "|---" * len(_HEAD) + "|", *map(_study, runs, seconds)]
    return "\n".join([_INTRODUCTION, head, *table, ""])


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


def verdicts(run: Run, seconds: float) -> str:
    """Returns what a run says of every claim, as Markdown without a heading.

    Args:
        run: The run.
        seconds: What its cases took.
    """
    made = run.provenance
    versions = ", ".join(f"{name} {made[name]}" for name in ("condenslab", "python", "jax", "numpy") if name in made)
    ended = ", ".join(f"{count} {status}" for status, count in run.counts.items() if count)
    asked = f"{run.preset}, seed {run.seed}, revision {run.revision}"
    told = f"{asked}; {made['utc']}, {seconds:.0f} s, {ended}; {versions}."
    table = ["| verdict | claim | expected | measured | margin |", "|---|---|---|---|---|", *map(_row, run.claims)]
    return "\n".join([f"{told}\n", *table, ""])


def write_verdicts(folder: Path, runs: Sequence[Run], seconds: Sequence[float]) -> None:
    """Writes a file of verdicts a study, and removes those of studies that have no run.

    Args:
        folder: Where.
        runs: One run a study.
        seconds: What the cases of each took.
    """
    folder.mkdir(exist_ok=True)
    for path in folder.glob("*.md"):
        path.unlink()
    for run, took in zip(runs, seconds, strict=True):
        (folder / f"{run.study}.md").write_text(verdicts(run, took), encoding="utf-8")


def _study(run: Run, seconds: float) -> str:
    found = [row["verdict"] for row in run.claims]
    names = {"holds": "hold", "fails": "fail", "undecided": "undecided"}
    counts = ", ".join(f"{word} {found.count(name)}" for name, word in names.items() if name in found)
    asked = f"[{run.study}](studies/{run.study}.md): {escaped(studies.get(run.study).question)}"
    made = f"{run.preset}, {run.provenance['utc'].partition('T')[0]}, {seconds:.0f} s"
    return _cells(asked, escaped(answers.answer(run.study, run.claims).text), counts, made)


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
    return _cells(*cells)


def _cells(*texts: str) -> str:
    return "| " + " | ".join(re.sub(r"(?<!\\)\|", r"\|", text).replace("\n", " ") for text in texts) + " |"


if __name__ == "__main__":
    from draw_images import main as draw  # not above: it asks this module which runs are meant

    stores = [load(store) for store in sys.argv[1:]]
    runs = chosen(run for store in stores for run in store.runs)
    seconds = [next(taken(run, store.records) for store in stores if run in store.runs) for run in runs]
    Path(__file__).with_name("results.md").write_text(page(runs, seconds, machine()), encoding="utf-8")
    write_verdicts(Path(__file__).with_name("verdicts"), runs, seconds)
    readme = Path(__file__).parent.parent / "README.md"
    text, count = re.subn(r"Of \d+ claims of [^(]*are undecided", sentence(runs), readme.read_text(encoding="utf-8"))
    assert count == 1, "README.md has one sentence on the results"
    readme.write_text(text, encoding="utf-8")
    draw(sys.argv[1:])
