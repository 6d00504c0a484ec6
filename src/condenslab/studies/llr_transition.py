"""From how many samples does the tangent model at a target point find the target?"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from condenslab.studies.contract.criteria import Criterion, at_least, at_most, exactly
from condenslab.studies.contract.evidence import Evidence
from condenslab.studies.contract.parts import Part
from condenslab.studies.contract.statements import Statement
from condenslab.studies.contract.study import Drawing, Study
from condenslab.studies.settings import Count
from condenslab.studies.shared.ranks import decided, rank_values
from condenslab.sweeps import Outcome, Progress, Record

Point = Literal[
    "dense, split", "dense, null", "dense, dead neuron", "shared", "shared, split", "shared, dead kernel",
    "unshared", "attention",
]  # fmt: skip
EXPECTED: dict[Point, int | None] = {
    "dense, split": 21,
    "dense, null": 21,
    "dense, dead neuron": 22,
    "shared": 7,
    "shared, split": 7,
    "shared, dead kernel": 10,
    "unshared": 15,
    "attention": None,
}
"""The model rank of each target point: k(d + 2), k(s + 1 + L), k(s + 2)L with d = 5, s = 3, L = 3 (k = 3 or 1).

A dead random neuron adds its output weight, a dead random kernel its L. For attention the measured rank is taken."""
ZERO, NOT_ZERO = 1e-8, 1e-6
"""A deviation up to the first is rounding; one from the second on is freedom. Stated before anything was measured."""

_FIGURE = "Local linear recovery sets in at the model rank"
_SOURCE = "LLR (Zhang et al., JMLR 26(69), 2025), Corollary 1 and Lemma 2; target of its Fig. 3"
_RANKS = "LLR, Theorems 4 and 5, Propositions 3 and 4"


@dataclass(frozen=True)
class Settings:
    """What `--set` can change.

    Attributes:
        seeds: Draws of the inputs.
        copies: Widths 3·c of the dense network.
        samples: N, the largest number of samples.
        probes: Inputs on which the whole tangent space is seen, for each parameter of the smallest network.
    """

    seeds: Count = 3
    copies: tuple[int, ...] = (1, 3, 10)
    samples: Count = 30
    probes: Count = 300


@dataclass(frozen=True)
class Case:
    """One target point, and samples added one by one.

    Attributes:
        point: Which parameters express the target.
        copies: The dense network has width 3 · copies, the shared one so many kernels.
        seed: Of inputs, probes and dead neurons.
        samples: N.
        probes: Number of probes.
    """

    point: str
    copies: int
    seed: int
    samples: int
    probes: int


def make_cases(settings: Settings, seed: int) -> list[Case]:
    """Returns every target point, the dense ones at every width, for every seed.

    Args:
        settings: The settings.
        seed: Of the run.
    """
    points: list[tuple[str, int]] = [("dense, split", c) for c in settings.copies]
    points += [("dense, null", c) for c in settings.copies if c > 1]
    points += [("dense, dead neuron", 1), ("shared", 1), ("shared, split", 3), ("shared, dead kernel", 1)]
    points += [("unshared", 1), ("attention", 1)]
    return [
        Case(point, copies, seed + s, settings.samples, settings.probes)
        for point, copies in points
        for s in range(settings.seeds)
    ]


def statements(settings: Settings) -> list[Statement]:
    """Returns what is claimed.

    Args:
        settings: The settings.
    """
    return [
        *(_first(point, rank, settings) for point, rank in EXPECTED.items()),
        Statement(
            "the rank of n samples is min(n, r(θ′)) for every n",
            _SOURCE,
            lambda evidence: evidence.each(_rank_deviation),
            exactly(0),
            note="largest deviation, over all points and seeds",
            figure=_FIGURE,
        ),
        _off_samples("before the transition some interpolant differs off the samples", at_least(NOT_ZERO), before=True),
        _off_samples("from the transition on no interpolant differs off the samples", at_most(ZERO), before=False),
        Statement(
            "the transition of the dense network does not move with its width",
            "LLR, Theorem 3; deck 001",
            _spread,
            exactly(0),
            note=f"widths {', '.join(str(3 * c) for c in sorted(set(settings.copies)))}; largest difference",
        ),
    ]


def _first(point: Point, rank: int | None, settings: Settings) -> Statement:
    """Says where recovery sets in at one point; for attention the measured rank is taken."""
    several = point.startswith(("dense, split", "dense, null")) and len(set(settings.copies)) > 1
    return Statement(
        "recovery sets in at n = r(θ′), the model rank of the target point",
        _SOURCE if rank is None else f"{_SOURCE}; {_RANKS}",
        _reader(point, _beyond_rank if rank is None else lambda record: record.values.get("first")),
        exactly(rank or 0),
        note=f"{point}: {'first n − r' if rank is None else rank}",
        of="widths and seeds" if several else "seeds",
        figure=_FIGURE,
    )


def _off_samples(text: str, criterion: Criterion, *, before: bool) -> Statement:
    return Statement(
        text,
        _SOURCE,
        lambda evidence: evidence.each(lambda record: _deviation(record, before=before)),
        criterion,
        note="relative to the largest tangent, over all points and seeds",
        figure=_FIGURE,
    )


def _reader(point: Point, value: Callable[[Record], int | None]) -> Callable[[Evidence], list[int | None]]:
    return lambda evidence: evidence.where(point=point).each(value)


def _beyond_rank(record: Record) -> int | None:
    rank, first = decided(record), record.values["first"]
    return None if rank is None or first is None else first - rank


def _rank_deviation(record: Record) -> float | None:
    if decided(record) is None or not record.values["all_decided"]:
        return None
    expected = np.minimum(record.arrays["samples"], record.values["rank"])
    return float(np.max(np.abs(record.arrays["sample_ranks"] - expected)))


def _spread(evidence: Evidence) -> int | None:
    """Returns how far the transitions at null and split points lie apart; None with a single width."""
    dense = evidence.where(point=("dense, split", "dense, null"))
    firsts = dense.each(lambda record: record.values["first"])
    return None if None in firsts or len(dense.fields("copies")) < 2 else max(firsts) - min(firsts)


def _deviation(record: Record, *, before: bool) -> float | None:
    """Returns the smallest deviation before the transition, or the largest from it on; None without a transition."""
    first = record.values["first"]
    if first is None or (before and first == 1):
        return None
    found = record.arrays["deviations"]
    return float(found[: first - 1].min() if before else found[first - 1 :].max())


def drawings(records: Sequence[Record]) -> list[Drawing]:
    """Draws rank and deviation against the number of samples.

    Args:
        records: The records.
    """
    from condenslab import figures

    done = [r for r in records if r.status == "done"]
    first = min((r.case["seed"] for r in done), default=0)
    widest = max((r.case["copies"] for r in done), default=1)
    shown = {
        r.case["point"]: r
        for r in done
        if r.case["seed"] == first and (r.case["copies"] == widest or not r.case["point"].startswith("dense, split"))
    }
    kept = ("shared", "shared, dead kernel", "unshared", "dense, split", "dense, dead neuron", "attention")
    chosen = {name: shown[name] for name in kept if name in shown}
    if not chosen:
        return []
    figure, axes = figures.panels(1, 2, width=5.2, height=4.2)
    labels = {name: f"{name}: r = {record.values['rank']}" for name, record in chosen.items()}
    ranks = {labels[k]: (r.arrays["samples"], r.arrays["sample_ranks"]) for k, r in chosen.items()}
    figures.value_curves(axes[0, 0], ranks, x_label="samples n", y_label="rank of their tangents", whole=True)
    figures.title(axes[0, 0], "What n samples determine")
    errors = {labels[k]: (r.arrays["samples"], np.maximum(r.arrays["deviations"], 1e-17)) for k, r in chosen.items()}
    figures.value_curves(
        axes[0, 1], errors, x_label="samples n", y_label="largest off-sample deviation", logarithmic="y"
    )
    figures.title(axes[0, 1], "What they leave open")
    for ax in axes[0]:
        figures.legend_below(ax, columns=2)
    caption = (
        "Points that express the same function, tanh(0.6x₁ + 0.8x₂ + x₃) and its two shifts, in dense and "
        "convolution "
        f"networks (dense: width {3 * widest}), and an attention layer. Left: the rank of n samples. Right: how far "
        "an interpolant of the tangent model can be from "
        "the target "
        f"off the samples (relative to the largest tangent). Seed {first}."
    )
    return [Drawing(_FIGURE, caption, figure)]


def measure(case: Case, progress: Progress) -> Outcome:
    """Follows the tangent model at one target point, sample by sample.

    Args:
        case: The case.
        progress: Not called: a case takes a moment.
    """
    from condenslab import networks, sample_size
    from condenslab.studies.shared import target_points

    network, predict, inputs = target_points.make(case.point, case.copies, case.seed)
    random = np.random.default_rng([case.seed, 1])
    samples, probes = (random.standard_normal((n, *inputs)) for n in (case.samples, case.probes))
    start = random.standard_normal(networks.parameter_count(network))
    transition = sample_size.llr_transition(network, samples, probes, predict=predict, start=start)
    values = rank_values(transition.model_rank) | {
        "first": transition.first,
        "all_decided": bool(np.all(transition.decided)),
        "parameters": networks.parameter_count(network),
    }
    arrays = {name: getattr(transition, name) for name in ("samples", "sample_ranks", "deviations", "drawn")}
    return Outcome(values, arrays | {"spectrum": transition.model_rank.singular_values})


STUDY = Study(
    name="llr_transition",
    revision=1,
    question="From how many samples does the tangent model at a target point find the target?",
    source="deck 001, local linear recovery: phase transition; LLR, Corollary 1, Fig. 3",
    part="generalization",
    deck="001",
    presets={
        "tiny": Settings(seeds=1, copies=(1,), samples=24, probes=120),
        "quick": Settings(),
        "full": Settings(seeds=20, copies=(1, 3, 10, 34, 100), samples=63),
    },
    make_cases=make_cases,
    parts=(
        Part(
            case=Case,
            run="condenslab.studies.llr_transition:measure",
            seconds=lambda case: 0.7 + 2e-6 * case.samples**2 * 24 * case.copies,
            bytes=lambda case: 8 * (case.samples**2 + case.probes) * 24 * case.copies,
        ),
    ),
    statements=statements,
    figures="condenslab.studies.llr_transition:drawings",
)
