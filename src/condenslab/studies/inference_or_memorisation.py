"""Do the samples that a transformer needs follow how many rules it must store, or how many it must infer?"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from condenslab.studies.contract.criteria import above, at_least
from condenslab.studies.contract.evidence import Evidence
from condenslab.studies.contract.parts import Part
from condenslab.studies.contract.statements import Measured, Statement
from condenslab.studies.contract.study import Drawing, Study
from condenslab.studies.settings import Count, Numbers, Positive
from condenslab.studies.shared.decoders import Model
from condenslab.sweeps import Outcome, Progress, Record
from condenslab.tasks.anchors import FAMILIES, AnchorTask, Layout, RandomSplit, complexities, family

SMALL = Model(d_model=32, heads=1, d_k=16, d_ff=64, depth=2)
"""What two cores carry many times."""

_DECK = (
    "deck 001, optimistic sample size of transformers: it scales with inference, not with memorisation complexity "
    "(neither is defined there; as ranks of the rule table by us)"
)
_FIGURE = "Samples needed against both complexities"
_LOWEST, _DRAWS = 8, 2000
_OPEN = "not every task has a number of samples that fails and one that suffices, within the budget"


@dataclass(frozen=True)
class Settings:
    """What `--set` can change.

    Attributes:
        kinds: Families of pairs.
        anchors: Numbers of anchors m, each an mVm task.
        items: Key items.
        gammas: Rates of the initial scale that are tuned.
        rates: Of AdamW that are tuned.
        decays: Weight decays that are tuned.
        cutoff: Accuracy on held-out combinations that counts.
        seeds: Seeds that confirm the best setting.
        resolution: How narrow the bracket is, upper over lower.
        budget: Runs that a task may take.
        model: Sizes of the decoder.
        steps: Steps of a run.
        batch: Sequences in a step.
    """

    kinds: tuple[str, ...] = ("composite", "symmetric", "random")
    anchors: tuple[Count, ...] = (2, 3, 4)
    items: tuple[Count, Count] = (30, 53)
    gammas: Numbers = (0.5, 0.8)
    rates: Numbers = (2e-3,)
    decays: Numbers = (0.1, 0.5)
    cutoff: Positive = 0.9
    seeds: Count = 3
    resolution: Positive = 1.2
    budget: Count = 120
    model: Model = SMALL
    steps: Count = 2000
    batch: Count = 48


@dataclass(frozen=True)
class Case:
    """One task whose smallest sufficient number of samples is searched for.

    Attributes:
        kind: Family of pairs.
        anchors: m.
        seed: Of offsets, split, samples and initial values.
        items: Key items.
        gammas: Rates of the initial scale that are tuned.
        rates: Of AdamW that are tuned.
        decays: Weight decays that are tuned.
        cutoff: Accuracy on held-out combinations that counts.
        seeds: Seeds that confirm the best setting.
        resolution: How narrow the bracket is.
        budget: Runs that the search may take.
        model: Sizes of the decoder.
        steps: Steps of a run.
        batch: Sequences in a step.
    """

    kind: str
    anchors: int
    seed: int
    items: tuple[int, int]
    gammas: tuple[float, ...]
    rates: tuple[float, ...]
    decays: tuple[float, ...]
    cutoff: float
    seeds: int
    resolution: float
    budget: int
    model: Model
    steps: int
    batch: int


def make_cases(settings: Settings, seed: int) -> list[Case]:
    """Returns every family at every number of anchors.

    Args:
        settings: The settings.
        seed: Of the run.
    """
    s = settings
    search = (s.items, s.gammas, s.rates, s.decays, s.cutoff, s.seeds, s.resolution, s.budget)
    return [Case(kind, m, seed, *search, s.model, s.steps, s.batch) for m in s.anchors for kind in s.kinds]


def make_task(case: Case) -> AnchorTask:
    """Returns an mVm task with key and anchors alone, a fifth of the combinations held out.

    Args:
        case: The case.
    """
    layout = Layout(items=case.items, length=3)
    # With one vocabulary all families of m anchors share a compiled program.
    tokens = max(family(kind, case.anchors, case.seed, layout=layout).vocabulary for kind in FAMILIES)
    room = replace(layout, vocabulary=tokens)
    return family(case.kind, case.anchors, case.seed, layout=room, split=RandomSplit(0.2, case.seed))


def statements(settings: Settings) -> list[Statement]:
    """Returns what is claimed.

    Args:
        settings: The settings.
    """
    m = max(settings.anchors)
    return [
        Statement(
            "the number of samples needed follows inference complexity more closely than memorisation complexity",
            _DECK,
            _contrast,
            above(0),
            note="rank correlation with inference complexity less that with memorisation complexity, over the tasks",
            label="the samples needed follow inference complexity rather than memorisation complexity",
            figure=_FIGURE,
        ),
        Statement(
            "it rises with inference complexity",
            _DECK,
            lambda evidence: _correlation(evidence, "inference"),
            at_least(0.7),
            note="rank correlation over the tasks; 0.7 is ours",
            figure=_FIGURE,
        ),
        Statement(
            f"{m}V{m} composite needs fewer samples than {m}V{m} random, although both store {m * m} rules",
            _DECK,
            lambda evidence: _ratio(evidence, m),
            at_least(1.5),
            note="samples of the random task, at least, over those of the composite one, at most; the bound is ours",
            figure=_FIGURE,
        ),
    ]


def _needed(record: Record) -> float | None:
    """Returns the geometric middle of the bracket, or None where it has an open end."""
    lower, upper = record.values["lower"], record.values["upper"]
    return None if lower is None or upper is None else float(np.sqrt(lower * upper))


def _table(evidence: Evidence) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    rows = evidence.each(lambda r: (_needed(r), r.values["inference"], r.values["memorisation"]))
    if len(rows) < 4 or any(row is None or row[0] is None for row in rows):
        return None
    needed, inference, memorisation = np.array(rows, float).T
    return needed, inference, memorisation


def _undefined(*columns: np.ndarray) -> str:
    """Returns why ranks do not correlate, a sentence, or nothing."""
    alike = any(len(set(column.tolist())) < 2 for column in columns)
    return "a number that is the same for every task has no rank correlation" if alike else ""


def _contrast(evidence: Evidence) -> Measured:
    table = _table(evidence)
    if table is None:
        return Measured(None, unsettled=_OPEN)
    if _undefined(*table):
        return Measured(None, unsettled=_undefined(*table))
    needed, inference, memorisation = table
    value = rank_correlation(needed, inference) - rank_correlation(needed, memorisation)
    # Tasks are drawn anew with replacement: the interval in which the difference lies in 95 % of such draws.
    chance = np.random.default_rng(0)
    drawn = []
    for _ in range(_DRAWS):
        rows = chance.integers(len(needed), size=len(needed))
        if min(len(set(part[rows].tolist())) for part in table) > 1:
            one, other = (rank_correlation(needed[rows], part[rows]) for part in (inference, memorisation))
            drawn.append(one - other)
    low, high = np.percentile(drawn, [2.5, 97.5])
    note = f"{len(needed)} tasks, bootstrap interval {low:.2f} to {high:.2f}"
    crossing = "the interval of the difference holds both signs" if low <= 0 <= high and low < high else ""
    return Measured(value, note=note, unsettled=crossing)


def _correlation(evidence: Evidence, name: str) -> Measured:
    table = _table(evidence)
    if table is None:
        return Measured(None, unsettled=_OPEN)
    columns = table[0], table[1 if name == "inference" else 2]
    undefined = _undefined(*columns)
    return Measured(None if undefined else rank_correlation(*columns), unsettled=undefined)


def rank_correlation(one: np.ndarray, other: np.ndarray) -> float:
    """Returns Spearman's rank correlation, equal values sharing their mean rank.

    Args:
        one: Numbers.
        other: As many.

    Example:
        >>> round(rank_correlation(np.array([1, 2, 3, 4]), np.array([10, 30, 20, 40])), 6)
        0.8
    """

    def ranks(values: np.ndarray) -> np.ndarray:
        order = np.searchsorted(np.sort(values), values, side="left")
        last = np.searchsorted(np.sort(values), values, side="right") - 1
        return (order + last) / 2

    return float(np.corrcoef(ranks(np.asarray(one)), ranks(np.asarray(other)))[0, 1])


def _ratio(evidence: Evidence, m: int) -> Measured:
    def ends(kind: str) -> list[Any]:
        return evidence.where(anchors=m, kind=kind).each(lambda r: (r.values["lower"], r.values["upper"]))

    small, large = ends("composite"), ends("random")
    if not small or not large or small[0] is None or large[0] is None:
        return Measured(None)
    upper, least = small[0][1], large[0][0]
    if upper is None:
        return Measured(None, unsettled="no number of samples suffices for the composite task within the budget")
    if least is None:
        return Measured(None, unsettled="no number of samples was seen to fail for the random task")
    return Measured(least / upper)


def search(case: Case, progress: Progress) -> Outcome:
    """Returns the bracket of the smallest number of samples that suffices, and the complexities of the task.

    Args:
        case: The case.
        progress: Called with the share of the budget that is spent and a few words.
    """
    from condenslab import sample_size

    task = make_task(case)
    room = len(task.triples("train"))
    spent: list[sample_size.Trial] = []

    def tell(trial: sample_size.Trial) -> None:
        spent.append(trial)
        progress(min(1.0, len(spent) / case.budget), f"{task.name}: {trial.accuracy:.2f} at {trial.size} samples")

    accuracy = sample_size.DecoderAccuracy(
        task, case.model.sizes(), case.steps, case.batch, room, tests=len(task.triples("test")), members=4
    )
    found = sample_size.empirical(
        accuracy,
        {"gamma": case.gammas, "rate": case.rates, "decay": case.decays},
        sizes=(min(_LOWEST * case.anchors, room), room),
        cutoff=case.cutoff,
        tuning_seeds=1,
        seeds=case.seeds,
        first_seed=case.seed,
        resolution=case.resolution,
        widenings=1,
        budget_runs=case.budget,
        together=True,
        on_trial=tell,
    )
    both = complexities(task)
    best = found.sizes[-1].best if found.sizes else {}
    values = {"lower": found.lower, "upper": found.upper, "decided": found.decided, "reason": found.reason}
    values |= {"memorisation": both.memorisation, "inference": both.inference, "runs": len(found.trials), "room": room}
    sizes = np.array([one.size for one in found.sizes])
    best_accuracies = np.array([float(np.mean(one.accuracies)) for one in found.sizes])
    return Outcome(
        values | {f"best_{name}": float(value) for name, value in best.items()},
        {"sizes": sizes, "accuracies": best_accuracies},
    )


def drawings(records: Sequence[Record]) -> list[Drawing]:
    """Draws the samples needed against both complexities.

    Args:
        records: The records.
    """
    from condenslab import figures

    done = [record for record in records if record.status == "done"]
    if not done:
        return []
    figure, axes = figures.panels(1, 2, width=4.6, height=3.6)
    kinds = sorted({record.case["kind"] for record in done})
    for ax, (name, title) in zip(
        axes[0], {"inference": "Inference", "memorisation": "Memorisation"}.items(), strict=True
    ):
        curves = {}
        for kind in kinds:
            own = sorted((r for r in done if r.case["kind"] == kind), key=lambda r: r.case["anchors"])
            shown = [_needed(r) or r.values["upper"] or r.values["room"] for r in own]
            curves[kind] = ([r.values[name] for r in own], shown)
        figures.value_curves(ax, curves, x_label=f"{name} complexity", y_label="samples", logarithmic="xy")
        figures.title(ax, title)
    figures.legend_below(axes[0, 0])
    undecided = sum(_needed(record) is None for record in done)
    caption = (
        "Smallest number of samples that reaches the cut-off under the best tuning (middle of the bracket), against "
        "the independent rules under the best explanation (left) and the rules to store (right). "
        f"{undecided} of {len(done)} tasks have an open bracket; they are drawn at its known end or the largest number."
    )
    return [Drawing(_FIGURE, caption, figure)]


def _seconds(case: Case) -> float:
    vocabulary = case.items[1] + 30
    return 0.6 * case.budget * case.model.seconds(vocabulary, 3, case.batch, case.steps)


STUDY = Study(
    name="inference_or_memorisation",
    revision=1,
    question="Do the samples a transformer needs follow the rules that it must store, or those that it must infer?",
    source="deck 001, optimistic sample size of transformers: composite, symmetric and random anchor functions",
    part="generalization",
    deck="001",
    presets={
        "tiny": Settings(
            ("composite", "random"),
            (2,),
            gammas=(0.5,),
            decays=(0.1,),
            seeds=1,
            budget=6,
            model=Model(8, 1, 4, 8, 1),
            steps=12,
            batch=8,
        ),
        "quick": Settings(),
        "full": Settings(
            ("composite", "left_right", "symmetric", "random"),
            (2, 3, 4, 5),
            (30, 99),
            (0.4, 0.6, 0.8, 1.0),
            (5e-4, 2e-3),
            (0.01, 0.1, 1.0),
            0.99,
            5,
            1.1,
            2000,
            Model(),
            20_000,
            256,
        ),
    },
    make_cases=make_cases,
    parts=(Part(case=Case, run="condenslab.studies.inference_or_memorisation:search", seconds=_seconds),),
    statements=statements,
    figures="condenslab.studies.inference_or_memorisation:drawings",
)
