"""The initial stage: where it ends, orientations by hand, and the condensed directions against closed forms."""

import jax.numpy as jnp
import numpy as np
import pytest

from condenslab import networks
from condenslab.measures import condensed_directions, initial_stage, layer_inputs, orientation_count
from condenslab.measures.real_roots import real_roots


def on_circle(*degrees: float) -> np.ndarray:
    angles = np.deg2rad(degrees)
    return np.column_stack([np.cos(angles), np.sin(angles)])


def test_the_stage_ends_before_the_risk_has_fallen_to_seventy_percent():
    found = initial_stage([0.0, 1.0, 2.0, 3.0], [2.0, 1.5, 1.4, 1.9])
    assert (found.last, found.time, found.ratio, found.left) == (1, 1.0, 0.75, True)
    whole = initial_stage([0.0, 1.0], [2.0, 1.9])
    assert (whole.last, whole.left) == (1, False)
    with pytest.raises(ValueError, match="start positive"):
        initial_stage([0.0], [0.0])
    with pytest.raises(ValueError, match="equally long"):
        initial_stage([0.0, 1.0], [1.0])
    with pytest.raises(ValueError, match="between 0 and 1"):
        initial_stage([0.0], [1.0], fraction=1.0)


def test_orientations_by_hand():
    """Three at 0°, two at 180°, one stray at 90° of 34: the sign counts, the norm does not."""
    rows = np.concatenate([on_circle(0, 1, 2, *[0] * 18) * 7, on_circle(*[180] * 12), on_circle(90)])
    found = orientation_count(rows)
    assert (found.count, found.strays, found.sizes.tolist()) == (2, 1, [21, 12])
    assert np.bincount(found.labels + 1).tolist() == [1, 21, 12]
    assert orientation_count(rows, strays=0.0).count == 3
    with pytest.raises(ValueError, match="share"):
        orientation_count(rows, strays=1.0)


def test_a_stray_does_not_take_neurons_from_the_direction_that_covers_them():
    """49 neurons within 17° of one direction, and one at 30°, nearer to some of them: acos 0.95 is 18.2°."""
    found = orientation_count(on_circle(*np.linspace(-17, 17, 49), 30))
    assert (found.count, found.strays, found.sizes.tolist()) == (1, 1, [49])


def test_the_direction_for_multiplicity_one_is_the_correlation_of_targets_and_inputs():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(9, 4)), rng.normal(size=9)
    found = condensed_directions(x, -y, 1)
    np.testing.assert_allclose(found.directions[0], y @ x / np.linalg.norm(y @ x), atol=1e-14)
    np.testing.assert_allclose(found.directions[1], -found.directions[0])
    with pytest.raises(ValueError, match="drift"):
        condensed_directions(np.ones((2, 3)), np.array([1.0, -1.0]), 1)


@pytest.mark.parametrize("p", [2, 3, 4])
def test_the_directions_are_all_fixed_points_and_there_are_at_most_2p(p):
    """Against a scan of the circle: V(u) = Σ e (u·x)^p/p has no slope there, and nowhere else."""
    rng = np.random.default_rng(p)
    circle = np.linspace(-np.pi, np.pi, 200_001)
    around = np.column_stack([np.cos(circle), np.sin(circle)])
    for _ in range(8):
        x, e = np.column_stack([rng.uniform(-2, 2, 12), np.ones(12)]), rng.normal(size=12)
        found = condensed_directions(x, e, p)
        assert len(found.directions) <= 2 * p
        for u in found.directions:
            drift = (e * (x @ u) ** (p - 1)) @ x
            assert abs(drift @ np.array([-u[1], u[0]])) < 1e-10 * np.linalg.norm(drift)
        height = (around @ x.T) ** p @ e
        assert int((np.diff(np.sign(np.diff(height))) != 0).sum()) == len(found.directions)
        size = np.abs(height[:-1])
        peaks = circle[:-1][(size > np.roll(size, 1)) & (size > np.roll(size, -1))]
        growing = np.sort(np.arctan2(*found.directions[found.growing].T[::-1]))
        np.testing.assert_allclose(growing, peaks, atol=1e-4)


def test_the_condensed_directions_of_two_samples_are_known():
    """p = 2, V = (u·x₁)²/2 − (u·x₂)²/2 with orthogonal x₁, x₂: the extrema are x₁ and x₂, both attract."""
    x = on_circle(30, 120)
    found = condensed_directions(x, np.array([1.0, -1.0]), 2)
    assert len(found.directions) == 4 and found.growing.all()
    np.testing.assert_allclose(np.abs(found.directions @ x.T).max(axis=1), 1.0, atol=1e-12)


def test_a_vertical_line_is_found():
    """All forces at x = 0, where x̃ = (0, 1): V = Σ e·u₂³/3 turns only at u = ±(0, 1) and, doubly, at u₂ = 0."""
    found = condensed_directions(np.array([[0.0, 1.0], [0.0, 1.0], [1.0, 1.0]]), np.array([1.0, 2.0, 0.0]), 3)
    assert np.isclose(np.abs(found.directions[:, 1]), 1.0).sum() == 2
    assert found.growing.sum() == 2


def test_higher_multiplicity_needs_the_plane():
    with pytest.raises(ValueError, match="2 coordinates"):
        condensed_directions(np.ones((4, 3)), np.ones(4), 2)
    with pytest.raises(ValueError, match="at least 1"):
        condensed_directions(np.ones((4, 2)), np.ones(4), 0)
    with pytest.raises(ValueError, match="shape"):
        condensed_directions(np.ones((4, 2)), np.ones(3), 1)
    with pytest.raises(ValueError, match="constant"):
        condensed_directions(on_circle(0, 90), np.ones(2), 2)


def test_what_a_layer_sees():
    x = jnp.array([[1.0, 2.0], [0.5, -1.0]])
    network = networks.mlp(0, widths=(2, 3, 3, 1), activation="tanh", std=1.0, residual=True)
    np.testing.assert_allclose(layer_inputs(network, x), np.column_stack([x, np.ones(2)]))
    first = np.tanh(np.asarray(x) @ np.asarray(network.weights[0]).T + np.asarray(network.biases[0]))
    np.testing.assert_allclose(layer_inputs(network, x, 1), np.column_stack([first, np.ones(2)]), atol=1e-14)
    with pytest.raises(IndexError):
        layer_inputs(network, x, 2)
    bare = networks.two_layer(0, width=2, inputs=2, activation="tanh", scale=networks.Scale(1.0, 1.0), biases=False)
    np.testing.assert_allclose(layer_inputs(bare, x), x)


@pytest.mark.parametrize("p", range(2, 9))
@pytest.mark.parametrize("slope", [0.0, 1e-10, 0.7, -3.0, 1e6])
def test_one_sample_has_two_lines(p, slope):
    """V = e(u·x)^p/p turns at x and across it alone; the root across has multiplicity p − 1, which rounding splits."""
    sample = np.array([1.0, slope])
    found = condensed_directions(np.stack([sample, sample, 2.0 * sample]), [0.3, 1.0, -0.1], p)
    lines = np.stack([sample, [-slope, 1.0]]) / np.hypot(1.0, slope)
    assert len(found.directions) == 4
    nearest = np.abs(lines @ found.directions.T).max(axis=1)
    np.testing.assert_allclose(nearest, 1.0, rtol=0, atol=1e-14)
    along = np.abs(found.directions @ lines[0]) > 0.5
    assert found.growing[along].all() and not found.growing[~along].any()


@pytest.mark.parametrize("p", [1, 2, 3, 4])
@pytest.mark.parametrize(("size", "force"), [(1e-200, 1.0), (1e200, 1.0), (1.0, 1e-200), (1e120, 1e250)])
def test_units_do_not_turn_directions(p, size, force):
    inputs, residuals = np.array([[1.0, 1.0], [2.0, 1.0], [-0.5, 1.0]]), np.array([1.0, -2.0, 0.4])
    plain, other = (condensed_directions(s * inputs, f * residuals, p) for s, f in ((1.0, 1.0), (size, force)))
    np.testing.assert_allclose(other.directions, plain.directions, atol=1e-12)
    assert np.array_equal(other.growing, plain.growing)


@pytest.mark.parametrize("roots", [(0,), (3,), (-2, -2, 5), (0, 0, 0, 1), (-7, -7, 2, 2, 2), (1, 2, 3, 4, 5, 5)])
def test_real_roots_of_any_multiplicity(roots):
    """Π(s − r)·(s² + s + 2): the last factor has no real root."""
    expanded = np.rint(np.polynomial.polynomial.polyfromroots(roots)).astype(int)
    whole = [int(c) for c in np.convolve(expanded, [2, 1, 1])]
    assert real_roots(whole) == sorted(set(map(float, roots)))


def test_what_has_no_direction_is_refused_in_a_sentence():
    for arguments, words in (
        (([[1.0, np.nan]], [1.0], 1), "finite"),
        ((np.zeros((0, 2)), [], 2), "shape"),
        (([[1.0, 1.0]], [1.0], 0), "whole number"),
        ((np.ones((1, 2), complex), [1.0], 1), "real numbers"),
    ):
        with pytest.raises(ValueError, match=words):
            condensed_directions(*arguments)
    with pytest.raises(ValueError, match="not decrease"):
        initial_stage([3.0, 2.0], [1.0, 0.9])
