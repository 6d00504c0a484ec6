"""Which growth of a Kolmogorov–Arnold network costs samples: its width, or its grid?"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import msgspec
import numpy as np

from condenslab.studies.claims import Claim
from condenslab.studies.ranks import decided, rank_values
from condenslab.studies.seeds import over_seeds
from condenslab.studies.study import Drawing, Study
from condenslab.sweeps import Outcome, Progress, Record

if TYPE_CHECKING:
    from condenslab.networks import KAN
    from condenslab.tasks import Table

Count = Annotated[int, msgspec.Meta(ge=1)]

STATEMENTS = (
    "the target's model rank stays the same when the width grows by null neurons",
    "the target's model rank stays the same when the width grows by copied neurons",
    "the target's model rank grows strictly with every refinement of the grid",
    "widening and refining by nested grids keep the function (relative difference on the probes)",
)
_DECK = "deck 001, KAN: the width is free, the grid is not (settings not stated)"
_OWN = f"{_DECK}; digest of the theory, section 7 (cubic splines, d = 2, G = 3, nested grids)"


@dataclass(frozen=True)
class Settings:
    """What `--set` can change.

    Attributes:
        seeds: Random targets.
        width: Hidden neurons of the target.
        grid: Intervals of the target's grid, G.
        widened: By how many neurons the network is widened at most.
        refinements: How often the grid is halved at most.
    """

    seeds: Count = 3
    width: Count = 1
    grid: Count = 3
    widened: Count = 3
    refinements: Count = 2


@dataclass(frozen=True)
class Case:
    """One target, seen as a point of a larger network.

    Attributes:
        growth: How the network grows: "none", "null", "copy" or "grid".
        amount: Neurons added, or how often the grid is halved.
        width: Hidden neurons of the target.
        grid: Intervals of the target's grid.
        seed: Of the target and the probes.
    """

    growth: str
    amount: int
    width: int
    grid: int
    seed: int


class KanGrid(Study):
    """A two-layer spline network as a point of wider ones and of finer ones."""

    name: ClassVar[str] = "kan_grid"
    revision: ClassVar[int] = 1
    question: ClassVar[str] = "Which growth of a Kolmogorov–Arnold network costs samples: its width, or its grid?"
    source: ClassVar[str] = "deck 001, Kolmogorov–Arnold networks"
    claim_statements: ClassVar[tuple[str, ...]] = STATEMENTS
    presets: ClassVar[Mapping[str, Settings]] = {
        "tiny": Settings(seeds=1, widened=1, refinements=1),
        "quick": Settings(),
        "full": Settings(seeds=20, width=2, widened=10, refinements=4),
    }

    def cases(self, settings: Settings, *, seed: int, data: "Table | None") -> Sequence[Case]:
        """Returns the target, wider networks and finer ones, for every seed."""
        grown: list[tuple[str, int]] = [("none", 0)]
        grown += [(kind, k) for kind in ("null", "copy") for k in range(1, settings.widened + 1)]
        grown += [("grid", k) for k in range(1, settings.refinements + 1)]
        return [
            Case(growth, amount, settings.width, settings.grid, seed + s)
            for growth, amount in grown
            for s in range(settings.seeds)
        ]

    def compile_key(self, case: Case) -> Hashable:
        """Returns everything but the seed."""
        return (case.growth, case.amount, case.width, case.grid)

    def bytes_per_member(self, case: Case) -> int:
        """Returns the size of a few Jacobians."""
        return 8 * 12 * _parameters(case) ** 2

    def seconds_per_member(self, case: Case) -> float:
        """Returns a rough time, most of it compilation."""
        return 0.6 + 2e-8 * _parameters(case) ** 3

    def run_batch(
        self, cases: Sequence[Case], *, data: "Table | None" = None, progress: Progress | None = None
    ) -> list[Outcome]:
        """Computes one rank a case."""
        return [_measure(case) for case in cases]

    def claims(self, records: Sequence[Record], settings: Any, *, known_target: bool) -> list[Claim]:
        """Decides the claims."""
        claims = []
        for number, kind in enumerate(("null", "copy")):
            changes = [_sequence(records, seed, kind) for seed in _seeds(records)]
            worst = [None if c is None else max(abs(b - c[0]) for b in c[1:]) for c in changes]
            text = over_seeds(STATEMENTS[number], [w == 0 for w in worst])
            claims.append(Claim.count(f"{text} (largest change)", _OWN, expected=0, measured=worst or None))
        ranks = [_sequence(records, seed, "grid") for seed in _seeds(records)]
        least = [None if r is None else min(np.diff(r).tolist()) for r in ranks]
        text = over_seeds(STATEMENTS[2], [w is not None and w > 0 for w in least])
        claims.append(Claim.at_least(f"{text} (smallest growth)", _OWN, bound=1, measured=least or None))
        kept = [r.values["output_difference"] for r in records if r.status == "done"] or None
        return [*claims, Claim.at_most(STATEMENTS[3], "exact statement, held to rounding", bound=1e-12, measured=kept)]

    def draw(self, records: Sequence[Record]) -> list[Drawing]:
        """Draws rank and parameters against width and grid."""
        from condenslab import figures

        seeds = _seeds([r for r in records if r.status == "done"])
        if not seeds:
            return []
        figure, axes = figures.panels(1, 2, width=4.8, height=3.8)
        for ax, kinds, label in (
            (axes[0, 0], ("null", "copy"), "hidden neurons"),
            (axes[0, 1], ("grid",), "grid intervals G of both layers"),
        ):
            curves, size = {}, []
            for kind in kinds:
                chosen = [r for r in records if _belongs(r, seeds[0], kind) and r.status == "done"]
                size = [_size(r.case, kind) for r in chosen]
                word = {"null": "rank, null neurons", "copy": "rank, copied neurons", "grid": "rank"}[kind]
                curves[word] = (size, [r.values["rank"] for r in chosen])
                curves["parameters"] = (size, [r.values["parameters"] for r in chosen])
            figures.value_curves(
                ax, dict(sorted(curves.items(), reverse=True)), x_label=label, y_label="number", whole=True
            )
            for line in ax.lines:
                line.set_marker("o")
            ax.set_xticks(size)
            figures.legend_below(ax)
        figures.title(axes[0, 0], "A wider network")
        figures.title(axes[0, 1], "A finer grid")
        caption = (
            "One target, a spline network of cubic splines with two inputs, as a point of larger networks. "
            "Left: null and "
            "copied neurons add parameters but no rank. Right: halving every grid interval adds rank, so the "
            "same target "
            f"needs more samples. Seed {seeds[0]}."
        )
        return [Drawing("Width is free, the grid is not", caption, figure)]


def _parameters(case: Case) -> int:
    width = case.width + (case.amount if case.growth in ("null", "copy") else 0)
    return 3 * width * (case.grid * 2 ** (case.amount if case.growth == "grid" else 0) + 3)


def _size(case: Mapping[str, Any], kind: str) -> int:
    if kind == "grid":
        return case["grid"] * 2 ** case["amount"]
    return case["width"] + case["amount"]


def _seeds(records: Sequence[Record]) -> list[int]:
    return sorted({r.case["seed"] for r in records})


def _belongs(record: Record, seed: int, kind: str) -> bool:
    return record.case["seed"] == seed and record.case["growth"] in (kind, "none")


def _sequence(records: Sequence[Record], seed: int, kind: str) -> list[int] | None:
    """Returns the ranks of a seed, that of the target first, by growing amount; None where one is not decided."""
    chosen = [r for r in records if r.case["seed"] == seed and r.case["growth"] in ("none", kind)]
    found = [decided(r) for r in sorted(chosen, key=lambda r: r.case["amount"])]
    known = [rank for rank in found if rank is not None]
    return known if len(known) == len(found) > 1 else None


def _measure(case: Case) -> Outcome:
    import jax.numpy as jnp

    from condenslab import measures, networks

    # Hidden values stay inside the grid: φ is a convex combination of coefficients, and two of them are added.
    target = networks.kan(case.seed, widths=(2, case.width, 1), intervals=case.grid, std=0.25, law="uniform")
    grown = _grown(target, case)
    parameters = networks.parameter_count(grown)
    knots = [np.linspace(-1.0, 1.0, case.grid * 2 ** (case.amount if case.growth == "grid" else 0) + 1)] * 2
    probes = jnp.asarray(measures.cell_probes(case.seed, knots, 20 * parameters))
    before, after = (np.asarray(network(probes)) for network in (target, grown))
    found = measures.model_rank(grown, probes)
    difference = float(np.max(np.abs(after - before)) / np.max(np.abs(before)))
    values = rank_values(found) | {"parameters": parameters, "output_difference": difference}
    return Outcome(values, {"spectrum": found.singular_values})


def _grown(network: "KAN", case: Case) -> "KAN":
    from condenslab.networks import spline

    if case.growth == "null":
        return spline.add_null_splines(network, 0, case.amount)
    for number in range(case.amount):
        if case.growth == "grid":
            network = spline.refine(network)
        else:
            network = spline.copy_spline(network, 0, number % case.width)
    return network


STUDY = KanGrid()
