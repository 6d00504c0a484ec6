"""What the page shows of a watched training: condensation over its steps, layer by layer."""

from collections.abc import Callable, Mapping, Sequence
from statistics import median

from matplotlib.figure import Figure

from condenslab import figures
from condenslab.report.answers import Answer
from condenslab.report.chapters import Chapter
from condenslab.report.plates import plate, thumbnail
from condenslab.sweeps import Record
from condenslab.sweeps.watched import STUDY, History, histories

_MOST_NAMED = 6
_CAPTION = (
    "Each line is a layer, by a fixed sample of its neurons. Directions: groups left when neurons within cosine 0.95 "
    "count as one, by the neurons of the sample; effective width: the same without dead and faint neurons; both fall "
    "while a layer condenses. Twins: the share of neurons nearer to another one than any is in a random rotation of "
    "the sample, which has the same singular values: it rises where neurons gather into several groups. Nearest: "
    "median |cosine| with the most similar neuron, which by itself depends on the number of inputs."
)


def read_courses(records: Mapping[str, Record]) -> list[Chapter]:
    """Collects what the page shows of the watched trainings of a store.

    Args:
        records: All records of the store.
    """
    mine: dict[str, list[Record]] = {}
    for record in records.values():
        if record.study == STUDY:
            mine.setdefault(str(record.case.get("run")), []).append(record)
    return [_course(run, rows, f"watched-{number}") for number, (run, rows) in enumerate(mine.items(), start=1)]


def _course(run: str, records: Sequence[Record], anchor: str) -> Chapter:
    question, subtitle = "Do its layers condense while it trains?", "watched training"
    try:
        (steps,) = histories(records).values()
        figure = _figure(steps, max(record.case["sample"] for record in records))
        title = f"Condensation over training: {run}"
        drawn = [plate(title, _CAPTION + _shared(steps), figure, f"{anchor}-figure-1")]
        thumb = thumbnail(figure, f"{anchor}-thumb")
    except Exception as error:  # one training that cannot be drawn must not take the page from the reader
        note = f"The records of this training could not be drawn. {type(error).__name__}: {error}"
        return Chapter(anchor, run, subtitle, question, Answer("Not drawn."), [], notes=[note])
    facts = [
        ("Records", f"{len(steps)}, steps {steps[0][0]} to {steps[-1][0]}"),
        ("Layers", str(len(steps[-1][1]))),
        ("Groups by", str(records[-1].values["groups_by"])),
    ]
    return Chapter(anchor, run, subtitle, question, _answer(steps), facts, part=STUDY, plates=drawn, thumb=thumb)


def _answer(steps: History) -> Answer:
    """Says how many directions the layers had, in the median, at the first step and at the last."""
    first, last = (median(row["directions"] for row in rows.values()) for _, rows in (steps[0], steps[-1]))
    return Answer(
        f"Directions by layer, in the median: {first:g} at step {steps[0][0]}, {last:g} at step {steps[-1][0]}."
    )


@figures.styled
def _figure(steps: History, sample: int) -> Figure:
    layers = list(dict.fromkeys(name for _, rows in steps for name in rows))

    def share(key: str) -> Callable[[dict[str, float]], float]:
        return lambda row: row[key] / min(row["neurons"], sample)

    shown: tuple[tuple[str, Callable[[dict[str, float]], float]], ...] = (
        ("directions by neurons", share("directions")),
        ("effective width by neurons", share("effective_width")),
        ("twins, share of neurons", lambda row: row["twins"]),
        ("nearest |cosine|, median", lambda row: row["nearest"]),
    )
    figure, axes = figures.panels(2, 2, width=4.9, height=2.6)
    for ax, (label, number) in zip(axes.flat, shown, strict=True):
        curves = {}
        for index, name in enumerate(layers):
            points = [(step, number(rows[name])) for step, rows in steps if name in rows]
            curves[_label(name, index, len(layers))] = tuple(zip(*points, strict=True))
        figures.value_curves(ax, curves, x_label="step", y_label=label)
        ax.set_ylim(-0.03, 1.03)
        if (own := ax.get_legend()) is not None:
            own.remove()
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure


def _label(name: str, index: int, count: int) -> str:
    """Names every layer, or the first of every few in turn: the others have its colour, fainter."""
    every = -(-count // _MOST_NAMED)
    return name.lstrip("_") if index % every == 0 else f"_{name}"


def _shared(steps: History) -> str:
    count = len({name for _, rows in steps for name in rows})
    every = -(-count // _MOST_NAMED)
    return f" Of {every} layers in a row the first is named; the faint lines are the others." if every > 1 else ""
