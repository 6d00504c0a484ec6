"""How much data is enough: the smallest n that reaches an accuracy under the best tuning at each n, measured."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scipy.stats import binomtest

from condenslab.networks.checks import count
from condenslab.sample_size.trials import BudgetSpent, Runner, Setting, Trial
from condenslab.sample_size.tuning import Grid, OptunaSearch, Tuned


@dataclass(frozen=True)
class SizeTried:
    """One sample size: its best setting, and how often that succeeds.

    Attributes:
        size: n.
        best: The best setting, by name.
        scores: Mean accuracy and number of tuning seeds of every setting that was tried: the best one's neighbours.
        edge: Hyperparameters whose best value is at the edge of what was tried; a failure is then less certain.
        accuracies: Of the best setting, with seeds that tuning has not seen (with the tuning seeds where no setting
            reached the cut-off with any).
        successes: How many of them reach the cut-off.
        interval: Clopper–Pearson interval of the probability of success.
        succeeded: Whether the share of successes is the one asked for.
    """

    size: int
    best: Mapping[str, Any]
    scores: Mapping[Setting, tuple[float, int]]
    edge: tuple[str, ...]
    accuracies: tuple[float, ...]
    successes: int
    interval: tuple[float, float]
    succeeded: bool


@dataclass(frozen=True)
class EmpiricalSize:
    """The empirical optimistic sample size as a bracket.

    Attributes:
        lower: The largest size below `upper` that fails; None where none was seen to fail.
        upper: The smallest size that succeeds; None where none does.
        decided: Whether the bracket is as narrow as asked; not where the smallest size of all succeeds, unless it is 1.
        reason: Why it is not, or "".
        sizes: What was tried, by increasing size.
        trials: All runs, to be given as `known` when the search goes on.
        cutoff: The accuracy that counts.
    """

    lower: int | None
    upper: int | None
    decided: bool
    reason: str
    sizes: tuple[SizeTried, ...]
    trials: tuple[Trial, ...]
    cutoff: float

    @property
    def value(self) -> int | None:
        """The smallest size that succeeds, where that is decided; else None."""
        return self.upper if self.decided else None


def empirical(
    evaluate: Callable[..., Any],
    search: Mapping[str, Sequence[Any]] | OptunaSearch,
    *,
    sizes: tuple[int, int],
    cutoff: float = 0.99,
    share: float = 0.5,
    tuning_seeds: int = 2,
    seeds: int = 5,
    first_seed: int = 0,
    resolution: float = 1.1,
    widenings: int = 2,
    confidence: float = 0.95,
    budget_runs: int | None = None,
    budget_minutes: float | None = None,
    together: bool = False,
    apply: Callable[..., Iterable[Any]] = map,
    known: Iterable[Trial] = (),
    on_trial: Callable[[Trial], None] | None = None,
) -> EmpiricalSize:
    """Finds the smallest number of samples with test accuracy at or above a cut-off, tuned anew at each number.

    Sizes are doubled from the smallest until one succeeds, then the bracket is halved (geometrically). At each size the
    settings are compared by successive halving over tuning seeds, the grid widens where its best is at an edge, and the
    winner runs again with fresh seeds: the best of many is better on the seeds that chose it than on others.

    Args:
        evaluate: evaluate(setting, n, seed) → test accuracy in [0, 1] (NaN: the run came to nothing), where setting is
            a dict; with `together`, evaluate(requests) → one accuracy for each `Request`. Test on at least 1,000
            sequences where 0.99 is to be told from 1.
        search: Values of each hyperparameter, or an `OptunaSearch`.
        sizes: The smallest and the largest n.
        cutoff: The accuracy that counts.
        share: Share of seeds that must reach it.
        tuning_seeds: Seeds with which settings are compared.
        seeds: Fresh seeds with which the best one is confirmed.
        first_seed: The first seed; tuning takes the first ones, confirmation those that follow.
        resolution: The bracket is narrow enough where upper ≤ resolution·lower, or upper = lower + 1.
        widenings: How often the grid may widen at each size.
        confidence: Of the intervals.
        budget_runs: Runs that may be made; known ones cost nothing.
        budget_minutes: After which no further batch of runs is begun.
        together: Whether `evaluate` takes all requests of a batch at once, as ensembles do.
        apply: What maps `evaluate` over settings, sizes and seeds: `executor.map` of any executor.
        known: Trials of an earlier call.
        on_trial: Called with every new trial, to be stored.

    Returns:
        A bracket; where the budget is spent, the one that is known by then.

    Raises:
        ValueError: Sizes, counts or shares that cannot be, or an `evaluate` that returns no accuracy.

    References:
        The experiment is that of the lectures (deck 001, optimistic sample size of transformers); cut-off, seeds,
        confirmation and bracket are ours.

    Example:
        >>> found = empirical(lambda setting, n, seed: min(1.0, n / 40), {"rate": [0.1]}, sizes=(10, 1000))
        >>> found.lower, found.upper
        (38, 40)
    """
    least, most = _checked(sizes, cutoff, share, resolution)
    plan = _Plan(cutoff, share, count("tuning_seeds", tuning_seeds), count("seeds", seeds), first_seed, confidence)
    tuner = search if isinstance(search, OptunaSearch) else Grid(search, widenings)
    runner = Runner(
        evaluate,
        known,
        together=together,
        budget_runs=budget_runs,
        budget_minutes=budget_minutes,
        apply=apply,
        on_trial=on_trial,
    )
    tried: dict[int, SizeTried] = {}
    reason = ""
    try:
        size: int | None = least
        while size is not None:
            tried[size] = _try(size, tuner, runner, plan)
            size = _next(tried, most, resolution)
    except BudgetSpent as spent:
        reason = f"{spent}: the bracket is what is known so far"
    lower, upper = _bracket(tried)
    if not reason and upper is None:
        reason = f"the largest size, {most}, does not reach the cut-off"
    if not reason and lower is None and least > 1:
        reason = f"the smallest size, {least}, reaches the cut-off already: fewer may do"
    done = tuple(tried[size] for size in sorted(tried))
    return EmpiricalSize(lower, upper, not reason, reason, done, tuple(runner.trials.values()), cutoff)


@dataclass(frozen=True)
class _Plan:
    cutoff: float
    share: float
    tuning_seeds: int
    seeds: int
    first_seed: int
    confidence: float


def _try(size: int, tuner: Grid | OptunaSearch, runner: Runner, plan: _Plan) -> SizeTried:
    """Tunes at one size, and confirms the winner."""

    def scores(settings: Sequence[Setting], seed: int) -> list[float]:
        return runner.accuracies([(setting, size, plan.first_seed + seed) for setting in settings])

    tuned = tuner.tune(scores, plan.tuning_seeds, plan.cutoff)
    tuning = range(plan.first_seed, plan.first_seed + plan.tuning_seeds)
    fresh = range(tuning.stop, tuning.stop + plan.seeds)
    hopeful = any(t.accuracy >= plan.cutoff for t in runner.trials.values() if t.size == size and t.seed in tuning)
    confirming = fresh if hopeful else tuning
    accuracies = runner.accuracies([(tuned.best, size, seed) for seed in confirming])
    return _judged(size, tuned, accuracies, plan)


def _judged(size: int, tuned: Tuned, accuracies: list[float], plan: _Plan) -> SizeTried:
    successes = sum(accuracy >= plan.cutoff for accuracy in accuracies)
    interval = binomtest(successes, len(accuracies)).proportion_ci(plan.confidence, method="exact")
    ends = (float(interval.low), float(interval.high))
    succeeded = successes >= plan.share * len(accuracies) and successes > 0
    return SizeTried(size, dict(tuned.best), tuned.scores, tuned.edge, tuple(accuracies), successes, ends, succeeded)


def _bracket(tried: Mapping[int, SizeTried]) -> tuple[int | None, int | None]:
    upper = min((size for size, one in tried.items() if one.succeeded), default=None)
    failing = [size for size, one in tried.items() if not one.succeeded and (upper is None or size < upper)]
    return max(failing, default=None), upper


def _next(tried: Mapping[int, SizeTried], most: int, resolution: float) -> int | None:
    """Returns the next size: twice the largest that fails, or the geometric middle; None where that is enough."""
    lower, upper = _bracket(tried)
    if upper is None:
        largest = max(tried)
        return None if largest >= most else min(2 * largest, most)
    if lower is None or upper <= lower + 1 or upper <= resolution * lower:
        return None
    return min(max(round(math.sqrt(lower * upper)), lower + 1), upper - 1)


def _checked(sizes: tuple[int, int], cutoff: float, share: float, resolution: float) -> tuple[int, int]:
    least, most = count("the smallest size", sizes[0]), count("the largest size", sizes[1])
    if most < least:
        raise ValueError(f"sizes must be the smallest and the largest. Got {sizes}.")
    for name, value, low in (("cutoff", cutoff, 0), ("share", share, 0)):
        if not low < value <= 1:
            raise ValueError(f"{name} must be above 0 and at most 1. Got {value!r}.")
    if not resolution >= 1:
        raise ValueError(f"resolution must be at least 1. Got {resolution!r}.")
    return least, most
