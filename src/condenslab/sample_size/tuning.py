"""The best setting at one sample size: a grid that widens where its best is at an edge, or a search by Optuna."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from condenslab.errors import UserError
from condenslab.sample_size.trials import Setting, as_setting

Scores = Callable[[Sequence[Setting], int], list[float]]
"""(settings, number of a tuning seed) → accuracies at the size in question."""


@dataclass(frozen=True)
class Tuned:
    """What tuning at one size came to.

    Attributes:
        best: The setting of the highest mean accuracy.
        scores: Mean accuracy and number of seeds of every setting that was tried.
        edge: Names of the hyperparameters whose best value is the first or last one of the grid.
    """

    best: Setting
    scores: Mapping[Setting, tuple[float, int]]
    edge: tuple[str, ...]


class Grid:
    """All combinations of some values, by successive halving over seeds.

    All settings run with the first tuning seed, the better half with the second, and so on. Where the best one misses
    the goal and has the first or last value of an ordered hyperparameter, the grid gets the next value in that
    direction (by the ratio of the last two, or by their difference where values are not positive), at most
    `widenings` times.
    """

    def __init__(self, values: Mapping[str, Sequence[Any]], widenings: int) -> None:
        """Takes the values of each hyperparameter.

        Raises:
            ValueError: There is none, or one without values, or with a value twice.
        """
        if not values or any(len(list(v)) == 0 or len(set(v)) < len(list(v)) for v in values.values()):
            raise ValueError(f"a grid needs at least one value for each hyperparameter, each once. Got {dict(values)}.")
        self.values = {name: list(v) for name, v in values.items()}
        self.widenings = widenings

    def tune(self, scores: Scores, seeds: int, goal: float) -> Tuned:
        """Returns the best setting at one size; see the class.

        Args:
            scores: Runs settings.
            seeds: How many tuning seeds there are.
            goal: The accuracy above which the grid need not be widened.
        """
        found = halving([as_setting(dict(zip(self.values, v, strict=True))) for v in self._all()], scores, seeds)
        left = self.widenings
        while True:
            best = _best(found)
            edge = self._edge(dict(best))
            if not edge or left == 0 or found[best][0] >= goal:
                return Tuned(best, found, tuple(edge))
            left -= 1
            wider = [as_setting({**dict(best), name: self._beyond(name, end)}) for name, end in edge.items()]
            found |= halving(wider, scores, seeds, keep=len(wider))

    def _all(self) -> list[tuple[Any, ...]]:
        return list(product(*self.values.values()))

    def _edge(self, setting: Mapping[str, Any]) -> dict[str, int]:
        """Returns which hyperparameters have their first (0) or last (−1) value, of those whose values are ordered."""
        ends = {}
        for name, values in self.values.items():
            numbers = [v for v in values if isinstance(v, int | float) and not isinstance(v, bool)]
            if len(numbers) < 2 or len(numbers) < len(values):
                continue
            values.sort()
            if setting[name] in (values[0], values[-1]):
                ends[name] = 0 if setting[name] == values[0] else -1
        return ends

    def _beyond(self, name: str, end: int) -> float:
        values = self.values[name]
        last, before = (values[0], values[1]) if end == 0 else (values[-1], values[-2])
        positive = before > 0 and last > 0
        # A rate goes on by its ratio; three significant digits, so that the same value comes again at another size.
        new = float(f"{last * last / before if positive else last + (last - before):.3g}")
        values.append(new)
        return new


@dataclass
class OptunaSearch:
    """Settings proposed by Optuna within ranges, instead of a grid; needs the extra `condenslab[search]`.

    Attributes:
        ranges: (low, high) of each hyperparameter; logarithmic where both are positive.
        settings: Settings that are proposed at each size.
        seed: Of the proposals.
        batch: Settings that are proposed at a time.
        linear: Names of hyperparameters that are searched on a linear scale although positive.
    """

    ranges: Mapping[str, tuple[float, float]]
    settings: int = 20
    seed: int = 0
    batch: int = 5
    linear: tuple[str, ...] = ()

    def tune(self, scores: Scores, seeds: int, goal: float) -> Tuned:
        """Returns the best of the proposed settings.

        Args:
            scores: Runs settings.
            seeds: How many tuning seeds there are.
            goal: Not used: the ranges are what was asked for.

        Raises:
            UserError: Optuna is not installed.
        """
        try:
            import optuna
        except ImportError as error:
            raise UserError(
                "searching with Optuna needs it installed: pip install 'condenslab[search]', or give a grid"
            ) from error
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=self.seed))
        proposed: dict[Setting, None] = {}
        while len(proposed) < self.settings:
            asked = [study.ask() for _ in range(min(self.batch, self.settings - len(proposed)))]
            new = [as_setting({n: self._suggest(trial, n) for n in self.ranges}) for trial in asked]
            for trial, accuracy in zip(asked, scores(new, 0), strict=True):
                study.tell(trial, 0.0 if math.isnan(accuracy) else accuracy)
            proposed |= dict.fromkeys(new)
        found = halving(list(proposed), scores, seeds)
        best = dict(_best(found))
        near = {n: 0.02 * (high - low) for n, (low, high) in self.ranges.items()}
        edge = [n for n, (a, b) in self.ranges.items() if min(abs(best[n] - a), abs(best[n] - b)) < near[n]]
        return Tuned(as_setting(best), found, tuple(edge))

    def _suggest(self, trial: Any, name: str) -> float:
        low, high = self.ranges[name]
        value = trial.suggest_float(name, low, high, log=low > 0 and name not in self.linear)
        return float(f"{value:.4g}")


def halving(
    settings: Sequence[Setting], scores: Scores, seeds: int, *, keep: int = 1
) -> dict[Setting, tuple[float, int]]:
    """Returns mean accuracy and number of seeds of each setting: all run with the first seed, then the better half.

    Args:
        settings: What is compared.
        scores: Runs settings.
        seeds: How many seeds there are.
        keep: How many stay in the race at least.
    """
    runs: dict[Setting, list[float]] = {setting: [] for setting in settings}
    racing = list(runs)
    for seed in range(seeds):
        for setting, accuracy in zip(racing, scores(racing, seed), strict=True):
            runs[setting].append(0.0 if math.isnan(accuracy) else accuracy)
        racing.sort(key=lambda setting: -float(np.mean(runs[setting])))
        racing = racing[: max(keep, -(-len(racing) // 2))]
    return {setting: (float(np.mean(found)), len(found)) for setting, found in runs.items()}


def _best(found: Mapping[Setting, tuple[float, int]]) -> Setting:
    """Returns the best of the settings that ran with the most seeds: a single lucky run is no evidence."""
    most = max(count for _, count in found.values())
    return max((s for s in found if found[s][1] == most), key=lambda s: found[s][0])
