"""What the study of branches claims; numbers only, no JAX."""

from collections.abc import Callable
from typing import Any

import numpy as np

from condenslab.studies.branches.cases import RateCase, Settings, SliceCase, StabilityCase
from condenslab.studies.branches.stability import unrecovered
from condenslab.studies.contract.criteria import at_least, at_most, exactly, within
from condenslab.studies.contract.evidence import Evidence
from condenslab.studies.contract.statements import Measured, Statement
from condenslab.sweeps import Record

GM = "Zhang, Zhang & Luo, arXiv 2309.00508"
DECK = "deck 000, example with 6 parameters"
SLICES = "What fits the samples beside the branches"
_RATES = f"{GM}, Theorem 5.3; {DECK}; the tolerances of the fits are the study's own"
_DIMENSIONS = {1: 1, 2: 2, 3: 2}
_RANKS = {1: 3, 2: 4, 3: 4}
_THRESHOLDS = ((0, 5), (1, 4))
"""Number of the branch in a record and its threshold: Q₂ and Q₃ differ by the order of the neurons alone."""
_SLOPE = 0.02
"""Of −2: the law is that of t + t₀, whose slope −2/(1 + t₀/t) is so near from t = 100·t₀ on."""
_SETTLED = 100.0
"""So many times t₀ a slope is read from."""
_CONDENSED = 1e-3
"""Neurons as near as this at the end have come together; on Q₂ and Q₃ they are of order 1 apart."""


def statements(settings: Settings) -> list[Statement]:
    """Returns what is claimed: ranks and dimensions, speeds, from how many samples flows recover, and what fits them.

    Args:
        settings: The settings.
    """
    return [*_counts(), *_speeds(), *_thresholds(settings.trials), *_shrinking()]


def log_slope(times: np.ndarray, values: np.ndarray, since: float = 0.0) -> float | None:
    """Returns the slope of log value against log time over the last two decades, or what is left of them.

    Args:
        times: Positive, increasing, shape (time,).
        values: Positive, shape (time,).
        since: Earlier times are left out; if less than half a decade is then left, there is no slope.
    """
    begin = max(float(times[-1]) / 100, since)
    late = (times >= begin) & (values > 0)
    if np.count_nonzero(late) < 2 or times[-1] < begin * np.sqrt(10):
        return None
    return float(np.polyfit(np.log(times[late]), np.log(values[late]), 1)[0])


def head_start(times: np.ndarray, gap: np.ndarray) -> float:
    """Returns t₀ of |w₁ − w₂|⁻² = c·(t + t₀), the line through the last time and a tenth of it, or 0 if that is less.

    Args:
        times: Increasing, shape (time,).
        gap: |w₁ − w₂|, positive at the end, shape (time,).
    """
    earlier = int(np.searchsorted(times, times[-1] / 10))
    rise = (gap[-1] ** -2.0 - gap[earlier] ** -2.0) / (times[-1] - times[earlier])
    return max(0.0, float(gap[-1] ** -2.0 / rise - times[-1])) if rise > 0 else float("inf")


def exponential_rate(times: np.ndarray, risk: np.ndarray) -> float | None:
    """Returns β of R ~ e^(−βt), fitted where R is between 1e-14 and 1e-9, or None where fewer than four steps are.

    There the slowest direction is alone, and the displacement, √R, is still far above the tolerance of the flow.

    Args:
        times: Increasing, shape (time,).
        risk: Shape (time,).
    """
    late = (risk >= 1e-14) & (risk <= 1e-9)
    if np.count_nonzero(late) < 4:
        return None
    return float(-np.polyfit(times[late], np.log(risk[late]), 1)[0])


def _counts() -> list[Statement]:
    def deviation(record: Record) -> int | None:
        ranks = record.values["ranks"]
        if None in ranks:
            return None
        return max(abs(rank - min(n, _RANKS[record.case["branch"]])) for n, rank in enumerate(ranks, 1))

    def size(record: Record) -> int | None:
        dimension = record.values["dimension"]
        return None if dimension is None else abs(dimension - _DIMENSIONS[record.case["branch"]])

    return [
        Statement(
            "the rank of the Hessian with n = 1, 2, … samples is min(n, 3) on Q₁, min(n, 4) on Q₂ and Q₃",
            f"{DECK}; {GM}, Lemma 4.2",
            lambda evidence: evidence.where(RateCase).each(deviation),
            exactly(0),
            "largest deviation",
            "seeds",
            label="the Hessian's rank is min(n, 3) on Q₁, min(n, 4) on Q₂ and Q₃",
            figure="Ranks along the branches",
        ),
        Statement(
            "the dimensions of Q₁, Q₂ and Q₃ are 1, 2 and 2",
            f"{DECK}; {GM}, Proposition 3.2",
            lambda evidence: evidence.where(RateCase).each(size),
            exactly(0),
            "largest deviation",
            "seeds",
        ),
    ]


def _speeds() -> list[Statement]:
    def ratio(record: Record) -> float | None:
        rate = exponential_rate(record.arrays["times"], record.arrays["risk"])
        return None if rate is None else rate / (2 * record.values["smallest_eigenvalue"])

    shared: dict[str, Any] = {"of": "seeds", "figure": "How flow comes to the branches"}
    return [
        Statement(
            "near Q₁ the risk falls like t⁻²",
            _RATES,
            _on_the_condensed_branch("risk", -2.0, _SLOPE),
            within(-2.0, _SLOPE),
            "slope of log R against log t, from a hundred times the head start on",
            **shared,
        ),
        Statement(
            "near Q₁ the two neurons come together like t^(−1/2)",
            _RATES,
            _on_the_condensed_branch("gap", -0.5, _SLOPE / 4),
            within(-0.5, _SLOPE / 4),
            "slope of log |w₁ − w₂| against log t, from a hundred times the head start on",
            **shared,
        ),
        Statement(
            "near Q₂ and Q₃ the risk falls exponentially, at twice the smallest positive eigenvalue of the Hessian",
            _RATES,
            lambda evidence: evidence.where(RateCase, branch=(2, 3)).each(ratio),
            within(1.0, 0.05),
            "ratio",
            label="near Q₂ and Q₃ the risk falls at twice the Hessian's smallest positive eigenvalue",
            **shared,
        ),
    ]


def _on_the_condensed_branch(name: str, expected: float, tolerance: float) -> Callable[[Evidence], Measured]:
    """Returns a reader of the late slope of an array, for the flows that ended on Q₁: others have other rates."""

    def late(record: Record) -> tuple[bool, float | None, str]:
        times, gap = record.arrays["times"], record.arrays["gap"]
        if gap[-1] > _CONDENSED:
            return False, None, ""
        slope = log_slope(times, record.arrays[name], _SETTLED * head_start(times, gap))
        missed = slope is not None and abs(slope - expected) > tolerance
        return True, slope, _approach(record, name) if missed else ""

    def read(evidence: Evidence) -> Measured:
        flows = evidence.where(RateCase, branch=1).each(late)
        slopes = [None if flow is None else flow[1] for flow in flows if flow is None or flow[0]]
        stayed = [flow for flow in flows if flow is not None and flow[0]]
        note = f"{len(stayed)} of {len(flows)} flows ended on Q₁, the others on Q₂ or Q₃"
        return Measured(slopes, note=note, failing=" ".join(told for *_, told in stayed if told))

    return read


def _approach(record: Record, name: str) -> str:
    """Returns the slopes of the last two decades of time in words: on the way to a limit they differ."""
    times, values = record.arrays["times"], record.arrays[name]
    earlier = times <= times[-1] / 10
    last = log_slope(times, values, since=times[-1] / 10)
    before = log_slope(times[earlier], values[earlier], since=times[-1] / 100)
    if last is None or before is None:
        return ""
    return f"Seed {record.case['seed']}: {before:.4g} over the decade before the last, {last:.4g} over the last."


def _thresholds(trials: int) -> list[Statement]:
    source = f"{DECK} (N₁ = 5, N₂ = N₃ = 4); {GM}, Theorem 5.4"
    figure = "Recovery against samples, m = 2, m₀ = 1, d = 2"

    def reader(fits: Callable[[int, int], bool]) -> Callable[[Evidence], list[int | None]]:
        """Returns a reader of how many flows do not recover, of those numbers of samples that fit a threshold."""
        return lambda evidence: [
            count
            for branch, threshold in _THRESHOLDS
            for count in evidence.where(StabilityCase, samples=lambda n, t=threshold: fits(n, t)).each(
                lambda record, b=branch: unrecovered(record, b)
            )
        ]

    return [
        Statement(
            "from N₁ = 5 samples near Q₁, N₂ = 4 near Q₂, all flows recover the target",
            source,
            reader(lambda samples, threshold: samples >= threshold),
            exactly(0),
            f"flows of {trials} that do not, for each branch and n",
            label="from 5 samples near Q₁, 4 near Q₂, all flows recover the target",
            figure=figure,
        ),
        Statement(
            "with one sample fewer some flow does not",
            source,
            reader(lambda samples, threshold: samples == threshold - 1),
            at_least(1),
            f"flows of {trials}, near Q₁ and Q₂",
            label="with 4 samples near Q₁, 3 near Q₂, some flow does not recover",
            figure=figure,
        ),
    ]


def _shrinking() -> list[Statement]:
    source = f"{DECK}: how L_S⁻¹(0) shrinks to Q* as n grows; the slice of three coordinates is the study's own"
    shared: dict[str, Any] = {"of": "draws of samples", "figure": SLICES}

    def deviation(record: Record) -> int | None:
        found = record.values["dimensions"]
        pairs = [(3 - n, dimension) for n, known in enumerate(found, 1) for dimension in known]
        if any(dimension is None for _, dimension in pairs):
            return None
        return max(abs(dimension - expected) for expected, dimension in pairs)

    return [
        Statement(
            "beside Q₁, Q₂ and Q₃ one, two and three samples are fitted on a surface, a curve and single points",
            f"{source}; by counting: n equations leave 3 − n dimensions",
            lambda evidence: evidence.where(SliceCase).each(deviation),
            exactly(0),
            "largest deviation; samples such that three leave a point",
            label="one, two, three samples leave a surface, a curve, single points beside the branches",
            **shared,
        ),
        Statement(
            "with four samples nothing has zero risk but Q₁, Q₂ and Q₃: more samples than coordinates",
            f"{source}; {GM}, Theorem 5.4: all of Q* from n > (d + 1)m, the number of parameters",
            lambda evidence: evidence.where(SliceCase).each(lambda record: record.values["left"]),
            exactly(0),
            "points left",
            label="with four samples nothing is left but the branches",
            **shared,
        ),
        Statement(
            "the network fits its samples at every point that was found",
            "exact statement, held to rounding",
            lambda evidence: evidence.where(SliceCase).each(lambda record: record.values["error"]),
            at_most(1e-12),
            "largest relative error",
            **shared,
        ),
    ]
