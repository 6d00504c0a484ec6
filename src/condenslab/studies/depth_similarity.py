"""Do ReLU networks of different depths rest at the same risks, and do deeper ones rest longer?"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import msgspec
import numpy as np

from condenslab.studies.contract.claims import Claim
from condenslab.studies.old_study import Drawing, Study
from condenslab.studies.seeds import over_seeds
from condenslab.studies.trajectory.claims import resting_levels
from condenslab.sweeps import Outcome, Progress, Record

if TYPE_CHECKING:
    from condenslab.tasks import Table

Count = Annotated[int, msgspec.Meta(ge=1)]
CountOrNone = Annotated[int, msgspec.Meta(ge=0)]
Positive = Annotated[float, msgspec.Meta(gt=0)]

_EPD = "Bai et al., arXiv 2205.13283, Fig. 1 (levels and accuracies read off the figure, ±10 %)"
LEVELS, ACCURACIES, READING = (0.22, 0.11, 0.025), (0.36, 0.67, 0.97), 0.1
"""What the figure shows of its plateaus, and how well that can be read."""
CONSTANT, SETOSA = 2 / 9, 1 / 9
"""The mean squared error per output of the constant function, and with setosa told from the rest and no more."""
_LEFT = 0.9
"""A plateau is left where the risk falls below this part of it."""
_RECORDS = 200

STATEMENTS = (
    "every depth rests within 10 % of the published risk",
    "at the rest nearest a published risk the accuracy is within 10 % of the published one",
    "deeper networks leave the first plateau later",
)
"""What the study claims, before anything is measured; a run adds the reading of the start, levels and seeds."""


@dataclass(frozen=True)
class Settings:
    """What `--set` can change.

    The source prints N(0, 0.07), 0.07 being a variance elsewhere in it. From that variance the two upper plateaus of
    its figure do not appear; a standard deviation of 0.07, a reading chosen after seeing both, shows the first of them.

    Attributes:
        depths: Numbers of hidden layers.
        width: Neurons of each.
        seeds: Runs of each depth with standard deviation 0.07.
        printed_seeds: Runs of each depth with variance 0.07, as printed.
        steps: Steps of gradient descent.
        rate: Learning rate of the runs with standard deviation 0.07, for the mean over samples and outputs of the
            squared error.
        printed_rate: That of the others, which a larger one makes oscillate.
    """

    depths: Annotated[tuple[Count, ...], msgspec.Meta(min_length=2)] = (3, 4, 5)
    width: Count = 50
    seeds: Count = 3
    printed_seeds: CountOrNone = 1
    steps: Count = 20_000
    rate: Positive = 5e-3
    printed_rate: Positive = 1e-3


@dataclass(frozen=True)
class DepthCase:
    """One run of gradient descent on Iris.

    Attributes:
        depth: Hidden layers.
        width: Neurons of each.
        seed: Of the start.
        std: Standard deviation of every parameter in the beginning.
        steps: Steps.
        rate: Learning rate.
    """

    depth: int
    width: int
    seed: int
    std: float
    steps: int
    rate: float


class DepthSimilarity(Study):
    """Iris, its three classes one-hot, ReLU networks of three to five hidden layers, and where their risk rests."""

    name: ClassVar[str] = "depth_similarity"
    revision: ClassVar[int] = 1
    question: ClassVar[str] = "Do networks of different depths rest at the same risks, and deeper ones longer?"
    source: ClassVar[str] = "Bai, Luo, Xu & Zhang, arXiv 2205.13283, Fig. 1"
    claim_statements: ClassVar[tuple[str, ...]] = STATEMENTS
    presets: ClassVar[Mapping[str, Settings]] = {
        "tiny": Settings(depths=(2, 3), width=8, seeds=1, printed_seeds=0, steps=500),
        "quick": Settings(),
        "full": Settings(seeds=10, printed_seeds=10, steps=100_000, rate=1e-3),
    }

    def cases(self, settings: Settings, *, seed: int, data: "Table | None") -> Sequence[DepthCase]:
        """Returns the runs of every depth and reading of the start, with seeds from `seed` on."""
        own = settings
        readings = ((0.07, own.rate, own.seeds), (float(np.sqrt(0.07)), own.printed_rate, own.printed_seeds))
        return [
            DepthCase(depth, own.width, seed + k, std, own.steps, rate)
            for std, rate, count in readings
            for depth in own.depths
            for k in range(count)
        ]

    def compile_key(self, case: DepthCase) -> Hashable:
        """Returns the shape and the steps: starts and rates share a program."""
        return case.depth, case.width, case.steps

    def bytes_per_member(self, case: DepthCase) -> int:
        """Returns the size of the recorded outputs."""
        return 8 * 4 * _RECORDS * 150 * 3

    def seconds_per_member(self, case: DepthCase) -> float:
        """Returns a rough time on two cores: six operations a weight and sample."""
        return 1.0 + case.steps * (5e-6 + 6 * 150 * case.width**2 * (case.depth - 1) / 2e10)

    def run_batch(
        self, cases: Sequence[DepthCase], *, data: "Table | None" = None, progress: Progress | None = None
    ) -> list[Outcome]:
        """Trains networks of one depth at once."""
        return _run(cases, progress)

    def claims(self, records: Sequence[Record], settings: Any, *, known_target: bool) -> list[Claim]:
        """Decides the claims, for each reading of the start."""
        return decide(records)

    def draw(self, records: Sequence[Record]) -> list[Drawing]:
        """Draws risk and accuracy along training."""
        return _draw(records)


def _run(cases: Sequence[DepthCase], progress: Progress | None) -> list[Outcome]:
    import jax.numpy as jnp

    from condenslab import networks, training
    from condenslab.risk import EmpiricalRisk

    try:
        from sklearn.datasets import load_iris
    except ImportError:
        message = "Iris comes with scikit-learn, which is not installed: pip install 'condenslab[data]'"
        return [Outcome({}, status="failed", message=message) for _ in cases]
    table: Any = load_iris()
    first, outputs = cases[0], 3
    widths = (table.data.shape[1], *[first.width] * first.depth, outputs)
    runs = training.ensemble(
        training.descend,
        EmpiricalRisk(jnp.asarray(table.data), jnp.asarray(np.eye(outputs)[table.target])),
        [networks.mlp(c.seed, widths=widths, activation="relu", std=c.std, output_bias=True) for c in cases],
        # Our risk sums over outputs; the source's is a mean, so that its gradient is a third of ours.
        [training.GradientDescent(rate=case.rate / outputs) for case in cases],
        steps=first.steps,
        at=[0, *np.unique(np.geomspace(1, first.steps, _RECORDS).round().astype(int)).tolist()],
        record={"risk": training.record_risk, "outputs": training.record_outputs},
        progress=progress,
    )
    if any(run.stop is training.Stop.INTERRUPTED for run in runs):
        raise KeyboardInterrupt
    return [_outcome(run, table.target, outputs) for run in runs]


def _outcome(run: Any, labels: np.ndarray, outputs: int) -> Outcome:
    if run.stop.name != "FINISHED":
        return Outcome({}, {}, "diverged", run.stop.value)
    risk = np.asarray(run.records["risk"]) / outputs
    accuracy = (np.argmax(run.records["outputs"], axis=2) == labels[None, :]).mean(axis=1)
    arrays = {"times": run.times, "risk": risk, "accuracy": accuracy}
    return Outcome({"final_risk": float(risk[-1]), "final_accuracy": float(accuracy[-1])}, arrays)


def nearest_rest(record: Record, level: float) -> tuple[float, float] | None:
    """Returns |R/level − 1| and the accuracy at the rest nearest a level, or None where nothing rests.

    A run rests where |d log R/d log t| has a local minimum below 1/2.

    Args:
        record: A finished run.
        level: R.
    """
    risk = record.arrays["risk"]
    found = resting_levels(record.arrays["times"], risk)
    if not found.size:
        return None
    rest = found[np.argmin(np.abs(found / level - 1))]
    return float(abs(rest / level - 1)), float(record.arrays["accuracy"][np.flatnonzero(risk == rest)[0]])


def decide(records: Sequence[Record]) -> list[Claim]:
    """Returns the claims for each reading of the start, that of the figure first.

    Args:
        records: The records, in any order.
    """
    claims = []
    for std in sorted({record.case["std"] for record in records}):
        printed = "variance 0.07, as printed" if std > 0.2 else "standard deviation 0.07"
        claims += _decide(_by_seed([r for r in records if r.case["std"] == std]), f" (start: {printed}")
    return claims


def _by_seed(records: Sequence[Record]) -> list[list[Record]]:
    """Returns the runs of every seed that finished at all depths, shallow ones first."""
    seeds, depths = {r.case["seed"] for r in records}, {r.case["depth"] for r in records}
    own = [[r for r in records if r.case["seed"] == s and r.status == "done"] for s in sorted(seeds)]
    return [sorted(runs, key=lambda r: r.case["depth"]) for runs in own if len(runs) == len(depths)]


def _decide(seeds: list[list[Record]], start: str) -> list[Claim]:
    if not seeds or seeds[0][0].case["steps"] < 10_000:
        return [Claim.undecided(f"{text}{start})", _EPD, expected=None) for text in STATEMENTS]
    claims = []
    for number, level in enumerate(LEVELS):
        rests = [[nearest_rest(record, level) for record in runs] for runs in seeds]
        away = [max(np.inf if rest is None else rest[0] for rest in found) for found in rests]
        right = ACCURACIES[number]
        missed = [max(np.inf if rest is None else abs(rest[1] / right - 1) for rest in found) for found in rests]
        for text, named, values in ((STATEMENTS[0], f"R = {level:g}", away), (STATEMENTS[1], f"{right:g}", missed)):
            worst = [float(min(value, 10.0)) for value in values]
            statement = over_seeds(f"{text}{start}; {named}; largest relative distance)", [v <= READING for v in worst])
            claims.append(Claim.at_most(statement, _EPD, bound=READING, measured=worst))
    ratios = [_lengthening(runs) for runs in seeds]
    statement = f"{STATEMENTS[2]}{start}; smallest ratio of the steps at R = 0.9·2/9 of neighbouring depths)"
    text = over_seeds(statement, [ratio is not None and ratio >= 1 for ratio in ratios])
    return [*claims, Claim.at_least(text, _EPD, bound=1.0, measured=ratios)]


def _lengthening(runs: Sequence[Record]) -> float | None:
    """Returns the smallest ratio of the leaving steps of neighbouring depths, or None where one did not leave."""
    below = [np.flatnonzero(record.arrays["risk"] < _LEFT * CONSTANT) for record in runs]
    if any(not places.size for places in below):
        return None
    steps = [float(r.arrays["times"][places[0]]) for r, places in zip(runs, below, strict=True)]
    return min(later / max(earlier, 1.0) for earlier, later in pairwise(steps))


def _draw(records: Sequence[Record]) -> list[Drawing]:
    stds = sorted({record.case["std"] for record in records})
    found = [_by_seed([record for record in records if record.case["std"] == std]) for std in stds]
    return [_drawing(seeds) for seeds in found if seeds]


def _drawing(seeds: list[list[Record]]) -> Drawing:
    from condenslab import figures

    figure, axes = figures.panels(1, 2, width=6.0, height=4.2)
    levels = [("constant function, 2/9", CONSTANT), ("setosa apart, 1/9", SETOSA), ("published level", LEVELS[2])]
    curves: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    for number, record in enumerate(seeds[0]):
        name, last = f"{record.case['depth']} hidden layers", number == len(seeds[0]) - 1
        times, risk = record.arrays["times"], record.arrays["risk"]
        figures.risk_curve(axes[0, 0], times, risk, label=name, time_label="step", levels=levels if last else ())
        for k, runs in enumerate(seeds):
            arrays = runs[number].arrays
            curves[f"_{name}, {k}" if k else name] = (arrays["times"], arrays["accuracy"])
    figures.title(axes[0, 0], "Risk (mean over outputs)")
    figures.value_curves(axes[0, 1], curves, x_label="step", y_label="training accuracy", logarithmic="x")
    figures.title(axes[0, 1], f"Accuracy, {len(seeds)} seed{'s' if len(seeds) > 1 else ''}")
    case = seeds[0][0].case
    start = f"start of standard deviation {case['std']:.3g} (variance {case['std'] ** 2:.2g})"
    caption = (
        f"ReLU networks of width {case['width']} on Iris, gradient descent with rate {case['rate']:g}, {start}. Left, "
        "one seed: named are the risk of the best constant function, that of telling setosa from the rest and no more, "
        "and the third level of the published figure. Networks that rest at the same risks share these plateaus; the "
        "step at which a curve leaves one is to be compared between depths."
    )
    return Drawing(f"Risk along training, {start}", caption, figure)


STUDY = DepthSimilarity()
