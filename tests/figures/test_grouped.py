"""Grouped neurons: who is strong, who belongs together, and the order of a cosine map."""

import numpy as np
import pytest

from condenslab import figures


def drawn(**change):
    _, axes = figures.panels()
    angle, amplitude, groups = [0.0, 1.0, 5.0, 2.0], [4.0, 2.0, 0.1, 0.2], [0, 1, -1, -1]
    given = {"angle": angle, "amplitude": amplitude, "groups": groups, "names": ["one", "two"]} | change
    return axes[0, 0], figures.grouped_neurons(axes[0, 0], **given)


def points(ax):
    return {part.get_label(): np.asarray(part.get_offsets()) for part in ax.collections if len(part.get_offsets())}


def test_amplitudes_are_relative_to_the_largest_and_angles_wrapped():
    ax, strong = drawn()
    found = points(ax)
    np.testing.assert_allclose(found["one"], [[0.0, 1.0]])
    np.testing.assert_allclose(found["two"], [[1.0, 0.5]])
    np.testing.assert_allclose(found["_others"], [[5.0 - 2 * np.pi, 0.025], [2.0, 0.05]])
    assert strong == 3, "what is just at the threshold counts"
    assert "4 neurons, 3 of them above 5 %" in figures.description(ax.figure)


def test_a_faint_neuron_is_seen_on_a_logarithmic_axis():
    ax, _ = drawn(amplitude=[4.0, 2.0, 0.0, 0.2], logarithmic=True)
    assert points(ax)["_others"][0, 1] == 1e-12
    assert ax.get_yscale() == "log"


def test_neurons_that_are_all_dead_are_none_of_them_strong():
    assert drawn(amplitude=np.zeros(4))[1] == 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"groups": [0, 1, 2, -1]}, "groups must be -1 or an index into the 2 names. Got -1 to 2"),
        ({"groups": [0]}, r"groups must be as long as angle \(4\). Got 1"),
        ({"amplitude": [-1.0, 1.0, 1.0, 1.0]}, "amplitude must not be negative"),
        ({"angle": [np.nan, 0.0, 0.0, 0.0]}, "angle must be finite"),
    ],
)
def test_what_does_not_fit_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        drawn(**change)


def test_a_cosine_map_can_be_ordered_by_angle():
    angles = np.random.default_rng(0).uniform(-3, 3, 40)
    cosine = np.cos(angles[:, None] - angles)
    _, axes = figures.panels()
    order = figures.cosine_heatmap(axes[0, 0], cosine, order=np.argsort(angles))
    assert np.all(np.diff(angles[order]) > 0)
    shown = np.asarray(axes[0, 0].images[0].get_array())
    np.testing.assert_allclose(shown, np.cos(np.sort(angles)[:, None] - np.sort(angles)))


@pytest.mark.parametrize("order", [[0, 0], [0], [0, 2]])
def test_an_order_names_every_neuron_once(order):
    _, axes = figures.panels()
    with pytest.raises(ValueError, match="order must name each of the 2 neurons once"):
        figures.cosine_heatmap(axes[0, 0], np.eye(2), order=order)
