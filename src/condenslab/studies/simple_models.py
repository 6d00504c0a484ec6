"""What does small initialisation reach against the optimistic sample size, in models with nothing hidden?"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import msgspec
import numpy as np

from condenslab.studies.contract.criteria import at_least, at_most, exactly, within
from condenslab.studies.contract.evidence import Evidence, of_records
from condenslab.studies.contract.parts import Part
from condenslab.studies.contract.statements import Measured, Statement
from condenslab.studies.contract.study import Drawing, Study
from condenslab.sweeps import Outcome, Progress, Record

Count = Annotated[int, msgspec.Meta(ge=1)]
Positive = Annotated[float, msgspec.Meta(gt=0)]
Model = Literal["linear", "product", "sparse linear", "squares", "deep"]
TARGETS = {
    "1": (1, 0, 0), "x₁": (0, 1, 0), "1 + x₁": (1, 1, 0), "x₂": (0, 0, 1),
    "1 + x₂": (1, 0, 1), "x₁ + x₂": (0, 1, 1), "1 + x₁ + x₂": (1, 1, 1),
}  # fmt: skip
"""The seven targets t₀ + t₁x₁ + t₂x₂ of LSH, Fig. 1."""
SPARSE = ("sparse linear", "squares", "deep")
"""The models whose target is sparse."""
SUCCESS = 1e-3
"""A sparse target is recovered where ‖c − c*‖² ≤ this · ‖c*‖², c the coefficients."""
FEWEST = 3
"""Seeds below which the first n with half of them is not claimed."""
_FIGURE = "What small initialisation reaches"
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


def make_cases(settings: Settings, seed: int) -> list[Case]:
    """Returns the seven targets at n = 1, 2, 3, and sparse targets at every number of samples.

    Args:
        settings: The settings.
        seed: Of the run.
    """
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


def statements(settings: Settings) -> list[Statement]:
    """Returns what is claimed.

    Args:
        settings: The settings.
    """
    return [*_small_statements(settings), *_sparse_statements(settings)]


def _small_statements(settings: Settings) -> list[Statement]:
    recovered, lost = at_most(-6.0), at_least(-2.0)
    product = "the product model recovers"
    without, second = [t for t in TARGETS.values() if not t[2]], [t for t in TARGETS.values() if t[2]]
    return [
        Statement(
            text,
            _FIG1,
            _log_errors(model, chosen, samples),
            criterion,
            figure=_FIGURE,
            note=f"log₁₀ of the median error over {settings.trials} trials",
        )
        for text, model, chosen, samples, criterion in (
            ("the linear model recovers every target from 3 samples", "linear", TARGETS.values(), (3,), recovered),
            ("the linear model recovers no target from 1 or 2 samples", "linear", TARGETS.values(), (1, 2), lost),
            (
                f"{product} targets without x₂ from 2 samples, their O",
                "product",
                without,
                (2, 3),
                recovered,
            ),
            (f"{product} targets with x₂ from 3 samples, their O", "product", second, (3,), recovered),
            (f"{product} no target with x₂ from 2 samples", "product", second, (2,), lost),
        )
    ]


def _log_errors(
    model: str, chosen: Iterable[Sequence[float]], samples: Sequence[int]
) -> Callable[[Evidence], list[float | None]]:
    """Returns a reader of log₁₀ of the median error of every target and number of samples."""

    def read(evidence: Evidence) -> list[float | None]:
        medians = [median_error(evidence, model, target, n) for target in chosen for n in samples]
        return [None if m is None else float(np.log10(max(m, 1e-30))) for m in medians]

    return read


def median_error(evidence: Evidence, model: str, target: Sequence[float], samples: int) -> float | None:
    """Returns the median test error over trials, of which one that diverged is infinite; None where one is not known.

    Args:
        evidence: The cases.
        model: A model of three coefficients.
        target: Its coefficients.
        samples: n.
    """
    cell = evidence.where(model=model, samples=samples, target=lambda given: list(given) == list(target))
    errors = cell.each(lambda record: record.values["error"], diverged=np.inf)
    return None if not errors or None in errors else float(np.median(errors))


def _sparse_statements(settings: Settings) -> list[Statement]:
    k, d = settings.sparsity, settings.inputs
    note = f"first n with half of {settings.seeds} seeds; k = {k}, d = {d}"
    between = within((k + d) / 2, (d - k) / 2 - 0.5)
    more = "needs more samples than O and fewer than the linear model"
    return [
        Statement(
            "a sparse target is not recovered from fewer samples than its sparsity, its O",
            _SPARSE,
            lambda evidence: evidence.where(model=SPARSE, samples=lambda n: n < k).count(_recovers),
            exactly(0),
            note="runs that recover",
            figure=_FIGURE,
        ),
        *(
            Statement(text, _SPARSE, _first_half(model, settings.seeds), criterion, note=note, figure=_FIGURE)
            for model, text, criterion in (
                ("sparse linear", "the linear model needs as many samples as coefficients", exactly(d)),
                ("squares", f"the difference of squares {more}", between),
                ("deep", f"the deep diagonal model {more}", between),
            )
        ),
    ]


def _first_half(model: str, seeds: int) -> Callable[[Evidence], Measured]:
    """Returns a reader of the first n at which at least half of all seeds recover."""

    def read(evidence: Evidence) -> Measured:
        few = f"half of fewer than {FEWEST} seeds says little" if seeds < FEWEST else ""
        for samples, runs in evidence.where(model=model).by("samples").items():
            share = at_least(0.5).accepts(runs.share(_recovers))
            if share is not False:
                return Measured(samples if share else None, unsettled=few)
        return Measured(None, unsettled=few)

    return read


def _recovers(record: Record) -> bool:
    return record.values["error"] <= SUCCESS


def success_rates(records: Sequence[Record], model: str) -> list[tuple[int, float]]:
    """Returns for every number of samples the share of seeds that recover, as far as it is known.

    Args:
        records: Any records.
        model: A sparse model.
    """
    shares = {n: runs.share(_recovers) for n, runs in of_records(records).where(model=model).by("samples").items()}
    return [(n, share.ends()[0]) for n, share in shares.items() if share is not None]


def drawings(records: Sequence[Record]) -> list[Drawing]:
    """Draws errors of the seven targets, and success of the sparse ones.

    Args:
        records: The records.
    """
    from condenslab import figures

    if all(record.status != "done" for record in records):
        return []
    evidence = of_records(records)
    figure, axes = figures.panels(1, 3, width=4.0, height=4.0)
    formulas = {"linear": "t₀ + t₁x₁ + t₂x₂", "product": "t₀ + t₁x₁ + t₂t₃x₂"}
    for ax, (model, words) in zip(axes[0, :2], formulas.items(), strict=True):
        errors = [
            [median_error(evidence, model, target, n) or np.nan for n in (1, 2, 3)] for target in TARGETS.values()
        ]
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
        for label, rates in ((m, success_rates(records, m)) for m in ("sparse linear", "squares", "deep"))
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
    return [Drawing(_FIGURE, caption, figure)]


def descend(cases: Sequence[Case], progress: Progress) -> list[Outcome]:
    """Trains all cases of a model in one program.

    Args:
        cases: The cases.
        progress: Called with (fraction, text).
    """
    from condenslab import training
    from condenslab.risk import EmpiricalRisk
    from condenslab.studies.contract import train

    risks, starts = [], []
    for case in cases:
        random = np.random.default_rng([case.seed, 5])
        small, size = case.model in ("linear", "product"), len(case.target) - (case.model in ("linear", "product"))
        x = random.uniform(-1, 1, (case.padded, size)) if small else random.standard_normal((case.padded, size))
        y = x @ case.target[1:] + case.target[0] if small else x @ np.array(case.target)
        risks.append(EmpiricalRisk(x, y[:, None], (np.arange(case.padded) < case.samples).astype(float)))
        starts.append(_start(case, size))
    runs = train.ensemble(
        training.descend, risks, starts, [training.GradientDescent(case.rate) for case in cases],
        steps=cases[0].steps, until=[training.Until(risk=1e-9)] * len(cases), at=(), progress=progress,
    )  # fmt: skip
    return train.outcomes(cases, runs, _outcome)


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
    finite = np.isfinite(error)
    return Outcome(values, {}, "done" if finite else "diverged", "" if finite else "the error is not a finite number")


STUDY = Study(
    name="simple_models",
    revision=1,
    question=(
        "What does small initialisation reach against the optimistic sample size, in models with nothing hidden?"
    ),
    source="deck 001, linear and non-linear models; LSH, Fig. 1; OPT, section 3",
    part="generalization",
    deck="001",
    presets={
        "tiny": Settings(trials=3, seeds=1, samples=(1, 20)),
        "quick": Settings(),
        "full": Settings(trials=100, seeds=100, rate=0.01, steps=1_000_000, samples=tuple(range(1, 21))),
    },
    make_cases=make_cases,
    parts=(
        Part(
            case=Case,
            run="condenslab.studies.simple_models:descend",
            varies=("target", "samples", "std", "rate", "seed"),
            apart=lambda case: len(case.target),
            together=True,
            seconds=lambda case: 0.02 + 1e-6 * case.steps,
            bytes=lambda case: 8 * (case.padded * (len(case.target) + 2) + 8 * len(case.target)),
        ),
    ),
    statements=statements,
    figures="condenslab.studies.simple_models:drawings",
)
