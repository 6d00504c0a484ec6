"""What each command takes, and how a command line becomes it: every mistake is one sentence."""

import contextlib
import io
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Annotated, TypeVar, get_args, get_type_hints

import tyro
from tyro.conf import FlagCreatePairsOff, Positional, UseAppendAction, arg

from condenslab.cli.measure_options import MeasureOptions
from condenslab.cli.overview import SUMMARIES
from condenslab.cli.reduce_options import EmbedOptions, ReduceOptions
from condenslab.cli.store_options import ExportOptions, MergeOptions, ShowOptions, StatusOptions, SweepOptions
from condenslab.errors import UserError, unknown

Options = TypeVar("Options")


@dataclass(frozen=True)
class ListOptions:
    """Options of `condenslab list`."""

    json: bool = False
    """Print JSON alone on standard output."""


@dataclass(frozen=True)
class RunOptions:
    """Options of `condenslab run`."""

    studies: Annotated[Positional[tuple[str, ...]], arg(metavar="STUDY…", help_behavior_hint="")]
    """Names of studies; `condenslab list` shows them."""
    preset: Annotated[str, arg(metavar="tiny|quick|full")] = "quick"
    """How much to compute: seconds, minutes, or the source's own size."""
    seed: Annotated[int, arg(metavar="N")] = 0
    """Seed of every random number."""
    out: Annotated[str, arg(metavar="DIR")] = "runs"
    """Folder that keeps the results; a run takes from it what is there."""
    set: Annotated[UseAppendAction[tuple[tuple[str, ...], ...]], arg(metavar="KEY=VALUE…", help_behavior_hint="")] = ()
    """Change settings of the preset."""
    data: Annotated[str | None, arg(metavar="FILE.csv", help_behavior_hint="")] = None
    """Run on your own table, the last column being the target (words there are classes)."""
    outputs: Annotated[int, arg(metavar="N")] = 1
    """--data: how many of the last columns are targets."""
    classes: bool = False
    """--data: the last column holds classes though they are written as numbers."""
    executor: Annotated[str, arg(metavar="NAME")] = "inprocess"
    """Where batches run: inprocess, local[:N] (N processes), dask[:ADDRESS], ray[:ADDRESS] or slurm[:KEY=VALUE,…]."""
    time_limit: Annotated[float | None, arg(metavar="SECONDS", help_behavior_hint="(default: none)")] = None
    """Record a case that takes longer than this as failed, and go on."""
    threads: Annotated[int | None, arg(metavar="N", help_behavior_hint="(default: all)")] = None
    """Threads that computations may use."""
    strict: bool = False
    """Exit with 1 also where a claim is undecided."""
    dry_run: bool = False
    """Say what would be computed, and for how long; compute nothing."""
    quiet: bool = False
    """Show no progress."""
    json: bool = False
    """Print the claims as JSON alone on standard output."""


@dataclass(frozen=True)
class ClaimsOptions:
    """Options of `condenslab claims`."""

    directory: Annotated[Positional[str], arg(metavar="DIR", help_behavior_hint="")] = ""
    """The folder that `condenslab run --out` filled."""
    all: bool = False
    """Every run, not only the latest of each request (study, preset, seed, changed settings, data)."""
    json: bool = False
    """Print JSON alone on standard output."""


@dataclass(frozen=True)
class ReportOptions:
    """Options of `condenslab report`."""

    directory: Annotated[Positional[str], arg(metavar="DIR", help_behavior_hint="")] = ""
    """The folder that `condenslab run --out` filled."""
    output: Annotated[str, arg(aliases=["-o"], metavar="PAGE")] = "atlas.html"
    """The page."""


@dataclass(frozen=True)
class FiguresOptions:
    """Options of `condenslab figures`."""

    directory: Annotated[Positional[str], arg(metavar="DIR", help_behavior_hint="")] = ""
    """The folder that `condenslab run --out` filled."""
    format: Annotated[str, arg(metavar="svg|pdf|png")] = "pdf"
    """What to write; PDF and SVG embed their fonts."""
    study: Annotated[str | None, arg(metavar="NAME", help_behavior_hint="")] = None
    """Only figures of this study."""
    output: Annotated[str, arg(aliases=["-o"], metavar="FOLDER")] = "figures"
    """Where to write them."""


@dataclass(frozen=True)
class ServeOptions:
    """Options of `condenslab serve`."""

    directory: Annotated[Positional[str], arg(metavar="DIR", help_behavior_hint="")] = ""
    """The folder that `condenslab run --out` or `condenslab sweep --out` fills."""
    port: Annotated[int, arg(metavar="N")] = 8000
    """Port of 127.0.0.1; 0 takes a free one."""


@dataclass(frozen=True)
class PlanOptions:
    """Options of `condenslab plan`."""

    kind: Annotated[Positional[str], arg(metavar="KIND", help_behavior_hint="")] = ""
    """two-layer (dense), deep, conv, conv-unshared, fully-connected, attention, kan, matrix, diagonal, deep-diagonal or
    linear; or module:function, a function of yours that returns a torch module."""
    weights: Annotated[str | None, arg(metavar="W", help_behavior_hint="")] = None
    """module:function: the checkpoint with its trained weights."""
    inputs: Annotated[int | str | None, arg(metavar="D|X.npz", help_behavior_hint="")] = None
    """Input dimension; pixels a side for convolutions, d_model for attention, rows for matrices; for module:function
    the file with the inputs."""
    width: Annotated[int | None, arg(metavar="M", help_behavior_hint="")] = None
    """Hidden neurons; kernels; heads; inner dimension of a matrix product."""
    intrinsic: Annotated[int | None, arg(metavar="K", help_behavior_hint="")] = None
    """The smallest width that expresses the target; the rank of a matrix; the non-zero coefficients."""
    bias: bool = False
    """Hidden neurons (kernels) have biases."""
    kernel: Annotated[int | None, arg(metavar="S", help_behavior_hint="")] = None
    """Convolutions: pixels a side of a kernel."""
    axes: Annotated[int | None, arg(metavar="1|2", help_behavior_hint="(default: 1)")] = None
    """Convolutions: signals on a line, or images."""
    null_weights: Annotated[int | None, arg(metavar="N", help_behavior_hint="(default: 0)")] = None
    """Convolutions without sharing: output weights of the target that are 0."""
    depth: Annotated[int | None, arg(metavar="L", help_behavior_hint="(default: 2; deep-diagonal 3)")] = None
    """Deep networks: hidden layers; deep-diagonal: factors."""
    head_size: Annotated[int | None, arg(metavar="d", help_behavior_hint="")] = None
    """Attention: attention dimension of a head."""
    value_size: Annotated[int | None, arg(metavar="dv", help_behavior_hint="(default: the head size)")] = None
    """Attention: value dimension of a head."""
    grid: Annotated[int | None, arg(metavar="G", help_behavior_hint="")] = None
    """KAN: grid intervals of every spline."""
    degree: Annotated[int | None, arg(metavar="P", help_behavior_hint="(default: 3)")] = None
    """KAN: degree of the splines."""
    columns: Annotated[int | None, arg(metavar="N", help_behavior_hint="(default: as many as rows)")] = None
    """Matrices: columns."""
    figure: Annotated[str | None, arg(metavar="FILE", help_behavior_hint="")] = None
    """Draw the table as a figure into this svg, pdf or png file."""
    json: bool = False
    """Print JSON alone on standard output."""


@dataclass(frozen=True)
class ProveOptions:
    """Options of `condenslab prove`."""

    directory: Annotated[Positional[str], arg(metavar="DIR", help_behavior_hint="")] = ""
    """The folder that `condenslab run --out` filled."""
    study: Annotated[str | None, arg(metavar="NAME", help_behavior_hint="(default: all)")] = None
    """Only the points that this study found."""
    output: Annotated[
        str | None, arg(aliases=["-o"], metavar="DIR", help_behavior_hint="(default: DIR/certificates)")
    ] = None
    """Where the certificates go."""
    json: bool = False
    """Print JSON alone on standard output."""


@dataclass(frozen=True)
class VerifyOptions:
    """Options of `condenslab verify`."""

    certificate: Annotated[Positional[str], arg(metavar="CERTIFICATE", help_behavior_hint="")] = ""
    """The certificate's file."""
    json: bool = False
    """Print JSON alone on standard output."""


@dataclass(frozen=True)
class PredictOptions:
    """Options of `condenslab predict`."""

    file: Annotated[Positional[str], arg(metavar="NETWORK.json", help_behavior_hint="")] = ""
    """The network that `condenslab run recovery --data` wrote."""
    data: Annotated[str | None, arg(metavar="FILE.csv", help_behavior_hint="")] = None
    """The inputs, one line a sample; columns by their names, or in the order of the table."""
    output: Annotated[str | None, arg(aliases=["-o"], metavar="FILE.csv", help_behavior_hint="(default: print)")] = None
    """Where the predictions go."""


@dataclass(frozen=True)
class DoctorOptions:
    """Options of `condenslab doctor`."""

    json: bool = False
    """Print JSON alone on standard output."""


OPTIONS: dict[str, type] = {
    "list": ListOptions,
    "run": RunOptions,
    "sweep": SweepOptions,
    "claims": ClaimsOptions,
    "report": ReportOptions,
    "figures": FiguresOptions,
    "serve": ServeOptions,
    "status": StatusOptions,
    "merge": MergeOptions,
    "export": ExportOptions,
    "show": ShowOptions,
    "plan": PlanOptions,
    "prove": ProveOptions,
    "verify": VerifyOptions,
    "measure": MeasureOptions,
    "reduce": ReduceOptions,
    "embed": EmbedOptions,
    "predict": PredictOptions,
    "doctor": DoctorOptions,
}
"""The options of each command."""

_LEAST_COLUMNS = 60
"""A narrower terminal breaks the lines itself."""

_POSITIONAL = get_args(Positional[str])[1]


def parse(command: str, arguments: list[str]) -> object:
    """Reads the options of a command.

    Args:
        command: A key of `OPTIONS`.
        arguments: What follows the command's name.

    Returns:
        An instance of the command's dataclass.

    Raises:
        UserError: An option is unknown, lacks its value or has one that does not fit, or an argument is missing.
        SystemExit: With code 0, after the help that was asked for is printed.
    """
    options = OPTIONS[command]
    _check_names(options, arguments)
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said), _legible():
            return tyro.cli(
                options,
                prog=f"condenslab {command}",
                description=SUMMARIES[command],
                args=arguments,
                config=(FlagCreatePairsOff,),
            )
    except SystemExit as stop:
        if not stop.code:
            raise
        raise UserError(f"{_sentence(said.getvalue())}; `condenslab {command} --help` shows the options") from None


@contextlib.contextmanager
def _legible() -> Iterator[None]:
    """Gives the help a width in which it can be read: in a few columns tyro writes a letter a line, or does not end."""
    before = os.environ.get("COLUMNS")
    os.environ["COLUMNS"] = str(max(_LEAST_COLUMNS, shutil.get_terminal_size().columns))
    try:
        yield
    finally:
        if before is None:
            del os.environ["COLUMNS"]
        else:
            os.environ["COLUMNS"] = before


def _check_names(options: type, arguments: list[str]) -> None:
    hints = get_type_hints(options, include_extras=True)
    named = [field.name for field in fields(options) if _POSITIONAL not in get_args(hints[field.name])]
    known = ["--" + name.replace("_", "-") for name in named] + ["--help", "-h"] + ["-o"] * ("output" in named)
    for argument in arguments:
        name = argument.partition("=")[0].replace("_", "-")
        if re.match(r"-+[a-zA-Z]", argument) and name not in known:
            raise unknown("option", name, known)


def _sentence(box: str) -> str:
    """Takes the message out of the box that tyro draws around its errors: a title, the message, a rule, more."""
    parts: list[list[str]] = [[]]
    for line in box.splitlines():
        text = line.strip("│| ")
        if line.startswith(("╭", "╰")) or re.fullmatch("[─-]+", text):
            parts.append([])
        elif text:
            parts[-1].append(text)
    paragraphs = [" ".join(part) for part in parts if part]
    titled = not box.startswith("╭")  # drawn without Unicode, the title is a paragraph and not part of the border
    message = "".join(paragraphs[titled : titled + 1]).rstrip(".") or "the command line cannot be read"
    number = re.match(r"Error parsing (--\S+): (?:.* )?invalid literal for int\(\) with base 10: (.*)", message)
    return f"{number[1]} must be a whole number. Got {number[2]}" if number else message[:1].lower() + message[1:]
