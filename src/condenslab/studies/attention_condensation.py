"""Which parts of a transformer condense along training: heads, feed-forward neurons, embedding?"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from condenslab.studies.contract.criteria import at_least, at_most
from condenslab.studies.contract.evidence import Evidence
from condenslab.studies.contract.statements import Statement
from condenslab.studies.contract.study import Drawing, Study
from condenslab.studies.settings import Count, Numbers, Positive
from condenslab.studies.shared.aligned import CONDENSED, contrast
from condenslab.studies.shared.decoders import Model, decoder_part, train_decoders
from condenslab.sweeps import Outcome, Progress, Record
from condenslab.tasks.anchors import AnchorTask, Layout, RandomSplit, composite
from condenslab.tasks.anchors.offsets import PUBLISHED

PARTS = ("queries", "keys", "values", "query-key", "value-output", "forward", "tokens")
"""What is looked at in the first block; see `measures.decoder_condensation`."""
TWO_HEADS = Model(d_model=64, heads=2, d_k=16, d_ff=128, depth=2)
"""What two cores carry."""

_SOURCE = "arXiv 2405.05409, Figs 4 and 14 to 16; deck 000, condensation in transformers"
_EMBEDDING = "arXiv 2405.05409, §5.3: word embeddings do not condense even at a small initial scale"
_STAGES = "arXiv 2510.06954: first the value and feed-forward matrices condense, then queries and keys lose rank"
_FORWARD = (
    "The source has one block, with tanh and a frozen embedding and projection; here are two, with ReLU, and all is "
    "trained. In one block instead of two 12 and 17 % of the pairs are parallel from small weights and none from large "
    "ones (two runs each, run once), the ratio being 3."
)
_COURSES = "Condensation of the first block along training"
_MATRICES = "Cosines in the first block, before and after training"


@dataclass(frozen=True)
class Settings:
    """What `--set` can change.

    Attributes:
        gammas: Rates of the initial scale, std d_in^−γ.
        seeds: Runs of each.
        model: Sizes of the decoder.
        steps: Steps of training.
        batch: Sequences in a step, new ones at every step.
        rate: Of AdamW, at its largest.
        decay: Weight decay.
    """

    gammas: Numbers = (0.5, 1.1)
    seeds: Count = 2
    model: Model = TWO_HEADS
    steps: Count = 4000
    batch: Count = 128
    rate: Positive = 1e-3
    decay: float = 0.1


@dataclass(frozen=True)
class Case:
    """One decoder.

    Attributes:
        gamma: Rate of the initial scale.
        seed: Of initial values and batches.
        model: Sizes of the decoder.
        steps: Steps of training.
        batch: Sequences in a step.
        rate: Of AdamW, at its largest.
        decay: Weight decay.
    """

    gamma: float
    seed: int
    model: Model
    steps: int
    batch: int
    rate: float
    decay: float


def make_task() -> AnchorTask:
    """Returns the published pairs with key and anchors alone, a fifth of the combinations held out."""
    layout = Layout(items=(20, 59), length=3)
    return composite(PUBLISHED, withheld=[(4, 3)], layout=layout, split=RandomSplit(0.2, 5))


def make_cases(settings: Settings, seed: int) -> list[Case]:
    """Returns every scale with every seed.

    Args:
        settings: The settings.
        seed: Of the run.
    """
    s = settings
    return [
        Case(gamma, seed + k, s.model, s.steps, s.batch, s.rate, s.decay) for gamma in s.gammas for k in range(s.seeds)
    ]


def statements(settings: Settings) -> list[Statement]:
    """Returns what is claimed.

    Args:
        settings: The settings.
    """
    small, large = max(settings.gammas), min(settings.gammas)
    made = [
        Statement(
            f"rows of {words} condense more at a small initial scale than at a large one",
            source,
            _ratio(part, small, large),
            at_least(2.0),
            note=f"share of pairs with |cosine| above 0.7 after training, small over large or over {CONDENSED / 2:g} "
            "where that is less, means over runs; the factor is ours",
            label=f"rows of {words.rstrip(',')} condense more at a small initial scale",
            figure=_COURSES,
            reason=reason,
        )
        for part, words, source, reason in (
            ("queries", "W_Q", _SOURCE, ""),
            ("values", "W_V", _STAGES, ""),
            ("forward", "W₁, the feed-forward neurons,", _STAGES, _FORWARD),
        )
    ]
    return [
        *made,
        Statement(
            "at a small initial scale the gauge-invariant W_Q W_Kᵀ loses rank along training",
            _STAGES,
            lambda evidence: evidence.where(gamma=small).each(_rank_left),
            at_most(0.8),
            note="effective rank after training over that before; 0.8 is ours",
            of="runs",
            figure=_COURSES,
        ),
        Statement(
            "the embedding does not condense, however small the initial scale",
            _EMBEDDING,
            lambda evidence: evidence.where(gamma=small).each(lambda record: record.values["tokens_aligned"]),
            at_most(CONDENSED),
            note="share of pairs of tokens with |cosine| above 0.7 after training; the bound is ours",
            of="runs",
            figure=_COURSES,
        ),
    ]


def _ratio(part: str, small: float, large: float) -> Callable[[Evidence], float | None]:
    return lambda evidence: contrast(evidence, f"{part}_aligned", small, large)


def _rank_left(record: Record) -> float:
    return record.values["query-key_rank"] / record.values["query-key_first_rank"]


def train_all(cases: Sequence[Case], progress: Progress) -> list[Outcome]:
    """Returns how every part of the first block condenses along training, for all cases of one program.

    Args:
        cases: Cases of one program.
        progress: Called with the finished fraction and a few words.
    """
    import jax

    from condenslab import measures, training
    from condenslab.studies.contract import train

    task, first = make_task(), cases[0]
    test = task.sample(min(200, len(task.triples("test"))), first.seed, "test")

    def measure(members: Any) -> dict[str, np.ndarray]:
        host = jax.device_get(members)
        each = [
            measures.decoder_condensation(jax.tree.map(lambda leaf, k=k: leaf[k], host), 0) for k in range(len(cases))
        ]
        found = {f"{part}_aligned": np.array([one[part].aligned for one in each]) for part in PARTS}
        found |= {f"{part}_rank": np.array([one[part].effective_rank for one in each]) for part in PARTS}
        found |= {f"{part}_cosines": np.stack([_small(one[part].cosines) for one in each]) for part in PARTS}
        answers = training.predicted(members, test.tokens)
        return found | {"test_accuracy": (answers == test.targets).mean(axis=1)}

    options = {"steps": first.steps, "batch": first.batch, "records": 6, "progress": progress}
    data = training.FreshSequences.of(task)
    runs = train_decoders(cases, task, first.model, data, measure=measure, **options)
    return train.outcomes(cases, runs, lambda _, run: _outcome(run))


def _small(cosines: np.ndarray) -> np.ndarray:
    """Returns at most the first 64 rows and columns: what a picture shows."""
    return cosines[:64, :64].astype(np.float32)


def _outcome(run: Any) -> Outcome:
    courses = {name: values for name, values in run.records.items() if values.ndim == 1}
    values = {name: float(course[-1]) for name, course in courses.items()}
    values |= {name.replace("_rank", "_first_rank"): float(c[0]) for name, c in courses.items() if "_rank" in name}
    pictures = {
        f"{part}_{when}": run.records[f"{part}_cosines"][k]
        for part in PARTS
        for when, k in (("first", 0), ("last", -1))
    }
    arrays = {name: course for name, course in courses.items() if name != "loss"}
    return Outcome(values, {"steps": run.times, **arrays, **pictures})


def drawings(records: Sequence[Record]) -> list[Drawing]:
    """Draws the courses, and the cosines of heads, neurons and embedding before and after training.

    Args:
        records: The records.
    """
    done = [record for record in records if record.status == "done"]
    return [_courses(done), _matrices(done)] if done else []


def _courses(done: Sequence[Record]) -> Drawing:
    from condenslab import figures

    shown = ("queries", "values", "forward", "tokens")
    figure, axes = figures.panels(1, len(shown), width=3.0, height=2.8)
    for ax, part in zip(axes[0], shown, strict=True):
        curves, known = {}, set()
        for number, record in enumerate(sorted(done, key=lambda r: (r.case["gamma"], r.case["seed"]))):
            gamma = record.case["gamma"]
            label = f"_{number}" if gamma in known else f"γ = {gamma}"
            known.add(gamma)
            curves[label] = (record.arrays["steps"], record.arrays[f"{part}_aligned"])
        figures.value_curves(ax, curves, x_label="step", y_label="aligned pairs")
        figures.title(ax, part)
    figures.legend_below(axes[0, 0])
    caption = (
        "Share of pairs of rows with |cosine| above 0.7 in the first block along training: rows of W_Q and of W_V, "
        "feed-forward neurons, tokens of the embedding. One line a run; the larger γ, the smaller the initial scale."
    )
    return Drawing(_COURSES, caption, figure)


def _matrices(done: Sequence[Record]) -> Drawing:
    from condenslab import figures

    smallest = max(done, key=lambda record: (record.case["gamma"], -record.case["seed"]))
    shown = ("queries", "values", "forward", "tokens")
    figure, axes = figures.panels(2, len(shown), width=2.6, height=2.6)
    for row, when in enumerate(("first", "last")):
        for ax, part in zip(axes[row], shown, strict=True):
            figures.cosine_heatmap(ax, smallest.arrays[f"{part}_{when}"], colour_bar=False)
            ax.set_xlabel("row (ordered)")
            ax.set_ylabel("row (ordered)")
            figures.title(ax, f"{part}, {'before' if when == 'first' else 'after'}")
    caption = (
        f"Cosines between rows before (top) and after training (bottom) at γ = {smallest.case['gamma']}, ordered so "
        "that groups become blocks; at most 64 rows."
    )
    return Drawing(_MATRICES, caption, figure)


STUDY = Study(
    name="attention_condensation",
    revision=1,
    question="Which parts of a transformer condense along training: heads, feed-forward neurons, embedding?",
    source="deck 000, condensation in transformers; arXiv 2405.05409, Figs 4 and 14 to 16",
    part="condensation",
    deck="000",
    presets={
        "tiny": Settings((0.5, 1.1), 1, Model(8, 2, 4, 8, 1), steps=12, batch=8),
        "quick": Settings(),
        "full": Settings((0.3, 0.5, 0.8), 9, Model(400, 1, 200, 1200, 2), steps=90_000, batch=2048, rate=2.5e-4),
    },
    make_cases=make_cases,
    parts=(
        decoder_part(
            Case,
            "condenslab.studies.attention_condensation:train_all",
            ("gamma", "seed", "rate", "decay"),
            lambda _: make_task(),
        ),
    ),
    statements=statements,
    figures="condenslab.studies.attention_condensation:drawings",
)
