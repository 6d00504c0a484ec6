"""How many samples make a network of two neurons recover a single one?"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import msgspec
import numpy as np

from condenslab.studies.contract.claims import Claim, wilson
from condenslab.studies.old_study import Drawing, Study
from condenslab.sweeps import Outcome, Progress, Record

if TYPE_CHECKING:
    from condenslab.networks import TwoLayer
    from condenslab.tasks import Table

Count = Annotated[int, msgspec.Meta(ge=1)]
Positive = Annotated[float, msgspec.Meta(gt=0)]
Start = Literal["small", "merged", "dead", "rank"]
LARGEST = 7
RECOVERED = 1e-13
"""A flow has recovered the target where its mean squared error on 1,000 points of [−2, 2] is at most this: a thousand
times the risk at which flows end. Near a merged pair the start's own error is of fourth order in its distance."""
FEWEST = 20
"""Fewer flows near a branch say too little of almost every point: claims on them are undecided."""
STATEMENTS = (
    "the optimistic sample size, the model rank at a merged pair, is 3",
    "the model rank with a dead neuron is 4, and that of all parameters 6",
    "the branches of the target set have codimension 5 (merged pair) and 4 (dead neuron)",
    "from small initialisation 2 samples never recover the target",
    "from small initialisation 3 samples, the optimistic number, do not: they do on a null set of starts",
    "from small initialisation 4 samples recover the target with positive probability",
    "from small initialisation 6 samples recover the target always",
    "from small initialisation 7 samples recover the target always",
    "near the dead branch every flow ends on the target from n = 4 on, its codimension",
    "near the dead branch some flow does not end on the target at n = 3",
    "near the merged branch every flow ends on the target from n = 5 on, its codimension",
    "near the merged branch some flow does not end on the target at n = 4",
)
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


class SingleNeuron(Study):
    """Flows from small starts and from the neighbourhood of both branches of the target set."""

    name: ClassVar[str] = "single_neuron"
    revision: ClassVar[int] = 1
    question: ClassVar[str] = "How many samples make a network of two neurons recover a single one?"
    source: ClassVar[str] = (
        "deck 000, geometry of the target set; DIS (arXiv 2405.13787); arXiv 2309.00508, Theorem 5.4"
    )
    claim_statements: ClassVar[tuple[str, ...]] = STATEMENTS
    presets: ClassVar[Mapping[str, Settings]] = {
        "tiny": Settings(seeds=2, near=2, max_steps=1_000),
        "quick": Settings(),
        "full": Settings(seeds=1000, near=1000, max_steps=20_000),
    }

    def cases(self, settings: Settings, *, seed: int, data: "Table | None") -> Sequence[Case]:
        """Returns the ranks, and the flows for n = 2 … 7."""
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

    def compile_key(self, case: Case) -> Hashable:
        """Returns whether there is a flow, and its number of steps: all flows share one program."""
        return (case.start == "rank", case.max_steps)

    def bytes_per_member(self, case: Case) -> int:
        """Returns the size of a recorded flow."""
        return 8 * 8 * case.max_steps

    def seconds_per_member(self, case: Case) -> float:
        """Returns a rough time."""
        return 1.0 if case.start == "rank" else 0.05

    def run_batch(
        self, cases: Sequence[Case], *, data: "Table | None" = None, progress: Progress | None = None
    ) -> list[Outcome]:
        """Follows all flows in one program, or computes the ranks."""
        return [_ranks(case) for case in cases] if cases[0].start == "rank" else _flows(cases, progress)

    def claims(self, records: Sequence[Record], settings: Any, *, known_target: bool) -> list[Claim]:
        """Decides the claims."""
        ranks = next((r.values for r in records if r.case["start"] == "rank" and r.status == "done"), {})
        both = [ranks.get("dead"), ranks.get("generic")]
        off = None if None in both else [abs((rank or 0) - right) for rank, right in zip(both, (4, 6), strict=True)]
        codimensions = ranks.get("codimensions")
        apart = None if codimensions is None else [abs(a - b) for a, b in zip(codimensions, (5, 4), strict=True)]
        claims = [
            Claim.count(STATEMENTS[0], _DIS, expected=3, measured=ranks.get("merged")),
            Claim.count(f"{STATEMENTS[1]} (deviations)", _DIS, expected=0, measured=off),
            Claim.count(f"{STATEMENTS[2]} (deviations)", _DIS, expected=0, measured=apart),
        ]
        for number, start, counts, always in (
            (3, "small", (2,), None), (4, "small", (3,), None), (5, "small", (4,), False), (6, "small", (6,), True),
            (7, "small", (7,), True), (8, "dead", (4, 5, 6, 7), True), (9, "dead", (3,), False),
            (10, "merged", (5, 6, 7), True), (11, "merged", (4,), False),
        ):  # fmt: skip
            claims.append(_share_claim(records, number, start, counts, always))
        return claims

    def draw(self, records: Sequence[Record]) -> list[Drawing]:
        """Draws the share of flows that recover, and the errors at their ends."""
        from condenslab import figures

        figure, axes = figures.panels(1, 2, width=5.0, height=4.0)
        labels = {"small": "small initialisation", "merged": "near a merged pair", "dead": "near a dead neuron"}
        curves = {}
        for start, label in labels.items():
            shares = [(n, *_counts(records, start, n)) for n in range(2, LARGEST + 1)]
            shown = [(n, hits / trials) for n, hits, trials in shares if trials]
            if shown:
                curves[label] = tuple(zip(*shown, strict=True))
        ends = {
            str(n): [max(r.values["error"], 1e-18) for r in _flows_of(records, "small", n)]
            for n in range(2, LARGEST + 1)
        }
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
        return [Drawing("Optimistic, and stable", caption, figure)]


def _flows_of(records: Sequence[Record], start: str, samples: int) -> list[Record]:
    return [r for r in records if r.status == "done" and (r.case["start"], r.case["samples"]) == (start, samples)]


def _counts(records: Sequence[Record], start: str, samples: int) -> tuple[int, int]:
    own = _flows_of(records, start, samples)
    return sum(r.values["error"] <= RECOVERED for r in own), len(own)


def _share_claim(
    records: Sequence[Record], number: int, start: str, counts: Sequence[int], always: bool | None
) -> Claim:
    """Claims that all flows recover (True), none does (None), or, by the sentence, some do or some do not (False)."""
    found = [_counts(records, start, n) for n in counts]
    shares = [hits / trials if trials else None for hits, trials in found]
    low, high = wilson(*(sum(part) for part in zip(*found, strict=True)))
    text = f"{STATEMENTS[number]} (shares of {found[0][1]} flows each; 95 % interval of all {low:.2f} to {high:.2f})"
    source = _THEOREM if number == 7 else _DIS if start == "small" else f"{_DIS}; arXiv 2309.00508, Theorem 5.4"
    if start != "small" and min(trials for _, trials in found) < FEWEST:
        reason = f"{text}: undecided, fewer than {FEWEST} flows say too little of almost every point"
        return Claim.undecided(reason, source, expected=float(bool(always)), measured=shares)
    if start != "small" and not always:
        return Claim.at_most(text, source, bound=1 - 1 / found[0][1], measured=shares)
    if always is not False:
        return Claim.within(text, source, expected=1.0 if always else 0.0, measured=shares, tolerance=1e-9)
    return Claim.at_least(text, source, bound=1 / max(found[0][1], 1), measured=shares)


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


def _ranks(case: Case) -> Outcome:
    from condenslab import landscape, measures, networks

    points = {name: _point(name, case.seed) for name in ("merged", "dead")}
    points["generic"] = networks.two_layer(
        case.seed, width=2, inputs=1, activation="tanh", scale=networks.Scale(1.0, 1.0)
    )
    ranks = {name: measures.model_rank(point, measures.covering_probes(0, point, 60)) for name, point in points.items()}
    codimensions = [branch.codimension(2) for branch in landscape.branches(2, 1)]
    values = {name: rank.value if rank.decided else None for name, rank in ranks.items()}
    return Outcome(values | {"codimensions": codimensions})


def _flows(cases: Sequence[Case], progress: Progress | None) -> list[Outcome]:
    import jax.numpy as jnp

    from condenslab import networks, training
    from condenslab.risk import EmpiricalRisk

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
    runs = training.ensemble(training.flow, risks, starts, until=until, max_steps=cases[0].max_steps, progress=progress)
    if any(run.stop is training.Stop.INTERRUPTED for run in runs):
        raise KeyboardInterrupt
    truth = np.asarray(target(jnp.asarray(grid)))
    outcomes = []
    for run in runs:
        error = float(np.mean((np.asarray(run.network(jnp.asarray(grid))) - truth) ** 2))
        values = {"error": error, "risk": float(run.records["risk"][-1]), "steps": run.steps, "stop": run.stop.value}
        outcomes.append(Outcome(values))
    return outcomes


STUDY = SingleNeuron()
