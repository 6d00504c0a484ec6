"""Text for people and JSON for programs."""

import contextlib
import shutil
import textwrap
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

import msgspec

from condenslab import studies
from condenslab.cli import machine, streams
from condenslab.errors import UserError
from condenslab.studies import Study
from condenslab.studies.settings import as_dict
from condenslab.sweeps import Run

_MARKS = {"holds": ("✓ holds", "+ holds"), "fails": ("✗ FAILS", "x FAILS"), "undecided": ("? undecided",) * 2}
"""Each verdict as it is shown, and where the terminal has ASCII only."""


def as_json(value: Any) -> str:
    """Returns indented JSON; a number that is not finite becomes null."""
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()


def study_text(study: Study) -> str:
    """Describes a study: question, source, settings of each preset, claims."""
    presets = [f"{name}: {_settings(settings)}" for name, settings in study.presets.items()]
    parts = [("source", [study.source]), ("presets", presets), ("claims", study.claim_statements)]
    body = [item(label if index == 0 else "", line) for label, lines in parts for index, line in enumerate(lines)]
    return "\n".join([f"{study.name}: {study.question}", *body])


def claims_text(rows: Sequence[dict[str, Any]]) -> str:
    """Lists claims, run by run, with their verdicts first."""
    blocks: list[str] = []
    for (study, preset, seed), claims in groupby(rows, key=lambda row: (row["study"], row["preset"], row["seed"])):
        blocks.append(f"{study}, preset {preset}, seed {seed}")
        blocks.extend(_claim(row) for row in claims)
    return "\n".join(blocks)


def tally(rows: Iterable[dict[str, Any]]) -> str:
    """Counts the verdicts in a sentence.

    Example:
        >>> tally([{"verdict": "holds"}, {"verdict": "fails"}])
        '2 claims: 1 holds, 1 fails, 0 undecided'
    """
    verdicts = [row["verdict"] for row in rows]
    counts = ", ".join(f"{verdicts.count(verdict)} {verdict}" for verdict in ("holds", "fails", "undecided"))
    return f"{len(verdicts)} claim{'s' * (len(verdicts) != 1)}: {counts}"


def failures_text(run: Run) -> str:
    """Says what failed in a run, and what to do."""
    return (
        f"{run.counts['failed']} of {len(run.records)} cases of {run.study} failed, and the next run tries them again: "
        + "; ".join(run.failures)
    )


def say_revision(run: Run) -> None:
    """Says on standard error where a run is of another revision than the installed study, so that its numbers are old.

    Args:
        run: The run.
    """
    with contextlib.suppress(UserError):  # of a study that is not installed nothing is known
        revision = studies.get(run.study).revision
        if run.revision != revision:
            machine.say(
                f"condenslab: the run of {run.study}, preset {run.preset}, seed {run.seed}, is of revision "
                f"{run.revision} and the installed study is of revision {revision}, of which the same cases give other "
                "numbers: run it again"
            )


def number(value: Any) -> str:
    """Writes a value in few digits.

    Example:
        >>> number([0.1090227421, None, 3])
        '0.109023, none, 3'
    """
    if isinstance(value, list):
        return ", ".join(map(number, value)) or "none"
    if value is None:
        return "none"
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _claim(row: dict[str, Any]) -> str:
    relation = row.get("relation", "=")  # claims of an older store have none
    parts = [f"expected {'' if relation == '=' else relation + ' '}{number(row['expected'])}"]
    parts += [f"measured {number(row['measured'])}"]
    if row["margin"] is not None:
        parts += [f"tolerance {number(row['tolerance'])}", f"margin {row['margin']:.3g}"]
    lines = [row["claim"], ", ".join(parts), row["source"], *([row["reason"]] if row.get("reason") else [])]
    return "\n".join(item("" if k else _mark(row["verdict"]), line) for k, line in enumerate(lines))


def _mark(verdict: str) -> str:
    fancy, plain = _MARKS[verdict]
    try:
        fancy.encode(getattr(streams.results(), "encoding", None) or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return plain
    return fancy


def _settings(settings: Any) -> str:
    return ", ".join(f"{name}={msgspec.json.encode(value).decode()}" for name, value in as_dict(settings).items())


def item(label: str, text: str) -> str:
    """Writes a label and, beside it, a text that is wrapped to the terminal."""
    indent = " " * 14
    width = max(60, min(120, shutil.get_terminal_size((120, 24)).columns))
    lines = textwrap.wrap(text, width, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False)
    first = lines[0] if lines else indent
    return "\n".join([f"  {label:11} {first[14:]}".rstrip(), *lines[1:]])
