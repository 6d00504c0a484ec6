"""The page itself: read the store, fill the template, write it in one step."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

import condenslab
from condenslab import studies
from condenslab.errors import UserError
from condenslab.report import embed
from condenslab.report.chapters import VERDICTS, Chapter, read_chapter
from condenslab.report.watched import Course, read_courses
from condenslab.sweeps import Store, require_claims
from condenslab.sweeps.files import write_whole


def write(store_dir: str | Path, output: str | Path, *, latest: bool = True) -> Path:
    """Writes the atlas of a store: ONE HTML page that needs nothing else, the network included.

    Claims are those that the runs stored; figures are drawn from their records by `study.draw`, and from those of
    watched trainings (`interop.Watcher`). Nothing is computed, and the store is only read. A run whose figures cannot
    be drawn keeps its claims and says why.

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
    chapters = [read_chapter(run, records, f"run-{number}") for number, run in enumerate(runs, start=1)]
    content = _render(chapters, courses, Path(store_dir).resolve().name)
    try:
        page.parent.mkdir(parents=True, exist_ok=True)
        write_whole(page, content.encode("utf-8"))
    except OSError as error:
        raise UserError(
            f"the report {str(page)!r} cannot be written ({error.strerror or error}): choose another place with -o"
        ) from error
    return page


def _render(chapters: Sequence[Chapter], courses: Sequence[Course], name: str) -> str:
    claims = [(chapter, claim) for chapter in chapters for claim in chapter.claims]
    environment = Environment(
        loader=PackageLoader("condenslab.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    interactive = any(plate.html for chapter in chapters for plate in chapter.plates)
    return environment.get_template("atlas.html").render(
        name=name,
        chapters=chapters,
        courses=courses,
        symbols=VERDICTS,
        by_verdict={verdict: [pair for pair in claims if pair[1].verdict == verdict] for verdict in VERDICTS},
        total=len(claims),
        plotly=embed.library() if interactive else None,
        version=condenslab.__version__,
        written=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
    )
