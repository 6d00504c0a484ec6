"""Slices against single evaluations, directions against their definitions, planes of made-up trajectories."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from condenslab.landscape import hessian_directions, random_directions, risk_slice, trajectory_plane
from condenslab.networks import ravel, two_layer, unravel
from condenslab.networks.initial import Scale
from condenslab.risk import CrossEntropy, EmpiricalRisk

AXIS = np.linspace(-1.0, 1.0, 5)


def problem(inputs, loss="squared"):
    random = np.random.default_rng(0)
    x, y = random.normal(size=(7, inputs)), random.normal(size=(7, 2))
    network = two_layer(
        0, width=6, inputs=inputs, outputs=2, activation="tanh", scale=Scale(0.7, 0.9), output_bias=True
    )
    if loss == "squared":
        return EmpiricalRisk(jnp.asarray(x), jnp.asarray(y), jnp.asarray(random.uniform(size=7)), scale=1.5), network
    labels = jax.nn.one_hot(jnp.asarray(random.integers(0, 2, 7)), 2)
    return EmpiricalRisk(jnp.asarray(x), labels, loss=CrossEntropy()), network


@pytest.mark.parametrize(("inputs", "loss"), [(1, "squared"), (5, "squared"), (5, "entropy")])
def test_a_slice_is_the_risk_point_by_point(inputs, loss):
    """With few inputs and with many, where preactivations are combined."""
    risk, network = problem(inputs, loss)
    directions = random_directions(jax.random.key(1), network)
    found = risk_slice(risk, network, directions, [AXIS, AXIS[:3]], threads=2)
    assert found.risk.shape == (5, 3) and found.rounding is None
    theta = ravel(network)
    expected = [
        [float(risk.value(unravel(theta + a * directions[0] + b * directions[1], network))) for b in AXIS[:3]]
        for a in AXIS
    ]
    np.testing.assert_allclose(found.risk, expected, rtol=1e-12)


def test_single_precision_says_its_error():
    risk, network = problem(1)
    directions = random_directions(jax.random.key(1), network, 1)
    exact = risk_slice(risk, network, directions, [AXIS]).risk
    found = risk_slice(risk, network, directions, [AXIS], precision="float32")
    error = np.abs(found.risk - exact).max() / exact.max()
    assert 0 < error < 1e-5 and found.rounding == pytest.approx(error, rel=1e-6)


def test_any_pytree():
    """R = Σ_j θ_j²: the slice along unit directions is a sum of squares."""
    risk = EmpiricalRisk(
        jnp.ones((1, 1)),
        jnp.zeros((1, 3)),
        predict=lambda params, x: jnp.concatenate([params["a"], params["b"]])[None] * x,
    )
    center = {"a": jnp.array([1.0, 0.0]), "b": jnp.array([2.0])}
    found = risk_slice(risk, center, np.eye(3)[[0, 2]], [AXIS, AXIS])
    np.testing.assert_allclose(found.risk, (1 + AXIS[:, None]) ** 2 + (2 + AXIS[None, :]) ** 2)
    values, vectors = hessian_directions(risk, center, (0, -1))
    np.testing.assert_allclose(values, 2.0)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0)


def test_random_directions_have_the_norms_of_the_filters():
    _, network = problem(5)
    for row in random_directions(jax.random.key(0), network, 3):
        drawn = unravel(jnp.asarray(row), network)
        for ours, own in ((drawn.input_weights, network.input_weights), (drawn.output_weights, network.output_weights)):
            np.testing.assert_allclose(np.linalg.norm(ours, axis=1), np.linalg.norm(own, axis=1))
        assert np.linalg.norm(drawn.biases) == pytest.approx(np.linalg.norm(network.biases))
    plain = random_directions(jax.random.key(0), network, 2, filter_normalised=False)
    np.testing.assert_allclose(np.linalg.norm(plain, axis=1), 1.0)


def test_a_trajectory_in_a_plane_is_explained_and_one_across_is_not():
    random = np.random.default_rng(0)
    basis = np.linalg.qr(random.normal(size=(10, 3)))[0].T
    inside = random.normal(size=(30, 2)) @ basis[:2] + random.normal(size=10)
    seen = trajectory_plane(inside)
    assert seen.explained == pytest.approx(1.0)
    np.testing.assert_allclose(seen.coordinates @ seen.directions, inside - inside[-1], atol=1e-12)
    np.testing.assert_array_equal(seen.coordinates[-1], 0.0)
    # Sums of squares 9, 4 and 1 along three axes about the end.
    across = np.concatenate([np.diag([3.0, 2.0, 1.0]), np.zeros((1, 3))]) @ basis
    assert trajectory_plane(across).explained == pytest.approx(13 / 14)


def test_bad_requests():
    risk, network = problem(1)
    with pytest.raises(ValueError, match="directions must have shape"):
        risk_slice(risk, network, np.zeros((1, 3)), [AXIS])
    with pytest.raises(ValueError, match="axes must be one vector"):
        risk_slice(risk, network, np.zeros((2, ravel(network).size)), [AXIS])
    with pytest.raises(ValueError, match="must be finite"):
        risk_slice(risk, network, np.full((1, ravel(network).size), np.nan), [AXIS])
    with pytest.raises(IndexError, match="ranks below"):
        hessian_directions(risk, network, (1000,))
    with pytest.raises(ValueError, match="more than 2 times"):
        trajectory_plane(np.zeros((2, 5)))
    with pytest.raises(ValueError, match="count must be"):
        random_directions(jax.random.key(0), network, 0)
