"""Which layers of a three-layer ReLU network condense?"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import msgspec
import numpy as np

from condenslab.studies.contract.claims import Claim
from condenslab.studies.old_study import Drawing, Study
from condenslab.studies.seeds import over_values
from condenslab.sweeps import Outcome, Progress, Record

if TYPE_CHECKING:
    from condenslab.tasks import Table

Count = Annotated[int, msgspec.Meta(ge=1)]
Positive = Annotated[float, msgspec.Meta(gt=0)]
Numbers = Annotated[tuple[float, ...], msgspec.Meta(min_length=1)]

_SOURCE = "Three-layer phase diagram, arXiv 2205.12101 (abstract and figure captions only)"
LAYERS = ("W¹", "W²", "a")
STATEMENTS = (
    "at γ₂ = 0, γ₃ = 1 the first layer is linear: its slope is negative",
    "at γ₂ = 0, γ₃ = 2 the first layer is condensed: its slope is positive",
    "at γ₂ = 0 the slope of the first layer grows from γ₃ = 1 to 1.5 to 2",
    "layers can be in different regimes: at some point one slope is below −0.1 and another above 0.1",
)


@dataclass(frozen=True)
class Settings:
    """What `--set` can change.

    Attributes:
        gammas2: γ₂ of the diagram.
        gammas3: γ₃ of the diagram, increasing.
        widths: m, of both hidden layers.
        seeds: Runs at γ₂ = 0; the rest of the diagram takes the first seed.
        risk: R at which a run has converged.
        tolerance: Accepted relative error of a step.
        max_steps: Most steps to try.
    """

    gammas2: Numbers = (-0.5, 0.0, 0.5)
    gammas3: Numbers = (1.0, 1.25, 1.5, 1.75, 2.0)
    widths: Annotated[tuple[Count, ...], msgspec.Meta(min_length=2)] = (50, 100, 200, 400)
    seeds: Count = 3
    risk: Positive = 1e-5
    tolerance: Positive = 0.1
    max_steps: Count = 3000


@dataclass(frozen=True)
class LayerCase:
    """One normalised flow of a three-layer network.

    Attributes:
        gamma2: γ₂.
        gamma3: γ₃.
        width: m.
        seed: Of the initial parameters.
        risk: R at which it has converged.
        tolerance: Accepted relative error of a step.
        max_steps: Most steps to try.
    """

    gamma2: float
    gamma3: float
    width: int
    seed: int
    risk: float
    tolerance: float
    max_steps: int


class ThreeLayer(Study):
    """Relative distance of each layer over two exponents; the data draws the boundary, no formula is borrowed."""

    name: ClassVar[str] = "phase_diagram_three_layer"
    revision: ClassVar[int] = 1
    question: ClassVar[str] = "Which layers of a three-layer ReLU network condense?"
    source: ClassVar[str] = _SOURCE
    claim_statements: ClassVar[tuple[str, ...]] = STATEMENTS
    presets: ClassVar[Mapping[str, Settings]] = {
        "tiny": Settings(gammas2=(0.0,), gammas3=(1.0, 1.5, 2.0), widths=(20, 60), seeds=1, max_steps=500),
        "quick": Settings(),
        "full": Settings(
            gammas2=(-1.0, -0.5, 0.0, 0.5, 1.0),
            gammas3=(0.75, 1.0, 1.25, 1.5, 1.75, 2.0, 2.25),
            widths=(100, 1000, 2000, 5000, 10000),
            tolerance=0.03,
        ),
    }

    def cases(self, settings: Settings, *, seed: int, data: "Table | None") -> Sequence[LayerCase]:
        """Returns every point at every width, with more seeds at γ₂ = 0."""
        s = settings
        return [
            LayerCase(g2, g3, m, seed + k, s.risk, s.tolerance, s.max_steps)
            for m in s.widths
            for g2 in s.gammas2
            for g3 in s.gammas3
            for k in range(s.seeds if g2 == 0 else 1)
        ]

    def compile_key(self, case: LayerCase) -> Hashable:
        """Returns the width: everything else is data of one program."""
        return case.width

    def bytes_per_member(self, case: LayerCase) -> int:
        """Returns the size of the gradients of four outputs at two places, and of the weights."""
        return 8 * 2 * 20 * case.width * (case.width + 3)

    def seconds_per_member(self, case: LayerCase) -> float:
        """Returns a rough time on two cores."""
        return 0.1 + 5e-6 * case.width**2

    def run_batch(
        self, cases: Sequence[LayerCase], *, data: "Table | None" = None, progress: Progress | None = None
    ) -> list[Outcome]:
        """Computes the flows of one width."""
        from condenslab.studies.phase_diagram_three_layer.flows import run_layers

        return run_layers(cases, progress)

    def claims(self, records: Sequence[Record], settings: Any, *, known_target: bool) -> list[Claim]:
        """Decides the claims from the slopes."""
        return _decide(records)

    def draw(self, records: Sequence[Record]) -> list[Drawing]:
        """Draws the slope of each layer over the two exponents, and the distances at γ₂ = 0."""
        return _drawings(records)


STUDY = ThreeLayer()


def layer_slopes(records: Sequence[Record]) -> dict[tuple[float, float, int], list[float] | None]:
    """Returns (γ₂, γ₃, seed) → the slope of each layer, None where a width did not converge.

    Args:
        records: The records.
    """
    grouped: dict[tuple[float, float, int], list[Record]] = {}
    for record in sorted(records, key=lambda r: r.case["width"]):
        grouped.setdefault((record.case["gamma2"], record.case["gamma3"], record.case["seed"]), []).append(record)
    slopes: dict[tuple[float, float, int], list[float] | None] = {}
    for key, group in grouped.items():
        good = all(r.status == "done" and r.values["converged"] for r in group) and len(group) > 1
        if good:
            logs = np.log([r.case["width"] for r in group]), np.log([r.values["distances"] for r in group])
            slopes[key] = np.polyfit(*logs, 1)[0].tolist()
        else:
            slopes[key] = None
    return slopes


def _decide(records: Sequence[Record]) -> list[Claim]:
    slopes = layer_slopes(records)
    seeds = sorted({seed for _, _, seed in slopes})
    lines = {g3: [(slopes.get((0.0, g3, s)) or [None])[0] for s in seeds] for g3 in (1.0, 1.5, 2.0)}
    low, middle, high = lines.values()
    gaps = [
        None if None in row else float(np.diff(np.array(row, float)).min())
        for row in zip(low, middle, high, strict=True)
    ]
    known = [row for row in slopes.values() if row is not None]
    mixed = sum(min(row) < -0.1 and max(row) > 0.1 for row in known)
    where = f"{_SOURCE}; γ₂ = 0"
    return [
        Claim.at_most(over_values(STATEMENTS[0], low, lambda v: v < 0), where, bound=0, measured=low),
        Claim.at_least(over_values(STATEMENTS[1], high, lambda v: v > 0), where, bound=0, measured=high),
        Claim.at_least(over_values(STATEMENTS[2], gaps, lambda v: v > 0), where, bound=0, measured=gaps),
        Claim.at_least(STATEMENTS[3], f"{_SOURCE}, abstract", bound=1, measured=mixed if known else None),
    ]


def _drawings(records: Sequence[Record]) -> list[Drawing]:
    from condenslab import figures

    slopes = layer_slopes(records)
    first = min((seed for _, _, seed in slopes), default=0)
    chosen = {key: row for key, row in slopes.items() if key[2] == first}
    drawn = []
    if len({g2 for g2, _, _ in chosen}) > 1:
        figure, axes = figures.panels(1, 3, width=4.3, height=3.6)
        for layer, ax in enumerate(axes[0]):
            values = [np.nan if row is None else row[layer] for row in chosen.values()]
            across, up = [g3 for _, g3, _ in chosen], [g2 for g2, _, _ in chosen]
            failed = [row is None for row in chosen.values()]
            figures.phase_map(ax, across, up, values, not_converged=failed, labels=("γ₃", "γ₂"), legend=any(failed))
            figures.title(ax, f"layer {LAYERS[layer]}")
        drawn.append(Drawing("Each layer has its own boundary", _caption(records), figure))
    own = [r for r in records if r.case["gamma2"] == 0 and r.case["seed"] == first and r.status == "done"]
    widths = sorted({r.case["width"] for r in own})
    if len(widths) > 1:
        drawn.append(_distances(own, widths))
    return drawn


def _distances(own: Sequence[Record], widths: Sequence[int]) -> Drawing:
    from condenslab import figures

    figure, axes = figures.panels(1, 3, width=4.0, height=4.0)
    for layer, ax in enumerate(axes[0]):
        series: dict[str, list[float]] = {}
        for g3 in sorted({r.case["gamma3"] for r in own}):
            found = {r.case["width"]: r for r in own if r.case["gamma3"] == g3 and r.values["converged"]}
            series[f"γ₃ = {g3:g}"] = [found[m].values["distances"][layer] if m in found else np.nan for m in widths]
        figures.scaling_lines(ax, widths, series, ylabel=f"relative distance of {LAYERS[layer]}")
        figures.title(ax, f"layer {LAYERS[layer]}")
    return Drawing("How far each layer moves at γ₂ = 0", "Relative distance against the width, first seed.", figure)


def _caption(records: Sequence[Record]) -> str:
    failed = sum(not (r.status == "done" and r.values["converged"]) for r in records)
    return (
        "Slope of log RD of each layer against log m for f = (1/α)·a·σ(W²σ(W¹x)) with x² at four points: red moves "
        "less the wider, blue more. γ₃ is the exponent of κ₃ = β₁β₂β₃/α = m^−γ₃ (β the standard deviations of W¹, W², "
        "a), and γ₂, our own choice because the paper's was not available, that of β₃/β₁ = m^−γ₂ with β₂² = β₁β₃. No "
        f"boundary is drawn: none is known to us. {len(records) - failed} of {len(records)} runs converged."
    )
