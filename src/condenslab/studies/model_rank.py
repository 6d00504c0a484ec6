"""How many directions of function space can a network move in, condensed and not?"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec
import numpy as np

from condenslab.studies.contract.criteria import at_least, exactly
from condenslab.studies.contract.evidence import Evidence
from condenslab.studies.contract.parts import Part
from condenslab.studies.contract.statements import Statement
from condenslab.studies.contract.study import Drawing, Study
from condenslab.studies.shared.ranks import decided, rank_values
from condenslab.sweeps import Outcome, Progress, Record

if TYPE_CHECKING:
    from condenslab.networks import TwoLayer

Count = Annotated[int, msgspec.Meta(ge=1)]
Positive = Annotated[float, msgspec.Meta(gt=0)]
Kind = Literal["condensed", "opposite", "generic", "dead", "formula", "run"]
PAIRS: dict[Kind, int] = {"condensed": 2, "opposite": 2, "generic": 4, "dead": 3}
"""Two tanh neurons of one input without biases: the model rank by where they are."""
RISK = 1e-14
"""Where a flow ends. One that stops before it may condense further: its merged rank is not claimed."""
THRESHOLDS = (1e-2, 1e-4, 1e-6, 1e-8)
TEXTS: dict[Kind, str] = {
    "condensed": "two tanh neurons with w₂ = w₁ or w₂ = −w₁ have model rank 2",
    "opposite": "two tanh neurons with w₂ = w₁ or w₂ = −w₁ have model rank 2",
    "generic": "two tanh neurons in general position have model rank 4",
    "dead": "one of them dead (a = 0) leaves model rank 3",
}
_FIGURE = "Model rank, condensed and not"
_LLR = "LLR1 (arXiv 2406.18035), Corollary 7; deck 001, tanh pair"
_RUN = "LLR, Theorem 4: k(d + 2) = 3; deck 001 (condensed networks have a low rank); threshold 1e-2 is the study's own"


@dataclass(frozen=True)
class Settings:
    """What `--set` can change.

    Attributes:
        seeds: Random pairs, random networks, and training runs.
        width: Neurons of the trained network.
        samples: Samples of the training runs, even on [−3, 3].
        time: End time of the gradient flows. They condense late: at 10⁶ the risk is still 10⁻⁹ and neurons of two norms
            share the direction of the target; the risk at which they end takes 10⁷ to more than 10¹⁰.
        std: Standard deviation of the small initialisation.
    """

    seeds: Count = 5
    width: Count = 20
    samples: Count = 20
    time: Positive = 1e10
    std: Positive = 1e-4


@dataclass(frozen=True)
class Case:
    """A network whose rank is computed, or a training run along which it is.

    Attributes:
        kind: Which network.
        seed: Of its parameters.
        width: Neurons of a training run.
        samples: Samples of a training run.
        time: Its end time.
        std: Its initial standard deviation.
    """

    kind: Kind
    seed: int
    width: int = 0
    samples: int = 0
    time: float = 0.0
    std: float = 0.0


def make_cases(settings: Settings, seed: int) -> list[Case]:
    """Returns pairs, random networks, and runs from small and from std-1 initialisation.

    Args:
        settings: The settings.
        seed: Of the run.
    """
    s = settings
    seeds = range(seed, seed + s.seeds)
    fixed: tuple[Kind, ...] = (*PAIRS, "formula")
    plain = [Case(kind, k) for kind in fixed for k in seeds]
    return plain + [Case("run", k, s.width, s.samples, s.time, std) for std in (s.std, 1.0) for k in seeds]


def statements(settings: Settings) -> list[Statement]:
    """Returns what is claimed.

    Args:
        settings: The settings.
    """
    return [
        *(
            Statement(text, _LLR, _ranks_of(kind), exactly(PAIRS[kind]), note=kind, of="seeds", figure=_FIGURE)
            for kind, text in TEXTS.items()
        ),
        Statement(
            "the model rank at random, copied, dead and null neurons together is m_w + m_a·d",
            _LLR,
            lambda evidence: evidence.where(kind="formula").each(_deviation),
            exactly(0),
            note="deviation",
            of="seeds",
        ),
        Statement(
            "merging what has condensed from small initialisation gives a network of the target's model rank, 3",
            _RUN,
            lambda evidence: evidence.where(kind="run", std=_is_small).each(lambda r: decided(r, "merged")),
            exactly(3),
            of="seeds",
            label="what condensed from small initialisation, merged, has the target's model rank",
        ),
        Statement(
            "at the end fewer singular values exceed 1e-2 of the largest from small than from std-1 initialisation",
            _RUN,
            lambda evidence: evidence.where(kind="run").per("seed", _more_from_large),
            at_least(1),
            note="by how many",
            of="seeds",
            label="fewer large singular values from small than from std-1 initialisation",
            figure=_FIGURE,
        ),
    ]


def _ranks_of(kind: Kind) -> Callable[[Evidence], list[int | None]]:
    return lambda evidence: evidence.where(kind=kind).each(decided)


def _is_small(std: float) -> bool:
    return std < 1


def _deviation(record: Record) -> int | None:
    rank = decided(record)
    return None if rank is None else abs(rank - record.values["expected"])


def _more_from_large(runs: list[Record]) -> int:
    """Returns how many more singular values exceed 1e-2 of the largest from std 1 than from the small start."""
    small, large = sorted(runs, key=lambda record: record.case["std"])
    return large.values["ends"][0] - small.values["ends"][0]


def drawings(records: Sequence[Record]) -> list[Drawing]:
    """Draws ranks of pairs, and counts of singular values along two runs.

    Args:
        records: The records.
    """
    from condenslab import figures

    done = [record for record in records if record.status == "done"]
    fixed = {record.case["kind"]: record.values["rank"] for record in reversed(done) if "rank" in record.values}
    runs = [[r for r in done if r.case["kind"] == "run" and _is_small(r.case["std"]) is s][:1] for s in (True, False)]
    if not set(PAIRS) <= set(fixed) or not all(runs):
        return []
    figure, axes = figures.panels(1, 3, width=4.0, height=3.9)
    ranks = [fixed[kind] for kind in PAIRS]
    figures.measured_and_expected(axes[0, 0], list(PAIRS), ranks, list(PAIRS.values()), x_label="model rank")
    figures.title(axes[0, 0], "Two tanh neurons")
    for ax, (record,), word in zip(axes[0, 1:], runs, ("small", "std-1"), strict=True):
        counts = record.arrays["counts"]
        curves = {f"> {threshold:g}": (record.arrays["times"], counts[:, k]) for k, threshold in enumerate(THRESHOLDS)}
        figures.value_curves(
            ax, curves, x_label="time t", y_label="singular values above a threshold", logarithmic="x", whole=True
        )
        ax.axhline(3, color="black", linewidth=0.9, linestyle=":", zorder=1)
        figures.legend_below(ax, columns=2)
        figures.title(ax, f"Along a run from {word} initialisation")
    caption = (
        f"Left: model ranks of two tanh neurons of one input (w₂ = w₁, w₂ = −w₁, generic, one dead). "
        f"Middle and right: "
        f"width {runs[0][0].case['width']}, target tanh(x + 1), how many singular values of the tangents exceed a "
        "fraction of the largest; dotted: the model rank 3 of the target. A trained network is near, not at, a "
        f"target point, so the number depends on the threshold. Seed {runs[0][0].case['seed']}."
    )
    return [Drawing(_FIGURE, caption, figure)]


def fixed(case: Case, progress: Progress) -> Outcome:
    """Returns the rank of one network, with that of the theory.

    Args:
        case: A case that is no run.
        progress: Not called: a case takes a moment.
    """
    from condenslab import measures

    network, expected = _random_network(case.seed) if case.kind == "formula" else (_pair(case), PAIRS[case.kind])
    found = measures.model_rank(network, measures.covering_probes(case.seed, network, 120))
    return Outcome(rank_values(found) | {"expected": expected}, {"spectrum": found.singular_values})


def _pair(case: Case) -> "TwoLayer":
    random = np.random.default_rng([case.seed, 8])
    w, other = random.uniform(0.5, 2.0), random.uniform(2.2, 3.5)
    a = random.uniform(0.5, 2.0, 2)
    second = {"condensed": w, "opposite": -w}.get(case.kind, other)
    return _network([[w], [second]], [[a[0], 0.0 if case.kind == "dead" else a[1]]])


def _random_network(seed: int) -> tuple["TwoLayer", int]:
    """Returns a network of d = 3 with generic, copied, mirrored, dead and null neurons, and m_w + m_a·d.

    m_w counts distinct non-zero w up to sign, m_a those of them with some a ≠ 0.
    """
    random = np.random.default_rng([seed, 9])
    generic, dead, null = (int(random.integers(1, 4)) for _ in range(3))
    base, lost = random.standard_normal((generic, 3)), random.standard_normal((dead, 3))
    weights = np.concatenate([base, base[:1], -base[-1:], lost, np.zeros((null, 3))])
    outgoing = random.uniform(0.5, 2.0, len(weights))
    outgoing[generic + 2 :] = 0.0
    return _network(weights, outgoing[None, :]), generic + dead + 3 * generic


def _network(weights: Any, outgoing: Any) -> "TwoLayer":
    import jax.numpy as jnp

    from condenslab import networks

    arrays = (jnp.asarray(np.asarray(part, dtype=np.float64)) for part in (weights, outgoing))
    inner, outer = arrays
    return networks.TwoLayer(inner, None, outer, None, networks.activation("tanh"))


def follow(cases: Sequence[Case], progress: Progress) -> list[Outcome]:
    """Follows gradient flows of one program, with the ranks along each.

    Args:
        cases: Runs.
        progress: Called with (fraction, text).
    """
    from condenslab import networks, training
    from condenslab.risk import EmpiricalRisk
    from condenslab.studies.contract import train

    x = np.linspace(-3.0, 3.0, cases[0].samples)[:, None]
    risk = EmpiricalRisk(x, np.tanh(x + 1.0))
    starts = [
        networks.two_layer(
            case.seed, width=case.width, inputs=1, activation="tanh", scale=networks.Scale(case.std, case.std)
        )
        for case in cases
    ]
    until = [training.Until(time=case.time, risk=RISK) for case in cases]
    record = {"risk": training.record_risk, "parameters": training.record_parameters}
    runs = train.ensemble(
        training.flow, risk, starts, until=until, record=record, max_steps=20_000, chunk=1, progress=progress
    )
    return train.outcomes(cases, runs, partial(_along, risk), asked=("FINISHED", "RISK_REACHED"))


def _along(risk: Any, case: Case, run: Any) -> Outcome:
    """Returns how many singular values of the tangents exceed fractions of the largest, along a flow."""
    import jax.numpy as jnp

    from condenslab import measures
    from condenslab.studies.shared.frames import networks_at

    probes = jnp.linspace(-5.0, 5.0, 4 * 3 * case.width)[:, None]
    places = np.unique(np.linspace(0, len(run.times) - 1, 40).round().astype(int))
    points = networks_at(run.records["parameters"][places], run.network)
    # Only the spectra are asked for: with a tolerance no argument for zeros is looked for.
    spectra = [measures.model_rank(point, probes, tolerance=1e-12) for point in points]
    counts = np.array([spectrum.counts_at(THRESHOLDS) for spectrum in spectra])
    values = {"ends": counts[-1].tolist(), "risk": float(run.records["risk"][-1]), "stop": run.stop.value}
    if case.std < 1 and run.stop.name == "RISK_REACHED":
        values |= rank_values(_merged_rank(risk, run.network), "merged")
    return Outcome(values, {"times": run.times[places], "counts": counts})


def _merged_rank(risk: Any, network: "TwoLayer") -> Any:
    """Returns the model rank of the network whose groups are merged and which is then brought to its minimum."""
    from condenslab import landscape, measures

    merged = landscape.reduce(network, threshold=0.1, drop=0.05, risk=risk).network
    polished, _ = landscape.polish(risk, merged)
    return measures.model_rank(polished, measures.covering_probes(0, polished, 60))


STUDY = Study(
    name="model_rank",
    revision=2,
    question="How many directions of function space can a network move in, condensed and not?",
    source="deck 001, model rank of the tanh pair; LLR1 Corollary 7; LSH Fig. 5",
    part="generalization",
    deck="001",
    presets={
        "tiny": Settings(seeds=1, width=6),
        "quick": Settings(),
        "full": Settings(seeds=50, width=100),
    },
    make_cases=make_cases,
    parts=(
        Part(
            case=Case,
            run="condenslab.studies.model_rank:fixed",
            when=lambda case: case.kind != "run",
            seconds=lambda _: 0.2,
        ),
        Part(
            case=Case,
            run="condenslab.studies.model_rank:follow",
            when=lambda case: case.kind == "run",
            varies=("seed", "std"),
            together=True,
            seconds=lambda case: 1.0 + 0.02 * case.width,
            bytes=lambda case: 8 * 3 * max(case.width, 8) * 2_000,
        ),
    ),
    statements=statements,
    figures="condenslab.studies.model_rank:drawings",
)
