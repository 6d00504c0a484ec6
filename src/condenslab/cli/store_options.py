"""What the commands take that look into folders of results, and what `sweep` takes."""

from dataclasses import dataclass
from typing import Annotated

from tyro.conf import Positional, arg


@dataclass(frozen=True)
class SweepOptions:
    """Options of `condenslab sweep`."""

    file: Annotated[Positional[str], arg(metavar="FILE.toml", help_behavior_hint="")] = ""
    """What to compute: a grid, draws or a search over a function of yours or the library's parts."""
    out: Annotated[str, arg(metavar="DIR")] = "runs"
    """Folder that keeps the results; a sweep takes from it what is there."""
    executor: Annotated[str, arg(metavar="NAME")] = "inprocess"
    """Where batches run: inprocess, local[:N] (N processes), dask[:ADDRESS], ray[:ADDRESS] or slurm[:KEY=VALUE,…]."""
    time_limit: Annotated[float | None, arg(metavar="SECONDS", help_behavior_hint="(default: none)")] = None
    """Record a case that takes longer than this as failed, and go on."""
    threads: Annotated[int | None, arg(metavar="N", help_behavior_hint="(default: all)")] = None
    """Threads that computations may use."""
    dry_run: bool = False
    """Say what would be computed, and for how long; compute nothing."""
    quiet: bool = False
    """Show no progress."""
    json: bool = False
    """Print JSON alone on standard output."""


@dataclass(frozen=True)
class StatusOptions:
    """Options of `condenslab status`."""

    directory: Annotated[Positional[str], arg(metavar="DIR", help_behavior_hint="")] = ""
    """The folder that `condenslab run --out` or `condenslab sweep --out` fills."""
    json: bool = False
    """Print JSON alone on standard output."""


@dataclass(frozen=True)
class MergeOptions:
    """Options of `condenslab merge`."""

    directories: Annotated[Positional[tuple[str, ...]], arg(metavar="DIR…", help_behavior_hint="")]
    """The folders."""
    output: Annotated[str, arg(aliases=["-o"], metavar="DIR", help_behavior_hint="")] = ""
    """The folder that gets everything; it may be one of them."""
    json: bool = False
    """Print JSON alone on standard output."""


@dataclass(frozen=True)
class ExportOptions:
    """Options of `condenslab export`."""

    directory: Annotated[Positional[str], arg(metavar="DIR", help_behavior_hint="")] = ""
    """The folder that `condenslab run --out` or `condenslab sweep --out` filled."""
    format: Annotated[str, arg(metavar="parquet|csv|xarray")] = "parquet"
    """What to write: tables, or netCDF with the arrays."""
    output: Annotated[
        str | None, arg(aliases=["-o"], metavar="FILE", help_behavior_hint="(default: records.parquet, .csv or .nc)")
    ] = None
    """The file."""
    study: Annotated[str | None, arg(metavar="NAME", help_behavior_hint="(default: all)")] = None
    """Only the records of this study or sweep."""


@dataclass(frozen=True)
class ShowOptions:
    """Options of `condenslab show`."""

    directory: Annotated[Positional[str], arg(metavar="DIR", help_behavior_hint="")] = ""
    """The folder that `condenslab run --out` or `condenslab sweep --out` filled."""
    id: Annotated[Positional[str], arg(metavar="ID", help_behavior_hint="")] = ""
    """The beginning of a record's id."""
    json: bool = False
    """Print JSON alone on standard output."""
