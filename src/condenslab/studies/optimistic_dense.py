"""Why do 21 samples suffice for a dense network of 2,100 parameters, and of 63?"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from condenslab.studies.contract.criteria import exactly
from condenslab.studies.contract.evidence import Evidence
from condenslab.studies.contract.parts import Part
from condenslab.studies.contract.statements import Statement
from condenslab.studies.contract.study import Drawing, Study
from condenslab.studies.settings import Count
from condenslab.studies.shared.ranks import decided, rank_values
from condenslab.sweeps import Outcome, Progress, Record

if TYPE_CHECKING:
    from condenslab.networks import TwoLayer

Point = Literal["null", "split", "dead", "pair"]

NEURONS, INPUTS = 3, 5
OPTIMISTIC = NEURONS * (INPUTS + 2)
RANKS: dict[Point, int] = {"null": OPTIMISTIC, "split": OPTIMISTIC, "dead": OPTIMISTIC + 1, "pair": OPTIMISTIC + 1 + 6}
"""Model ranks m_w + m_a(d + 1): a dead neuron adds a distinct w, a cancelling pair a w and its output weight."""
_WORDS: dict[Point, str] = {
    "null": "null embedding",
    "split": "all copies merged",
    "dead": "one dead neuron (a = 0)",
    "pair": "a cancelling pair (a, −a)",
}
_LLR = "Zhang et al., JMLR 26(69), 2025, Theorem 4; deck 001, M = 2100 and O = 21"
_COROLLARY = "arXiv 2406.18035, Corollary 7: rank m_w + m_a(d + 1) with biases"
_PROBES = 100
_FIGURE = "21 samples, whatever the width"


@dataclass(frozen=True)
class Settings:
    """What `--set` can change.

    Attributes:
        factors: Widths, in multiples of the target's 3 neurons.
        seeds: Random probes, shares and further neurons.
    """

    factors: tuple[Count, ...] = (1, 3, 10, 34, 100)
    seeds: Count = 3


@dataclass(frozen=True)
class Case:
    """One point of the target set.

    Attributes:
        point: How the wide network expresses the target.
        factor: Its width, in multiples of 3.
        seed: Of probes, shares and further neurons.
    """

    point: Point
    factor: int
    seed: int


def make_cases(settings: Settings, seed: int) -> list[Case]:
    """Returns every point at every width where it exists, for every seed.

    Args:
        settings: The settings.
        seed: Of the run.
    """
    points: tuple[Point, ...] = ("null", "split", "dead", "pair")
    return [
        Case(point, factor, seed + s)
        for factor in dict.fromkeys(settings.factors)
        for point in points
        if factor > 1 or point == "null"
        for s in range(settings.seeds)
    ]


def statements(settings: Settings) -> list[Statement]:
    """Returns what is claimed, each over all widths and seeds.

    Args:
        settings: The settings.
    """
    texts: dict[Point, tuple[str, str]] = {
        "null": ("the model rank is 21 at the null embedding", _LLR),
        "split": ("the model rank is 21 where all neurons are copies of the target's", _LLR),
        "dead": ("one dead neuron with input weights costs one rank, 22", _COROLLARY),
        "pair": ("a pair of neurons that cancel costs a whole neuron, 28", _COROLLARY),
    }
    sizes = ", ".join(str(OPTIMISTIC * factor) for factor in sorted(set(settings.factors)))
    return [
        *(
            Statement(
                text,
                source,
                _worst_width(point),
                exactly(RANKS[point]),
                note=f"{sizes} parameters; the worst width",
                of="seeds",
                figure=_FIGURE,
            )
            for point, (text, source) in texts.items()
        ),
        Statement(
            "n samples show rank min(n, 21): 20, 21 and 21 for n = 20, 21 and 22",
            "Zhang et al., JMLR 26(69), 2025, Lemma 2 (generic inputs)",
            lambda evidence: evidence.where(point="null").each(_deviation),
            exactly(0),
            note="largest deviation, every width and seed",
            label="n samples show rank min(n, 21)",
        ),
    ]


def _worst_width(point: Point) -> Callable[[Evidence], list[int | None]]:
    """Returns a reader, for every seed, of the rank farthest from the expected one over all widths."""

    def worst(records: list[Record]) -> int | None:
        ranks = [decided(record) for record in records]
        known = [rank for rank in ranks if rank is not None]
        return max(known, key=lambda rank: abs(rank - RANKS[point])) if len(known) == len(ranks) else None

    return lambda evidence: evidence.where(point=point).per("seed", worst)


def _deviation(record: Record) -> int | None:
    """Returns how far the ranks of 20, 21 and 22 samples are from min(n, 21) at most; None where one is undecided."""
    if not record.values["samples_decided"]:
        return None
    pairs = zip((20, 21, 22), record.values["sample_ranks"], strict=True)
    return max(abs(rank - min(n, OPTIMISTIC)) for n, rank in pairs)


def drawings(records: Sequence[Record]) -> list[Drawing]:
    """Draws ranks against width, and the spectrum of the widest null embedding.

    Args:
        records: The records.
    """
    from condenslab import figures

    done = [r for r in records if decided(r) is not None]
    if not done:
        return []
    figure, axes = figures.panels(1, 2, width=4.9, height=3.9)
    seed = min(r.case["seed"] for r in done)
    curves = {"parameters M": _line(done, seed, None)}
    curves |= {f"rank, {words}": _line(done, seed, point) for point, words in _WORDS.items()}
    curves = {label: (x, y) for label, (x, y) in curves.items() if x}
    x_label, y_label = "width (neurons)", "number (parameters, ranks)"
    figures.value_curves(axes[0, 0], curves, x_label=x_label, y_label=y_label, logarithmic="xy")
    widths, sizes = curves["parameters M"]
    axes[0, 0].set_xticks(widths, [str(width) for width in widths])
    axes[0, 0].set_yticks(sizes, [str(size) for size in sizes])
    axes[0, 0].minorticks_off()
    figures.legend_below(axes[0, 0], columns=1)
    figures.title(axes[0, 0], "Ranks and parameters")
    widest = max((r for r in done if r.case["point"] == "null"), key=lambda r: r.case["factor"], default=done[0])
    v = widest.values
    cut = {"tolerance": v["rank_tolerance"], "floor": v["rank_floor"], "kept": v["rank"], "decided": True}
    figures.spectrum(axes[0, 1], widest.arrays["spectrum"], **cut, name=f"Null embedding, M = {_parameters(widest)}")
    caption = (
        "A target of three tanh neurons on five inputs, expressed by wider dense networks with biases. Left: model "
        "ranks at four kinds of points of the target set, and the number of parameters, both axes logarithmic; the "
        "smallest rank is the optimistic sample size, k(d + 2) = 21. Right: singular values of the Jacobian on "
        f"{_PROBES} probes at the widest null embedding. Seed {seed}."
    )
    return [Drawing(_FIGURE, caption, figure)]


def _parameters(record: Record) -> int:
    return OPTIMISTIC * record.case["factor"]


def _line(records: Sequence[Record], seed: int, point: Point | None) -> tuple[list[int], list[int]]:
    """Returns widths and ranks of one kind of point, or widths and parameters."""
    chosen = [r for r in records if r.case["seed"] == seed and r.case["point"] == (point or "null")]
    chosen.sort(key=lambda r: r.case["factor"])
    heights = [_parameters(r) if point is None else r.values["rank"] for r in chosen]
    return [NEURONS * r.case["factor"] for r in chosen], heights


def measure(case: Case, progress: Progress) -> Outcome:
    """Returns the rank of one point, and what 20, 21 and 22 samples see of it.

    Args:
        case: The case.
        progress: Not called: a case takes a moment.
    """
    import jax
    import jax.numpy as jnp

    from condenslab import measures

    random = np.random.default_rng([case.seed, case.factor])
    network = _point(case, jax.random.key(case.seed))
    probes = jnp.asarray(random.standard_normal((_PROBES, INPUTS)))
    found = measures.model_rank(network, probes)
    values = rank_values(found) | {"output_difference": _difference(network, probes)}
    if case.point == "null":
        few = [measures.model_rank(network, probes[:n]) for n in (20, 21, 22)]
        values |= {"sample_ranks": [r.value for r in few], "samples_decided": all(r.decided for r in few)}
    return Outcome(values, {"spectrum": found.singular_values})


def _target() -> "TwoLayer":
    import jax.numpy as jnp

    from condenslab import networks

    kernel = jnp.array([[0.6, 0.8, 1.0]])
    activation = networks.activation("tanh")
    return networks.as_two_layer(networks.ConvTwoLayer(kernel, jnp.zeros(1), jnp.ones((1, 1, 3)), activation))


def _difference(network: "TwoLayer", probes: Any) -> float:
    outputs = np.asarray(_target()(probes))
    return float(np.abs(np.asarray(network(probes)) - outputs).max() / np.abs(outputs).max())


def _point(case: Case, key: Any) -> "TwoLayer":
    """Returns the wide network: null neurons everywhere, but for what the kind of point says."""
    import jax
    import jax.numpy as jnp

    from condenslab import landscape, sample_size

    target, width = _target(), NEURONS * case.factor
    if case.point == "split":
        return landscape.branch_point(target, landscape.Branch((case.factor,) * NEURONS), key)
    wide = sample_size.dense_points(target, width, key)["null embedding"]
    if case.point == "null":
        return wide
    extra = {"dead": 1, "pair": 2}[case.point]
    w, b = jax.random.normal(key, (1, INPUTS)), jax.random.normal(jax.random.fold_in(key, 1), (1,))
    last = slice(width - extra, width)
    outgoing = jnp.array([[1.0, -1.0]]) if extra == 2 else jnp.zeros((1, 1))
    return type(wide)(
        wide.input_weights.at[last].set(jnp.repeat(w, extra, axis=0)),
        None if wide.biases is None else wide.biases.at[last].set(jnp.repeat(b, extra)),
        wide.output_weights.at[:, last].set(outgoing),
        None,
        wide.activation,
    )


STUDY = Study(
    name="optimistic_dense",
    revision=1,
    question="Why do 21 samples suffice for a dense network of 2,100 parameters, and of 63?",
    source="deck 001 (M = 2100, O = 21); Zhang et al., JMLR 26(69), 2025, Theorem 4 and Fig. 3",
    part="generalization",
    deck="001",
    presets={
        "tiny": Settings(factors=(1, 3), seeds=1),
        "quick": Settings(),
        "full": Settings(factors=(1, 3, 10, 34, 100, 340, 1000), seeds=20),
    },
    make_cases=make_cases,
    parts=(
        Part(
            case=Case,
            run="condenslab.studies.optimistic_dense:measure",
            varies=("point", "seed"),
            seconds=lambda case: 0.1 + 0.005 * case.factor,
            bytes=lambda case: 8 * 4 * _PROBES * OPTIMISTIC * case.factor,
        ),
    ),
    statements=statements,
    figures="condenslab.studies.optimistic_dense:drawings",
)
