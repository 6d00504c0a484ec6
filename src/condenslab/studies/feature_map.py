"""How do the features of wide ReLU networks scatter across the phase diagram, and does the width matter?"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import msgspec
import numpy as np

from condenslab.studies.contract.claims import Claim
from condenslab.studies.old_study import Drawing, Study
from condenslab.studies.seeds import over_values
from condenslab.sweeps import Outcome, Progress, Record

if TYPE_CHECKING:
    from condenslab.tasks import Table

Count = Annotated[int, msgspec.Meta(ge=1)]
Positive = Annotated[float, msgspec.Meta(gt=0)]
Numbers = Annotated[tuple[float, ...], msgspec.Meta(min_length=1)]

_PD, _MANY = "Luo et al., JMLR 22(71), 2021, Fig. 6", "points or seeds"
_SHOWN = 400
BINS = 180
"""Of orientation, each 2 degrees wide."""
TOP = 2
"""The target x² at four points has two kinks, so condensed networks have two orientations (Fig. 2c)."""
STATEMENTS = (
    "right of the boundary the features gather: the spread of the wider network is smaller",
    "on the boundary the spread does not depend on the width: it changes by at most 20 % over the widths",
    "left of the boundary nothing gathers: the spread stays above that right of it",
)


@dataclass(frozen=True)
class Settings:
    """What `--set` can change.

    Attributes:
        gammas: γ of the map.
        gamma_primes: γ′ of the map.
        widths: m.
        seeds: Runs of every point.
        risk: R at which a run has converged.
        tolerance: Accepted relative error of a step of the flow.
        max_steps: Most steps to try.
    """

    gammas: Numbers = (0.7, 1.0, 1.3)
    gamma_primes: Numbers = (-0.3, 0.0, 0.3)
    widths: Annotated[tuple[Count, ...], msgspec.Meta(min_length=2)] = (1000, 5000, 20000)
    seeds: Count = 3
    risk: Positive = 1e-6
    tolerance: Positive = 0.1
    max_steps: Count = 20_000


@dataclass(frozen=True)
class FeatureCase:
    """One normalised flow whose neurons are looked at.

    Attributes:
        gamma: γ.
        gamma_prime: γ′.
        width: m.
        seed: Of the initial parameters.
        risk: R at which it has converged.
        tolerance: Accepted relative error of a step.
        max_steps: Most steps to try.
    """

    gamma: float
    gamma_prime: float
    width: int
    seed: int
    risk: float
    tolerance: float
    max_steps: int


class FeatureMap(Study):
    """Scatter of orientation and amplitude across (γ, γ′) and the width, and its spread."""

    name: ClassVar[str] = "feature_map"
    revision: ClassVar[int] = 1
    question: ClassVar[str] = "How do features scatter across the phase diagram, and does the width matter?"
    source: ClassVar[str] = f"{_PD}; deck 002, 'Feature distribution'"
    claim_statements: ClassVar[tuple[str, ...]] = STATEMENTS
    presets: ClassVar[Mapping[str, Settings]] = {
        "tiny": Settings(gammas=(0.7, 1.0, 1.5), gamma_primes=(0.0,), widths=(100, 400), seeds=1),
        "quick": Settings(),
        "full": Settings(
            gammas=(0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.3),
            gamma_primes=(-0.3, -0.2, -0.1, 0.0, 0.1, 0.2, 0.3),
            widths=(1000, 10_000, 1_000_000),
            tolerance=0.03,
        ),
    }

    def cases(self, settings: Settings, *, seed: int, data: "Table | None") -> Sequence[FeatureCase]:
        """Returns every point of the map at every width and seed."""
        s = settings
        return [
            FeatureCase(g, p, m, seed + k, s.risk, s.tolerance, s.max_steps)
            for m in s.widths
            for p in s.gamma_primes
            for g in s.gammas
            for k in range(s.seeds)
        ]

    def compile_key(self, case: FeatureCase) -> Hashable:
        """Returns the width: γ, γ′ and seed are data of one program."""
        return (case.width, case.risk, case.tolerance, case.max_steps)

    def bytes_per_member(self, case: FeatureCase) -> int:
        """Returns the size of the neurons of a member, before and after, on the host and in the program."""
        return 8 * case.width * 60

    def seconds_per_member(self, case: FeatureCase) -> float:
        """Returns a rough time on two cores."""
        return 0.02 + 4e-6 * case.width

    def run_batch(
        self, cases: Sequence[FeatureCase], *, data: "Table | None" = None, progress: Progress | None = None
    ) -> list[Outcome]:
        """Computes the flows of one width, one member's neurons in memory at a time."""
        return [_run(case, number, len(cases), progress) for number, case in enumerate(cases)]

    def claims(self, records: Sequence[Record], settings: Any, *, known_target: bool) -> list[Claim]:
        """Decides the claims from the spreads."""
        return _decide(records)

    def draw(self, records: Sequence[Record]) -> list[Drawing]:
        """Draws the map of scatters and the spreads against the width."""
        done = [r for r in records if r.status == "done"]
        return [_scatters(done), _spreads(done)] if done else []


STUDY = FeatureMap()


def spread(angle: np.ndarray, amplitude: np.ndarray) -> float:
    """Returns 1 − the share of the summed amplitude in the two heaviest 2-degree bins of orientation.

    0 where all amplitude is in two directions; 1 − 2/180 where it is spread evenly. To be free of where bins begin, a
    bin counts with both halves of its neighbours: the sum of two half-width bins that overlap by half.

    Args:
        angle: atan2(b, w) of each neuron, shape (neuron,).
        amplitude: |a|·‖(w, b)‖ of each neuron, shape (neuron,).
    """
    half = np.bincount(
        np.floor((angle + np.pi) / (2 * np.pi) * 2 * BINS).astype(int) % (2 * BINS), amplitude, minlength=2 * BINS
    )
    share, left = 0.0, half.copy()
    for _ in range(TOP):
        pairs = left + np.roll(left, -1)
        at = int(np.argmax(pairs))
        share += pairs[at]
        left[[at, (at + 1) % (2 * BINS)]] = 0.0
    return float(1.0 - share / amplitude.sum())


def _run(case: FeatureCase, number: int, total: int, progress: Progress | None) -> Outcome:
    from condenslab import tasks, training
    from condenslab.networks import initial

    task = tasks.task("square_on_four_points")
    (run,) = training.normalised_flow(
        task.inputs,
        task.targets,
        [initial.from_gamma(case.gamma, case.gamma_prime, case.width)],
        width=case.width,
        seeds=[case.seed],
        risk=case.risk,
        max_steps=case.max_steps,
        tolerance=case.tolerance,
        features=range(case.width),
    )
    if run.stop is training.Stop.INTERRUPTED:
        raise KeyboardInterrupt
    if progress is not None:
        progress((number + 1) / total, f"{number + 1} of {total} flows have ended")
    own = run.features
    assert own is not None, "features were asked for"
    angle = np.arctan2(own.inner[:, 1], own.inner[:, 0])
    amplitude = np.abs(own.outer) * np.linalg.norm(own.inner, axis=1)
    before = np.arctan2(own.initial_inner[:, 1], own.initial_inner[:, 0])
    first = np.abs(own.initial_outer) * np.linalg.norm(own.initial_inner, axis=1)
    # The largest ones and an even choice of the others: a scatter of 10⁶ points says no more.
    order = np.argsort(amplitude)[::-1]
    chosen = np.unique(np.concatenate([order[: _SHOWN // 2], order[:: max(1, case.width // (_SHOWN // 2))]]))
    values = {
        "converged": run.stop is training.Stop.RISK_REACHED,
        "fate": run.stop.name.lower(),
        "risk": run.risk,
        "input_distance": run.input_distance,
        "spread": spread(angle, amplitude),
        "initial_spread": spread(before, first),
        "tried": run.tried,
    }
    return Outcome(values, {"angle": angle[chosen], "amplitude": amplitude[chosen] / amplitude.max()})


def _place(case: Mapping[str, Any]) -> float:
    """Returns how far right of the boundary a point is, along γ."""
    return case["gamma"] - 1.0 - max(case["gamma_prime"], 0.0)


def _series(records: Sequence[Record]) -> dict[tuple[float, float, int], list[float | None]]:
    """Returns (γ′, γ, seed) → spread by width, None where a run did not converge."""
    grouped: dict[tuple[float, float, int], list[float | None]] = {}
    for record in sorted(records, key=lambda r: r.case["width"]):
        key = (record.case["gamma_prime"], record.case["gamma"], record.case["seed"])
        good = record.status == "done" and record.values["converged"]
        grouped.setdefault(key, []).append(record.values["spread"] if good else None)
    return grouped


def _decide(records: Sequence[Record]) -> list[Claim]:
    right: list[float | None] = []
    on: list[float | None] = []
    left: dict[int, list[float | None]] = {}
    beyond: dict[int, list[float | None]] = {}
    for (prime, gamma, seed), values in _series(records).items():
        place = round(_place({"gamma": gamma, "gamma_prime": prime}), 9)
        known = None if None in values else [v for v in values if v is not None]
        if place > 0:
            right.append(None if known is None else known[-1] / known[0])
            beyond.setdefault(seed, []).append(values[-1])
        elif place == 0:
            on.append(None if known is None else max(known) / min(known) - 1.0)
        else:
            left.setdefault(seed, []).append(values[-1])
    gaps = [
        None
        if None in [*left[s], *beyond.get(s, [None])]
        else float(min(np.array(left[s], float)) - max(np.array(beyond[s], float)))
        for s in left
    ]
    narrows = f"{STATEMENTS[0]} (ratio of the spreads, widest to narrowest)"
    gathered = over_values(narrows, right, lambda v: v <= 1, _MANY)
    steady = over_values(STATEMENTS[1], on, lambda v: v <= 0.2, _MANY)
    apart = over_values(STATEMENTS[2], gaps, lambda v: v >= 0, _MANY)
    return [
        Claim.at_most(gathered, _PD, bound=1, measured=right),
        Claim.at_most(steady, f"{_PD}; 20 % is ours", bound=0.2, measured=on),
        Claim.at_least(apart, _PD, bound=0, measured=gaps),
    ]


def _scatters(done: Sequence[Record]) -> Drawing:
    from condenslab import figures

    first = min(r.case["seed"] for r in done)
    own = [r for r in done if r.case["seed"] == first]
    gammas = sorted({r.case["gamma"] for r in own})
    primes = sorted({r.case["gamma_prime"] for r in own}, reverse=True)
    widths = sorted({r.case["width"] for r in own})
    figure, axes = figures.panels(len(primes), len(gammas), width=3.2, height=2.7)
    for record in own:
        ax = axes[primes.index(record.case["gamma_prime"]), gammas.index(record.case["gamma"])]
        index = widths.index(record.case["width"])
        figures.feature_cloud(
            ax, record.arrays["angle"], record.arrays["amplitude"], label=f"m = {record.case['width']}", index=index
        )
        side = round(_place(record.case), 9)
        where = "boundary" if side == 0 else "condensed" if side > 0 else "linear"
        figures.title(ax, f"γ = {record.case['gamma']:g}, γ′ = {record.case['gamma_prime']:g}: {where}")
    figures.legend_below(axes[-1, len(gammas) // 2])
    caption = (
        "Orientation and amplitude (in units of the largest) of neurons after training on x² at four points: the "
        f"{_SHOWN // 2} largest and an even choice of the others, one colour and mark a width, seed {first}."
    )
    return Drawing("Features across the phase diagram", caption, figure)


def _spreads(done: Sequence[Record]) -> Drawing:
    from condenslab import figures

    widths = sorted({r.case["width"] for r in done})
    figure, axes = figures.panels(1, 3, width=4.0, height=4.0)
    sides = {"linear": lambda p: p < 0, "boundary": lambda p: p == 0, "condensed": lambda p: p > 0}
    for ax, (name, test) in zip(axes[0], sides.items(), strict=True):
        series: dict[str, np.ndarray] = {}
        for (prime, gamma, _), values in _series(done).items():
            if test(round(_place({"gamma": gamma, "gamma_prime": prime}), 9)) and len(values) == len(widths):
                row = np.array([np.nan if v is None else v for v in values])
                label = f"({gamma:g}, {prime:g})"
                series[label] = np.vstack([*np.atleast_2d(series[label]), row]) if label in series else row
        means = {label: np.atleast_2d(rows).mean(axis=0) for label, rows in series.items()}
        if means:
            figures.scaling_lines(ax, widths, means, ylabel="spread of orientation")
            ax.set_ylim(min(0.01, ax.get_ylim()[0]), 1.1)
        figures.title(ax, name)
    caption = (
        "Spread: one less the share of the summed amplitude that lies in the two heaviest windows of 2 degrees of "
        "orientation; 0 means two directions, as many as the target has kinks. Mean over seeds; labels are (γ, γ′)."
    )
    return Drawing("Do features gather as the width grows?", caption, figure)
