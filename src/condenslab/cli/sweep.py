"""The command `sweep`: a file's grid, draws or searches, computed and summed up."""

from dataclasses import asdict
from typing import Any

from condenslab.cli import machine, streams
from condenslab.cli.interruption import heeding
from condenslab.cli.progress import clock, progress_of
from condenslab.cli.store_options import SweepOptions
from condenslab.errors import UserError


def run(options: SweepOptions) -> int:
    """Computes what is missing of a sweep; exit status 70 where a case failed.

    Args:
        options: Its options.

    Raises:
        UserError: An option or the file holds a mistake.
    """
    if not options.file:
        raise UserError("sweep needs a file that says what to compute: condenslab sweep FILE.toml")
    from condenslab.cli import show
    from condenslab.studies.own import read_spec, sweep_file
    from condenslab.sweeps import executor, require_limit

    require_limit(options.time_limit, "--time-limit")
    executor(options.executor)
    spec = read_spec(options.file)
    if options.dry_run:
        row = _cost(options)
        streams.write((show.as_json(row) if options.json else _cost_text(row)) + "\n")
        return 0
    if spec.function is None or spec.precision == "float64":
        machine.prepare_jax()
    with progress_of(spec.name, quiet=options.quiet) as progress:
        swept = sweep_file(
            options.file,
            out=options.out,
            place=options.executor,
            progress=heeding(progress),
            time_limit=options.time_limit,
            say=machine.say,
        )
    if options.json:
        streams.write(show.as_json(asdict(swept)) + "\n")
    else:
        counts = ", ".join(f"{number} {status}" for status, number in swept.counts.items())
        answers = "".join(f"  {_plain(answer)}\n" for answer in swept.answers)
        streams.write(f"{swept.name}: {len(swept.ids)} cases, {counts}; stored in {options.out}\n{answers}")
    if swept.failures:
        told = "; ".join(swept.failures[:5])
        machine.say(f"condenslab: {swept.counts['failed']} cases failed, and the next sweep tries them again: {told}")
    return 70 if swept.failures else 0


def _cost(options: SweepOptions) -> dict[str, Any]:
    from condenslab.studies.own import plan_file

    return plan_file(options.file, out=options.out, place=options.executor)


def _cost_text(row: dict[str, Any]) -> str:
    if row["cases"] is None:
        return (
            f"{row['sweep']}: a search at {row['points']} points of at most {row['at_most']} cases; how many it takes "
            "shows on the way"
        )
    left = "not known before some are stored" if row["seconds"] is None else f"about {clock(row['seconds'])}"
    return (
        f"{row['sweep']}: {row['cases']} cases in {row['batches']} batches and {row['programs']} programs, "
        f"{row['stored']} of them stored already; time for the rest: {left}"
    )


def _plain(answer: dict[str, Any]) -> str:
    from condenslab.cli.show import number

    point = ", ".join(f"{name} = {number(value)}" for name, value in answer["point"].items())
    shown = {name: value for name, value in answer.items() if name != "point" and value != ""}
    found = ", ".join(f"{name}: {_text(value)}" for name, value in shown.items())
    return f"{point or 'everywhere'}: {found}"


def _text(value: Any) -> str:
    from condenslab.cli.show import number

    if isinstance(value, dict):
        return ", ".join(f"{name} = {number(own)}" for name, own in value.items())
    return number(value)
