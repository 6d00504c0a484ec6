"""Draws the study of training spline networks from its stored records; imports no JAX."""

from collections.abc import Sequence

from condenslab import figures
from condenslab.studies.contract.claims import wilson
from condenslab.studies.contract.study import Drawing
from condenslab.studies.kan_recovery.cases import TARGET_GRID, parameters
from condenslab.studies.kan_recovery.claims import FIGURE, RECOVERED, needed
from condenslab.studies.shared.ranks import decided
from condenslab.sweeps import Record


def drawings(records: Sequence[Record]) -> list[Drawing]:
    """Returns the figure of a run: who recovers from how many samples, and what the ranks say.

    Args:
        records: The records, in any order.
    """
    done = [record for record in records if record.status == "done"]
    trained = [record for record in done if record.case["@type"] == "TrainCase"]
    if not trained:
        return []
    places = list(dict.fromkeys(_place(record) for record in trained))
    figure, axes = figures.panels(1, 2, width=5.2, height=4.2)
    series = {_name(place): _shares([r for r in trained if _place(r) == place]) for place in places}
    y_label = "share of targets recovered"
    figures.success_rates(axes[0, 0], series, x_label="samples n", y_label=y_label)
    figures.legend_below(axes[0, 0], columns=2)
    figures.title(axes[0, 0], "Recovery, with 95 % intervals")
    groups = {_name(place): _needed([r for r in trained if _place(r) == place]) for place in places}
    shown = {name: values for name, values in groups.items() if values}
    if shown:
        figures.seed_values(axes[0, 1], shown, y_label="least n that recovers")
        for number, name in enumerate(shown):
            ranks = [decided(r) for r in done if r.case["@type"] == "RankCase" and _name(_place(r)) == name]
            known = [rank for rank in ranks if rank is not None]
            axes[0, 1].plot(
                [number] * len(known), known, "x", color="black", markersize=7, label="" if number else "model rank"
            )
        axes[0, 1].set_ylim(bottom=0)
        axes[0, 1].tick_params(axis="x", labelrotation=30)
        axes[0, 1].legend(loc="upper center")
    figures.title(axes[0, 1], "Samples needed")
    return [Drawing(FIGURE, _caption(places), figure)]


def _place(record: Record) -> tuple[int, int]:
    return record.case["width"], record.case["refinements"]


def _name(place: tuple[int, int]) -> str:
    return f"m = {place[0]}, G = {TARGET_GRID * 2 ** place[1]}"


def _shares(records: Sequence[Record]) -> tuple[list[float], list[float], list[float], list[float]]:
    rows: list[tuple[float, float, float, float]] = []
    for n in sorted({record.case["samples"] for record in records}):
        errors = [record.values["test_error"] for record in records if record.case["samples"] == n]
        hits = sum(error <= RECOVERED for error in errors)
        rows.append((n, hits / len(errors), *wilson(hits, len(errors))))
    n, share, low, high = (list(column) for column in zip(*rows, strict=True))
    return n, share, low, high


def _needed(records: Sequence[Record]) -> list[int]:
    """Returns how many samples each target needs; those that need more than were tried are left out."""
    found = [needed([r for r in records if r.case["seed"] == seed]) for seed in {r.case["seed"] for r in records}]
    return [number for number in found if number]


def _caption(places: Sequence[tuple[int, int]]) -> str:
    sizes = ", ".join(f"{parameters(*place)}" for place in places)
    return (
        f"Spline networks of m hidden neurons and G grid intervals ({sizes} parameters), trained from small "
        "coefficients on samples of random targets with m = 1 and G = 3. Recovered: mean squared error off the samples "
        f"at most {figures.readable(RECOVERED)} of the target's variance. Right: a mark is a target, the line their "
        "median, a cross the model rank of one; targets that need more samples than were tried are left out."
    )
