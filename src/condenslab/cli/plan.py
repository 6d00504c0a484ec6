"""`condenslab plan`: the request from the options, the table, the figure and the JSON."""

from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from condenslab.cli import show
from condenslab.errors import UserError, unknown

if TYPE_CHECKING:
    from condenslab.cli.options import PlanOptions
    from condenslab.sample_size.planning import Change, SamplePlan
    from condenslab.sample_size.target_set import TargetSetMinimum

_FORMATS = ("svg", "pdf", "png")


def make(options: "PlanOptions") -> "SamplePlan":
    """Makes the plan that the options ask for.

    Args:
        options: Options of the command.

    Raises:
        UserError: An unknown kind, sizes that are missing, foreign or out of range, or a figure of unknown format.
    """
    from condenslab.sample_size.planning import NEEDS, PlanRequest, plan

    if not options.kind:
        raise UserError(f"plan needs a kind of model: condenslab plan KIND. Valid: {', '.join(NEEDS)}")
    if options.figure is not None and Path(options.figure).suffix.lower().lstrip(".") not in _FORMATS:
        raise unknown("format of a figure", Path(options.figure).suffix.lstrip(".") or "none", _FORMATS)
    if isinstance(options.inputs, str):
        raise UserError(f"--inputs must be a whole number. Got {options.inputs!r}")
    if options.weights is not None:
        raise UserError(f"--weights goes with module:function, and {options.kind!r} is none: leave it out")
    request = PlanRequest(**{field.name: getattr(options, field.name) for field in fields(PlanRequest)})
    try:
        return plan(request)
    except ValueError as error:
        raise UserError(_with_options(str(error), [field.name for field in fields(PlanRequest)])) from error


def _with_options(message: str, names: list[str]) -> str:
    """Returns a message in which the names of parameters are those of the options."""
    for name in names:
        if "_" in name:
            message = message.replace(name, "--" + name.replace("_", "-"))
    return message


def as_dict(made: "SamplePlan") -> dict[str, Any]:
    """Returns the plan as plain values.

    Args:
        made: The plan.
    """
    asked = made.request
    given = {f.name: v for f in fields(asked) if (v := getattr(asked, f.name)) is not None and f.name != "kind"}
    return {
        "kind": asked.kind,
        "request": given,
        "parameters": made.closed.parameters,
        "optimistic_samples": made.closed.value,
        "status": made.closed.status,
        "formula": made.closed.formula,
        "assumptions": list(made.closed.assumptions),
        "source": made.closed.source,
        "measured": _measured(made.measured),
        "agrees": made.agrees,
        "changes": [_change(change) for change in made.changes],
        "practical": {
            "low": made.practical.low,
            "high": made.practical.high,
            "note": made.practical.note,
            "source": made.practical.source,
        },
    }


def as_text(made: "SamplePlan") -> str:
    """Writes the plan for people: what is known, a table of changes, what experiments needed.

    Args:
        made: The plan.
    """
    rows = [
        ("", "parameters M", "samples O"),
        (_title(made), str(made.closed.parameters), _samples(made.closed, made.measured)),
    ]
    rows += [(c.words, str(c.closed.parameters), _samples(c.closed, c.measured)) for c in made.changes]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    table = [f"  {a:<{widths[0]}}  {b:>{widths[1]}}  {c:>{widths[2]}}" for a, b, c in rows]
    seen = made.practical
    span = (
        ""
        if seen.low is None
        else f"{seen.low} samples; "
        if seen.low == seen.high
        else f"{seen.low} to {seen.high} samples; "
    )
    notes = {
        "formula": f"{made.closed.formula} ({made.closed.status}); {made.closed.source}",
        "assumes": "; ".join(made.closed.assumptions) or "nothing further",
        "measured": _measurement(made),
        "practice": f"{span}{seen.note} ({seen.source})",
    }
    return "\n".join([*table, "", *(show.item(label, text) for label, text in notes.items())])


def draw(made: "SamplePlan", file: str) -> None:
    """Draws the table and writes it to a file.

    Args:
        made: The plan.
        file: Where to; svg, pdf or png.

    Raises:
        UserError: The file cannot be written.
    """
    from condenslab import figures

    rows = [(_title(made), made.closed, made.measured), *((c.words, c.closed, c.measured) for c in made.changes)]
    samples = [float("nan") if (value := _value(closed, found)) is None else value for _, closed, found in rows]
    figure, axes = figures.panels(1, 1, width=7.2, height=1.5 + 0.42 * len(rows))
    seen = made.practical
    span = None if seen.low is None or seen.high is None or seen.low == seen.high else (seen.low, seen.high)
    labels = [words for words, _, _ in rows]
    figures.sample_plan(axes[0, 0], labels, samples, [closed.parameters for _, closed, _ in rows], practical=span)
    figures.title(axes[0, 0], f"How many samples: {made.request.kind}")
    try:
        figure.savefig(file, dpi=150, metadata={"Date": None} if file.lower().endswith("svg") else None)
    except OSError as error:
        raise UserError(f"the figure {file} cannot be written: {error.strerror or error}") from error


def _title(made: "SamplePlan") -> str:
    names = [name for name in ("inputs", "width", "intrinsic") if getattr(made.request, name) is not None]
    return f"{made.request.kind}, " + ", ".join(f"{name} {getattr(made.request, name)}" for name in names)


def _value(closed: Any, measured: "TargetSetMinimum | str | None") -> int | None:
    if closed.value is not None or measured is None or isinstance(measured, str):
        return closed.value
    return measured.value


def _samples(closed: Any, measured: "TargetSetMinimum | str | None") -> str:
    value = _value(closed, measured)
    if value is None:
        return "unknown"
    return str(value) if closed.status == "exact" else f"≤ {value}"


def _measurement(made: "SamplePlan") -> str:
    if isinstance(made.measured, str):
        return made.measured.removeprefix("not measured: ").join(("no: ", ""))
    verdict = {True: "; the closed form says the same", False: "; THE CLOSED FORM SAYS OTHERWISE", None: ""}[
        made.agrees
    ]
    return f"{made.measured}{verdict}"


def _measured(found: "TargetSetMinimum | str") -> dict[str, Any]:
    if isinstance(found, str):
        return {"value": None, "decided": None, "reason": found, "points": []}
    points = [
        {"point": p.name, "rank": p.rank.value, "decided": p.rank.decided, "gap_decades": p.rank.gap}
        for p in found.points
    ]
    return {"value": found.value, "decided": found.decided, "reason": None, "points": points}


def _change(change: "Change") -> dict[str, Any]:
    row: dict[str, Any] = {
        "change": change.words,
        "parameters": change.closed.parameters,
        "optimistic_samples": change.closed.value,
    }
    if change.measured is not None:
        row["measured"] = None if isinstance(change.measured, str) else change.measured.value
    return row
