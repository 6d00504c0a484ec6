"""What a figure can tell beyond what it shows: the numbers that were given, at the places where they are drawn."""

import numpy as np
import pytest

from condenslab import figures
from condenslab.figures import space
from condenslab.figures.interactive import attached
from condenslab.report import live


def only(ax, kind):
    (part,) = [part for part in attached(ax) if part["kind"] == kind]
    return part


def test_a_threshold_at_the_cut_counts_what_the_spectrum_keeps():
    _, axes = figures.panels()
    values = 10.0 ** -np.arange(8.0)
    figures.spectrum(axes[0, 0], values, tolerance=3e-4, floor=1e-6, kept=4, decided=True)
    part = only(axes[0, 0], "threshold")
    ((name, listed),) = part["series"]
    assert part["log"] and part["start"] == 3e-4 and part["limits"] == [1e-6, 1.0]
    assert (name, sum(value > part["start"] for value in listed)) == ("values", 4)


def test_a_cut_below_the_floor_is_within_reach():
    _, axes = figures.panels()
    figures.spectrum(axes[0, 0], [1.0, 1e-9], tolerance=1e-8, floor=1e-6, kept=1, decided=False)
    low, high = only(axes[0, 0], "threshold")["limits"]
    assert low <= 1e-8 < high


def test_counts_of_groups_are_read_at_their_thresholds():
    _, axes = figures.panels()
    figures.threshold_counts(axes[0, 0], [0.1, 0.2, 0.4], [9, 3, 3], label="groups")
    figures.threshold_counts(axes[0, 0], [0.1, 0.2, 0.4], [5, 4, 1], label="others")
    parts = attached(axes[0, 0])
    assert [part["series"] for part in parts] == [
        [["groups", [[0.1, 0.2, 0.4], [9, 3, 3]]]],
        [["others", [[0.1, 0.2, 0.4], [5, 4, 1]]]],
    ]
    assert parts[0]["start"] == 0.2, "it begins where the longest run of equal counts does"


def test_a_cell_says_its_value_and_has_what_its_runs_gave():
    _, axes = figures.panels()
    details = {(1, 0): figures.seeds_detail("error", {"seed 0": 1e-3, "seed 1": np.inf})}
    figures.value_map(
        axes[0, 0], ["3", "4"], ["1×", "2×"], [[0.5, np.nan], [-2.0, 1.0]],
        x_label="n", y_label="width", value_label="error", limits=(-2.0, 1.0), details=details,
    )  # fmt: skip
    spots = only(axes[0, 0], "spots")["spots"]
    assert [spot["words"] for spot in spots] == [
        "width 1×, n 3: error 0.5",
        "width 1×, n 4: no value",
        "width 2×, n 3: error −2",
        "width 2×, n 4: error 1",
    ]
    assert [bool(spot["detail"]) for spot in spots] == [False, False, True, False]
    assert spots[2]["detail"]["rows"] == [["seed 0", 1e-3], ["seed 1", None]]


@pytest.mark.parametrize("scale", ["linear", "log"])
def test_places_on_the_drawing_are_those_of_the_axes(scale):
    figure, axes = figures.panels(1, 2)
    ax = axes[0, 1]
    ax.set_xscale(scale)
    ax.set_xlim(1.0, 100.0)
    ax.set_ylim(0.0, 4.0)
    figures.add_spots(ax, [figures.Spot((1.0, 1.0, 10.0, 2.0), "here")])
    figures.add_threshold(ax, "at", {"c": [[1.0, 100.0], [2, 1]]}, start=10.0, limits=(1.0, 100.0))
    figure.draw_without_rendering()
    spots, threshold = live.placed(figure)
    left, top, width, height = spots["panel"]
    x, y, w, h = spots["spots"][0]["at"]
    share = 0.5 if scale == "log" else 9 / 99
    assert (x, w) == pytest.approx((left, share * width), abs=0.2)
    assert (y - top, h) == pytest.approx((height / 2, height / 4), abs=0.2), "2 of 4 is half way down"
    assert threshold["ends"] == pytest.approx([left, left + width], abs=0.2)
    assert left > 72 * figure.get_figwidth() / 2, "the second panel is on the right"


def test_a_run_is_kept_in_short_and_its_amplitudes_relative_to_the_largest():
    detail = figures.run_detail([0.0, 1.0], [1 / 3, 2.0], angle=[3.0, -1.0], amplitude=[0.5, 2.0])
    assert detail["y"] == [0.33333, 2.0] and detail["neurons"] == [[3.0, -1.0], [0.25, 1.0]]
    with pytest.raises(ValueError, match="angle"):
        figures.run_detail([0.0, 1.0], [0.0, 1.0], angle=[1.0], amplitude=[1.0, 2.0])
    with pytest.raises(ValueError, match="function"):
        figures.run_detail([0.0, 1.0], [0.0, np.nan])


def test_a_heat_map_can_be_put_in_other_orders():
    rng = np.random.default_rng(0)
    true = np.array([0.3, -2.0, 2.4])[rng.integers(0, 3, 40)] + rng.normal(scale=0.02, size=40)
    unit = np.column_stack([np.cos(true), np.sin(true)])
    _, axes = figures.panels()
    times = rng.permutation(40)
    figures.cosine_heatmap(axes[0, 0], np.clip(unit @ unit.T, -1, 1), times=times)
    part = only(axes[0, 0], "orders")
    vectors = np.array(part["vectors"])
    assert np.abs(vectors @ vectors.T - unit @ unit.T).max() < 3e-3 and vectors.shape == (40, 2)
    assert part["orders"]["time"] == np.argsort(times).tolist()
    steps = np.diff(np.unwrap(true[part["orders"]["angle"]]))
    assert (steps >= -1e-9).all() or (steps <= 1e-9).all(), "around the circle, one way or the other"
    labels = np.digitize(true, [-1, 1])[part["orders"]["group"]]
    assert np.count_nonzero(np.diff(labels)) == 2, "three blocks"
    sizes = [len(run) for run in np.split(labels, np.flatnonzero(np.diff(labels)) + 1)]
    assert sizes == sorted(sizes, reverse=True)


def test_cosines_of_too_high_a_rank_keep_the_order_they_are_drawn_in():
    _, axes = figures.panels()
    figures.cosine_heatmap(axes[0, 0], np.eye(40))
    assert attached(axes[0, 0]) == []
    with pytest.raises(ValueError, match="times"):
        figures.cosine_heatmap(axes[0, 0], np.eye(4), times=[1.0])


def test_a_surface_is_the_same_on_the_page_and_in_the_still_figure():
    x, y = np.meshgrid(np.linspace(-1, 1, 4), np.linspace(-1, 1, 5), indexing="ij")
    points = np.stack([x, y, x * y], axis=-1)
    _, axes = figures.panels()
    shades = np.arange(12.0).reshape(3, 4)
    line = [[0.0, 0.0, -1.0], [0.0, 0.0, 1.0]]
    figures.space_surface(axes[0, 0], points, shades, lines={"up": line}, axes=("x", "y", "z"), shade_label="R")
    part = only(axes[0, 0], "scene")
    assert np.allclose(np.array(part["points"]), points.reshape(-1, 3), atol=1e-3) and len(part["faces"]) == 12
    corners, shade = part["faces"][-1]
    assert corners == [13, 14, 19, 18] and shade == len(part["colours"]) - 1, "the last cell is the brightest"
    polygons = sorted(path.vertices[:4].tolist() for path in axes[0, 0].collections[0].get_paths())
    seen = space.project(points.reshape(-1, 3))[:, :2]
    assert np.allclose(polygons, sorted(seen[face].tolist() for face, _ in part["faces"]), atol=1e-3)
    with pytest.raises(ValueError, match="shades"):
        figures.space_surface(axes[0, 0], points, shades.T, lines={}, axes=("x", "y", "z"), shade_label="R")


def test_a_set_is_drawn_where_it_is_finite_and_lines_are_named():
    x, y = np.meshgrid(np.linspace(-1, 1, 4), np.linspace(-1, 1, 5), indexing="ij")
    grid = np.stack([x, y, x * y], axis=-1)
    grid[0, 0, 2] = np.nan
    curve = np.array([[0.0, 0, 0], [1, 0, 0], [np.nan, 0, 0], [1, 1, 0], [1, 1, 1]])
    _, axes = figures.panels()
    given = {"lines": {"up": [[0.0, 0, -1], [0, 0, 1]]}, "axes": ("x", "y", "z"), "name": "the set"}
    figures.space_set(axes[0, 0], surface=grid, curve=curve, points=[[0.5, 0.5, 0.5]], **given)
    faces, pieces, points = axes[0, 0].collections
    assert len(faces.get_paths()) == 11 and len(pieces.get_segments()) == 2, "a corner and an end are not finite"
    assert np.allclose(points.get_offsets()[0], space.project(np.full(3, 0.5))[:2])
    assert "up" in axes[0, 0].get_legend_handles_labels()[1]
    for name, bad in (("surface", grid[0]), ("curve", curve[:, :2]), ("points", [[np.nan, 0.0, 0.0]])):
        with pytest.raises(ValueError, match=name):
            figures.space_set(axes[0, 0], **given, **{name: bad})
    with pytest.raises(ValueError, match="lines"):
        figures.space_set(axes[0, 0], **(given | {"lines": {"up": [[0.0, 1.0]]}}))


def test_turning_keeps_lengths():
    points = np.random.default_rng(0).normal(size=(6, 3))
    turned = space.project(points, 0.7, 0.3)
    assert np.linalg.norm(turned, axis=1) == pytest.approx(np.linalg.norm(points, axis=1))
