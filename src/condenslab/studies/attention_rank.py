"""How does the model rank of an attention layer depend on its heads and dimensions?"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import msgspec
import numpy as np

from condenslab.studies.contract.claims import Claim
from condenslab.studies.old_study import Drawing, Study
from condenslab.studies.shared.ranks import decided, rank_claim, rank_values
from condenslab.sweeps import Outcome, Progress, Record

if TYPE_CHECKING:
    from condenslab.networks import MultiHeadAttention
    from condenslab.tasks import Table

Count = Annotated[int, msgspec.Meta(ge=1)]
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

STATEMENTS = (
    "the model rank of a random layer is h[(2·d_model·d − d²) + (2·d_model·d_v − d_v²)]",
    "heads of zero weights change no output and no rank",
    "a head copied, its W_O shared out, changes no output and no rank",
    "a second head with the same scores and values of its own raises the rank from 24 to 40",
    "d widened by zeros with W_Q·√(d′/d), or d_v by zeros, changes no output and no rank",
)
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


class AttentionRank(Study):
    """Null heads, copies and wider dimensions leave the rank; new heads and a larger d_model raise it."""

    name: ClassVar[str] = "attention_rank"
    revision: ClassVar[int] = 1
    question: ClassVar[str] = "How does the model rank of an attention layer depend on its heads and dimensions?"
    source: ClassVar[str] = "deck 001, attention: d_model, attention dimension and heads are free to scale"
    claim_statements: ClassVar[tuple[str, ...]] = STATEMENTS
    presets: ClassVar[Mapping[str, Settings]] = {
        "tiny": Settings(seeds=1),
        "quick": Settings(),
        "full": Settings(seeds=20, tokens=5),
    }

    def cases(self, settings: Settings, *, seed: int, data: "Table | None") -> Sequence[Case]:
        """Returns six random shapes, and the changes of the smallest published one."""
        seeds = range(seed, seed + settings.seeds)
        plain = [Case(shape, "none", s, settings.tokens) for shape in SHAPES for s in seeds]
        changes = [change for change in CHANGED if change != "none"]
        return plain + [Case((4, 2, 1, 2), change, s, settings.tokens) for change in changes for s in seeds]

    def compile_key(self, case: Case) -> Hashable:
        """Returns the shape, the change and the number of tokens."""
        return (case.shape, case.change, case.tokens)

    def bytes_per_member(self, case: Case) -> int:
        """Returns the size of a few Jacobians."""
        return 8 * 4 * (4 * generic_rank(case.shape)) ** 2

    def seconds_per_member(self, case: Case) -> float:
        """Returns a rough time, most of it compilation."""
        return 0.5

    def run_batch(
        self, cases: Sequence[Case], *, data: "Table | None" = None, progress: Progress | None = None
    ) -> list[Outcome]:
        """Computes one rank a case."""
        return [_measure(case) for case in cases]

    def claims(self, records: Sequence[Record], settings: Any, *, known_target: bool) -> list[Claim]:
        """Decides the claims."""
        plain = [r for r in records if r.case["change"] == "none"]
        misses = [None if (rank := decided(r)) is None else abs(rank - generic_rank(r.case["shape"])) for r in plain]
        shapes = len({tuple(r.case["shape"]) for r in plain})
        claims = [
            Claim.count(f"{STATEMENTS[0]}, for {shapes} shapes (deviation)", _OWN, expected=0, measured=misses or None)
        ]
        for change, expected in CHANGED.items():
            own = [r for r in records if r.case["change"] == change]
            if change != "none":
                claims.append(rank_claim(f"{STATEMENTS[_statement(change)]} ({change})", _OWN, own, expected))
        kept = [r for r in records if r.case["change"] not in ("none", "same QK, new VO") and r.status == "done"]
        text = f"{STATEMENTS[4]}: largest relative difference of outputs over all changes that keep them"
        differences = [r.values["output_difference"] for r in kept] or None
        return [*claims, Claim.at_most(text, _OWN, bound=1e-13, measured=differences)]

    def draw(self, records: Sequence[Record]) -> list[Drawing]:
        """Draws ranks beside the formula, and a spectrum."""
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
        figures.measured_and_expected(
            axes[0, 0], labels, [r.values["rank"] for r in plain], expected, x_label="model rank"
        )
        figures.title(axes[0, 0], "Random layers: d_model, d, heads, d_v")
        names = [r.case["change"] for r in other]
        expected = [CHANGED[r.case["change"]] for r in other]
        figures.measured_and_expected(
            axes[0, 1], names, [r.values["rank"] for r in other], expected, x_label="model rank"
        )
        figures.title(axes[0, 1], "Changes of (4, 2, 1, 2), which has rank 24")
        caption = (
            "Left: the model rank of random attention layers and h[(2·d_model·d − d²) + (2·d_model·d_v − "
            "d_v²)]. Right: "
            "null heads, a copied head and wider dimensions keep function and rank; a head with values of its own "
            f"raises the rank. Seed {first}; the claims are over all seeds."
        )
        return [Drawing("Rank of attention", caption, figure)]


def _statement(change: str) -> int:
    if "null" in change:
        return 1
    return {"copied head": 2, "same QK, new VO": 3}.get(change, 4)


def _measure(case: Case) -> Outcome:
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


STUDY = AttentionRank()
