"""How a run ended, for studies: as asked, interrupted, or otherwise, which is never a plain `done`."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from condenslab.sweeps import Outcome

ASKED = ("FINISHED", "RISK_REACHED", "GRADIENT_REACHED")
"""Endings that a study mostly asks for: the end of the steps or of the time, or a level that was given."""
CUT_OFF = ("STEPS_EXHAUSTED", "NO_PROGRESS", "TIME_LIMIT", "SLIDING")
"""Endings that leave open what a run would have come to."""
_AGAIN = ("TIME_LIMIT",)
"""Endings that are an accident of this machine on this day: the next run tries again."""


class Unfinished(Exception):  # noqa: N818  an ending, not an error
    """A run stopped for another reason than the one that the study asked for."""

    def __init__(self, stop: Any, values: Mapping[str, Any] = {}, arrays: Mapping[str, np.ndarray] = {}) -> None:
        """Takes the member of the enumeration of reasons, whose value is a sentence, and what is worth keeping."""
        super().__init__(stop.value)
        self.stop, self.values, self.arrays = stop, dict(values), dict(arrays)

    def outcome(self) -> Outcome:
        """Returns the outcome that says so: `diverged`, which is an answer, or `failed` where time was short."""
        status = "failed" if self.stop.name in _AGAIN else "diverged"
        return Outcome(self.values | {"stop": self.stop.name}, self.arrays, status, self.stop.value)


def uninterrupted(runs: Any) -> Any:
    """Returns what a training or a search returned, unless it was interrupted.

    The library hands back what it has when Ctrl-C falls into a run. A study must not store that as a result: it would
    stand there for good.

    Args:
        runs: One run or several, each with its `stop`.

    Raises:
        KeyboardInterrupt: One of them was interrupted.
    """
    several = runs if isinstance(runs, list | tuple) else [runs]
    if any(run.stop.name == "INTERRUPTED" for run in several):
        raise KeyboardInterrupt
    return runs


def as_asked(
    run: Any,
    asked: Sequence[str] = ASKED,
    values: Mapping[str, Any] = {},
    arrays: Mapping[str, np.ndarray] = {},
) -> Any:
    """Returns a run that ended for a reason that was asked for.

    Args:
        run: A training run or a search, with its `stop`.
        asked: Names of the reasons.
        values: What is worth keeping of one that ended otherwise.
        arrays: The same.

    Raises:
        KeyboardInterrupt: It was interrupted.
        Unfinished: It ended otherwise.
    """
    uninterrupted(run)
    if run.stop.name not in asked:
        raise Unfinished(run.stop, values, arrays)
    return run
