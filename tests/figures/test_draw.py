"""Neurons: angles on a circle, hollow before and filled after, and blocks where there are groups."""

import numpy as np
import pytest

from condenslab import figures

PI = np.pi


@pytest.fixture
def ax():
    _, axes = figures.panels()
    return axes[0, 0]


def cloud(ax, label):
    """Returns the drawn points with that label."""
    (found,) = [collection for collection in ax.collections if collection.get_label() == label]
    return found


def cosines(vectors):
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    matrix = unit @ unit.T
    np.fill_diagonal(matrix, 1.0)
    return np.clip(matrix, -1, 1)


def drawn_matrix(ax):
    return np.asarray(ax.images[0].get_array())


@pytest.mark.parametrize(
    ("angle", "wrapped"),
    [(0.0, 0.0), (PI, -PI), (-PI, -PI), (1.5 * PI, -0.5 * PI), (-2.5 * PI, -0.5 * PI), (-PI - 1e-17, -PI)],
)
def test_angles_wrap_into_a_half_open_circle(angle, wrapped):
    result = float(figures.wrap(np.array(angle)))
    assert -PI <= result < PI
    assert result == pytest.approx(wrapped, abs=1e-12)


def test_the_tiniest_step_below_minus_pi_stays_on_the_circle():
    assert -PI <= float(figures.wrap(np.nextafter(-PI, -4.0))) < PI


def test_each_neuron_is_a_point(ax):
    figures.orientation_amplitude(ax, [0.5, 1.5 * PI], [1.0, 2.0])
    np.testing.assert_allclose(cloud(ax, "final").get_offsets(), [[0.5, 1.0], [-0.5 * PI, 2.0]])


def test_hollow_is_initial_and_filled_is_final(ax):
    figures.orientation_amplitude(ax, [0.5], [1.0], initial_angle=[0.1, 0.2], initial_amplitude=[0.3, 0.4])
    assert len(cloud(ax, "initial").get_facecolors()) == 0
    assert cloud(ax, "final").get_facecolors()[0, 3] > 0
    assert {text.get_text() for text in ax.get_legend().get_texts()} == {"initial", "final"}


def test_neurons_of_one_time_need_no_legend(ax):
    figures.orientation_amplitude(ax, [0.5], [1.0])
    assert ax.get_legend() is None


def test_ticks_are_multiples_of_half_pi(ax):
    figures.orientation_amplitude(ax, [0.5], [1.0])
    np.testing.assert_allclose(ax.get_xticks(), [-PI, -PI / 2, 0, PI / 2, PI])
    assert [label.get_text() for label in ax.get_xticklabels()] == ["−π", "−π/2", "0", "π/2", "π"]
    assert "rad" in ax.get_xlabel()


def test_a_group_at_the_cut_is_seen_whole_at_both_ends(ax):
    figures.orientation_amplitude(ax, [3.1, -3.1, 0.0], [1.0, 2.0, 3.0])
    again = cloud(ax, "_final again").get_offsets()
    np.testing.assert_allclose(again, [[3.1 - 2 * PI, 1.0], [-3.1 + 2 * PI, 2.0]])
    low, high = ax.get_xlim()
    assert low < again[:, 0].min() < -PI and PI < again[:, 0].max() < high


def test_no_point_is_repeated_far_from_the_cut(ax):
    figures.orientation_amplitude(ax, [0.0, 2.0], [1.0, 1.0])
    assert [collection.get_label() for collection in ax.collections] == ["final"]


def test_all_points_are_inside_the_axes(ax):
    figures.orientation_amplitude(ax, [0.5, 0.6], [0.0, 7.0], initial_angle=[0.0], initial_amplitude=[1e-9])
    low, high = ax.get_ylim()
    assert low < 0 and high > 7.0


def test_a_dead_neuron_stays_visible_on_a_logarithmic_axis(ax):
    figures.orientation_amplitude(ax, [0.5, 0.6], [0.0, 2.0], logarithmic=True)
    assert ax.get_yscale() == "log"
    np.testing.assert_allclose(cloud(ax, "final").get_offsets()[:, 1], [2e-12, 2.0])


def test_a_network_of_dead_neurons_can_be_drawn(ax):
    figures.orientation_amplitude(ax, [0.5], [0.0], logarithmic=True)
    assert ax.get_yscale() == "linear"


@pytest.mark.parametrize(
    ("angle", "amplitude", "initial", "message"),
    [
        ([0.1, 0.2], [1.0], {}, r"amplitude must be as long as angle \(2\). Got 1"),
        ([0.1], [-1.0], {}, "amplitude must not be negative. Got -1"),
        ([np.nan], [1.0], {}, r"angle must be finite. Got nan at index 0 \(1 in all\)"),
        ([[0.1]], [1.0], {}, r"angle must be an array with 1 dimension\(s\). Got shape \(1, 1\)"),
        ([], [], {}, "angle must not be empty"),
        (["a"], [1.0], {}, "angle must be real numbers"),
        ([0.1j], [1.0], {}, "angle must be real numbers. Got an array of complex128"),
        ([0.1], [1.0], {"initial_angle": [0.1]}, "must be given together"),
        ([0.1], [1.0], {"initial_angle": [0.1], "initial_amplitude": [np.inf]}, "initial_amplitude must be finite"),
    ],
)
def test_bad_neurons_are_refused(ax, angle, amplitude, initial, message):
    with pytest.raises(ValueError, match=message):
        figures.orientation_amplitude(ax, angle, amplitude, **initial)


def changes(labels):
    """Returns how often neighbours differ; groups are contiguous where it is the number of groups less one."""
    return int(np.sum(np.diff(labels) != 0))


@pytest.mark.parametrize("seed", range(5))
def test_the_order_gathers_groups_into_blocks(ax, seed):
    rng = np.random.default_rng(seed)
    groups = rng.permutation(np.repeat([0, 1, 2], [20, 13, 7]))
    directions = np.array([[1.0, 0.1, 0.0], [-0.2, 1.0, 0.3], [0.1, -0.4, 1.0]])
    vectors = directions[groups] * rng.uniform(0.1, 2.0, (40, 1)) + 1e-9 * rng.normal(size=(40, 3))
    order = figures.cosine_heatmap(ax, cosines(vectors))
    assert changes(groups[order]) == 2
    np.testing.assert_allclose(drawn_matrix(ax), cosines(vectors)[np.ix_(order, order)])


def test_opposite_neurons_are_at_opposite_ends(ax):
    signs = np.random.default_rng(0).permutation(np.repeat([-1.0, 1.0], [6, 9]))
    order = figures.cosine_heatmap(ax, cosines(signs[:, None] * np.array([[3.0, 4.0]])))
    assert changes(signs[order]) == 1
    assert drawn_matrix(ax)[0, -1] == pytest.approx(-1.0)


@pytest.mark.parametrize("size", [1, 2, 30])
def test_the_diagonal_is_plus_one_on_a_scale_from_minus_one_to_one(ax, size):
    figures.cosine_heatmap(ax, cosines(np.random.default_rng(size).normal(size=(size, 2))))
    np.testing.assert_array_equal(np.diagonal(drawn_matrix(ax)), 1.0)
    assert ax.images[0].get_clim() == (-1.0, 1.0)
    assert ax.images[0].cmap(1.0) != ax.images[0].cmap(0.0)


def test_the_colour_bar_is_labelled_and_can_be_left_out():
    figure, axes = figures.panels(1, 2)
    figures.cosine_heatmap(axes[0, 0], np.eye(3), colour_bar=False)
    assert len(figure.axes) == 2
    figures.cosine_heatmap(axes[0, 1], np.eye(3))
    assert figure.axes[-1].get_ylabel() == "cosine similarity"


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        (np.ones((2, 3)), r"cosine must be square. Got shape \(2, 3\)"),
        ([[1.0, 2.0], [2.0, 1.0]], r"cosine must lie in \[-1, 1\]. Got 2"),
        ([[1.0, 0.5], [0.4, 1.0]], "cosine must be symmetric. Got a difference of 0.1"),
        ([[0.0, 0.0], [0.0, 1.0]], "the diagonal of cosine must be 1. Got 0"),
        ([[np.nan, 0.0], [0.0, 1.0]], "cosine must be finite. Got nan at index 0, 0"),
    ],
)
def test_what_is_no_cosine_matrix_is_refused(ax, matrix, message):
    with pytest.raises(ValueError, match=message):
        figures.cosine_heatmap(ax, matrix)
