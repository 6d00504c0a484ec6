"""A scale of the outputs: all methods of the risk, the solver and the test matrix against the scaled plain function."""

import itertools

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree

from condenslab.landscape import local_test_matrix, saddle_certificate
from condenslab.networks import apply, mlp
from condenslab.risk import CrossEntropy, EmpiricalRisk, SquaredLoss
from condenslab.training.linearise import two_layer_solver
from learning import small_network, small_risk

SCALE = -0.37


def risks(loss, outputs):
    """The risk with a scale, and one that has the scale in the prediction and therefore knows no structure."""
    base = small_risk(1, samples=5, inputs=2, outputs=outputs, loss=loss)
    plain = EmpiricalRisk(base.inputs, base.targets, loss=loss, predict=lambda net, x: SCALE * apply(net, x))
    return EmpiricalRisk(base.inputs, base.targets, loss=loss, scale=SCALE), plain


def everything(risk, params):
    direction = jax.tree.map(lambda leaf: jnp.cos(jnp.arange(leaf.size, dtype=leaf.dtype)).reshape(leaf.shape), params)
    return (
        risk.outputs(params),
        risk.residuals(params),
        risk.value_and_gradient(params),
        risk.jacobian(params),
        risk.hessian(params),
        risk.hessian_product(params, direction),
    )


def network(kind, outputs):
    if kind == "deep":
        return mlp(0, widths=(2, 3, 3, outputs), activation="tanh", std=0.7)
    return small_network(1, width=3, inputs=2, outputs=outputs, output_bias=kind == "output bias")


@pytest.mark.parametrize(
    ("kind", "loss"),
    list(itertools.product(["no output bias", "output bias", "deep"], [SquaredLoss(), CrossEntropy()])),
)
def test_a_scale_is_a_factor_of_the_outputs(kind, loss):
    outputs = 1 if isinstance(loss, SquaredLoss) else 3
    params = network(kind, outputs)
    scaled, plain = risks(loss, outputs)
    measured = eqx.filter_jit(lambda net: (everything(scaled, net), everything(plain, net)))(params)
    for ours, theirs in zip(*map(jax.tree.leaves, measured), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("output_bias", [True, False])
def test_the_solver_knows_the_scale(output_bias):
    params = small_network(1, width=4, inputs=2, outputs=2, output_bias=output_bias)
    scaled, plain = risks(CrossEntropy(), 2)
    theta, unravel = ravel_pytree(params)
    right = jnp.cos(jnp.arange(theta.size, dtype=theta.dtype))

    @jax.jit
    def both(shift):
        return jax.hessian(lambda t: plain.value(unravel(t)))(theta), two_layer_solver(scaled, params)(shift)(right)

    hessian, found = map(np.asarray, both(3.0))
    np.testing.assert_allclose(hessian @ found + 3.0 * found, right, atol=1e-13)


def test_the_local_test_matrix_and_the_saddle_certificate_know_the_scale():
    """A is the part of the Hessian block (w, b)(w, b) that is no Gauss–Newton part; the certificate checks itself."""
    params = small_network(1, width=3, inputs=2)
    scaled, plain = risks(SquaredLoss(), 1)
    hessian, jacobian = eqx.filter_jit(lambda net: (plain.hessian(net), plain.jacobian(net)))(params)
    second = hessian - 2 / 5 * jacobian[:, 0].T @ jacobian[:, 0]
    own = np.array([2, 3, 7])  # w_1 and b_1 in θ = (W, b, A)
    np.testing.assert_allclose(local_test_matrix(scaled, params, 1), second[np.ix_(own, own)], atol=1e-14)
    certificate = saddle_certificate(scaled, params)
    assert certificate is not None
    assert certificate.measured == pytest.approx(certificate.predicted, rel=1e-10)


def test_scales_of_many_members_share_one_program():
    params, traces = small_network(0), []

    @eqx.filter_jit
    def value(risk):
        traces.append(risk)
        return risk.value(params)

    base = small_risk(0)
    for scale in (0.5, 2.0, np.float32(3.0)):
        risk = EmpiricalRisk(base.inputs, base.targets, scale=scale)
        expected = np.mean((float(scale) * np.asarray(params(base.inputs)) - np.asarray(base.targets)) ** 2)
        assert float(value(risk)) == pytest.approx(expected, rel=1e-7)
    assert len(traces) <= 2, "one program for each precision of the scale"
    many = jax.vmap(lambda c: EmpiricalRisk(base.inputs, base.targets, scale=c).value(params))(jnp.asarray([0.5, 2.0]))
    assert many.shape == (2,)


@pytest.mark.parametrize(("scale", "message"), [(float("nan"), "scale must be finite"), (np.ones(2), "one number")])
def test_scales_that_are_refused(scale, message):
    base = small_risk(0)
    with pytest.raises((ValueError, TypeError), match=message):
        EmpiricalRisk(base.inputs, base.targets, scale=scale)
