"""Losses of one's own: derivatives against finite differences; splitting; bad ones."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from condenslab import networks
from condenslab.errors import UserError
from condenslab.landscape import certificate, splitting
from condenslab.landscape.proof import problem_of
from condenslab.losses import CrossEntropy, Huber, Logistic, Loss, Quartic, SquaredLoss
from condenslab.measures import inertia_at
from condenslab.networks import Scale, ravel, unravel
from condenslab.risk import EmpiricalRisk

x = np.linspace(-2, 2, 12)[:, None]


class Cosh(Loss):
    """log cosh r, written by a user: no slope, no curvature."""

    def value(self, outputs, targets):
        return jnp.sum(jnp.log(jnp.cosh(outputs - targets)), axis=1)


LOSSES = {"huber": Huber(0.3), "quartic": Quartic(), "logistic": Logistic(), "own": Cosh()}


def problem(name, outputs=1):
    y = np.stack([np.sin(2 * x[:, 0] + k) for k in range(outputs)], axis=1)
    y = np.where(y > 0, 1.0, -1.0) if name == "logistic" else y
    network = networks.two_layer(0, width=2, inputs=1, outputs=outputs, activation="tanh", scale=Scale(1.0, 1.0))
    return EmpiricalRisk(x, y, loss=LOSSES[name]), network


@pytest.mark.parametrize("name", LOSSES)
def test_derivatives_against_differences(name):
    """Central differences of the value alone: O(h²), h = 1e-4, and 1e-16/h² for second ones."""
    risk, network = problem(name, outputs=2)
    theta, h = np.asarray(ravel(network)), 1e-4
    value = jax.jit(lambda t: risk.value(unravel(t, network)))
    steps = h * np.eye(theta.size)
    gradient = np.array([(value(theta + s) - value(theta - s)) / (2 * h) for s in steps])
    np.testing.assert_allclose(np.asarray(ravel(risk.gradient(network))), gradient, atol=1e-7)
    slope = jax.jit(lambda t: ravel(risk.gradient(unravel(t, network))))
    hessian = np.array([(slope(theta + s) - slope(theta - s)) / (2 * h) for s in steps])
    np.testing.assert_allclose(np.asarray(risk.hessian(network)), hessian, atol=1e-6)
    product = risk.hessian_product(network, unravel(jnp.asarray(theta), network))
    np.testing.assert_allclose(np.asarray(ravel(product)), hessian @ theta, atol=1e-5)


@pytest.mark.parametrize("name", ["huber", "quartic", "logistic"])
def test_inertia_against_differences(name):
    """Signs of the eigenvalues of a Hessian by central differences of the gradient, all far from zero."""
    risk, network = problem(name)
    theta, h = np.asarray(ravel(network)), 1e-5
    slope = jax.jit(lambda t: ravel(risk.gradient(unravel(t, network))))
    hessian = np.array([(slope(theta + s) - slope(theta - s)) / (2 * h) for s in h * np.eye(theta.size)])
    eigenvalues = np.linalg.eigvalsh((hessian + hessian.T) / 2)
    assert np.abs(eigenvalues).min() > 1e-6  # differences are right to some 1e-9
    assert inertia_at(risk, network).counts == (np.sum(eigenvalues > 0), 0, np.sum(eigenvalues < 0))


@pytest.mark.parametrize("name", LOSSES)
def test_slope_and_curvature_of_a_sample(name):
    loss, f = LOSSES[name], jnp.array([[0.1, -0.6], [2.0, 0.25]])  # not where Huber's curvature jumps
    y = jnp.array([[1.0, -1.0], [-1.0, 1.0]])
    h = 1e-4
    for i, o in np.ndindex(2, 2):
        e = jnp.zeros((2, 2)).at[i, o].set(h)
        slope = (loss.value(f + e, y) - loss.value(f - e, y))[i] / (2 * h)
        assert float(loss.slope(f, y)[i, o]) == pytest.approx(float(slope), abs=1e-6)
        bend = (loss.slope(f + e, y) - loss.slope(f - e, y))[i] / (2 * h)
        np.testing.assert_allclose(np.asarray(loss.curvature(f, y))[i, o], bend, atol=1e-6)


@pytest.mark.parametrize("name", LOSSES)
def test_splitting_sends_gradients_to_gradients(name):
    """∇R′(Tθ) = D·∇R(θ) for every loss, so that critical points stay critical (EP22, Theorem 4.2)."""
    risk, network = problem(name)
    split = splitting(2, 0, share=0.4)
    found, expected = (
        np.asarray(ravel(g)) for g in (risk.gradient(split(network)), split.gradient(risk.gradient(network)))
    )
    np.testing.assert_allclose(found, expected, atol=1e-14)


class Sloped(Cosh):
    """Slope and curvature by hand: tanh r, 1 − tanh² r; here times a factor."""

    slopes: float = 1.0
    curvatures: float = 1.0

    def slope(self, outputs, targets):
        return self.slopes * jnp.tanh(outputs - targets)

    def curvature(self, outputs, targets):
        bends = self.curvatures * (1 - jnp.tanh(outputs - targets) ** 2)
        return bends[:, :, None] * jnp.eye(outputs.shape[1])[None]


def test_wrong_slopes_are_refused():
    """Slope and curvature of one's own are checked against values; right ones are believed, in single precision too."""
    y = np.hstack([x, np.sin(x)])
    for kind in (np.float64, np.float32):
        targets = jnp.asarray(y, kind)
        EmpiricalRisk(x, targets, loss=Sloped())
        for loss, word in ((Sloped(slopes=-1.0), "slope"), (Sloped(curvatures=1.1), "curvature")):
            with pytest.raises(ValueError, match=f"the loss's {word} is not the derivative") as caught:
                EmpiricalRisk(x, targets, loss=loss)
            assert "\n" not in str(caught.value)


def test_what_cannot_be_taken():
    class Whole(Loss):
        def value(self, outputs, targets):
            return jnp.sum((outputs - targets) ** 2)

    with pytest.raises(ValueError, match="one number a sample"):
        EmpiricalRisk(x, x, loss=Whole())
    with pytest.raises(ValueError, match="labels −1 and 1"):
        EmpiricalRisk(x, x, loss=Logistic())
    for bad in (0.0, -1.0, np.nan, np.inf):
        with pytest.raises(ValueError, match="width must be one positive"):
            Huber(bad)
    with pytest.raises(TypeError, match="Loss"):
        EmpiricalRisk(x, x, loss=Huber)
    risk, network = problem("huber")
    with pytest.raises(ValueError, match="squared loss"):
        certificate(risk, network)
    with pytest.raises(UserError, match="proofs know SquaredLoss and CrossEntropy"):
        problem_of(risk, network)


@pytest.mark.parametrize("loss", [SquaredLoss(), CrossEntropy()])
def test_the_roots_are_those_of_the_curvature(loss):
    outputs, targets = jnp.array([[0.3, -1.0, 2.0]]), jnp.array([[0.2, 0.5, 0.3]])
    root = loss.curvature_root(outputs, targets)[0]
    hessian = jax.hessian(lambda f: loss.value(f[None], targets)[0])(outputs[0])
    np.testing.assert_allclose(root @ root.T, hessian, atol=1e-14)
