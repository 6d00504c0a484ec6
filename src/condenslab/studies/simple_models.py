"""What does small initialisation reach against the optimistic sample size, in models with nothing hidden?"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import msgspec
import numpy as np

from condenslab.studies.contract.claims import Claim, wilson
from condenslab.studies.old_study import Drawing, Study
from condenslab.sweeps import Outcome, Progress, Record

if TYPE_CHECKING:
    from condenslab.tasks import Table

Count = Annotated[int, msgspec.Meta(ge=1)]
Positive = Annotated[float, msgspec.Meta(gt=0)]
Model = Literal["linear", "product", "sparse linear", "squares", "deep"]
TARGETS = {
    "1": (1, 0, 0), "x₁": (0, 1, 0), "1 + x₁": (1, 1, 0), "x₂": (0, 0, 1),
    "1 + x₂": (1, 0, 1), "x₁ + x₂": (0, 1, 1), "1 + x₁ + x₂": (1, 1, 1),
}  # fmt: skip
"""The seven targets t₀ + t₁x₁ + t₂x₂ of LSH, Fig. 1."""
SUCCESS = 1e-3
"""A sparse target is recovered where ‖c − c*‖² ≤ this · ‖c*‖², c the coefficients."""
STATEMENTS = (
    "the linear model recovers every target from 3 samples",
    "the linear model recovers no target from 1 or 2 samples",
    "the product model recovers targets without x₂ from 2 samples, their O",
    "the product model recovers targets with x₂ from 3 samples, their O",
    "the product model recovers no target with x₂ from 2 samples",
    "a sparse target is not recovered from fewer samples than its sparsity, its O",
    "the linear model needs as many samples as coefficients",
    "the difference of squares needs more samples than O and fewer than the linear model",
    "the deep diagonal model needs more samples than O and fewer than the linear model",
)
FEWEST = 3
"""Seeds below which the first n with half of them is not claimed."""
_FIG1 = "LSH, Fig. 1 (read off: log₁₀ of the mean error ≤ −8 or ≥ −1; input law not stated, here uniform on [−1, 1]²)"
_SPARSE = "OPT, section 3 and App. A.1: O = k; it cites Woodworth et al., COLT 2020, for samples of order k·log d"


@dataclass(frozen=True)
class Settings:
    """What `--set` can change.

    Attributes:
        trials: Random inputs and starts of the models of three coefficients.
        seeds: Of the sparse ones, for every number of samples.
        std: Standard deviation of the initial parameters.
        deep_std: The same for the deep diagonal model, whose saddle at 0 is flatter.
        rate: Learning rate; a fifth of it for the sparse models, whose inputs are longer.
        steps: Largest number of steps.
        inputs: d of the sparse models.
        sparsity: k of their targets.
        samples: Numbers of samples of the sparse models.
    """

    trials: Count = 20
    seeds: Count = 8
    std: Positive = 1e-4
    deep_std: Positive = 1e-2
    rate: Positive = 0.1
    steps: Count = 20_000
    inputs: Count = 20
    sparsity: Count = 2
    samples: tuple[int, ...] = (1, 2, 4, 6, 8, 10, 12, 14, 16, 18, 19, 20)


@dataclass(frozen=True)
class Case:
    """One run of gradient descent.

    Attributes:
        model: Which model.
        target: Its coefficients; for linear and product models (t₀, t₁, t₂).
        samples: n.
        padded: Rows that all cases of the model have; those beyond n have weight 0.
        std: Standard deviation of the initial parameters.
        rate: Learning rate.
        steps: Largest number of steps.
        seed: Of inputs and start.
    """

    model: Model
    target: tuple[float, ...]
    samples: int
    padded: int
    std: float
    rate: float
    steps: int
    seed: int


class SimpleModels(Study):
    """Linear, product, squares and deep diagonal models from small initialisation."""

    name: ClassVar[str] = "simple_models"
    revision: ClassVar[int] = 1
    question: ClassVar[str] = (
        "What does small initialisation reach against the optimistic sample size, in models with nothing hidden?"
    )
    source: ClassVar[str] = "deck 001, linear and non-linear models; LSH, Fig. 1; OPT, section 3"
    claim_statements: ClassVar[tuple[str, ...]] = STATEMENTS
    presets: ClassVar[Mapping[str, Settings]] = {
        "tiny": Settings(trials=3, seeds=1, samples=(1, 20)),
        "quick": Settings(),
        "full": Settings(trials=100, seeds=100, rate=0.01, steps=1_000_000, samples=tuple(range(1, 21))),
    }

    def cases(self, settings: Settings, *, seed: int, data: "Table | None") -> Sequence[Case]:
        """Returns the seven targets at n = 1, 2, 3, and sparse targets at every number of samples."""
        s = settings
        small: tuple[Model, ...] = ("linear", "product")
        cases = [
            Case(model, tuple(map(float, target)), n, 3, s.std, s.rate, s.steps, seed + trial)
            for model in small
            for target in TARGETS.values()
            for n in (1, 2, 3)
            for trial in range(s.trials)
        ]
        for number in range(seed, seed + s.seeds):
            signs = np.random.default_rng([number, 3]).choice([-1.0, 1.0], s.sparsity)
            target = (*signs.tolist(), *[0.0] * (s.inputs - s.sparsity))
            sparse: dict[Model, float] = {"sparse linear": s.std, "squares": s.std, "deep": s.deep_std}
            for model, std in sparse.items():
                cases += [Case(model, target, n, max(s.samples), std, s.rate / 5, s.steps, number) for n in s.samples]
        return cases

    def compile_key(self, case: Case) -> Hashable:
        """Returns the model, its size and the number of steps."""
        return (case.model, len(case.target), case.padded, case.steps)

    def bytes_per_member(self, case: Case) -> int:
        """Returns the size of data and parameters."""
        return 8 * (case.padded * (len(case.target) + 2) + 8 * len(case.target))

    def seconds_per_member(self, case: Case) -> float:
        """Returns a rough time."""
        return 0.02 + 1e-6 * case.steps

    def run_batch(
        self, cases: Sequence[Case], *, data: "Table | None" = None, progress: Progress | None = None
    ) -> list[Outcome]:
        """Trains all cases of a model in one program."""
        return _train(cases, progress)

    def claims(self, records: Sequence[Record], settings: Any, *, known_target: bool) -> list[Claim]:
        """Decides the claims."""
        done = [r for r in records if r.status == "done"]
        claims = []
        for number, model, with_second, samples in (
            (0, "linear", None, (3,)), (1, "linear", None, (1, 2)), (2, "product", False, (2, 3)),
            (3, "product", True, (3,)), (4, "product", True, (2,)),
        ):  # fmt: skip
            errors = [
                _median(done, model, target, n)
                for target in TARGETS.values()
                for n in samples
                if with_second in (None, bool(target[2]))
            ]
            logs = None if None in errors else np.log10(np.maximum(np.array(errors, dtype=float), 1e-30))
            text = f"{STATEMENTS[number]} (log₁₀ of the median error over {settings.trials} trials)"
            make, bound = (Claim.at_least, -2.0) if number in (1, 4) else (Claim.at_most, -6.0)
            claims.append(make(text, _FIG1, bound=bound, measured=logs))
        return [*claims, *_sparse_claims(done, settings)]

    def draw(self, records: Sequence[Record]) -> list[Drawing]:
        """Draws errors of the seven targets, and success of the sparse ones."""
        from condenslab import figures

        done = [r for r in records if r.status == "done"]
        if not done:
            return []
        figure, axes = figures.panels(1, 3, width=4.0, height=4.0)
        formulas = {"linear": "t₀ + t₁x₁ + t₂x₂", "product": "t₀ + t₁x₁ + t₂t₃x₂"}
        for ax, (model, words) in zip(axes[0, :2], formulas.items(), strict=True):
            errors = [[_median(done, model, target, n) or np.nan for n in (1, 2, 3)] for target in TARGETS.values()]
            logs = np.log10(np.maximum(errors, 1e-16))
            sizes = [3 if model == "linear" or target[2] else 2 for target in TARGETS.values()]
            marks = {"optimistic sample size": [(k, size - 1) for k, size in enumerate(sizes)]}
            figures.value_map(
                ax, ["1", "2", "3"], list(TARGETS), logs, x_label="samples n", y_label="target",
                value_label="log₁₀ median test error", limits=(-8.0, 0.0), marks=marks,
            )  # fmt: skip
            figures.title(ax, words)
        curves = {
            label: ([n for n, _ in rates], [rate for _, rate in rates])
            for label, rates in ((m, success_rates(done, m)) for m in ("sparse linear", "squares", "deep"))
            if rates
        }
        figures.value_curves(axes[0, 2], curves, x_label="samples n", y_label="share of seeds that recover")
        figures.title(axes[0, 2], "A sparse target")
        figures.legend_below(axes[0, 2])
        caption = (
            "Gradient descent from small initialisation. Left and middle: seven targets; framed: their O. "
            "Right: a sparse target of many inputs, as a linear function, as Σ(a² − b²)x and as Σ a⁽¹⁾a⁽²⁾a⁽³⁾x: both "
            "products need fewer samples than inputs, but more than the sparsity, their optimistic sample size."
        )
        return [Drawing("What small initialisation reaches", caption, figure)]


def success_rates(records: Sequence[Record], model: str) -> list[tuple[int, float]]:
    """Returns for every number of samples the share of seeds that recover.

    Args:
        records: Finished records.
        model: A sparse model.
    """
    own = [r for r in records if r.case["model"] == model]
    return [
        (n, float(np.mean([r.values["error"] <= SUCCESS for r in own if r.case["samples"] == n])))
        for n in sorted({r.case["samples"] for r in own})
    ]


def _sparse_claims(done: Sequence[Record], settings: Settings) -> list[Claim]:
    sparse = [r for r in done if r.case["model"] in ("sparse linear", "squares", "deep")]
    k, d = settings.sparsity, settings.inputs
    few = [r for r in sparse if r.case["samples"] < k]
    hits = sum(r.values["error"] <= SUCCESS for r in few)
    low, high = wilson(hits, len(few))
    text = f"{STATEMENTS[5]} (recovered of {len(few)}; rate {low:.2f} to {high:.2f} at 95 %)"
    claims = [Claim.count(text, _SPARSE, expected=0, measured=hits if few else None)]
    for number, model in ((6, "sparse linear"), (7, "squares"), (8, "deep")):
        reached = [n for n, rate in success_rates(done, model) if rate >= 0.5]
        first = min(reached, default=None)
        text = f"{STATEMENTS[number]} (first n with half of {settings.seeds} seeds; k = {k}, d = {d})"
        if settings.seeds < FEWEST:
            text = f"{text}: undecided, half of fewer than {FEWEST} seeds says little"
            claims.append(Claim.undecided(text, _SPARSE, expected=None, measured=first))
        elif model == "sparse linear":
            claims.append(Claim.count(text, _SPARSE, expected=d, measured=first))
        else:
            middle, half = (k + d) / 2, (d - k) / 2 - 0.5
            claims.append(Claim.within(text, _SPARSE, expected=middle, measured=first, tolerance=half))
    return claims


def _median(records: Sequence[Record], model: str, target: Sequence[float], samples: int) -> float | None:
    own = [
        r.values["error"]
        for r in records
        if (r.case["model"], r.case["samples"]) == (model, samples) and list(r.case["target"]) == list(target)
    ]
    return float(np.median(own)) if own else None


def _train(cases: Sequence[Case], progress: Progress | None) -> list[Outcome]:
    from condenslab import training
    from condenslab.risk import EmpiricalRisk

    risks, starts = [], []
    for case in cases:
        random = np.random.default_rng([case.seed, 5])
        small, size = case.model in ("linear", "product"), len(case.target) - (case.model in ("linear", "product"))
        x = random.uniform(-1, 1, (case.padded, size)) if small else random.standard_normal((case.padded, size))
        y = x @ case.target[1:] + case.target[0] if small else x @ np.array(case.target)
        risks.append(EmpiricalRisk(x, y[:, None], (np.arange(case.padded) < case.samples).astype(float)))
        starts.append(_start(case, size))
    runs = training.ensemble(
        training.descend, risks, starts, [training.GradientDescent(case.rate) for case in cases],
        steps=cases[0].steps, until=[training.Until(risk=1e-9)] * len(cases), at=(), progress=progress,
    )  # fmt: skip
    if any(run.stop is training.Stop.INTERRUPTED for run in runs):
        raise KeyboardInterrupt
    return [_outcome(case, run) for case, run in zip(cases, runs, strict=True)]


def _start(case: Case, size: int) -> Any:
    from condenslab import networks

    key = int(np.random.default_rng([case.seed, case.samples, 6]).integers(2**31))
    return {
        "linear": lambda: networks.linear(key, inputs=size, std=case.std, offset=True),
        "product": lambda: networks.product_model(key, std=case.std),
        "sparse linear": lambda: networks.linear(key, inputs=size, std=case.std),
        "squares": lambda: networks.diagonal(key, inputs=size, std=case.std),
        "deep": lambda: networks.deep_diagonal(key, inputs=size, depth=3, std=case.std),
    }[case.model]()


def _outcome(case: Case, run: Any) -> Outcome:
    """Returns the test error: the mean squared error over uniform or normal inputs, in closed form."""
    found = run.network
    if case.model in ("linear", "product"):
        t = np.asarray(found.parameters) if case.model == "product" else None
        own = (t[0], t[1], t[2] * t[3]) if t is not None else (found.offset[0], *found.coefficients)
        # Over [−1, 1]² the mean of (e₀ + e₁x₁ + e₂x₂)² is e₀² + (e₁² + e₂²)/3.
        off = (np.array([float(part) for part in own]) - np.array(case.target)) ** 2
        error = float(off[0] + (off[1] + off[2]) / 3)
    else:
        error = float(np.sum((found.coefficients - np.array(case.target)) ** 2) / np.sum(np.square(case.target)))
    values = {"error": error, "steps": run.steps, "stop": run.stop.value}
    diverged = not np.isfinite(error) or run.stop.name == "NOT_FINITE"
    return Outcome(values, {}, "diverged" if diverged else "done", run.stop.value if diverged else "")


STUDY = SimpleModels()
