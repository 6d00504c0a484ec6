"""The page itself: read the store, draw what changed, fill the templates, write it in one step."""

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

import condenslab
from condenslab import studies
from condenslab.errors import UserError
from condenslab.report import colours, packing, wording
from condenslab.report.answers import closing
from condenslab.report.chapters import NOT_DRAWN, VERDICTS, Chapter, read_chapter
from condenslab.report.hero import hero
from condenslab.report.watched import read_courses
from condenslab.sweeps import Record, Run, Store, require_claims
from condenslab.sweeps.files import write_whole


@dataclass(frozen=True)
class _Part:
    """A compressed part of the page: its name, the key by which a later page may take it over, base64."""

    name: str
    key: str
    content: str


def write(store_dir: str | Path, output: str | Path, *, latest: bool = True) -> Path:
    """Writes the atlas of a store: ONE HTML page that needs nothing else, the network included.

    Claims are those that the runs stored; figures are drawn from their records by `study.draw`, and from those of
    watched trainings (`interop.Watcher`). Nothing is computed, and the store is only read. A run whose figures cannot
    be drawn keeps its claims and says why. What an earlier page of this name holds, and did not change, is kept.

    Args:
        store_dir: The store's folder.
        output: The page to write, with suffix .html or .htm; an earlier page is replaced in one step, or not at all.
        latest: Whether only the newest run of each request is shown (study, preset, seed, changed settings, data).

    Returns:
        The path of the page.

    Raises:
        UserError: There is no store or it holds no run, a file of it is damaged, or the page cannot be written.
    """
    page = Path(output)
    if page.suffix.lower() not in (".html", ".htm"):
        raise UserError(f"the report is an HTML page, so its name must end in .html. Got {str(page)!r}")
    store = Store(store_dir)
    runs = store.runs(latest=latest)
    records = store.records()
    courses = read_courses(records)
    if not runs and not courses:
        raise UserError(
            f"the store {str(store_dir)!r} holds no finished run yet, so there is nothing to report: "
            f"run a study first, for example `condenslab run {next(iter(studies.names()), 'STUDY')} --out {store_dir}`"
        )
    require_claims(runs)
    content = _page(runs, records, courses, packing.earlier(page), Path(store_dir).resolve().name)
    try:
        page.parent.mkdir(parents=True, exist_ok=True)
        write_whole(page, content.encode("utf-8"))
    except OSError as error:
        raise UserError(
            f"the report {str(page)!r} cannot be written ({error.strerror or error}): choose another place with -o"
        ) from error
    return page


def _page(
    runs: Sequence[Run],
    records: Mapping[str, Record],
    courses: Sequence[Chapter],
    known: Mapping[str, Mapping[str, str]],
    name: str,
) -> str:
    templates = Environment(
        loader=PackageLoader("condenslab.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters["prose"] = wording.prose
    chapters, parts = [*courses], [part for course in courses for part in _parts(course, "", templates)]
    for run, anchor in zip(runs, _anchors(runs), strict=True):
        key = packing.key(run, records, anchor)
        chapter = read_chapter(run, records, anchor, draw=key not in known)
        broken = any(note.startswith(NOT_DRAWN) for note in chapter.notes)
        chapters.append(chapter)
        if key in known:
            parts += [_Part(part, key, content) for part, content in known[key].items()]
        else:
            parts += _parts(chapter, "" if broken else key, templates)
    return _front(chapters, runs, parts, name, templates)


def _anchors(runs: Sequence[Run]) -> list[str]:
    """Returns an id for each run: the study's name, with preset, seed and a number as far as it takes to be unique."""
    words = [re.sub(r"[^A-Za-z0-9_]+", "-", run.study).strip("-") or "run" for run in runs]
    longer = [f"{word}-{run.preset}-{run.seed}" for word, run in zip(words, runs, strict=True)]
    longer = [re.sub(r"[^A-Za-z0-9_]+", "-", word) for word in longer]
    alone = Counter(words)
    made = [word if alone[word] == 1 else more for word, more in zip(words, longer, strict=True)]
    again = Counter(made)
    return [word if again[word] == 1 else f"{word}-run{number}" for number, word in enumerate(made, start=1)]


def _parts(chapter: Chapter, key: str, templates: Environment) -> list[_Part]:
    """Returns a chapter's parts: its view, its data, its thumbnail, and what its interactive figures are made of."""
    view = templates.get_template("study.html").render(chapter=chapter, symbols=VERDICTS)
    data = {plate.anchor: {"title": plate.title, "panels": plate.data} for plate in chapter.plates}
    about = {"study": chapter.heading, "command": chapter.command, "claims": [claim.row for claim in chapter.claims]}
    texts = {"": view, ".data": json.dumps(about | {"figures": data}), ".thumb": chapter.thumb}
    named = {chapter.anchor + suffix: text for suffix, text in texts.items()}
    named |= {f"{plate.anchor}.{plate.kind}": plate.drawing for plate in chapter.plates if plate.kind != "svg"}
    named |= {f"{plate.anchor}.live": json.dumps(plate.live) for plate in chapter.plates if plate.live}
    return [_Part(name, key, packing.packed(text)) for name, text in named.items()]


def _front(
    chapters: Sequence[Chapter], runs: Sequence[Run], parts: Sequence[_Part], name: str, templates: Environment
) -> str:
    claims = [(chapter, claim) for chapter in chapters for claim in chapter.claims]
    texts = {part.name: packing.unpacked(part.content) for part in parts if not part.name.endswith((".data", ".live"))}
    interactive = any(part.endswith(".plotly") for part in texts)
    asked = [chapter for chapter in chapters if chapter.claims or chapter.command]
    return templates.get_template("atlas.html").render(
        name=name,
        chapters=chapters,
        hero=hero(texts, asked),
        closing=[
            (made, None if made.run is None else asked[made.run])
            for made in closing([(r.study, r.claims) for r in runs])
        ],
        symbols=VERDICTS,
        counts={verdict: sum(claim.verdict == verdict for _, claim in claims) for verdict in VERDICTS},
        claims=claims,
        filters=_filters(chapters),
        colours=[(colour, colours.dark(colour)) for colour in colours.used(texts.values())],
        parts=[*parts, *([_Part("plotly", "", packing.packed(_plotly()))] if interactive else [])],
        version=condenslab.__version__,
        written=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
    )


def _filters(chapters: Sequence[Chapter]) -> dict[str, list[Any]]:
    return {
        "part": sorted({chapter.part for chapter in chapters if chapter.part}),
        "deck": sorted({chapter.deck for chapter in chapters if chapter.deck}),
        "verdict": [verdict for verdict in VERDICTS if any(chapter.verdicts.get(verdict) for chapter in chapters)],
    }


def _plotly() -> str:
    from plotly.offline import get_plotlyjs

    return get_plotlyjs()
