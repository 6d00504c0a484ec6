"""The commands that look into folders of results: status, merge, export and show."""

from dataclasses import asdict
from typing import Any

import msgspec

from condenslab import sweeps
from condenslab.cli import machine, streams
from condenslab.cli.progress import clock
from condenslab.cli.store_options import ExportOptions, MergeOptions, ShowOptions, StatusOptions
from condenslab.errors import UserError
from condenslab.sweeps import Record, Standing, Store


def status(options: StatusOptions) -> int:
    """Says how every request of a folder stands."""
    store = Store(_folder("status", options.directory))
    rows = sweeps.standing(store, machine.say)
    if options.json:
        _write(_json([asdict(row) for row in rows]))
    else:
        _write("\n".join(map(_standing_text, rows)) or f"nothing is stored in {options.directory} yet")
    return 0


def merge(options: MergeOptions) -> int:
    """Copies the results of several folders into one; exit status 1 where a file is damaged."""
    if not options.directories or not options.output:
        raise UserError("merge needs folders and a target: condenslab merge A B -o C")
    merged = sweeps.merge(options.directories, options.output, machine.say)
    if options.json:
        _write(_json(asdict(merged)))
    else:
        _write(
            f"{merged.shards} shards, {merged.runs} runs and plans copied into {options.output}, {merged.present} were "
            f"there already, {merged.damaged} are damaged and left out; {merged.cases} cases have a record now"
        )
    return int(merged.damaged > 0)


def export(options: ExportOptions) -> int:
    """Writes the records of a folder as one file."""
    store = Store(_folder("export", options.directory))
    path = options.output or f"records{sweeps.FORMATS.get(options.format, '')}"
    count = sweeps.export(store, path, options.format, options.study)
    _write(f"wrote {count} record{'s' * (count != 1)} to {path}")
    return 0


def show(options: ShowOptions) -> int:
    """Shows one record: its case, its numbers, its arrays, and the commands that make it."""
    store = Store(_folder("show", options.directory))
    if not options.id:
        raise UserError("show needs the beginning of a record's id: condenslab show DIR ID")
    record = sweeps.find(store, options.id)
    made = sweeps.commands(store, record)
    if options.json:
        names = ("study", "id", "status", "message", "case", "values", "provenance")
        _write(_json({name: getattr(record, name) for name in names} | _beside(record, made)))
    else:
        _write(_record_text(record, made))
    return 0


def _beside(record: Record, made: list[str]) -> dict[str, Any]:
    return {"arrays": sweeps.summary(record), "commands": made}


def _standing_text(row: Standing) -> str:
    request = f", preset {row.preset}, seed {row.seed}" if row.preset else ""
    missing = f", {row.missing} missing" if row.missing is not None else ""
    missing += f", at most {row.to_come} more to ask for" if row.to_come else ""
    left = f"; {clock(row.seconds_left)} of work left: {row.command}" if row.seconds_left else ""
    return (
        f"{row.study}{request}: {row.cases} cases, {row.done} done, {row.diverged} diverged, {row.failed} failed"
        f"{missing}{left}"
    )


def _record_text(record: Record, made: list[str]) -> str:
    lines = [f"{record.study} {record.id}: {record.status}"]
    lines += [f"  {record.message}"] if record.message else []
    for title, content in (("case", record.case), ("values", record.values), ("provenance", record.provenance)):
        lines.append(title)
        lines += [f"  {name} = {msgspec.json.encode(value).decode()}" for name, value in content.items()]
    lines.append("arrays" if record.arrays else "no arrays")
    for row in sweeps.summary(record):
        shape = "×".join(map(str, row["shape"])) or "one number"
        spread = f", from {row['least']:.6g} to {row['largest']:.6g}" if row["finite"] else ", no finite number"
        lines.append(f"  {row['name']}: {row['dtype']}, {shape}{spread}")
    lines.append("made by" if made else "no command is known that makes it")
    return "\n".join([*lines, *(f"  {command}" for command in made)])


def _folder(command: str, directory: str) -> str:
    if not directory:
        raise UserError(f"{command} needs a folder of results: condenslab {command} DIR")
    return directory


def _json(value: Any) -> str:
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()


def _write(text: str) -> None:
    streams.write(text + "\n")
