"""The entry point: which command, and how everything that can go wrong becomes an exit status."""

import contextlib
import os
import shlex
import sys
import traceback

import condenslab
from condenslab.cli import streams
from condenslab.cli.interruption import interruptible
from condenslab.cli.machine import say
from condenslab.cli.overview import OVERVIEW, SUMMARIES
from condenslab.errors import ACCIDENTS, UserError, told, unknown

OK, CLAIM_FAILS, MISTAKE, INTERRUPTED, INTERNAL = 0, 1, 2, 3, 70


def main(arguments: list[str] | None = None) -> int:
    """Runs a command line.

    Args:
        arguments: What follows `condenslab`; by default that of this process.

    Returns:
        The exit status: 0 no claim fails, 1 a claim fails, 2 a mistake in the request, 3 interrupted, 70 an internal
        error.
    """
    is_process = arguments is None
    arguments = sys.argv[1:] if arguments is None else arguments
    streams.prepare()
    try:
        with interruptible():
            status = _dispatch(arguments)
            streams.write("", now=True)
        return status
    except UserError as error:
        say(f"condenslab: {streams.printable(' '.join(str(error).split()))}")
        return MISTAKE
    except KeyboardInterrupt:
        say(_interruption(arguments))
        if is_process:
            os._exit(INTERRUPTED)  # JAX may be computing still, and would be torn down under it
        return INTERRUPTED
    except streams.OutputError as failure:
        streams.give_up_output()
        if failure.is_left:  # the reader has what it wanted
            return OK
        say(f"condenslab: standard output cannot be written ({failure}); what a run has computed is stored")
        return MISTAKE
    except ACCIDENTS as error:
        with contextlib.suppress(OSError):
            traceback.print_exc()
        say(f"condenslab: internal error, please report it with the lines above: {told(error)}")
        return INTERNAL


def _dispatch(arguments: list[str]) -> int:
    command = arguments[0] if arguments else ""
    if command in ("--help", "-h"):
        streams.write(OVERVIEW + "\n")
        return OK
    if command == "--version":
        streams.write(f"condenslab {condenslab.__version__}\n")
        return OK
    if not command:
        raise UserError(f"a command is needed, one of {', '.join(SUMMARIES)}; `condenslab --help` explains them")
    if command.startswith("-"):
        raise unknown("option", command, ["--help", "--version"])
    if command not in SUMMARIES:
        raise unknown("command", command, SUMMARIES)
    from condenslab.cli import commands, options

    try:
        with streams.writing():
            given = options.parse(command, arguments[1:])
    except SystemExit:  # the help is printed
        return OK
    with streams.results_alone():
        return getattr(commands, f"{command}_command")(given)


def _interruption(arguments: list[str]) -> str:
    if arguments and arguments[0] in ("run", "sweep"):
        return (
            "condenslab: interrupted; every finished batch is stored, and the same command goes on from there: "
            f"condenslab {shlex.join(arguments)}"
        )
    return "condenslab: interrupted"
