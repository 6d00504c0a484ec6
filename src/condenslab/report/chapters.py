"""What the page shows of one run: what it asked, answers, claimed, drew, and was computed with."""

import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from condenslab import studies
from condenslab.report import wording
from condenslab.report.answers import Answer, answer, labels
from condenslab.report.plates import Plate, plate, thumbnail
from condenslab.sweeps import Record, Run, command_of

VERDICTS = {"fails": "✗", "undecided": "?", "holds": "✓"}
"""Each verdict with its symbol, in the order in which a reader should meet them."""

NOT_DRAWN = "The figures of this run could not be drawn."
"""The beginning of the note that says why."""

_LABELS = {"seconds": "wall time", "utc": "finished"}
_WRITERS = {"seconds": wording.seconds, "utc": wording.moment}
_PER_BATCH = {"seconds", "utc", "batch", "revision", "traceback"}


@dataclass(frozen=True)
class ClaimRow:
    """A claim as the page shows it; `exact` holds expected and measured with all digits, `bar` is in (−1, 1)."""

    anchor: str
    label: str
    statement: str
    source: str
    expected: str
    measured: str
    exact: tuple[str, str]
    tolerance: str
    margin: str
    bar: float | None
    verdict: str
    reason: str
    figure: str
    row: dict[str, Any]


@dataclass(frozen=True)
class Chapter:
    """One run as the page shows it."""

    anchor: str
    heading: str
    subtitle: str
    question: str
    answer: Answer
    facts: list[tuple[str, str]]
    part: str = ""
    deck: str = ""
    command: str = ""
    verdicts: dict[str, int] = field(default_factory=dict)
    claims: list[ClaimRow] = field(default_factory=list)
    plates: list[Plate] = field(default_factory=list)
    thumb: str = ""
    notes: list[str] = field(default_factory=list)
    provenance: list[tuple[str, str]] = field(default_factory=list)
    settings: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True)
class _Drawn:
    question: str = ""
    source: str = ""
    part: str = ""
    deck: str = ""
    plates: tuple[Plate, ...] = ()
    thumb: str = ""
    notes: tuple[str, ...] = ()


def read_chapter(run: Run, records: Mapping[str, Record], anchor: str, *, draw: bool = True) -> Chapter:
    """Collects what the page shows of a run, and has the study draw its figures.

    Args:
        run: The run.
        records: The records of the store by id.
        anchor: The id of the chapter in the page, unique.
        draw: Whether figures are wanted.
    """
    mine = [records[key] for key in run.records if key in records]
    drawn = _drawn(run, mine if draw else None, anchor)
    places = {made.title: made.anchor for made in drawn.plates}
    short = labels(run.claims)
    claims = [_claim(row, short[k], f"{anchor}-claim-{k + 1}", places) for k, row in enumerate(run.claims)]
    counts = Counter(claim.verdict for claim in claims)
    data, variant = str(run.data.get("name", "")) if run.data else None, _variant(run)
    facts = {"Source": drawn.source, "Preset": run.preset, "Seed": str(run.seed), "With": variant}
    return Chapter(
        anchor=anchor,
        heading=run.study,
        subtitle=", ".join([run.preset, f"seed {run.seed}", *([variant] if variant else [])]),
        question=drawn.question,
        answer=answer(run.study, run.claims),
        facts=[(name, text) for name, text in facts.items() if text],
        part=drawn.part,
        deck=drawn.deck,
        command=shlex.join(["condenslab", *command_of(run.study, run.preset, run.seed, run.overrides, data)]),
        verdicts={verdict: counts[verdict] for verdict in VERDICTS},
        claims=claims,
        plates=[*drawn.plates],
        thumb=drawn.thumb,
        notes=[*_record_notes(run, mine), *drawn.notes],
        provenance=_provenance(run, mine),
        settings=_lines(run.settings),
    )


def _drawn(run: Run, records: Sequence[Record] | None, anchor: str) -> _Drawn:
    """Asks the study; one that is gone or cannot draw must not take the claims of all from the reader."""
    about: dict[str, str] = {}
    notes: list[str] = []
    plates: list[Plate] = []
    thumb = ""
    try:
        study = studies.get(run.study)
        about = {name: str(getattr(study, name, "")) for name in ("question", "source", "part", "deck")}
        if study.revision != run.revision:
            notes.append(
                f"The run is of revision {run.revision} of the study and the installed one is revision "
                f"{study.revision}: its figures may not fit. Run the study again."
            )
        drawings = [] if records is None else study.draw(records)
        plates += [plate(d.title, d.caption, d.figure, f"{anchor}-figure-{k}") for k, d in enumerate(drawings, start=1)]
        thumb = thumbnail(drawings[0].figure, f"{anchor}-thumb") if drawings else ""
    except Exception as error:
        notes.append(f"{NOT_DRAWN} {type(error).__name__}: {error}")
    return _Drawn(**about, plates=tuple(plates), thumb=thumb, notes=tuple(notes))


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


def _claim(row: dict[str, Any], label: str, anchor: str, figures: Mapping[str, str]) -> ClaimRow:
    tolerance, margin = row["tolerance"], row["margin"]
    return ClaimRow(
        anchor=anchor,
        label=label,
        statement=row["claim"],
        source=row["source"] or "",
        expected=wording.expectation(row),
        measured=wording.value(row["measured"], tolerance, row["expected"]),
        exact=(wording.exact(row["expected"]), wording.exact(row["measured"])),
        tolerance=wording.value(tolerance),
        margin=wording.margin(margin),
        bar=None if margin is None else margin / (1 + abs(margin)),
        verdict=row["verdict"],
        reason=row.get("reason", ""),
        figure=figures.get(row.get("figure") or "", ""),
        row=row,
    )


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
