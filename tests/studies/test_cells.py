"""What opens from the cells of heat maps: the numbers that the drawn mean, median or share is of."""

from typing import Any

import numpy as np
import pytest

from condenslab import studies
from condenslab.figures.interactive import attached
from condenslab.studies.shared.arrivals import arrivals
from condenslab.studies.shared.cells import cell_runs
from condenslab.sweeps import Record
from judging import record_of

# study, fields that tell its records apart from others drawn elsewhere, value, what a cell draws of its runs
MAPS = [
    ("anchor_tuning", {}, "test_accuracy", np.mean),
    ("matrix_completion", {"kind": "train"}, "test_error", lambda errors: np.log10(max(np.mean(errors), 1e-16))),
    ("simple_models", {}, "error", lambda errors: np.log10(max(np.median(errors), 1e-16))),
    ("tuning_tolerance", {}, "test_error", lambda errors: np.mean(np.array(errors) < 1e-6)),
]


def record(seed, status: Any = "done", **values):
    return Record("s", f"{seed}-{status}-{sorted(values.items())}", {"seed": seed}, status, values=values)


def test_the_runs_of_a_cell_are_named_and_what_failed_is_left_out():
    runs = [
        record(1, error=0.5),
        record(0, error=0.25),
        record(1, error=2.0),
        record(2, "diverged"),
        record(3, "failed"),
    ]
    found = cell_runs("error", {(0, 1): runs, (1, 1): [], (2, 2): [record(3, "failed")]}, lambda r: r.values["error"])
    assert list(found) == [(0, 1)]
    assert found[0, 1]["rows"] == [["seed 0", 0.25], ["seed 1", 0.5], ["seed 1, 2", 2.0], ["seed 2", None]]


@pytest.mark.parametrize(("name", "chosen", "value", "drawn"), MAPS, ids=[name for name, *_ in MAPS])
def test_a_cell_opens_the_runs_that_its_number_is_of(name, chosen, value, drawn):
    """Made-up values: every cell that is drawn is computed again from the runs that it opens."""
    study, rng = studies.get(name), np.random.default_rng(0)
    records = []
    for case in study.cases(study.presets["tiny"], seed=0):
        made = record_of(study, case, {value: float(10.0 ** rng.uniform(-9, 0))})
        if all(made.case.get(field) == wanted for field, wanted in chosen.items()):
            records.append(made)
    maps = [
        (ax, part["spots"])
        for drawing in study.draw(records)
        for ax in getattr(drawing.figure, "axes", [])
        for part in attached(ax)
        if part["kind"] == "spots"
    ]
    assert maps
    opened = 0
    for ax, spots in maps:
        table = np.asarray(ax.images[0].get_array())
        for spot, number in zip(spots, np.ma.filled(np.ma.asarray(table, float), np.nan).ravel(), strict=True):
            if np.isfinite(number):
                assert drawn([run for _, run in spot["detail"]["rows"]]) == pytest.approx(number, rel=1e-2, abs=1e-3)
                opened += 1
    assert opened


def test_neurons_arrive_when_they_stay():
    """One never turns, one turns away and back, one comes at the last time."""
    ways = np.array([[0.0, 0.0, 2.0], [0.0, 1.0, 1.0], [0.0, 0.1, 0.9], [0.0, 0.0, 0.0]])
    weights = np.stack([np.cos(ways), np.sin(ways)], axis=-1) * np.array([1.0, 2.0, 0.5])[:, None]
    np.testing.assert_array_equal(arrivals(weights, np.array([0.0, 1.0, 10.0, 100.0])), [0.0, 10.0, 100.0])


@pytest.mark.parametrize(("name", "preset"), [("phase_diagram", "tiny"), ("phase_diagram_three_layer", "quick")])
def test_a_square_of_a_phase_diagram_opens_the_distances_that_its_slope_is_of(name, preset):
    """Made-up distances: the slope that the square says is that of numpy through what it opens."""
    study, rng = studies.get(name), np.random.default_rng(0)
    records = []
    for case in study.cases(study.presets[preset], seed=0):
        moved = 10.0 ** rng.uniform(-2, 0, 3)
        values = {"converged": True, "distances": moved.tolist(), "input_distance": float(moved[0]), "stop": "RISK"}
        records.append(record_of(study, case, values))
    records = [record for record in records if not record.case.get("keep")]
    drawings = study.draw(records)
    spots = [
        spot
        for drawing in drawings
        for ax in getattr(drawing.figure, "axes", [])
        for part in attached(ax)
        for spot in part.get("spots", [])
    ]
    compared = 0
    for spot in spots:
        rows = [(float(word.split()[1].strip(",")), value) for word, value in spot["detail"]["rows"]]
        widths, distances = np.log(np.array(rows)).T
        if len(set(widths)) > 1 and "slope" in spot["words"]:
            slope = float(spot["words"].split("slope ")[1].replace("−", "-"))
            assert np.polyfit(widths, distances, 1)[0] == pytest.approx(slope, rel=1e-2, abs=1e-3)
            compared += 1
    assert compared
