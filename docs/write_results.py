"""Writes what the runs of stores found into the documentation: python docs/write_results.py STORE [STORE …].

That is results.md with a row a study, the verdicts of every study below docs/verdicts, README's sentence on them and
the pictures. Of every study the latest run without changed settings counts, the larger preset before the smaller one;
what is recorded of a study that has no run in the stores stays.
"""

import re
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import study_pages
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


def page(rows: dict[str, str], recorded: dict[str, str]) -> str:
    """Returns the overview as Markdown: a row a study.

    Args:
        rows: Of each study, by name.
        recorded: The verdicts of each study, by name.
    """
    table = [_cells(*_HEAD), "|---" * len(_HEAD) + "|", *(rows[name] for name in sorted(rows))]
    return "\n".join([_INTRODUCTION, f"{sentence(recorded)}.\n", *table, ""])


def kept_rows(text: str) -> dict[str, str]:
    """Returns the rows of an overview by study, of the studies that there are.

    Args:
        text: results.md as it is.
    """
    rows = {found[1]: found[0] for found in re.finditer(r"^\| \[(\w+)\]\(studies/.*$", text, re.MULTILINE)}
    return {name: row for name, row in rows.items() if name in studies.names()}


def taken(run: Run, records: Iterable[Record]) -> float:
    """Returns how long the cases of a run took, in seconds; a run that found them in its store took no time itself.

    Args:
        run: The run.
        records: Of its store; those of one batch have the time of the batch.
    """
    own = [record.provenance for record in records if record.id in set(run.records)]
    return sum(made["seconds"] / made.get("batch", 1) for made in own)


def made_with(run: Run, records: Iterable[Record]) -> str:
    """Returns the versions and machines that the cases of a run were computed with, the most frequent ones first.

    Args:
        run: The run, whose own machine may only have judged them.
        records: Of its store.
    """
    ids = set(run.records)
    found = Counter(_environment(record.provenance) for record in records if record.id in ids)
    if len(found) == 1:
        return next(iter(found))
    return "; ".join(
        f"{count} case{'s' * (count > 1)} with {environment}" for environment, count in found.most_common()
    )


def _environment(made: dict[str, Any]) -> str:
    versions = [f"{name} {made[name]}" for name in ("condenslab", "python", "jax", "numpy") if made.get(name)]
    device = "" if made["device"] == "cpu" else f"{made['device']} beside "
    return f"{', '.join(versions)} on {device}{made.get('processor', 'a processor that was not recorded')}"


def sentence(recorded: dict[str, str]) -> str:
    """Returns how many claims hold.

    Args:
        recorded: The verdicts of each study, by name.
    """
    found = sum((study_pages.counted(text) for text in recorded.values()), Counter())
    holds, fails, undecided = (found[name] for name in ("holds", "fails", "undecided"))
    return (
        f"Of {found.total()} claims of {len(recorded)} studies {holds} hold, {fails} fail and {undecided} are undecided"
    )


def verdicts(run: Run, seconds: float, where: str) -> str:
    """Returns what a run says of every claim, as Markdown without a heading.

    Args:
        run: The run.
        seconds: What its cases took.
        where: What they were made with.
    """
    ended = ", ".join(f"{count} {status}" for status, count in run.counts.items() if count)
    asked = f"{run.preset}, seed {run.seed}, revision {run.revision}"
    told = f"{asked}; {run.provenance['utc']}, {seconds:.0f} s, {ended}; {where}."
    table = ["| verdict | claim | expected | measured | margin |", "|---|---|---|---|---|", *map(_row, run.claims)]
    return "\n".join([f"{told}\n", *table, ""])


def write_verdicts(
    folder: Path, runs: Sequence[Run], seconds: Sequence[float], places: Sequence[str]
) -> dict[str, str]:
    """Writes a file of verdicts a study, removes those of studies that are no more, and returns all by study.

    Args:
        folder: Where.
        runs: One run a study.
        seconds: What the cases of each took.
        places: What those of each were made with.
    """
    folder.mkdir(exist_ok=True)
    for path in folder.glob("*.md"):
        if path.stem not in studies.names():
            path.unlink()
    for run, took, where in zip(runs, seconds, places, strict=True):
        (folder / f"{run.study}.md").write_text(verdicts(run, took, where), encoding="utf-8")
    return study_pages.verdicts(folder)


def study_row(run: Run, seconds: float) -> str:
    """Returns the row of a study in the overview.

    Args:
        run: The run.
        seconds: What its cases took.
    """
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
    docs = Path(__file__).parent
    overview, readme = docs / "results.md", docs.parent / "README.md"
    places = [next(made_with(run, store.records) for store in stores if run in store.runs) for run in runs]
    recorded = write_verdicts(docs / "verdicts", runs, seconds, places)
    new = {run.study: study_row(run, took) for run, took in zip(runs, seconds, strict=True)}
    overview.write_text(page(kept_rows(overview.read_text(encoding="utf-8")) | new, recorded), encoding="utf-8")
    told, count = re.subn(
        r"Of \d+ claims of [^(]*are undecided", sentence(recorded), readme.read_text(encoding="utf-8")
    )
    assert count == 1, "README.md has one sentence on the results"
    readme.write_text(told, encoding="utf-8")
    draw(sys.argv[1:])
