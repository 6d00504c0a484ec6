"""The one way to train and to search in a study: an interruption is raised, and another ending is no plain `done`.

Each function takes what the library's function of that name takes. Of a single run it returns the run that ended as
asked, or raises `Unfinished`, which becomes the outcome of the case; an ensemble is turned into outcomes by `outcomes`.
"""

import os
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from condenslab import landscape, training
from condenslab.processors import available_threads
from condenslab.studies.contract.endings import ASKED, Unfinished, as_asked, uninterrupted
from condenslab.studies.contract.parts import guarded
from condenslab.sweeps import Outcome
from condenslab.training import Trajectory

_STARTS_A_PROCESS = 10_000
"""A process takes seconds to start and to compile."""


def descend(*arguments: Any, asked: Sequence[str] = ASKED, **options: Any) -> Trajectory:
    """Returns `training.descend(…)`, ended as asked.

    Args:
        *arguments: As `training.descend` takes them.
        asked: Names of the endings that the study asked for.
        **options: As `training.descend` takes them.
    """
    return as_asked(training.descend(*arguments, **options), asked)


def flow(*arguments: Any, asked: Sequence[str] = ASKED, **options: Any) -> Trajectory:
    """Returns `training.flow(…)`, ended as asked.

    Args:
        *arguments: As `training.flow` takes them.
        asked: Names of the endings that the study asked for.
        **options: As `training.flow` takes them.
    """
    return as_asked(training.flow(*arguments, **options), asked)


def ensemble(*arguments: Any, **options: Any) -> list[Trajectory]:
    """Returns `training.ensemble(…)`, not interrupted; `outcomes` judges how each member ended.

    Args:
        *arguments: As `training.ensemble` takes them.
        **options: As `training.ensemble` takes them.
    """
    return uninterrupted(training.ensemble(*arguments, **options))


def normalised_flow(*arguments: Any, **options: Any) -> list[training.NormalisedRun]:
    """Returns `training.normalised_flow(…)`, not interrupted; `outcomes` judges how each member ended.

    Args:
        *arguments: As `training.normalised_flow` takes them.
        **options: As `training.normalised_flow` takes them.
    """
    return uninterrupted(training.normalised_flow(*arguments, **options))


def sequences(*arguments: Any, **options: Any) -> list[Trajectory]:
    """Returns `training.train_sequences(…)`, not interrupted; `outcomes` judges how each member ended.

    Args:
        *arguments: As `training.train_sequences` takes them.
        **options: As `training.train_sequences` takes them.
    """
    return uninterrupted(training.train_sequences(*arguments, **options))


def critical_points(*arguments: Any, **options: Any) -> landscape.CriticalPoints:
    """Returns `landscape.critical_points(…)`, not interrupted.

    Args:
        *arguments: As `landscape.critical_points` takes them.
        **options: As `landscape.critical_points` takes them, without a time limit.

    Raises:
        KeyboardInterrupt: It was interrupted.
    """
    own = {"processes": processes(options["starts"])} if "starts" in options else {}
    search = landscape.critical_points(*arguments, **own | options)
    if search.interrupted:
        raise KeyboardInterrupt
    return search


def processes(starts: int) -> int:
    """Returns how many processes a search of so many starts is worth, of the processors that this one may use.

    Args:
        starts: How many starts.
    """
    given = os.environ.get("NPROC", "")
    return min(int(given) if given.isdigit() else available_threads(), 1 + starts // _STARTS_A_PROCESS)


def polish(*arguments: Any, asked: Sequence[str] = ("CRITICAL",), **options: Any) -> tuple[Any, landscape.Polish]:
    """Returns `landscape.polish(…)`, come to a critical point.

    Args:
        *arguments: As `landscape.polish` takes them.
        asked: Names of the fates that the study asked for.
        **options: As `landscape.polish` takes them.

    Raises:
        Unfinished: It met another fate.
    """
    network, polished = landscape.polish(*arguments, **options)
    if polished.fate.name not in asked:
        raise Unfinished(polished.fate)
    return network, polished


def outcomes(
    cases: Sequence[Any],
    runs: Iterable[Any],
    make: Callable[[Any, Any], Outcome],
    asked: Sequence[str] = ASKED,
    *,
    keep: bool = False,
) -> list[Outcome]:
    """Returns make(case, run) for every member of an ensemble that ended as asked, and for others what happened.

    One that ended otherwise, or at which `make` raises, takes no other with it.

    Args:
        cases: The cases.
        runs: Their runs, in that order.
        make: Turns a finished run into an outcome.
        asked: Names of the endings that the study asked for.
        keep: Whether what `make` measures of one that ended otherwise is worth keeping beside the reason.
    """

    def made(case: Any, run: Any) -> Outcome:
        if not keep:
            return make(case, as_asked(run, asked))
        outcome = make(case, run)
        as_asked(run, asked, outcome.values, outcome.arrays)
        return outcome

    return [guarded(made, case, run) for case, run in zip(cases, runs, strict=True)]
