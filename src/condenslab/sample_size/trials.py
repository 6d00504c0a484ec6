"""Runs of a tuning search: what is asked of the user's function, what it answered, and what may still be spent."""

import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Setting = tuple[tuple[str, Any], ...]
"""A setting as sorted pairs of name and value, so that it can be looked up."""


@dataclass(frozen=True)
class Trial:
    """One run of the user's function.

    Attributes:
        setting: Hyperparameters, as pairs of name and value; `dict(trial.setting)` has them by name.
        size: n.
        seed: Of the run.
        accuracy: Its test accuracy in [0, 1], or NaN where the run came to nothing.
    """

    setting: Setting
    size: int
    seed: int
    accuracy: float


@dataclass(frozen=True)
class Request:
    """One run that is asked for.

    Attributes:
        setting: Hyperparameters by name.
        size: n.
        seed: Of the run.
    """

    setting: Mapping[str, Any]
    size: int
    seed: int


class BudgetSpent(Exception):  # noqa: N818  an ending, not an error
    """The budget does not allow the next runs; the message says which budget."""


class Runner:
    """Runs what is asked for, once each, within the budget.

    Attributes:
        trials: All that is known, earlier runs included.
        spent: How many runs were made here.
    """

    def __init__(
        self,
        evaluate: Callable[..., Any],
        known: Iterable[Trial],
        *,
        together: bool,
        budget_runs: int | None,
        budget_minutes: float | None,
        apply: Callable[..., Iterable[Any]],
        on_trial: Callable[[Trial], None] | None,
    ) -> None:
        """Takes the user's function and what is known."""
        self.trials: dict[tuple[Setting, int, int], Trial] = {(t.setting, t.size, t.seed): t for t in known}
        self.spent = 0
        self._evaluate, self._together, self._apply, self._on_trial = evaluate, together, apply, on_trial
        self._runs = budget_runs
        self._until = None if budget_minutes is None else time.monotonic() + 60 * budget_minutes

    def accuracies(self, wanted: Sequence[tuple[Setting, int, int]]) -> list[float]:
        """Returns the accuracy of every (setting, size, seed), running what is not known.

        Raises:
            BudgetSpent: What is missing exceeds the budget; nothing of it is run.
            ValueError: The function returned no accuracy.
        """
        missing = [one for one in dict.fromkeys(wanted) if one not in self.trials]
        if missing:
            if self._runs is not None and self.spent + len(missing) > self._runs:
                raise BudgetSpent(f"the next {len(missing)} runs exceed the budget of {self._runs} runs")
            if self._until is not None and time.monotonic() >= self._until:
                raise BudgetSpent("the minutes of the budget are over")
            for one, accuracy in zip(missing, self._run(missing), strict=True):
                trial = Trial(*one, accuracy=_checked(accuracy))
                self.trials[one] = trial
                self.spent += 1
                if self._on_trial is not None:
                    self._on_trial(trial)
        return [self.trials[one].accuracy for one in wanted]

    def _run(self, missing: Sequence[tuple[Setting, int, int]]) -> list[Any]:
        requests = [Request(dict(setting), size, seed) for setting, size, seed in missing]
        if self._together:
            found = list(self._evaluate(requests))
            if len(found) != len(requests):
                raise ValueError(
                    f"a function of all requests must return one accuracy each, {len(requests)}. Got {len(found)}."
                )
            return found
        columns = [dict(r.setting) for r in requests], [r.size for r in requests], [r.seed for r in requests]
        return list(self._apply(self._evaluate, *columns))


def as_setting(values: Mapping[str, Any]) -> Setting:
    """Returns hyperparameters as sorted pairs."""
    return tuple(sorted(values.items()))


def _checked(accuracy: Any) -> float:
    try:
        number = float(accuracy)
    except (TypeError, ValueError):
        number = math.inf
    if not math.isnan(number) and not -1e-9 <= number <= 1 + 1e-9:
        raise ValueError(
            f"the function must return a test accuracy from 0 to 1, or NaN for a run that came to nothing. "
            f"Got {accuracy!r}."
        )
    return number
