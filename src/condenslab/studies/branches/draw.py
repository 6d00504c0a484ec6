"""Draws the two studies of branches from their stored records."""

from collections.abc import Mapping, Sequence

import numpy as np

from condenslab import figures
from condenslab.studies.branches.draw_slices import slices
from condenslab.studies.branches.stability import TABLE
from condenslab.studies.branches.valley import valley
from condenslab.studies.contract.claims import wilson
from condenslab.studies.contract.study import Drawing
from condenslab.sweeps import Record

_NAMES = {1: "Q₁ (condensed)", 2: "Q₂", 3: "Q₃"}


def branch_drawings(records: Sequence[Record]) -> list[Drawing]:
    """Returns the figures of `branches`: the flows near each branch, ranks, the zero sets, and successes.

    Args:
        records: The records, in any order.
    """
    rates = [r for r in records if r.status == "done" and r.case["kind"] == "rate"]
    counted = [r for r in records if r.status == "done" and r.case["kind"] == "stability"]
    solved = [r for r in records if r.status == "done" and r.case["kind"] == "slice"]
    drawn = [_courses(rates), _ranks(rates), _surface()] if rates else []
    drawn += [slices(solved)] if solved else []
    return [*drawn, _successes(counted, ["Q₁ (condensed)", "Q₂ and Q₃"])] if counted else drawn


def stability_drawings(records: Sequence[Record]) -> list[Drawing]:
    """Returns one figure a setting (m, m₀, d), and the table of the theorem.

    Args:
        records: The records, in any order.
    """
    groups: dict[tuple[int, int, int], list[Record]] = {}
    for record in records:
        if record.status == "done" and record.case["kind"] == "stability":
            case = record.case
            groups.setdefault((case["width"], case["target_width"], case["inputs"]), []).append(record)
    drawn = [_successes(group, None) for group in groups.values()]
    return [*drawn, _table(groups, records)] if groups else drawn


def _courses(rates: list[Record]) -> Drawing:
    gaps = _gaps([r for r in rates if r.case["branch"] == 1])
    figure, axes = figures.panels(1, 2 if gaps else 1, width=4.6, height=3.6)
    shown = {}
    for branch in (1, 2, 3):
        for number, record in enumerate(r for r in rates if r.case["branch"] == branch):
            label = _NAMES[branch] if number == 0 else f"_{branch} {number}"
            shown[label] = (record.arrays["times"], record.arrays["risk"])
    time = "time t of the gradient flow"
    figures.value_curves(axes[0, 0], shown, x_label=time, y_label="risk R", logarithmic="xy")
    figures.title(axes[0, 0], "Risk near each branch")
    if gaps:
        figures.value_curves(axes[0, 1], gaps, x_label=time, y_label="|w₁ − w₂|", logarithmic="xy")
        figures.title(axes[0, 1], "Distance of the two neurons, near Q₁")
    case = rates[0].case
    return Drawing(
        "How flow comes to the branches",
        f"σ = exp, two neurons, two inputs, {case['samples']} samples, started {figures.readable(case['radius'])} "
        "from a point of the "
        "branch; one line a seed. Left: the risk; a power of time is a straight line here. Right: meanwhile, the "
        "distance of the two neurons.",
        figure,
    )


def _gaps(condensed: list[Record]) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Returns how far the neurons of Q₁ are apart, and the slope of the theory."""
    gaps = {
        _NAMES[1] if number == 0 else f"_{number}": (record.arrays["times"], record.arrays["gap"])
        for number, record in enumerate(condensed)
    }
    if gaps:
        times, gap = gaps[_NAMES[1]]
        late = times >= 1
        gaps["slope −1/2"] = (times[late], gap[-1] * np.sqrt(times[-1] / times[late]))
    return gaps


def _ranks(rates: list[Record]) -> Drawing:
    figure, axes = figures.panels(1, 1, width=5.4, height=3.6)
    shown = {}
    for branch in (1, 2, 3):
        record = next((r for r in rates if r.case["branch"] == branch), None)
        if record is not None:
            ranks = record.values["ranks"]
            shown[_NAMES[branch]] = (np.arange(1, len(ranks) + 1), np.array(ranks))
    figures.value_curves(axes[0, 0], shown, x_label="samples n", y_label="rank of the Hessian", whole=True)
    figures.title(axes[0, 0], "Rank of the Hessian on each branch")
    return Drawing(
        "Ranks along the branches",
        "At one point of each branch, the Hessian of the risk on the first n samples. The codimension is 5 on Q₁ "
        "and 4 on Q₂ and Q₃ (their lines coincide); where the rank is less, the risk is flat to second order in "
        "some direction across the branch.",
        figure,
    )


def _surface() -> Drawing:
    """Draws how the three branches meet, in a slice of parameters; it needs no record, being a closed form."""
    found = valley()
    height = 2 * found.split - 1  # in the units of the other coordinates: α = 1 at 1, α = 0 at −1
    points = np.concatenate([found.shifts, height[..., None]], axis=-1)
    cells = (found.risk[1:, 1:] + found.risk[:-1, 1:] + found.risk[1:, :-1] + found.risk[:-1, :-1]) / 4
    reach, top = (float(np.abs(part).max()) for part in (found.shifts, height))
    along, still = np.linspace(-1, 1, 33), np.zeros(33)
    figure, axes = figures.panels(1, 1, width=6.4, height=5.0)
    figures.space_surface(
        axes[0, 0],
        points,
        np.log10(np.maximum(cells, 1e-6)),
        lines={
            _NAMES[1]: np.column_stack([still, still, top * along]),
            _NAMES[2]: np.column_stack([still, reach * along, still + 1]),
            _NAMES[3]: np.column_stack([reach * along, still, still - 1]),
        },
        axes=("s₁", "s₂", "share α"),
        shade_label="log₁₀ R / R(f = 0)",
    )
    return Drawing(
        "How the branches meet",
        "σ = exp, one target neuron, the risk over standard normal inputs: the slice w₁ = w* + s₁e, w₂ = w* + s₂e, "
        "a₁ = αa*, a₂ = (1 − α)a*, e ⊥ w*. The surface is the α of least risk, its colour that risk. Q₂ and Q₃ lie in "
        "it far apart; Q₁ is the upright line in which all directions end: near it the risk hardly rises.",
        figure,
    )


def _successes(group: list[Record], names: list[str] | None) -> Drawing:
    figure, axes = figures.panels(1, 1, width=6.0, height=3.9)
    case, values = group[0].case, group[0].values
    group = sorted(group, key=lambda record: record.case["samples"])
    labels = names or [
        f"blocks {blocks}, r = {r}" for blocks, r in zip(values["branches"], values["features"], strict=True)
    ]
    samples = np.array([record.case["samples"] for record in group])
    series, thresholds = {}, {}
    for branch, label in enumerate(labels):
        successes = [record.values["successes"][branch] for record in group]
        low, high = np.array([wilson(s, case["trials"]) for s in successes]).T
        series[label] = (samples, np.array(successes) / case["trials"], low, high)
        thresholds[label] = values["stable_from"][branch]
    figures.success_rates(
        axes[0, 0], series, x_label="samples n", y_label="flows that recover the target", thresholds=thresholds
    )
    name = f"m = {case['width']}, m₀ = {case['target_width']}, d = {case['inputs']}"
    figures.title(axes[0, 0], f"Recovery from near a branch, {name}")
    return Drawing(
        f"Recovery against samples, {name}",
        f"{case['trials']} flows a point, from {figures.readable(case['radius'])} off a random point of the branch, "
        "with fresh "
        "samples; bars are 95 % intervals. Vertical lines: the codimension, from which on Theorem 5.4 promises "
        "recovery near almost every point. Blocks are named by their sizes; ₀ marks those whose output weights add "
        "up to zero.",
        figure,
    )


def _table(groups: Mapping[tuple[int, int, int], list[Record]], records: Sequence[Record]) -> Drawing:
    """Returns the table of Theorem 5.4: for each branch and n which share of flows recovers, and what theory says."""
    figure, axes = figures.panels(len(groups), 1, width=8.4, height=2.9)
    for ax, ((width, target_width, inputs), group) in zip(axes[:, 0], groups.items(), strict=True):
        values, anywhere = group[0].values, len(group[0].values["branches"])
        last = (inputs + 1) * width + 1
        columns = sorted({*(record.case["samples"] for record in group), last})
        shares = np.full((anywhere + 1, len(columns)), np.nan)
        for record in group:
            recovered = np.array(record.values["successes"]) / record.case["trials"]
            shares[:anywhere, columns.index(record.case["samples"])] = recovered
        shares[anywhere, -1] = _exceptional(records, (width, target_width, inputs))
        places = [(row, column) for row in range(anywhere) for column in range(len(columns))]
        few, enough = values["unstable_below"], values["stable_from"]
        figures.value_map(
            ax,
            [str(n) for n in columns],
            [*values["branches"], "any point"],
            np.floor(10 * shares + 1e-9) / 10,
            x_label="samples n",
            y_label="blocks of the branch",
            value_label="share of flows",
            limits=(0.0, 1.0),
            marks={
                "✗ theory: no point is stable": [at for at in places if columns[at[1]] < few[at[0]]],
                "✓ theory: almost every point is stable": [at for at in places if columns[at[1]] >= enough[at[0]]],
                "✓ theory: every point is stable": [(anywhere, len(columns) - 1)],
            },
        )
        figures.title(ax, f"m = {width}, m₀ = {target_width}, d = {inputs}")
    caption = (
        "Which share of gradient flows from near a branch recovers the target, rounded down, so that 1.0 means all; "
        "frames: what the theorem says of the points, nothing outside of them. Last row: points that lie on several "
        "branches at once, where a random draw never falls, with (d + 1)m + 1 samples. Blocks are named by their "
        "sizes; ₀ marks those whose output weights add up to zero."
    )
    return Drawing(TABLE, caption, figure)


def _exceptional(records: Sequence[Record], setting: tuple[int, int, int]) -> float:
    """Returns the share of flows from around exceptional points of a setting that recover, NaN where it is unknown."""
    found = [
        1 - float(np.mean(record.values["lost"])) / record.case["flows"]
        for record in records
        if record.status == "done"
        and record.case.get("places") == "exceptional"
        and (record.case["width"], record.case["target_width"], record.case["inputs"]) == setting
    ]
    return found[0] if found else float("nan")
