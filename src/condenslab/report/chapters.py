"""What the page shows of one run: what it asked, claimed, drew, and was computed with."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from condenslab import studies
from condenslab.report import embed, wording
from condenslab.sweeps import Record, Run

VERDICTS = {"fails": "✗", "undecided": "?", "holds": "✓"}
"""Each verdict with its symbol, in the order in which a reader should meet them."""

_LABELS = {"seconds": "wall time", "utc": "finished"}
_WRITERS = {"seconds": wording.seconds, "utc": wording.moment}
_PER_BATCH = {"seconds", "utc", "batch", "revision", "traceback"}


@dataclass(frozen=True)
class ClaimRow:
    """A claim as the page shows it; `exact` holds expected and measured with all digits."""

    anchor: str
    statement: str
    source: str
    expected: str
    measured: str
    exact: tuple[str, str]
    tolerance: str
    margin: str
    verdict: str
    reason: str


@dataclass(frozen=True)
class Plate:
    """A figure as the page shows it: an image (uri, width in pixels) or the HTML of an interactive plot."""

    anchor: str
    title: str
    caption: str
    alt: str
    uri: str = ""
    width: int = 0
    html: Markup | None = None


@dataclass(frozen=True)
class Chapter:
    """One run as the page shows it."""

    anchor: str
    heading: str
    question: str
    source: str
    preset: str
    seed: int
    variant: str
    verdicts: dict[str, int]
    claims: list[ClaimRow]
    plates: list[Plate]
    notes: list[str]
    provenance: list[tuple[str, str]]
    settings: list[tuple[str, str]]


def read_chapter(run: Run, records: Mapping[str, Record], anchor: str) -> Chapter:
    """Collects what the page shows of a run, and has the study draw its figures.

    Args:
        run: The run.
        records: The records of the store by id.
        anchor: The id of the chapter in the page, unique.
    """
    mine = [records[key] for key in run.records if key in records]
    notes = _record_notes(run, mine)
    claims = [_claim(row, f"{anchor}-claim-{number}") for number, row in enumerate(run.claims, start=1)]
    counts = Counter(claim.verdict for claim in claims)
    question, source = "", ""
    plates: list[Plate] = []
    try:
        study = studies.get(run.study)
        question, source = study.question, study.source
        if study.revision != run.revision:
            notes.append(
                f"The run is of revision {run.revision} of the study and the installed one is revision "
                f"{study.revision}: its figures may not fit. Run the study again."
            )
        drawings = enumerate(study.draw(mine), start=1)
        plates += [plate(d.title, d.caption, d.figure, f"{anchor}-figure-{number}") for number, d in drawings]
    except Exception as error:  # one study that cannot draw must not take the claims of all from the reader
        notes.append(f"The figures of this run could not be drawn. {type(error).__name__}: {error}")
    return Chapter(
        anchor=anchor,
        heading=run.study,
        question=question,
        source=source,
        preset=run.preset,
        seed=run.seed,
        variant=_variant(run),
        verdicts={verdict: counts[verdict] for verdict in VERDICTS},
        claims=claims,
        plates=plates,
        notes=notes,
        provenance=_provenance(run, mine),
        settings=_lines(run.settings),
    )


def _variant(run: Run) -> str:
    """Returns what sets the run apart from its preset: changed settings and the user's own data."""
    changed = [f"{name} = {wording.value(content)}" for name, content in run.overrides.items()]
    data = [f"data {run.data.get('name', '')}"] if run.data else []
    return ", ".join(data + changed)


def _record_notes(run: Run, records: Sequence[Record]) -> list[str]:
    """Returns a sentence for what failed, diverged or is missing: no survivors-only pictures."""
    notes = []
    if len(records) < len(run.records):
        notes.append(f"{len(run.records) - len(records)} of the run's {len(run.records)} records are not in the store.")
    diverged = [record.message or "no message" for record in records if record.status == "diverged"]
    for status, messages in (("failed", run.failures), ("diverged", list(dict.fromkeys(diverged)))):
        if run.counts.get(status):
            reasons = f": {'; '.join(messages)}" if messages else ""
            count = f"{run.counts[status]} of {len(run.records)} records {status}"
            notes.append(f"{count} when the claims were made{reasons}")
    return notes


def _claim(row: dict[str, Any], anchor: str) -> ClaimRow:
    tolerance = row["tolerance"]
    return ClaimRow(
        anchor=anchor,
        statement=row["claim"],
        source=row["source"] or "",
        expected=wording.relation(row) + wording.value(row["expected"], tolerance),
        measured=wording.value(row["measured"], tolerance, row["expected"]),
        exact=(wording.exact(row["expected"]), wording.exact(row["measured"])),
        tolerance=wording.value(tolerance),
        margin=wording.margin(row["margin"]),
        verdict=row["verdict"],
        reason=row.get("reason", ""),
    )


def plate(title: str, caption: str, figure: Any, anchor: str) -> Plate:
    """Puts a figure into a form that the page can hold.

    Args:
        title: Its title.
        caption: What to see in it.
        figure: A figure of matplotlib or plotly.
        anchor: Its id in the page, unique.
    """
    alt = embed.words(title, figure)
    if embed.is_plotly(figure):
        return Plate(anchor, title, caption, alt, html=embed.interactive(figure, f"{anchor}-plot"))
    uri, width = embed.image(figure)
    return Plate(anchor, title, caption, alt, uri, width)


def _provenance(run: Run, records: Sequence[Record]) -> list[tuple[str, str]]:
    """Returns what the run was computed with, and where its records say otherwise, all that they say."""
    lines = dict(_lines(run.provenance))
    found: dict[str, dict[str, None]] = {}
    for record in records:
        for name, text in _lines({key: part for key, part in record.provenance.items() if key not in _PER_BATCH}):
            found.setdefault(name, {})[text] = None
    differing = {name: texts for name, texts in found.items() if {*texts} != {lines.get(name)}}
    others = {f"{name} of the records": ", ".join(texts) for name, texts in differing.items()}
    counted = ", ".join(f"{count} {status}" for status, count in run.counts.items() if count) or "none"
    data = {"data digest": str(run.data["digest"])} if run.data else {}
    return [*({"study revision": str(run.revision)} | lines | {"records": counted} | others | data).items()]


def _lines(content: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    lines: list[tuple[str, str]] = []
    for name, part in content.items():
        label = prefix + _LABELS.get(name, name.replace("_", " "))
        if isinstance(part, dict):
            lines += _lines(part, f"{label}, ")
        else:
            lines.append((label, _WRITERS.get(name, wording.value)(part)))
    return lines
