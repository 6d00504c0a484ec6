"""Executors by their names on the command line."""

from collections.abc import Callable

from condenslab.errors import UserError, unknown
from condenslab.sweeps.executors.inprocess import InProcess
from condenslab.sweeps.executors.local import LocalProcesses, cores
from condenslab.sweeps.executors.on_dask import OnDask
from condenslab.sweeps.executors.on_ray import OnRay
from condenslab.sweeps.executors.on_slurm import OnSlurm
from condenslab.sweeps.executors.protocol import Executor

EXECUTORS = ("inprocess", "local", "dask", "ray", "slurm")
"""What an executor's name begins with."""

_MOST = 4096


def executor(name: str, say: Callable[[str], None] = lambda _: None) -> Executor:
    """Returns the executor of that name; nothing is started yet.

    Args:
        name: `inprocess`; `local` or `local:N`, N processes of this machine (one a processor by default); `dask` or
            `dask:tcp://HOST:PORT`; `ray` or `ray:ADDRESS`; `slurm` or `slurm:KEY=VALUE,…`. Without an address dask and
            Ray start a cluster on this machine.
        say: Called with what a user wants to know, such as the address of a dashboard.

    Raises:
        UserError: There is no such executor, or its options cannot be read.

    Example:
        >>> executor("local:4").workers
        4
    """
    kind, _, options = name.partition(":")
    if kind not in EXECUTORS:
        raise unknown(
            "executor", name, ["inprocess", "local[:N]", "dask[:ADDRESS]", "ray[:ADDRESS]", "slurm[:OPTIONS]"]
        )
    if kind == "inprocess":
        if options:
            raise UserError(f"the executor 'inprocess' takes no options. Got {name!r}")
        return InProcess()
    if kind == "local":
        return LocalProcesses(_workers(name, options))
    return {"dask": OnDask, "ray": OnRay, "slurm": OnSlurm}[kind](options, say)


def _workers(name: str, options: str) -> int:
    if not options and name == "local":
        return cores()
    if not options.isascii() or not options.isdigit() or not 1 <= int(options) <= _MOST:
        raise UserError(f"local:N needs a whole number of processes from 1 to {_MOST}. Got {name!r}")
    return int(options)
