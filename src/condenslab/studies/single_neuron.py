"""How many samples make a network of two neurons recover a single one?"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec
import numpy as np

from condenslab.studies.contract.claims import wilson
from condenslab.studies.contract.criteria import at_least, at_most, exactly, within
from condenslab.studies.contract.evidence import Evidence
from condenslab.studies.contract.parts import Part
from condenslab.studies.contract.statements import Measured, Statement
from condenslab.studies.contract.study import Drawing, Study
from condenslab.sweeps import Outcome, Progress, Record

if TYPE_CHECKING:
    from condenslab.networks import TwoLayer

Count = Annotated[int, msgspec.Meta(ge=1)]
Positive = Annotated[float, msgspec.Meta(gt=0)]
Start = Literal["small", "merged", "dead", "rank"]
LARGEST = 7
RECOVERED = 1e-13
"""A flow has recovered the target where its mean squared error on 1,000 points of [−2, 2] is at most this: a thousand
times the risk at which flows end. Near a merged pair the start's own error is of fourth order in its distance."""
FEWEST = 20
"""Fewer flows near a branch say too little of almost every point: claims on them are undecided."""
_FIGURE = "Optimistic, and stable"
_DIS = "DIS (arXiv 2405.13787): thresholds 3, 4, 5, 6 for two tanh neurons with bias and target tanh(x + 1)"
_THEOREM = "arXiv 2309.00508, Theorem 5.4: all of the target set for n > (d + 1)m = 6; deck 000"


@dataclass(frozen=True)
class Settings:
    """What `--set` can change.

    Attributes:
        seeds: Small starts for every number of samples.
        near: Starts near each branch for every number of samples.
        std: Standard deviation of the small starts.
        distance: Standard deviation of the displacement from a branch.
        time: End time of the flows.
        max_steps: Largest number of solver steps.
    """

    seeds: Count = 40
    near: Count = 40
    std: Positive = 1e-2
    distance: Positive = 1e-2
    time: Positive = 1e9
    max_steps: Count = 4_000


@dataclass(frozen=True)
class Case:
    """One gradient flow of two neurons, or the ranks at the target points.

    Attributes:
        start: "small", near a "merged" pair, near a "dead" neuron, or "rank" for no flow.
        samples: n.
        spread: Standard deviation of the start, or of its distance from the branch.
        time: End time.
        max_steps: Largest number of solver steps.
        seed: Of the start.
    """

    start: Start
    samples: int
    spread: float
    time: float
    max_steps: int
    seed: int


def make_cases(settings: Settings, seed: int) -> list[Case]:
    """Returns the ranks, and the flows for n = 2 … 7.

    Args:
        settings: The settings.
        seed: Of the run.
    """
    s = settings
    starts: tuple[tuple[Start, float, int], ...] = (
        ("small", s.std, s.seeds), ("merged", s.distance, s.near), ("dead", s.distance, s.near),
    )  # fmt: skip
    return [Case("rank", LARGEST, s.std, s.time, s.max_steps, seed)] + [
        Case(start, n, spread, s.time, s.max_steps, seed + k)
        for start, spread, count in starts
        for n in range(2, LARGEST + 1)
        for k in range(count)
    ]


def statements(settings: Settings) -> list[Statement]:
    """Returns what is claimed.

    Args:
        settings: The settings.
    """
    return [*_rank_statements(), *_small_statements(settings), *_near_statements(settings)]


def _rank_statements() -> list[Statement]:
    return [
        Statement(
            "the optimistic sample size, the model rank at a merged pair, is 3",
            _DIS,
            lambda evidence: evidence.where(start="rank").all(lambda records: records[0].values["merged"]),
            exactly(3),
        ),
        Statement(
            "the model rank with a dead neuron is 4, and that of all parameters 6",
            _DIS,
            lambda evidence: _deviations(evidence, lambda values: [values["dead"], values["generic"]], (4, 6)),
            exactly(0),
            note="deviations",
        ),
        Statement(
            "the branches of the target set have codimension 5 (merged pair) and 4 (dead neuron)",
            _DIS,
            lambda evidence: _deviations(evidence, lambda values: values["codimensions"], (5, 4)),
            exactly(0),
            note="deviations",
        ),
    ]


def _deviations(
    evidence: Evidence, chosen: Callable[[Mapping[str, Any]], Sequence[int | None]], expected: Sequence[int]
) -> list[int | None] | None:
    def of(records: list[Record]) -> list[int | None]:
        pairs = zip(chosen(records[0].values), expected, strict=True)
        return [None if rank is None else abs(rank - right) for rank, right in pairs]

    return evidence.where(start="rank").all(of)


def _small_statements(settings: Settings) -> list[Statement]:
    some = at_least(1 / settings.seeds)
    return [
        Statement(
            f"from small initialisation {text}",
            source,
            _shares("small", (samples,)),
            criterion,
            note=f"share of {settings.seeds} flows",
            label=f"small start, {label}",
            figure=_FIGURE,
        )
        for samples, text, label, criterion, source in (
            (2, "2 samples never recover the target", "2 samples never recover", within(0.0, 1e-9), _DIS),
            (
                3,
                "3 samples, the optimistic number, do not: they do on a null set of starts",
                "3 samples do not recover",
                within(0.0, 1e-9),
                _DIS,
            ),
            (4, "4 samples recover the target with positive probability", "4 samples sometimes recover", some, _DIS),
            (6, "6 samples recover the target always", "6 samples always recover", within(1.0, 1e-9), _DIS),
            (7, "7 samples recover the target always", "7 samples always recover", within(1.0, 1e-9), _THEOREM),
        )
    ]


def _near_statements(settings: Settings) -> list[Statement]:
    few = f"fewer than {FEWEST} flows say too little of almost every point" if settings.near < FEWEST else ""
    every, not_every = within(1.0, 1e-9), at_most(1 - 1 / settings.near)
    return [
        Statement(
            f"near the {start} branch {text}",
            f"{_DIS}; arXiv 2309.00508, Theorem 5.4",
            _shares(start, counts, few),
            criterion,
            note=f"shares of {settings.near} flows each",
            label=f"near the {start} branch, n = {', '.join(map(str, counts))}: {text.partition(' on the target')[0]}",
            figure=_FIGURE,
        )
        for start, text, counts, criterion in (
            ("dead", "every flow ends on the target from n = 4 on, its codimension", (4, 5, 6, 7), every),
            ("dead", "some flow does not end on the target at n = 3", (3,), not_every),
            ("merged", "every flow ends on the target from n = 5 on, its codimension", (5, 6, 7), every),
            ("merged", "some flow does not end on the target at n = 4", (4,), not_every),
        )
    ]


def _shares(start: str, counts: Sequence[int], unsettled: str = "") -> Callable[[Evidence], Measured]:
    """Returns a reader of the share of flows that recover, for every number of samples."""

    def read(evidence: Evidence) -> Measured:
        shares = [evidence.where(start=start, samples=n).share(_recovers) for n in counts]
        known = [share for share in shares if share is not None]
        low, high = wilson(sum(s.successes for s in known), sum(s.total - s.unknown for s in known))
        return Measured(shares, f"95 % interval of all {low:.2f} to {high:.2f}", unsettled)

    return read


def _recovers(record: Record) -> bool:
    return record.values["error"] <= RECOVERED


def drawings(records: Sequence[Record]) -> list[Drawing]:
    """Draws the share of flows that recover, and the errors at their ends.

    Args:
        records: The records.
    """
    from condenslab import figures

    done = [record for record in records if record.status == "done"]
    figure, axes = figures.panels(1, 2, width=5.0, height=4.0)
    labels = {"small": "small initialisation", "merged": "near a merged pair", "dead": "near a dead neuron"}
    curves = {}
    for start, label in labels.items():
        shares = [(n, *_counts(done, start, n)) for n in range(2, LARGEST + 1)]
        shown = [(n, hits / trials) for n, hits, trials in shares if trials]
        if shown:
            curves[label] = tuple(zip(*shown, strict=True))
    ends = {str(n): [max(r.values["error"], 1e-18) for r in _flows_of(done, "small", n)] for n in range(2, LARGEST + 1)}
    if not curves or not all(ends.values()):
        return []
    figures.value_curves(axes[0, 0], curves, x_label="samples n", y_label="share of flows that recover")
    for n, word in ((3, "O"), (4, "dead"), (5, "merged"), (6, "all")):
        axes[0, 0].axvline(n, color="black", linewidth=0.8, linestyle=":", zorder=1)
        axes[0, 0].annotate(word, (n, 1.04), ha="center", fontsize=8, annotation_clip=False)
    axes[0, 0].set_ylim(-0.05, 1.12)
    figures.legend_below(axes[0, 0], columns=2)
    figures.title(axes[0, 0], "Which flows end on the target")
    figures.seed_values(axes[0, 1], ends, y_label="mean squared error on [−2, 2]", logarithmic=True)
    axes[0, 1].axhline(RECOVERED, color="black", linewidth=0.8, linestyle=":", zorder=1)
    axes[0, 1].set_xlabel("samples n")
    figures.title(axes[0, 1], "End of every flow from small initialisation")
    caption = (
        "Two tanh neurons with biases, target tanh(x + 1), n even samples of [−2, 2]. Left: share of "
        "gradient flows that end on the target; dotted: the thresholds 3 (optimistic sample size), 4 and 5 "
        "(codimension of the two branches of the target set) and 6 (number of parameters). Right: every mark is "
        "one flow, below the dotted line it counts as recovered."
    )
    return [Drawing(_FIGURE, caption, figure)]


def _flows_of(records: Sequence[Record], start: str, samples: int) -> list[Record]:
    return [record for record in records if (record.case["start"], record.case["samples"]) == (start, samples)]


def _counts(records: Sequence[Record], start: str, samples: int) -> tuple[int, int]:
    flows = _flows_of(records, start, samples)
    return sum(_recovers(record) for record in flows), len(flows)


def _target() -> "TwoLayer":
    import jax.numpy as jnp

    from condenslab import networks

    return networks.TwoLayer(jnp.ones((1, 1)), jnp.ones(1), jnp.ones((1, 1)), None, networks.activation("tanh"))


def _point(start: Start, seed: int) -> "TwoLayer":
    """Returns a random point of a branch of the target set."""
    import jax

    from condenslab import landscape

    merged, dead = landscape.branches(2, 1)
    return landscape.branch_point(_target(), merged if start == "merged" else dead, jax.random.key(seed))


def ranks(case: Case, progress: Progress) -> Outcome:
    """Returns the model ranks at target points and the codimensions of the branches.

    Args:
        case: The case.
        progress: Not called: a case takes a moment.
    """
    from condenslab import landscape, measures, networks

    points = {name: _point(name, case.seed) for name in ("merged", "dead")}
    points["generic"] = networks.two_layer(
        case.seed, width=2, inputs=1, activation="tanh", scale=networks.Scale(1.0, 1.0)
    )
    found = {name: measures.model_rank(point, measures.covering_probes(0, point, 60)) for name, point in points.items()}
    codimensions = [branch.codimension(2) for branch in landscape.branches(2, 1)]
    values = {name: rank.value if rank.decided else None for name, rank in found.items()}
    return Outcome(values | {"codimensions": codimensions})


def flows(cases: Sequence[Case], progress: Progress) -> list[Outcome]:
    """Follows all flows in one program.

    Args:
        cases: The flows.
        progress: Called with (fraction, text).
    """
    import jax.numpy as jnp

    from condenslab import networks, training
    from condenslab.risk import EmpiricalRisk
    from condenslab.studies.contract import train

    risks, starts, target, grid = [], [], _target(), np.linspace(-2.0, 2.0, 1000)[:, None]
    for case in cases:
        x = np.zeros((LARGEST, 1))
        x[: case.samples, 0] = np.linspace(-2.0, 2.0, case.samples)
        y = np.asarray(target(jnp.asarray(x)))
        risks.append(EmpiricalRisk(x, y, (np.arange(LARGEST) < case.samples).astype(float)))
        random = np.random.default_rng([case.seed, 4])
        base = 0.0 if case.start == "small" else np.asarray(networks.ravel(_point(case.start, case.seed)))
        theta = base + case.spread * random.standard_normal(6)
        like = networks.TwoLayer(jnp.zeros((2, 1)), jnp.zeros(2), jnp.zeros((1, 2)), None, target.activation)
        starts.append(networks.unravel(jnp.asarray(theta), like))
    until = [training.Until(time=case.time, risk=1e-16) for case in cases]
    runs = train.ensemble(training.flow, risks, starts, until=until, max_steps=cases[0].max_steps, progress=progress)
    truth = np.asarray(target(jnp.asarray(grid)))

    def outcome(case: Case, run: Any) -> Outcome:
        error = float(np.mean((np.asarray(run.network(jnp.asarray(grid))) - truth) ** 2))
        risk = float(run.records["risk"][-1])
        return Outcome({"error": error, "risk": risk, "steps": run.steps, "stop": run.stop.value})

    return train.outcomes(cases, runs, outcome)


STUDY = Study(
    name="single_neuron",
    revision=1,
    question="How many samples make a network of two neurons recover a single one?",
    source=("deck 000, geometry of the target set; DIS (arXiv 2405.13787); arXiv 2309.00508, Theorem 5.4"),
    part="landscape",
    deck="000",
    presets={
        "tiny": Settings(seeds=2, near=2, max_steps=1_000),
        "quick": Settings(),
        "full": Settings(seeds=1000, near=1000, max_steps=20_000),
    },
    make_cases=make_cases,
    parts=(
        Part(
            case=Case,
            run="condenslab.studies.single_neuron:ranks",
            when=lambda case: case.start == "rank",
            seconds=lambda _: 1.0,
        ),
        Part(
            case=Case,
            run="condenslab.studies.single_neuron:flows",
            when=lambda case: case.start != "rank",
            varies=("start", "samples", "spread", "time", "seed"),
            together=True,
            seconds=lambda _: 0.05,
            bytes=lambda case: 8 * 8 * case.max_steps,
        ),
    ),
    statements=statements,
    figures="condenslab.studies.single_neuron:drawings",
)
