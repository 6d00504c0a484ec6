"""Which initial scale, rate and decay let a transformer infer, and does that depend on the number of samples?"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from scipy.special import stdtrit

from condenslab.studies.contract.criteria import above, at_least
from condenslab.studies.contract.evidence import Evidence
from condenslab.studies.contract.statements import Measured, Statement
from condenslab.studies.contract.study import Drawing, Study
from condenslab.studies.settings import Count, Numbers
from condenslab.studies.shared.decoders import Model, decoder_part, train_decoders
from condenslab.sweeps import Outcome, Progress, Record
from condenslab.tasks.anchors import AnchorTask, Layout, RandomSplit, composite
from condenslab.tasks.anchors.offsets import PUBLISHED

SMALL = Model(d_model=32, heads=1, d_k=16, d_ff=64, depth=2)
"""What two cores carry many times."""

_DECK = "deck 001, optimistic sample size of transformers: best tuning of initial scale, learning rate and weight decay"
_RATES = "arXiv 2405.05409, App. E and Figs 14 to 16: larger learning rate and weight decay raise inferential accuracy"
_FIGURE = "Accuracy on unseen combinations by initial scale, rate and number of samples"


@dataclass(frozen=True)
class Settings:
    """What `--set` can change.

    Attributes:
        gammas: Rates of the initial scale, std d_in^−γ.
        rates: Of AdamW, at their largest.
        decays: Weight decays, in the source's range; at a decay of 1 two of 36 runs answered 99 % of what they
            were trained on.
        sizes: Numbers of training triples.
        seeds: Runs of each.
        model: Sizes of the decoder.
        steps: Steps of training.
        batch: Sequences in a step.
    """

    gammas: Numbers = (0.4, 0.7, 1.0, 1.3)
    rates: Numbers = (5e-4, 2e-3, 5e-3)
    decays: Numbers = (0.01, 0.3)
    sizes: tuple[Count, ...] = (120, 240, 420)
    seeds: Count = 1
    model: Model = SMALL
    steps: Count = 3000
    batch: Count = 64


@dataclass(frozen=True)
class Case:
    """One decoder on one sample.

    Attributes:
        gamma: Rate of the initial scale.
        rate: Of AdamW.
        decay: Weight decay.
        size: Number of training triples.
        seed: Of sample, initial values and batches.
        room: The largest number of triples of the ensemble.
        model: Sizes of the decoder.
        steps: Steps of training.
        batch: Sequences in a step.
    """

    gamma: float
    rate: float
    decay: float
    size: int
    seed: int
    room: int
    model: Model
    steps: int
    batch: int


def make_task() -> AnchorTask:
    """Returns all published pairs, composed, with key and anchors alone; a fifth of the combinations is held out."""
    return composite(PUBLISHED, layout=Layout(items=(20, 59), length=3), split=RandomSplit(0.2, 5))


def make_cases(settings: Settings, seed: int) -> list[Case]:
    """Returns every setting at every size.

    Args:
        settings: The settings.
        seed: Of the run.
    """
    s = settings
    grid = product(s.gammas, s.rates, s.decays, s.sizes, range(s.seeds))
    return [Case(g, r, d, n, seed + k, max(s.sizes), s.model, s.steps, s.batch) for g, r, d, n, k in grid]


def statements(settings: Settings) -> list[Statement]:
    """Returns what is claimed.

    Args:
        settings: The settings.
    """
    usual = min(settings.gammas, key=lambda gamma: abs(gamma - 0.5))
    return [
        Statement(
            "the best tuning answers more unseen combinations than the usual one, whatever the number of samples",
            _DECK,
            lambda evidence: _gains(evidence, usual, settings),
            at_least(0.1),
            note=f"accuracy of the best setting less that at γ = {usual}, smallest rate and decay; the best of several "
            "on the seeds that chose it; 0.1 is ours",
            of="sizes",
            label="the best tuning answers more unseen combinations than the usual one",
            figure=_FIGURE,
            reason="with the fewest samples no setting infers: below the optimistic sample size tuning does not help",
        ),
        Statement(
            "a larger rate raises the accuracy on unseen combinations",
            _RATES,
            lambda evidence: _effect(evidence, "rate", settings.rates),
            above(0),
            note="largest less smallest, mean over all other settings",
            figure=_FIGURE,
        ),
        Statement(
            "a larger weight decay raises the accuracy on unseen combinations",
            _RATES,
            lambda evidence: _effect(evidence, "decay", settings.decays),
            above(0),
            note="largest less smallest, mean over all other settings",
            figure=_FIGURE,
        ),
        Statement(
            "with the most samples and the best tuning nearly all unseen combinations are answered",
            _DECK,
            lambda evidence: _best(evidence.where(size=max(settings.sizes))),
            at_least(0.9),
            note="best mean accuracy, on the seeds that chose it; 0.9 is ours",
            figure=_FIGURE,
        ),
    ]


def _mean(records: Sequence[Record]) -> float:
    return float(np.mean([record.values["test_accuracy"] for record in records]))


def _best(evidence: Evidence) -> float | None:
    """Returns the largest mean accuracy of a setting, over its seeds; None where one is not known."""
    means = [part.all(_mean) for part in evidence.by("gamma", "rate", "decay").values()]
    known = [mean for mean in means if mean is not None]
    return max(known) if known and len(known) == len(means) else None


def _gains(evidence: Evidence, usual: float, settings: Settings) -> Measured:
    gains, told = [], []
    for size in settings.sizes:
        own = evidence.where(size=size)
        plain = own.where(gamma=usual, rate=min(settings.rates), decay=min(settings.decays)).all(_mean)
        best = _best(own)
        gains.append(None if best is None or plain is None else best - plain)
        told.append(f"{'unknown' if best is None else format(best, '.2f')} with {size}")
    return Measured(gains, failing=f"The best accuracies are {', '.join(told)} samples.")


def _effect(evidence: Evidence, field: str, values: Sequence[float]) -> Measured:
    """Returns the mean difference of runs that differ in one field alone, undecided where it may be chance."""
    rest = [name for name in ("gamma", "rate", "decay", "size", "seed") if name != field]
    ends = [evidence.where(**{field: end}).by(*rest) for end in (max(values), min(values))]
    pairs = [(part.all(_mean), ends[1][place].all(_mean)) for place, part in ends[0].items()]
    gains = [None if one is None or other is None else one - other for one, other in pairs]
    known = [gain for gain in gains if gain is not None]
    if max(values) == min(values) or len(known) < max(2, len(gains)):
        return Measured(None)
    mean = float(np.mean(known))
    half = float(stdtrit(len(known) - 1, 0.975) * np.std(known, ddof=1) / np.sqrt(len(known)))
    note = (
        f"95 % interval {mean - half:.3f} to {mean + half:.3f}, larger in {sum(g > 0 for g in known)} of {len(known)}"
    )
    return Measured(mean, note, "The interval holds both signs: this may be chance." if abs(mean) < half else "")


def train_all(cases: Sequence[Case], progress: Progress) -> list[Outcome]:
    """Returns training and test accuracy of all cases, trained in one program.

    Args:
        cases: Cases of one program.
        progress: Called with the finished fraction and a few words.
    """
    from condenslab import training
    from condenslab.studies.contract import train

    task, first = make_task(), cases[0]
    samples = [task.sample(case.size, case.seed) for case in cases]
    test = task.sequences(task.triples("test"), 0)  # without noise these are all there are
    shown = min(100, *(case.size for case in cases))
    trained = np.stack([sample.tokens[:shown] for sample in samples])

    def measure(members: Any) -> dict[str, np.ndarray]:
        right = training.predicted(members, trained) == np.stack([sample.targets[:shown] for sample in samples])
        unseen = training.predicted(members, test.tokens) == test.targets
        return {"train_accuracy": right.mean(axis=1), "test_accuracy": unseen.mean(axis=1)}

    data = [training.FixedSample.of(sample, room=first.room) for sample in samples]
    options = {"steps": first.steps, "batch": first.batch, "records": 4, "progress": progress}
    runs = train_decoders(cases, task, first.model, data, measure=measure, **options)
    return train.outcomes(cases, runs, lambda _, run: _outcome(run))


def _outcome(run: Any) -> Outcome:
    names = ("train_accuracy", "test_accuracy", "loss")
    courses = {name: run.records[name] for name in names[:2]}
    return Outcome({name: float(run.records[name][-1]) for name in names}, {"steps": run.times, **courses})


def drawings(records: Sequence[Record]) -> list[Drawing]:
    """Draws one map of accuracies a size: initial scale across, rate and decay up.

    Args:
        records: The records.
    """
    from condenslab import figures
    from condenslab.studies.shared.cells import cell_runs

    done = [record for record in records if record.status == "done"]
    if not done:
        return []
    sizes, gammas = (sorted({record.case[name] for record in done}) for name in ("size", "gamma"))
    rows = sorted({(record.case["rate"], record.case["decay"]) for record in done})
    figure, axes = figures.panels(1, len(sizes), width=3.6, height=3.2)
    for ax, size in zip(axes[0], sizes, strict=True):
        values = np.full((len(rows), len(gammas)), np.nan)
        cells = {}
        for i, (rate, decay) in enumerate(rows):
            for j, gamma in enumerate(gammas):
                setting = (size, gamma, rate, decay)
                own = [r for r in done if tuple(r.case[n] for n in ("size", "gamma", "rate", "decay")) == setting]
                values[i, j] = _mean(own) if own else np.nan
                cells[i, j] = own
        figures.value_map(
            ax,
            [f"{gamma:g}" for gamma in gammas],
            [f"{rate:g}, {decay:g}" for rate, decay in rows],
            values,
            x_label="γ, rate of the initial scale",
            y_label="learning rate, decay",
            value_label="accuracy",
            limits=(0.0, 1.0),
            details=cell_runs("accuracy", cells, lambda record: record.values["test_accuracy"], logarithmic=False),
        )
        figures.title(ax, f"{size} samples")
    caption = (
        "Accuracy on held-out combinations of key and pair after training on a sample, by initial scale (across; the "
        "larger γ, the smaller the scale), learning rate and weight decay (up). Sixteen composed pairs, no noise."
    )
    return [Drawing(_FIGURE, caption, figure)]


STUDY = Study(
    name="anchor_tuning",
    revision=1,
    question="Which initial scale, rate and decay let a transformer answer what it has not seen, at how many samples?",
    source="deck 001, optimistic sample size of transformers; arXiv 2405.05409, App. E",
    part="generalization",
    deck="001",
    presets={
        "tiny": Settings((0.5, 1.0), (1e-3,), (0.1,), (20, 40), 1, Model(8, 1, 4, 8, 1), steps=12, batch=8),
        "quick": Settings(),
        "full": Settings(
            (0.3, 0.5, 0.7, 0.9, 1.1),
            (1e-4, 3e-4, 1e-3, 3e-3),
            (0.003, 0.03, 0.3),
            (60, 120, 180, 240, 360, 500),
            5,
            Model(),
            steps=40_000,
            batch=128,
        ),
    },
    make_cases=make_cases,
    parts=(
        decoder_part(
            Case,
            "condenslab.studies.anchor_tuning:train_all",
            ("gamma", "rate", "decay", "size", "seed"),
            lambda _: make_task(),
        ),
    ),
    statements=statements,
    figures="condenslab.studies.anchor_tuning:drawings",
)
