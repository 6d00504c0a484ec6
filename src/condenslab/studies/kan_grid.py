"""Which growth of a Kolmogorov–Arnold network costs samples: its width, or its grid?"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from condenslab.studies.contract.criteria import at_least, at_most, exactly
from condenslab.studies.contract.evidence import Evidence
from condenslab.studies.contract.parts import Part
from condenslab.studies.contract.statements import Statement
from condenslab.studies.contract.study import Drawing, Study
from condenslab.studies.settings import Count
from condenslab.studies.shared.ranks import decided, rank_values
from condenslab.sweeps import Outcome, Progress, Record

_DECK = "deck 001, KAN: the width is free, the grid is not (settings not stated)"
_TIMES = 3
"""So many times as many probes as parameters."""
_BLOCK = 256
"""Float64 sees whole blocks of probes, the first ones again at the end: seeds then share their compiled programs."""
_OTHER = 1_000_003
"""Between the seeds of two draws of probes."""
_ROUNDING = 1e-13
"""Of the largest entry: errors of the entries of a Jacobian."""
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

    @property
    def parameters(self) -> int:
        """M of the grown network."""
        width = self.width + (self.amount if self.growth in ("null", "copy") else 0)
        return 3 * width * (self.grid * 2 ** (self.amount if self.growth == "grid" else 0) + 3)


def make_cases(settings: Settings, seed: int) -> list[Case]:
    """Returns the target, wider networks and finer ones, for every seed.

    Args:
        settings: The settings.
        seed: Of the run.
    """
    grown: list[tuple[str, int]] = [("none", 0)]
    grown += [(kind, k) for kind in ("null", "copy") for k in range(1, settings.widened + 1)]
    grown += [("grid", k) for k in range(1, settings.refinements + 1)]
    return [
        Case(growth, amount, settings.width, settings.grid, seed + s)
        for growth, amount in grown
        for s in range(settings.seeds)
    ]


def statements(settings: Settings) -> list[Statement]:
    """Returns what is claimed.

    Args:
        settings: The settings.
    """
    same = "the target's model rank stays the same when the width grows by {} neurons"
    return [
        *(
            Statement(same.format(word), _OWN, _along(kind, _change), exactly(0), "largest change", "seeds")
            for kind, word in (("null", "null"), ("copy", "copied"))
        ),
        Statement(
            "the target's model rank grows strictly with every refinement of the grid",
            _OWN,
            _along("grid", lambda ranks: int(np.diff(ranks).min())),
            at_least(1),
            "smallest growth",
            "seeds",
        ),
        Statement(
            "widening and refining by nested grids keep the function",
            "exact statement, held to rounding",
            lambda evidence: evidence.each(lambda record: record.values["output_difference"]),
            at_most(1e-12),
            "relative difference on the probes",
        ),
    ]


def _along(growth: str, value: Callable[[list[int]], int]) -> Callable[[Evidence], list[int | None]]:
    """Returns a reader of value(ranks along a growth, that of the target first) for every seed."""

    def of(records: list[Record]) -> int | None:
        ranks = [decided(record) for record in sorted(records, key=lambda record: record.case["amount"])]
        known = [rank for rank in ranks if rank is not None]
        return value(known) if len(known) == len(ranks) > 1 else None

    return lambda evidence: evidence.where(growth=("none", growth)).per("seed", of)


def _change(ranks: list[int]) -> int:
    return max(abs(rank - ranks[0]) for rank in ranks[1:])


def measure(case: Case, progress: Progress) -> Outcome:
    """Returns the rank of the target as a point of the grown network.

    The rank is exact, modulo a prime: on two draws of probes with a prime each, which must agree. What float64 shows
    above its noise on the first draw must be no more. Singular values alone leave some ranks open: a hidden value that
    reaches a few thousandths of a cell adds some near the noise, and those below are the rounding of inserted knots.

    Args:
        case: The case.
        progress: Not called: a case takes a moment.
    """
    import jax.numpy as jnp

    from condenslab import measures, networks
    from condenslab.studies.shared import splines
    from condenslab.studies.shared.exact_splines import PRIMES, exact_spline_rank

    target = splines.spline_target(case.seed, case.width, case.grid)
    larger = splines.grown(target, case.growth, case.amount)
    intervals = case.grid * 2 ** (case.amount if case.growth == "grid" else 0)
    draws = [splines.probes(larger, intervals, seed, _TIMES) for seed in (case.seed, case.seed + _OTHER)]
    units = splines.grown_from(case.width, case.growth, case.amount)
    one, other = (exact_spline_rank(target, units, larger, *draw) for draw in zip(draws, PRIMES, strict=True))
    probes = jnp.asarray(np.resize(draws[0], (-(-len(draws[0]) // _BLOCK) * _BLOCK, 2)))
    jacobian = np.asarray(measures.output_jacobian(larger, probes))[:, 0]
    seen = measures.rank(jacobian, errors=_ROUNDING * float(np.abs(jacobian).max()))
    before, after = (np.asarray(network(probes)) for network in (target, larger))
    difference = float(np.max(np.abs(after - before)) / np.max(np.abs(before)))
    values = {"parameters": networks.parameter_count(larger), "output_difference": difference}
    exact = {"rank": one, "rank_decided": one == other >= seen.value}
    return Outcome(exact | rank_values(seen, "seen") | values, {"spectrum": seen.singular_values})


def drawings(records: Sequence[Record]) -> list[Drawing]:
    """Draws rank and parameters against width and grid.

    Args:
        records: The records.
    """
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
        "Left: rank and parameters with null and copied neurons. Right: with every grid interval halved. Seed "
        f"{seeds[0]}."
    )
    return [Drawing("Width is free, the grid is not", caption, figure)]


def _size(case: Mapping[str, Any], kind: str) -> int:
    if kind == "grid":
        return case["grid"] * 2 ** case["amount"]
    return case["width"] + case["amount"]


def _seeds(records: Sequence[Record]) -> list[int]:
    return sorted({r.case["seed"] for r in records})


def _belongs(record: Record, seed: int, kind: str) -> bool:
    return record.case["seed"] == seed and record.case["growth"] in (kind, "none")


STUDY = Study(
    name="kan_grid",
    revision=3,
    question="Which growth of a Kolmogorov–Arnold network costs samples: its width, or its grid?",
    source="deck 001, Kolmogorov–Arnold networks",
    part="generalization",
    deck="001",
    presets={
        "tiny": Settings(seeds=1, widened=1, refinements=1),
        "quick": Settings(),
        "full": Settings(seeds=20, width=2, widened=10, refinements=4),
    },
    make_cases=make_cases,
    parts=(
        Part(
            case=Case,
            run="condenslab.studies.kan_grid:measure",
            seconds=lambda case: 0.4 + 1e-7 * case.parameters**3,
            bytes=lambda case: 8 * 12 * case.parameters**2,
        ),
    ),
    statements=statements,
    figures="condenslab.studies.kan_grid:drawings",
)
