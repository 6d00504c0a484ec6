"""Which branches has the target set of the six-parameter example, and how does gradient flow come to them?"""

from collections.abc import Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from condenslab.studies.branches.cases import PRESETS, RateCase, Settings, StabilityCase, stability_cases
from condenslab.studies.contract.claims import Claim
from condenslab.studies.old_study import Drawing, Study
from condenslab.studies.seeds import over_seeds
from condenslab.sweeps import Outcome, Progress, Record

if TYPE_CHECKING:
    from condenslab.tasks import Table

STATEMENTS = (
    "the rank of the Hessian with n = 1, 2, … samples is min(n, 3) on Q₁, min(n, 4) on Q₂ and Q₃ (largest deviation)",
    "the dimensions of Q₁, Q₂ and Q₃ are 1, 2 and 2 (largest deviation)",
    "near Q₁ the risk falls like t⁻² (slope of log R against log t)",
    "near Q₁ the two neurons come together like t^(−1/2) (slope of log |w₁ − w₂| against log t)",
    "near Q₂ and Q₃ the risk falls exponentially, at twice the smallest positive eigenvalue of the Hessian (ratio)",
    "from N₁ = 5 samples near Q₁, N₂ = 4 near Q₂, all flows recover the target",
    "with one sample fewer some flow does not",
)
_GM = "Zhang, Zhang & Luo, arXiv 2309.00508"
_DECK = "deck 000, example with 6 parameters"
_DIMENSIONS = {1: 1, 2: 2, 3: 2}
_RANKS = {1: 3, 2: 4, 3: 4}
_CONDENSED = 1e-3
"""Neurons as near as this at the end have come together; on Q₂ and Q₃ they are of order 1 apart."""


class Branches(Study):
    """The example with 6 parameters: σ = exp, two neurons, two inputs, a target of one neuron."""

    name: ClassVar[str] = "branches"
    revision: ClassVar[int] = 1
    question: ClassVar[str] = "Which branches has the set of global minima, and how does gradient flow come to them?"
    source: ClassVar[str] = f"{_DECK}; {_GM}, Sections 3 to 5"
    claim_statements: ClassVar[tuple[str, ...]] = STATEMENTS
    presets: ClassVar[Mapping[str, Settings]] = PRESETS

    def cases(self, settings: Settings, *, seed: int, data: "Table | None") -> Sequence[RateCase | StabilityCase]:
        """Returns flows from near each branch, watched over time, and flows counted for each number of samples."""
        rates = [
            RateCase(branch, seed + k, settings.samples, settings.radius, settings.time)
            for branch in (1, 2, 3)
            for k in range(settings.seeds)
        ]
        counted = stability_cases(
            2, 1, 2, trials=settings.trials, seed=seed, radius=settings.small_radius, time=settings.long_time
        )
        return [*rates, *counted] if settings.trials else rates

    def compile_key(self, case: RateCase | StabilityCase) -> Hashable:
        """Returns the kind and what shapes depend on."""
        if isinstance(case, RateCase):
            return (case.kind, case.samples)
        return (case.kind, case.width, case.target_width, case.inputs, case.most, case.trials)

    def bytes_per_member(self, case: RateCase | StabilityCase) -> int:
        """Returns the size of a recorded flow, or of the trials of a case."""
        return 400_000 if isinstance(case, RateCase) else 20_000 * case.trials

    def seconds_per_member(self, case: RateCase | StabilityCase) -> float:
        """Returns a rough time on two cores, without compilation."""
        return 0.5 if isinstance(case, RateCase) else 0.02 * case.trials

    def run_batch(
        self, cases: Sequence[Any], *, data: "Table | None" = None, progress: Progress | None = None
    ) -> list[Outcome]:
        """Computes cases of one kind."""
        from condenslab.studies.branches import flows

        return (flows.run_rates if cases[0].kind == "rate" else flows.run_stability)(cases, progress)

    def claims(self, records: Sequence[Record], settings: Settings, *, known_target: bool) -> list[Claim]:
        """Decides the claims from ranks, slopes and counts."""
        done = [record for record in records if record.status == "done"]
        rates = {b: [r for r in done if r.case["kind"] == "rate" and r.case["branch"] == b] for b in (1, 2, 3)}
        counted = [record for record in done if record.case["kind"] == "stability"]
        return [*_counts(rates), *_speeds(rates), *_thresholds(counted)]

    def draw(self, records: Sequence[Record]) -> list[Drawing]:
        """Draws ranks, courses and success rates."""
        from condenslab.studies.branches import draw

        return draw.branch_drawings(records)


def log_slope(times: np.ndarray, values: np.ndarray, decades: float = 2.0) -> float:
    """Returns the slope of log value against log time over the last decades of time.

    Args:
        times: Positive, increasing, shape (time,).
        values: Positive, shape (time,).
        decades: How many.
    """
    late = (times >= times[-1] / 10**decades) & (values > 0)
    return float(np.polyfit(np.log(times[late]), np.log(values[late]), 1)[0])


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


def _counts(rates: dict[int, list[Record]]) -> list[Claim]:
    def deviation(record: Record) -> int | None:
        own = record.values["ranks"]
        if None in own:
            return None
        return max(abs(rank - min(n, _RANKS[record.case["branch"]])) for n, rank in enumerate(own, 1))

    every = [record for b in (1, 2, 3) for record in rates[b]]
    ranks = [deviation(record) for record in every]
    sizes = [
        None if r.values["dimension"] is None else abs(r.values["dimension"] - _DIMENSIONS[r.case["branch"]])
        for r in every
    ]
    return [
        Claim.count(over_seeds(STATEMENTS[0], [d == 0 for d in ranks]), f"{_DECK}; {_GM}, Lemma 4.2", expected=0,
                    measured=ranks),
        Claim.count(over_seeds(STATEMENTS[1], [d == 0 for d in sizes]), f"{_DECK}; {_GM}, Proposition 3.2", expected=0,
                    measured=sizes),
    ]  # fmt: skip


def _speeds(rates: dict[int, list[Record]]) -> list[Claim]:
    condensed = [r for r in rates[1] if r.arrays["gap"][-1] <= _CONDENSED]
    stayed = f" ({len(condensed)} of {len(rates[1])} flows ended on Q₁, the others on Q₂ or Q₃)"
    first = [(r.arrays["times"], r.arrays["risk"], r.arrays["gap"]) for r in condensed]
    risk = [log_slope(times, risk) for times, risk, _ in first]
    gap = [log_slope(times, gap) for times, _, gap in first]
    ratios = []
    for record in (*rates[2], *rates[3]):
        rate = exponential_rate(record.arrays["times"], record.arrays["risk"])
        ratios.append(None if rate is None else rate / (2 * record.values["smallest_eigenvalue"]))
    rates_source = f"{_GM}, Theorem 5.3; {_DECK}"

    def near(number: int, note: str, expected: float, values: Sequence[float | None], width: float) -> Claim:
        holds = [value is not None and abs(value - expected) <= width for value in values]
        text = over_seeds(STATEMENTS[number] + note, holds)
        return Claim.within(text, rates_source, expected=expected, measured=values, tolerance=width)

    return [near(2, stayed, -1.95, risk, 0.15), near(3, stayed, -0.5, gap, 0.05), near(4, "", 1.0, ratios, 0.05)]


def _thresholds(counted: list[Record]) -> list[Claim]:
    """Judges both branches: Q₂ and Q₃ differ by the order of the neurons, which nothing here depends on."""
    source = f"{_DECK} (N₁ = 5, N₂ = N₃ = 4); {_GM}, Theorem 5.4"
    missed, failing = [], []
    for branch, threshold in ((0, 5), (1, 4)):
        for record in counted:
            trials, successes = record.case["trials"], record.values["successes"][branch]
            if record.case["samples"] >= threshold:
                missed.append(trials - successes)
            elif record.case["samples"] == threshold - 1:
                failing.append(trials - successes)
    trials = counted[0].case["trials"] if counted else 0
    return [
        Claim.count(f"{STATEMENTS[5]} (flows of {trials} that do not, for each branch and n)", source, expected=0,
                    measured=missed),
        Claim.at_least(f"{STATEMENTS[6]} (flows of {trials}, near Q₁ and Q₂)", source, bound=1, measured=failing),
    ]  # fmt: skip


STUDY = Branches()
