"""Are the heads, the attention dimension and d_model of an attention layer free to scale?"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec
import numpy as np

from condenslab.studies.contract.criteria import above, at_most, exactly
from condenslab.studies.contract.evidence import Evidence
from condenslab.studies.contract.parts import Part
from condenslab.studies.contract.statements import Statement
from condenslab.studies.contract.study import Drawing, Study
from condenslab.studies.settings import Count
from condenslab.studies.shared.ranks import decided, rank_values
from condenslab.sweeps import Outcome, Progress, Record

if TYPE_CHECKING:
    from condenslab.networks import MultiHeadAttention

Growth = Literal["heads", "d", "d_model"]
GROWTHS: tuple[Growth, ...] = ("heads", "d", "d_model")
START: dict[str, int] = {"heads": 1, "d": 2, "d_model": 2}
"""Of the target, whose tokens have three inputs, two outputs and values of two dimensions. A d_model below the number
of inputs limits the layer, so that a larger one can compute more."""
_INPUTS, _OUTPUTS, _VALUES = 3, 2, 2
_DECK = "deck 001, permutation symmetry in transformers: d_model, d and h, 'scale up freely'"
_FIGURE = "Heads, attention dimension and d_model are free"


@dataclass(frozen=True)
class Settings:
    """What `--set` can change.

    Attributes:
        seeds: Random targets.
        steps: How often a number is raised by one, for heads and d, or by its first value, for d_model.
        tokens: Tokens of a probe sequence.
    """

    seeds: Count = 3
    steps: Count = 3
    tokens: Annotated[int, msgspec.Meta(ge=2)] = 3


@dataclass(frozen=True)
class Case:
    """One target, seen as a point of a larger layer.

    Attributes:
        growth: What grows.
        size: To what: number of heads, d or d_model.
        seed: Of the target, the probes and a random layer of the same size.
        tokens: Tokens of a probe sequence.
    """

    growth: Growth
    size: int
    seed: int
    tokens: int


def make_cases(settings: Settings, seed: int) -> list[Case]:
    """Returns every growth at every size, the target's own first, for every seed.

    Args:
        settings: The settings.
        seed: Of the run.
    """
    steps = range(settings.steps + 1)
    sizes = {
        growth: [START[growth] + k * (START[growth] if growth == "d_model" else 1) for k in steps] for growth in GROWTHS
    }
    return [
        Case(growth, size, seed + s, settings.tokens)
        for growth in GROWTHS
        for size in sizes[growth]
        for s in range(settings.seeds)
    ]


def statements(settings: Settings) -> list[Statement]:
    """Returns what is claimed.

    Args:
        settings: The settings.
    """
    words = {"heads": "heads h", "d": "the attention dimension d", "d_model": "the embedding dimension d_model"}
    return [
        *(
            Statement(
                f"{words[growth]} can grow freely: the target's model rank stays what it was",
                f"{_DECK} (null embedding; with an embedding and a readout, without normalisation)",
                _change(growth),
                exactly(0),
                f"largest change, from {START[growth]} on",
                "seeds",
                label=f"the target's model rank stays the same as {growth} grows",
                figure=_FIGURE,
            )
            for growth in GROWTHS
        ),
        *(
            Statement(
                f"of a random layer {words[growth]} raise the rank: what stays is the target's, not the layer's",
                f"{_DECK}; contrast of the study's own",
                _excess(growth),
                above(0),
                f"rank of a random layer of the largest {growth} less that of the target",
                "seeds",
                label=f"a random layer of larger {growth} has a larger rank",
                figure=_FIGURE,
            )
            for growth in ("heads", "d_model")
        ),
        Statement(
            "every larger layer computes the target's function",
            "exact statement, held to rounding",
            lambda evidence: evidence.each(lambda record: record.values["output_difference"]),
            at_most(1e-13),
            "relative difference on the probes",
            "layers",
        ),
    ]


def _change(growth: Growth) -> Callable[[Evidence], list[int | None]]:
    def largest(records: list[Record]) -> int | None:
        ranks = [decided(record) for record in sorted(records, key=lambda record: record.case["size"])]
        known = [rank for rank in ranks if rank is not None]
        return max(abs(rank - known[0]) for rank in known) if len(known) == len(ranks) > 1 else None

    return lambda evidence: evidence.where(growth=growth).per("seed", largest)


def _excess(growth: Growth) -> Callable[[Evidence], list[int | None]]:
    def of(records: list[Record]) -> int | None:
        widest = max(records, key=lambda record: record.case["size"])
        ranks = decided(widest, "random"), decided(widest)
        return None if ranks[0] is None or ranks[1] is None else ranks[0] - ranks[1]

    return lambda evidence: evidence.where(growth=growth).per("seed", of)


def measure(case: Case, progress: Progress) -> Outcome:
    """Returns the rank at the target's point of the larger layer, and that of a random layer of its size.

    Args:
        case: The case.
        progress: Not called: a case takes a moment.
    """
    import jax.numpy as jnp

    from condenslab import measures, networks

    target = _layer(case.seed, START)
    grown = _grown(target, case)
    elsewhere = _layer(case.seed + 1000, START | {case.growth: case.size})
    parameters = networks.parameter_count(grown)
    count = -(-3 * parameters // (case.tokens * _OUTPUTS))
    random = np.random.default_rng([case.seed, case.size])
    probes = jnp.asarray(random.standard_normal((count, case.tokens, _INPUTS)))
    before, after = (np.asarray(network(probes)) for network in (target, grown))
    difference = float(np.max(np.abs(after - before)) / np.max(np.abs(before)))
    values = {"parameters": parameters, "output_difference": difference}
    values |= rank_values(measures.model_rank(grown, probes))
    return Outcome(values | rank_values(measures.model_rank(elsewhere, probes), "random"))


def _layer(seed: int, sizes: dict[str, int]) -> "MultiHeadAttention":
    from condenslab import networks

    heads, d_model, d = (sizes[name] for name in ("heads", "d_model", "d"))
    return networks.multi_head_attention(
        seed, heads=heads, d_model=d_model, d=d, d_v=_VALUES, inputs=_INPUTS, outputs=_OUTPUTS, std=1.0
    )


def _grown(target: "MultiHeadAttention", case: Case) -> "MultiHeadAttention":
    from condenslab.networks import attention

    return {
        "heads": lambda: attention.add_null_heads(target, case.size - START["heads"]),
        "d": lambda: attention.widen_heads(target, d=case.size),
        "d_model": lambda: attention.widen_model(target, case.size),
    }[case.growth]()


def drawings(records: Sequence[Record]) -> list[Drawing]:
    """Draws ranks and parameters against heads, d and d_model.

    Args:
        records: The records.
    """
    from condenslab import figures

    known = [record for record in records if decided(record) is not None]
    if not known:
        return []
    first = min(record.case["seed"] for record in known)
    figure, axes = figures.panels(1, 3, width=3.9, height=3.6)
    names = {"parameters": "parameters", "random": "rank of a random layer", "rank": "rank at the target"}
    for ax, growth in zip(axes[0], GROWTHS, strict=True):
        shown = [r for r in known if (r.case["growth"], r.case["seed"]) == (growth, first)]
        shown.sort(key=lambda record: record.case["size"])
        sizes = [record.case["size"] for record in shown]
        curves = {label: (sizes, [r.values[name] for r in shown]) for name, label in names.items()}
        figures.value_curves(ax, curves, x_label=growth, y_label="number", whole=True)
        ax.set_xticks(sizes)
        ax.set_ylim(bottom=0)
        figures.title(ax, f"More of {growth}")
    figures.legend_below(axes[0, 1], columns=3)
    caption = (
        "An attention layer between an embedding and a readout, as a point of larger layers: further heads, a larger "
        "attention dimension and a larger d_model, filled with zeros, add parameters and no rank, so that the target "
        f"needs no more samples. A random layer of the same size has the ranks of the middle line. Seed {first}."
    )
    return [Drawing(_FIGURE, caption, figure)]


STUDY = Study(
    name="attention_growth",
    revision=1,
    question="Are the heads, the attention dimension and d_model of an attention layer free to scale?",
    source="deck 001, permutation symmetry in transformers",
    part="generalization",
    deck="001",
    presets={
        "tiny": Settings(seeds=1, steps=1, tokens=2),
        "quick": Settings(),
        "full": Settings(seeds=20, steps=7, tokens=5),
    },
    make_cases=make_cases,
    parts=(
        Part(
            case=Case,
            run="condenslab.studies.attention_growth:measure",
            seconds=lambda case: 0.5 + 0.05 * case.size,
            bytes=lambda case: 8 * 40_000 * case.size,
        ),
    ),
    statements=statements,
    figures="condenslab.studies.attention_growth:drawings",
)
