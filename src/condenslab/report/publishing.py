"""Figures as files for a paper: column widths, type that stays its size, fonts embedded."""

import io
import re
from pathlib import Path

from matplotlib.figure import Figure

from condenslab import figures, studies
from condenslab.errors import UserError
from condenslab.report import marks, pictures
from condenslab.sweeps import Store
from condenslab.sweeps.files import write_whole

FORMATS = ("svg", "pdf", "png")
"""What can be written."""

_COLUMNS = (3.5, 7.2)
_PER_PANEL, _LEAST_HEIGHT = 2.3, 2.6
_DPI, _COARSE = 600, 300
_LARGEST = 400_000
"""Bytes above which layers of many marks in a vector file become images."""
_IMAGE = re.compile(rb"data:image/png;base64,[A-Za-z0-9+/=\s]+")


def save_figures(
    store_dir: str | Path, folder: str | Path, kind: str = "pdf", *, study: str | None = None
) -> tuple[list[Path], list[str]]:
    """Draws the figures of the newest run of each request, as files of the width of one column or of two.

    A figure gets the narrowest of 3.5 and 7.2 inches in which every panel has 2.3 inches and no text is cut or lies on
    other text (with more than three panels in a row it stays as wide as it is); its type keeps its size.
    PDF and SVG embed their fonts (TrueType, and outlines), PNG has 600 dots an inch. Where a PDF or SVG exceeds 400 kB,
    layers of more than 300 marks become images of 300 dots an inch. Interactive figures are left out.

    Args:
        store_dir: The store's folder.
        folder: Where to write; it is made, and files of the same names are replaced, each in one step.
        kind: One of `FORMATS`.
        study: Only figures of this study.

    Returns:
        The paths, and a sentence on each run that could not be drawn.

    Raises:
        UserError: Another format is asked for, there is no such run, or the folder cannot be written.
    """
    if kind not in FORMATS:
        raise UserError(f"figures can be {', '.join(FORMATS)}. Got {kind!r}")
    store = Store(store_dir)
    runs = [run for run in store.runs() if study in (None, run.study)]
    if not runs:
        of = f" of {study!r}" if study else ""
        raise UserError(f"the store {str(store_dir)!r} holds no finished run{of}, so there is nothing to draw")
    records = store.records(study)
    written: list[Path] = []
    notes: list[str] = []
    for run in runs:
        try:
            drawings = studies.get(run.study).draw([records[name] for name in run.records if name in records])
        except Exception as error:  # one study that cannot draw must not keep the others from being written
            notes.append(f"the figures of {run.study} could not be drawn. {type(error).__name__}: {error}")
            continue
        for number, drawing in enumerate(drawings, start=1):
            if isinstance(drawing.figure, Figure):
                name = f"{run.study}-{run.preset}-{run.seed}-{number}-{_slug(drawing.title)}.{kind}"
                written.append(_save(drawing.figure, Path(folder) / _slug(name, dots=True), kind))
    return written, notes


def _slug(text: str, *, dots: bool = False) -> str:
    """Returns a text as part of a file's name."""
    return re.sub(r"[^A-Za-z0-9_.]+" if dots else r"[^A-Za-z0-9_]+", "-", text).strip("-.")[:120]


@figures.styled
def _save(figure: Figure, path: Path, kind: str) -> Path:
    fit(figure)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, encoded(figure, kind))
    except OSError as error:
        raise UserError(f"the figure {str(path)!r} cannot be written ({error.strerror or error})") from error
    return path


def encoded(figure: Figure, kind: str) -> bytes:
    """Returns the bytes of a figure's file; layers of many marks become images where they make it large.

    Args:
        figure: The matplotlib figure.
        kind: One of `FORMATS`.
    """
    content = _as_file(figure, kind, _DPI)
    if kind == "png" or len(content) <= _LARGEST or not marks.as_image(figure):
        return content
    lighter = _IMAGE.sub(lambda link: pictures.lighter(link[0].decode()).encode(), _as_file(figure, kind, _COARSE))
    return min(content, lighter, key=len)


def _as_file(figure: Figure, kind: str, dpi: int) -> bytes:
    buffer = io.BytesIO()
    date = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(kind)
    figure.savefig(buffer, format=kind, dpi=dpi, metadata=date)
    return buffer.getvalue()


def fit(figure: Figure) -> None:
    """Gives a figure the narrowest column in which it can be read; heights go down with widths to 2.6 inches a row.

    Sizes are tried from the narrowest on, each with the lower height and with its own, until `figures.unreadable` finds
    no fault; the last is the figure's own size. If all have faults, it gets the size that has the fewest. One with more
    panels in a row than two columns hold stays as wide as it is.

    Args:
        figure: The matplotlib figure.
    """
    places = [place.get_gridspec() for ax in figure.axes if (place := ax.get_subplotspec()) is not None]
    across, down = (max((getattr(grid, size) for grid in places), default=1) for size in ("ncols", "nrows"))
    old_width, old_height = map(float, figure.get_size_inches())
    columns = [column for column in _COLUMNS if column >= across * _PER_PANEL]
    heights = [(width, height) for width in columns for height in (old_height * width / old_width, old_height)]
    sizes = [(width, max(height, down * _LEAST_HEIGHT)) for width, height in heights]
    faults = {}
    for size in (*sizes, (old_width, old_height)):
        faults[size] = _faults(figure, *size)
        if not faults[size]:
            return
    _faults(figure, *min(faults, key=lambda size: faults[size]))


def _faults(figure: Figure, width: float, height: float) -> int:
    """Gives the figure a size, its legends as many columns as it holds, and returns what cannot be read then."""
    figure.set_size_inches(width, height)
    figures.fit_legends(figure)
    return len(figures.unreadable(figure))
