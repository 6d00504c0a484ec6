"""Searches by ask and tell: which places next, and what to make of what was found there.

A search is a function of what it was told, so that it is resumed by being asked again: what is stored is told at once.
"""

import math
from collections.abc import Sequence
from typing import Any, Protocol

from condenslab.errors import UserError
from condenslab.studies.own.axes import ranges
from condenslab.studies.own.spec import Bisection, Search, Smallest, Tuning
from condenslab.sweeps import Record
from condenslab.sweeps.executors.extras import need


class Strategy(Protocol):
    """What is asked and told."""

    def ask(self) -> list[dict[str, Any]]:
        """Returns the next places, fields by name; none when the search has ended."""
        ...

    def tell(self, found: Sequence[Sequence[Record]]) -> None:
        """Takes the records of each place that was asked for last, in order."""
        ...

    def left(self) -> int:
        """Returns how many places it may yet ask for, at most."""
        ...

    def answer(self) -> dict[str, Any]:
        """Returns what was found."""
        ...


def strategy(search: Search) -> Strategy:
    """Returns a search at its beginning.

    Args:
        search: What is looked for.

    Raises:
        UserError: Its ends do not fit, or Optuna is missing.
    """
    if isinstance(search, Bisection):
        return _Bisecting(search)
    return _Growing(search) if isinstance(search, Smallest) else _Tuning(search)


def holds(search: Bisection | Smallest, records: Sequence[Record]) -> bool | None:
    """Returns whether the condition holds at a place, None where a value is missing.

    Args:
        search: The condition.
        records: The records of the place.
    """
    values = [_number(record, search.value) for record in records]
    found = [value for value in values if value is not None]
    if len(found) < len(values):
        return None
    low = -math.inf if search.above is None else search.above
    high = math.inf if search.below is None else search.below
    return sum(low <= value <= high for value in found) >= search.share * len(found) - 1e-9


class _Bisecting:
    """Halves the stretch between a place at which the condition holds and one at which it does not."""

    def __init__(self, search: Bisection):
        self._search = search
        ends = [float(end) for end in search.between]
        if search.log and min(ends) <= 0:
            raise UserError(f"search.between must be positive numbers where log = true. Got {list(search.between)}")
        self._ends = [math.log10(end) if search.log else end for end in ends]
        if not self._ends[0] < self._ends[1] or not all(map(math.isfinite, self._ends)):
            raise UserError(
                f"search.between must be two finite numbers, the smaller one first. Got {list(search.between)}"
            )
        self._holding: list[bool | None] = []
        self._probes = 0
        self._reason = ""

    def ask(self) -> list[dict[str, Any]]:
        if self._reason:
            return []
        if not self._holding:
            return [self._place(end) for end in self._ends]
        located = self._ends[1] - self._ends[0] <= self._search.tolerance or self._middle() in self._ends
        return [] if located else [self._place(self._middle())]

    def tell(self, found: Sequence[Sequence[Record]]) -> None:
        verdicts = [holds(self._search, records) for records in found]
        self._probes += len(found)
        if None in verdicts:
            self._reason = f"a case gave no number {self._search.value!r}"
        elif not self._holding:
            self._holding = verdicts
            if verdicts[0] == verdicts[1]:
                self._reason = f"the condition {'holds' if verdicts[0] else 'does not hold'} at both ends"
        else:
            self._ends[0 if verdicts[0] == self._holding[0] else 1] = self._middle()

    def left(self) -> int:
        if self._reason:
            return 0
        width, closest = self._ends[1] - self._ends[0], math.ulp(max(map(abs, self._ends)))
        halvings = math.ceil(math.log2(width / max(self._search.tolerance, closest)))
        return (0 if self._holding else 2) + max(0, halvings)

    def answer(self) -> dict[str, Any]:
        low, high = (10**end if self._search.log else end for end in self._ends)
        middle = 10 ** self._middle() if self._search.log else self._middle()
        found = {} if self._reason else {"boundary": middle}
        return found | {"between": [low, high], "probes": self._probes, "reason": self._reason}

    def _middle(self) -> float:
        return 0.5 * (self._ends[0] + self._ends[1])

    def _place(self, end: float) -> dict[str, Any]:
        return {self._search.field: 10**end if self._search.log else end}


class _Growing:
    """Finds the smallest number at which the condition holds: one after the other, or by bisection."""

    def __init__(self, search: Smallest):
        self._search = search
        self._low, self._high = search.between
        if self._low > self._high:
            raise UserError(
                f"search.between must be two whole numbers, the smaller one first. Got {list(search.between)}"
            )
        self._asked: list[int] = []
        self._found: int | None = None
        self._probes = 0
        self._reason = ""

    def ask(self) -> list[dict[str, Any]]:
        if self._reason or self._low > self._high:
            return []
        if self._search.monotone:
            self._asked = [self._high] if self._found is None and not self._probes else [(self._low + self._high) // 2]
        elif self._found is None:
            self._asked = list(range(self._low, min(self._high, self._low + self._search.parallel - 1) + 1))
        else:
            return []
        return [{self._search.field: number} for number in self._asked]

    def tell(self, found: Sequence[Sequence[Record]]) -> None:
        verdicts = [holds(self._search, records) for records in found]
        self._probes += len(found)
        for number, verdict in zip(self._asked, verdicts, strict=True):
            if verdict is None:
                self._reason = f"a case at {number} gave no number {self._search.value!r}"
                return
            if verdict:
                self._found, self._high = number, number - 1
                return
            self._low = number + 1
        if self._low > self._high and self._found is None:
            self._reason = "the condition holds nowhere in the range"

    def left(self) -> int:
        among = self._high - self._low + 1
        if self._reason or among <= 0:
            return 0
        if not self._search.monotone:
            return among if self._found is None else 0
        return among.bit_length() if self._probes else 1 + (among - 1).bit_length()

    def answer(self) -> dict[str, Any]:
        return {"smallest": None if self._reason else self._found, "probes": self._probes, "reason": self._reason}


class _Tuning:
    """Asks Optuna; with its seed, and told the same, it asks the same again."""

    def __init__(self, search: Tuning):
        optuna = need("optuna", "search", "optuna")
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self._search, self._fields = search, ranges(search.fields, "search.fields")
        if search.sampler == "cmaes":
            need("cmaes", "search", "cmaes")
            sampler = optuna.samplers.CmaEsSampler(seed=search.seed)
        else:
            sampler = optuna.samplers.TPESampler(seed=search.seed)
        self._study = optuna.create_study(direction=search.direction, sampler=sampler)
        self._state = optuna.trial.TrialState
        self._asked: list[tuple[Any, dict[str, Any]]] = []
        self._best: tuple[float, dict[str, Any]] | None = None
        self._probes = self._failed = 0

    def ask(self) -> list[dict[str, Any]]:
        count = min(self._search.parallel, self._search.trials - self._probes)
        trials = [self._study.ask() for _ in range(count)]
        self._asked = [(trial, {name: self._suggest(trial, name) for name in self._fields}) for trial in trials]
        return [place for _, place in self._asked]

    def tell(self, found: Sequence[Sequence[Record]]) -> None:
        sign = 1.0 if self._search.direction == "minimize" else -1.0
        for (trial, place), records in zip(self._asked, found, strict=True):
            self._probes += 1
            values = [_number(record, self._search.value) for record in records]
            if None in values:
                self._failed += 1
                self._study.tell(trial, state=self._state.FAIL)
                continue
            ordered = sorted(value for value in values if value is not None)
            value = 0.5 * (ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2])
            self._study.tell(trial, value)
            if self._best is None or sign * value < sign * self._best[0]:
                self._best = value, place

    def left(self) -> int:
        return self._search.trials - self._probes

    def answer(self) -> dict[str, Any]:
        value, place = self._best or (None, None)
        reason = "" if self._best else f"no case gave a number {self._search.value!r}"
        return {"best": value, "at": place, "probes": self._probes, "failed": self._failed, "reason": reason}

    def _suggest(self, trial: Any, name: str) -> Any:
        kind, bounds = self._fields[name]
        if kind == "choice":
            return bounds[trial.suggest_categorical(name, range(len(bounds)))]
        if kind == "integers":
            return trial.suggest_int(name, *bounds)
        return trial.suggest_float(name, *bounds, log=kind == "log")


def _number(record: Record, name: str) -> float | None:
    value = record.values.get(name)
    return float(value) if isinstance(value, bool | int | float) and record.status != "failed" else None
