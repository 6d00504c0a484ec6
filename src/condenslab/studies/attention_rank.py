"""How does the model rank of an attention layer depend on its heads and dimensions?"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec
import numpy as np

from condenslab.studies.contract.criteria import at_most, exactly
from condenslab.studies.contract.evidence import Evidence
from condenslab.studies.contract.parts import Part
from condenslab.studies.contract.statements import Statement
from condenslab.studies.contract.study import Drawing, Study
from condenslab.studies.settings import Count
from condenslab.studies.shared.ranks import decided, rank_values
from condenslab.sweeps import Outcome, Progress, Record

if TYPE_CHECKING:
    from condenslab.networks import MultiHeadAttention

Change = Literal["none", "1 null head", "3 null heads", "copied head", "same QK, new VO", "d 2 to 4", "d_v 2 to 4"]
CHANGED: dict[Change, int] = {
    "none": 24,
    "1 null head": 24,
    "3 null heads": 24,
    "copied head": 24,
    "same QK, new VO": 40,
    "d 2 to 4": 24,
    "d_v 2 to 4": 24,
}
"""The rank of the layer (d_model, d, h) = (4, 2, 1) after each change; of 32 parameters, or more after the change."""
SHAPES = ((3, 2, 1, 2), (4, 2, 1, 2), (4, 2, 2, 2), (5, 2, 1, 3), (4, 3, 1, 2), (6, 3, 2, 3))
"""(d_model, d, h, d_v) of the six random layers; d and d_v at most d_model."""
NULL = "heads of zero weights change no output and no rank"
WIDER = "d widened by zeros with W_Q·√(d′/d), or d_v by zeros, changes no output and no rank"
TEXTS: dict[Change, str] = {
    "1 null head": NULL,
    "3 null heads": NULL,
    "copied head": "a head copied, its W_O shared out, changes no output and no rank",
    "same QK, new VO": "a second head with the same scores and values of its own raises the rank from 24 to 40",
    "d 2 to 4": WIDER,
    "d_v 2 to 4": WIDER,
}

_FIGURE = "Rank of attention"
_OWN = "digest of the theory, section 7: derived and checked there, not published; deck 001, 'scaling of attention'"


@dataclass(frozen=True)
class Settings:
    """What `--set` can change.

    Attributes:
        seeds: Random layers of every shape.
        tokens: Tokens of a probe sequence.
    """

    seeds: Count = 3
    tokens: Annotated[int, msgspec.Meta(ge=2)] = 3


@dataclass(frozen=True)
class Case:
    """One layer at random weights, perhaps changed.

    Attributes:
        shape: (d_model, d, h, d_v).
        change: What is done to it.
        seed: Of weights and probes.
        tokens: Tokens of a probe sequence.
    """

    shape: tuple[int, int, int, int]
    change: str
    seed: int
    tokens: int


def generic_rank(shape: Sequence[int]) -> int:
    """Returns h[(2·d_model·d − d²) + (2·d_model·d_v − d_v²)].

    W_Q W_Kᵀ is a d_model × d_model matrix of rank d, and so is W_V W_Oᵀ of rank d_v; each head contributes both.

    Args:
        shape: (d_model, d, h, d_v) with d, d_v ≤ d_model.

    Example:
        >>> generic_rank((4, 2, 1, 2))
        24
    """
    m, d, h, v = shape
    return h * (2 * m * d - d * d + 2 * m * v - v * v)


def make_cases(settings: Settings, seed: int) -> list[Case]:
    """Returns six random shapes, and the changes of the smallest published one.

    Args:
        settings: The settings.
        seed: Of the run.
    """
    seeds = range(seed, seed + settings.seeds)
    plain = [Case(shape, "none", s, settings.tokens) for shape in SHAPES for s in seeds]
    changes = [change for change in CHANGED if change != "none"]
    return plain + [Case((4, 2, 1, 2), change, s, settings.tokens) for change in changes for s in seeds]


def statements(settings: Settings) -> list[Statement]:
    """Returns what is claimed.

    Args:
        settings: The settings.
    """
    keeping = tuple(change for change in TEXTS if change != "same QK, new VO")
    return [
        Statement(
            "the model rank of a random layer is h[(2·d_model·d − d²) + (2·d_model·d_v − d_v²)]",
            _OWN,
            lambda evidence: evidence.where(change="none").each(_deviation),
            exactly(0),
            note=f"deviation, for {len(SHAPES)} shapes",
            of="layers",
            figure=_FIGURE,
        ),
        *(
            Statement(
                text,
                _OWN,
                _rank_after(change),
                exactly(CHANGED[change]),
                note=change,
                of="seeds",
                label=f"rank {CHANGED[change]} after the change: {change}",
                figure=_FIGURE,
            )
            for change, text in TEXTS.items()
        ),
        Statement(
            WIDER,
            _OWN,
            lambda evidence: evidence.where(change=keeping).each(lambda record: record.values["output_difference"]),
            at_most(1e-13),
            note="largest relative difference of outputs over all changes that keep them",
            label="null heads, copies and wider dimensions change no output",
        ),
    ]


def _deviation(record: Record) -> int | None:
    rank = decided(record)
    return None if rank is None else abs(rank - generic_rank(record.case["shape"]))


def _rank_after(change: Change) -> Callable[[Evidence], list[int | None]]:
    return lambda evidence: evidence.where(change=change).each(decided)


def drawings(records: Sequence[Record]) -> list[Drawing]:
    """Draws ranks beside the formula, and a spectrum.

    Args:
        records: The records.
    """
    from condenslab import figures

    done = [r for r in records if r.status == "done"]
    first = min((r.case["seed"] for r in done), default=0)
    plain = [r for r in done if r.case["change"] == "none" and r.case["seed"] == first]
    other = [r for r in done if r.case["change"] != "none" and r.case["seed"] == first]
    if not plain or not other:
        return []
    figure, axes = figures.panels(1, 2, width=5.4, height=4.0)
    labels = [", ".join(map(str, r.case["shape"])) for r in plain]
    expected = [generic_rank(r.case["shape"]) for r in plain]
    figures.measured_and_expected(axes[0, 0], labels, [r.values["rank"] for r in plain], expected, x_label="model rank")
    figures.title(axes[0, 0], "Random layers: d_model, d, heads, d_v")
    names = [r.case["change"] for r in other]
    expected = [CHANGED[r.case["change"]] for r in other]
    figures.measured_and_expected(axes[0, 1], names, [r.values["rank"] for r in other], expected, x_label="model rank")
    figures.title(axes[0, 1], "Changes of (4, 2, 1, 2), which has rank 24")
    caption = (
        "Left: the model rank of random attention layers and h[(2·d_model·d − d²) + (2·d_model·d_v − "
        "d_v²)]. Right: "
        "the rank after null heads, a copied head, a head with values of its own, and wider dimensions. Seed "
        f"{first}; the claims are over all seeds."
    )
    return [Drawing(_FIGURE, caption, figure)]


def measure(case: Case, progress: Progress) -> Outcome:
    """Returns the rank of one layer, and whether its change kept the outputs.

    Args:
        case: The case.
        progress: Not called: a case takes a moment.
    """
    import jax.numpy as jnp

    from condenslab import measures, networks

    m, d, h, v = case.shape
    layer = networks.multi_head_attention(case.seed, heads=h, d_model=m, d=d, d_v=v, std=1.0)
    changed = _changed(layer, case)
    count = -(-3 * networks.parameter_count(changed) // (case.tokens * m))
    probes = jnp.asarray(np.random.default_rng(case.seed).standard_normal((count, case.tokens, m)))
    before, after = (np.asarray(network(probes)) for network in (layer, changed))
    found = measures.model_rank(changed, probes)
    difference = float(np.max(np.abs(after - before)) / np.max(np.abs(before)))
    values = rank_values(found) | {
        "parameters": networks.parameter_count(changed),
        "output_difference": difference,
    }
    return Outcome(values, {"spectrum": found.singular_values})


def _changed(layer: "MultiHeadAttention", case: Case) -> "MultiHeadAttention":
    import equinox as eqx
    import jax.numpy as jnp

    from condenslab.networks import attention

    if case.change == "copied head":
        return attention.duplicate_head(layer)
    if case.change == "same QK, new VO":
        two = attention.duplicate_head(layer)
        fresh = np.random.default_rng(case.seed).standard_normal((2, *layer.values.shape[1:]))
        return eqx.tree_at(
            lambda n: (n.values, n.outputs),
            two,
            (two.values.at[-1].set(jnp.asarray(fresh[0])), two.outputs.at[-1].set(jnp.asarray(fresh[1]))),
        )
    return {
        "none": lambda: layer,
        "1 null head": lambda: attention.add_null_heads(layer, 1),
        "3 null heads": lambda: attention.add_null_heads(layer, 3),
        "d 2 to 4": lambda: attention.widen_heads(layer, d=4),
        "d_v 2 to 4": lambda: attention.widen_heads(layer, d_v=4),
    }[case.change]()


STUDY = Study(
    name="attention_rank",
    revision=1,
    question="How does the model rank of an attention layer depend on its heads and dimensions?",
    source="deck 001, attention: d_model, attention dimension and heads are free to scale",
    part="generalization",
    deck="001",
    presets={
        "tiny": Settings(seeds=1),
        "quick": Settings(),
        "full": Settings(seeds=20, tokens=5),
    },
    make_cases=make_cases,
    parts=(
        Part(
            case=Case,
            run="condenslab.studies.attention_rank:measure",
            seconds=lambda _: 0.5,
            bytes=lambda case: 8 * 4 * (4 * generic_rank(case.shape)) ** 2,
        ),
    ),
    statements=statements,
    figures="condenslab.studies.attention_rank:drawings",
)
