"""From how many samples does the tangent model at a target point find the target?"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import msgspec
import numpy as np

from condenslab.studies.contract.claims import Claim
from condenslab.studies.old_study import Drawing, Study
from condenslab.studies.seeds import over_seeds
from condenslab.studies.shared.ranks import decided, rank_values
from condenslab.sweeps import Outcome, Progress, Record

if TYPE_CHECKING:
    from condenslab.tasks import Table

Count = Annotated[int, msgspec.Meta(ge=1)]
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

STATEMENTS = (
    "recovery sets in at n = r(θ′), the model rank of the target point",
    "the rank of n samples is min(n, r(θ′)) for every n",
    "before the transition some interpolant differs off the samples",
    "from the transition on no interpolant differs off the samples",
    "the transition of the dense network does not move with its width",
)
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


class LlrTransition(Study):
    """The linearised problem at several points that express one function."""

    name: ClassVar[str] = "llr_transition"
    revision: ClassVar[int] = 1
    question: ClassVar[str] = "From how many samples does the tangent model at a target point find the target?"
    source: ClassVar[str] = "deck 001, local linear recovery: phase transition; LLR, Corollary 1, Fig. 3"
    claim_statements: ClassVar[tuple[str, ...]] = STATEMENTS
    presets: ClassVar[Mapping[str, Settings]] = {
        "tiny": Settings(seeds=1, copies=(1,), samples=24, probes=120),
        "quick": Settings(),
        "full": Settings(seeds=20, copies=(1, 3, 10, 34, 100), samples=63),
    }

    def cases(self, settings: Settings, *, seed: int, data: "Table | None") -> Sequence[Case]:
        """Returns every target point, the dense ones at every width, for every seed."""
        points: list[tuple[str, int]] = [("dense, split", c) for c in settings.copies]
        points += [("dense, null", c) for c in settings.copies if c > 1]
        points += [("dense, dead neuron", 1), ("shared", 1), ("shared, split", 3), ("shared, dead kernel", 1)]
        points += [("unshared", 1), ("attention", 1)]
        return [
            Case(point, copies, seed + s, settings.samples, settings.probes)
            for point, copies in points
            for s in range(settings.seeds)
        ]

    def compile_key(self, case: Case) -> Hashable:
        """Returns everything but the seed."""
        return (case.point, case.copies, case.samples, case.probes)

    def bytes_per_member(self, case: Case) -> int:
        """Returns the size of the singular vectors of every number of samples."""
        return 8 * case.samples**2 * 24 * case.copies + 8 * case.probes * 24 * case.copies

    def seconds_per_member(self, case: Case) -> float:
        """Returns a rough time: compilation, and one decomposition a sample."""
        return 0.7 + 2e-6 * case.samples**2 * 24 * case.copies

    def run_batch(
        self, cases: Sequence[Case], *, data: "Table | None" = None, progress: Progress | None = None
    ) -> list[Outcome]:
        """Follows one target point a case."""
        return [_measure(case) for case in cases]

    def claims(self, records: Sequence[Record], settings: Any, *, known_target: bool) -> list[Claim]:
        """Decides the claims."""
        claims = [_first(records, point, expected) for point, expected in EXPECTED.items()]
        done = [r for r in records if r.status == "done"]
        off = [
            float(np.max(np.abs(r.arrays["sample_ranks"] - np.minimum(r.arrays["samples"], r.values["rank"]))))
            if decided(r) is not None and r.values["all_decided"]
            else None
            for r in done
        ]
        text = f"{STATEMENTS[1]}, for {len(done)} points and seeds (largest deviation)"
        claims.append(Claim.count(text, _SOURCE, expected=0, measured=off or None))
        before = [_deviation(r, before=True) for r in done]
        after = [_deviation(r, before=False) for r in done]
        note = f"relative to the largest tangent, for {len(done)} points and seeds"
        claims += [
            Claim.at_least(f"{STATEMENTS[2]} ({note})", _SOURCE, bound=NOT_ZERO, measured=before or None),
            Claim.at_most(f"{STATEMENTS[3]} ({note})", _SOURCE, bound=ZERO, measured=after or None),
        ]
        widths = sorted({r.case["copies"] for r in done if r.case["point"].startswith("dense, split")})
        firsts = [r.values["first"] for r in done if r.case["point"] in ("dense, split", "dense, null")]
        spread = None if not firsts or None in firsts or len(widths) < 2 else max(firsts) - min(firsts)
        text = f"{STATEMENTS[4]} (widths {', '.join(str(3 * c) for c in widths)}; largest difference)"
        return [*claims, Claim.count(text, "LLR, Theorem 3; deck 001", expected=0, measured=spread)]

    def draw(self, records: Sequence[Record]) -> list[Drawing]:
        """Draws rank and deviation against the number of samples."""
        from condenslab import figures

        done = [r for r in records if r.status == "done"]
        first = min((r.case["seed"] for r in done), default=0)
        widest = max((r.case["copies"] for r in done), default=1)
        shown = {
            r.case["point"]: r
            for r in done
            if r.case["seed"] == first
            and (r.case["copies"] == widest or not r.case["point"].startswith("dense, split"))
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
        errors = {
            labels[k]: (r.arrays["samples"], np.maximum(r.arrays["deviations"], 1e-17)) for k, r in chosen.items()
        }
        figures.value_curves(
            axes[0, 1], errors, x_label="samples n", y_label="largest off-sample deviation", logarithmic="y"
        )
        figures.title(axes[0, 1], "What they leave open")
        for ax in axes[0]:
            figures.legend_below(ax, columns=2)
        caption = (
            "Points that express the same function, tanh(0.6x₁ + 0.8x₂ + x₃) and its two shifts, in dense and "
            "convolution "
            f"networks (dense: width {3 * widest}), and an attention layer. Left: the rank of n samples grows by one "
            "a sample up to the model rank r. Right: how far an interpolant of the tangent model can be from "
            "the target "
            f"off the samples (relative to the largest tangent): rounding from n = r on. Seed {first}."
        )
        return [Drawing("Local linear recovery sets in at the model rank", caption, figure)]


def _first(records: Sequence[Record], point: Point, expected: int | None) -> Claim:
    own = [r for r in records if r.case["point"] == point]
    if expected is None:
        gaps = [
            None if decided(r) is None or r.values["first"] is None else r.values["first"] - r.values["rank"]
            for r in own
        ]
        text = over_seeds(f"{STATEMENTS[0]} ({point}: first n − r)", [gap == 0 for gap in gaps])
        return Claim.count(text, _SOURCE, expected=0, measured=gaps or None)
    firsts = [r.values.get("first") for r in own]
    text = over_seeds(f"{STATEMENTS[0]} ({point}: {expected})", [value == expected for value in firsts])
    if len({r.case["copies"] for r in own}) > 1:
        text = text.replace(" seeds", " widths and seeds", 1)
    return Claim.count(text, f"{_SOURCE}; {_RANKS}", expected=expected, measured=firsts or None)


def _deviation(record: Record, *, before: bool) -> float | None:
    """Returns the smallest deviation before the transition, or the largest from it on; None without a transition."""
    first = record.values["first"]
    if first is None or (before and first == 1):
        return None
    found = record.arrays["deviations"]
    return float(found[: first - 1].min() if before else found[first - 1 :].max())


def _measure(case: Case) -> Outcome:
    from condenslab import networks, sample_size
    from condenslab.studies import target_points

    network, predict, inputs = target_points.make(case.point, case.copies, case.seed)
    random = np.random.default_rng([case.seed, 1])
    samples, probes = (random.standard_normal((n, *inputs)) for n in (case.samples, case.probes))
    start = random.standard_normal(networks.parameter_count(network))
    found = sample_size.llr_transition(network, samples, probes, predict=predict, start=start)
    values = rank_values(found.model_rank) | {
        "first": found.first,
        "all_decided": bool(np.all(found.decided)),
        "parameters": networks.parameter_count(network),
    }
    arrays = {name: getattr(found, name) for name in ("samples", "sample_ranks", "deviations", "drawn")}
    return Outcome(values, arrays | {"spectrum": found.model_rank.singular_values})


STUDY = LlrTransition()
