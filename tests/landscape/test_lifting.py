"""Embedding in depth: what a lift keeps on the data, what it may change away from them, and when it is refused."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from condenslab.landscape import AffineSegment, affine_segments, lift, make_critical, risk_receipt, tangent_segment
from condenslab.landscape.depth.lifting import Lifting
from condenslab.measures import inertia_at
from condenslab.measures.linearisation import layer_states
from condenslab.networks import MLP, Activation, TwoLayer, activation
from lifted import INPUTS, NARROW, POINTS, deep

RISK = make_critical(NARROW, INPUTS, jax.random.key(0))


def within_rounding(lifted: Lifting, factor=3e-15):
    assert lifted.receipt.output_difference <= factor * max(lifted.receipt.output_scale, 1.0)


@pytest.mark.parametrize("layer", [0, 1])
@pytest.mark.parametrize("carried", ["preactivations", "activations"])
def test_both_constructions_of_a_critical_relu_network(layer, carried):
    """1-2-1 to 1-2-2-1: output to rounding, still critical, no inertia count decreases (7 and 13 parameters)."""
    lifted = lift(NARROW, layer=layer, width=2, carried=carried, risk=RISK)
    receipt = lifted.receipt
    assert lifted.network.widths == (1, 2, 2, 1) and (lifted.layers, lifted.carried) == ((layer,), carried)
    assert (receipt.parameters_before, receipt.parameters_after) == (7, 13)
    within_rounding(lifted)
    assert abs(receipt.risk_after - receipt.risk_before) <= 1e-14
    assert receipt.gradient_norm_before <= 1e-14 and receipt.gradient_norm_after <= 1e-12
    before, after = inertia_at(RISK, NARROW), inertia_at(RISK, lifted.network)
    assert before.decided and after.decided
    assert all(b <= a for b, a in zip(before.counts, after.counts, strict=True))
    assert after.zero > before.zero


def test_the_conditions_of_the_definition_by_hand():
    """W′·diag(λ)·W′_q̂ = W and W′·(λ∘b′_q̂ + μ) + b′ = b with an activation 2z − 1 on (−1, 3), for both ways."""
    line = Activation("a line with kinks", lambda z: jnp.clip(2 * z - 1, -3.0, 5.0))
    segment = AffineSegment(-1.0, 3.0, 2.0, -1.0)
    network = MLP(deep().weights, deep().biases, line)
    for carried in ("preactivations", "activations"):
        lifted = lift(network, layer=1, width=6, carried=carried, segment=segment, inputs=POINTS)
        (inner, outer), (b_inner, b_outer) = lifted.network.weights[1:3], lifted.network.biases[1:3]
        np.testing.assert_allclose(2 * outer @ inner, network.weights[1], atol=1e-13)
        np.testing.assert_allclose(outer @ (2 * b_inner - 1) + b_outer, network.biases[1], atol=1e-13)
        z = layer_states(lifted.network, POINTS)[1].preactivations
        assert lifted.interval == (0.0, 2.0) and z.min() >= -1e-12 and z.max() <= 2.0 + 1e-12
        np.testing.assert_allclose(z[:, 4 if carried == "preactivations" else 3 :], 1.0)
        within_rounding(lifted, 1e-14)


def test_any_place_width_and_number_of_layers():
    network = deep()
    for layer, needed in enumerate((2, 3, 2)):
        assert lift(network, layer=layer, inputs=POINTS).network.widths[layer + 1] == needed
    lifted = lift(network, layer=1, width=5, count=3, inputs=POINTS)
    assert lifted.network.widths == (2, 3, 5, 5, 5, 4, 2) and lifted.layers == (1, 2, 3)
    within_rounding(lifted, 1e-13)
    linear = MLP((jnp.array([[2.0, -1.0]]),), (jnp.array([0.5]),), activation("relu"))
    within_rounding(lift(linear, layer=0, inputs=POINTS))


def test_away_from_the_data_the_function_changes_and_the_receipt_tells_it_apart():
    """Beyond the data a ReLU layer is no longer in its linear segment: the lifted function is constant there."""
    lifted = lift(NARROW, layer=0, interval=(0.01, 1.01), inputs=INPUTS)
    assert lifted.receipt.output_difference <= 1e-13 < 1e-2 < lifted.receipt.output_difference_random
    far = lifted.network(jnp.array([[-1e3], [-2e3]]))
    assert float(far[0, 0]) == float(far[1, 0])


def test_a_lift_for_more_data_is_one_for_fewer():
    """Proposition 3: T_S(θ) is part of T_S′(θ) for S′ in S; made on S, it keeps criticality for a risk on S′ alone."""
    lifted = lift(NARROW, layer=1, width=2, inputs=INPUTS)
    risk = make_critical(NARROW, INPUTS[3:15], jax.random.key(1))
    receipt = risk_receipt(risk, NARROW, lifted.network)
    assert receipt.output_difference <= 3e-15 * receipt.output_scale and receipt.gradient_norm_after <= 1e-12
    few = lift(NARROW, layer=0, inputs=INPUTS[10:14])
    assert few.receipt.output_difference <= 1e-14
    assert np.abs(few.network(jnp.asarray(INPUTS)) - NARROW(jnp.asarray(INPUTS))).max() > 0.1


def test_both_segments_of_leaky_relu():
    network = deep(sigma="leaky_relu")
    for segment in affine_segments(network.activation):
        lifted = lift(network, layer=2, segment=segment, inputs=POINTS)
        assert lifted.exact
        within_rounding(lifted, 1e-13)


def test_a_tangent_is_approximate_and_better_when_narrower():
    """The error of tanh(z) ≈ z on [−h, h] is h³/3, so that of the lifted output falls as h²."""
    network, found = deep(sigma="tanh"), []
    for h in (1e-1, 1e-2):
        segment = tangent_segment(network.activation, h)
        assert segment.error == pytest.approx(h**3 / 3, rel=0.01) and (segment.slope, segment.offset) == (1.0, 0.0)
        lifted = lift(network, layer=1, segment=segment, inputs=POINTS)
        assert not lifted.exact
        found.append(lifted.receipt.output_difference)
    assert found[0] / found[1] == pytest.approx(100, rel=0.05)


def test_a_layer_that_adds_its_input():
    """Appendix, Definition 5: W′·(diag(λ)·W′_q̂ + I) = W, and the critical point stays one."""
    network = TwoLayer(*(jnp.asarray(a) for a in (NARROW.input_weights, NARROW.biases)), *_rest(NARROW))
    lifted = lift(network, layer=1, residual=True, risk=RISK)
    inner, outer = lifted.network.weights[1:]
    assert lifted.network.residual and lifted.residual
    np.testing.assert_allclose(outer @ (inner + np.eye(2)), network.output_weights, atol=1e-14)
    within_rounding(lifted)
    assert lifted.receipt.gradient_norm_after <= 1e-12
    twice = lift(deep(1, (2, 3, 5, 2), residual=True), layer=2, residual=True, inputs=POINTS)
    assert twice.network.widths == (2, 3, 5, 5, 2)
    within_rounding(twice, 1e-14)


def _rest(network):
    return network.output_weights, network.output_bias, network.activation


def test_constant_numbers_are_carried_too():
    """Where nothing varies any ratio will do."""
    still = TwoLayer(jnp.zeros((2, 1)), jnp.array([1.0, 2.0]), jnp.ones((1, 2)), jnp.zeros(1), activation("relu"))
    within_rounding(lift(still, layer=1, inputs=INPUTS))
    within_rounding(lift(still, layer=0, carried="preactivations", inputs=INPUTS[:1]))


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"layer": 2}, IndexError, "0 to 1. Got 2"),
        ({"layer": -1}, IndexError, "Got -1"),
        ({"layer": 1, "width": 0}, ValueError, "width of at least 1"),
        ({"layer": 1, "width": 1, "carried": "activations"}, ValueError, "and 2 to carry activations"),
        ({"layer": 1, "count": 0}, ValueError, "count must be at least 1"),
        ({"layer": 1, "interval": (-1.0, 1.0)}, ValueError, "inside the segment"),
        ({"layer": 1, "interval": (1.0, np.inf)}, ValueError, "inside the segment"),
        ({"layer": 1, "inputs": None}, ValueError, "Got both or neither"),
        ({"layer": 1, "residual": True, "width": 3}, ValueError, "width of the layer before it, 2"),
        ({"layer": 1, "residual": True, "carried": "preactivations"}, ValueError, "must carry the activations"),
        ({"layer": 1, "inputs": np.zeros((3, 2))}, ValueError, r"shape \(sample, 1\)"),
    ],
)
def test_bad_requests(options, error, message):
    with pytest.raises(error, match=message):
        lift(NARROW, **({"inputs": INPUTS} | options))


def test_networks_that_cannot_be_lifted():
    smooth = MLP((jnp.ones((1, 1)),), (jnp.ones(1),), activation("tanh"))
    with pytest.raises(ValueError, match=r"linear segment.*Got 'tanh'"):
        lift(smooth, layer=0, inputs=INPUTS)
    with pytest.raises(ValueError, match=r"must have biases.*2 is the output layer"):
        lift(deep(output_bias=False), layer=2, inputs=POINTS)
    with pytest.raises(ValueError, match="change the function"):
        lift(deep(0, (2, 3, 3, 1), residual=True), layer=1, inputs=POINTS)
    with pytest.raises(ValueError, match="change the function"):
        lift(deep(0, (2, 4, 3, 1), residual=True), layer=1, width=4, inputs=POINTS)
    with pytest.raises(ValueError, match="plain lift"):
        lift(deep(0, (2, 3, 3, 1)), layer=2, residual=True, inputs=POINTS)


def test_segments_that_are_none():
    for make, message in [
        (lambda: AffineSegment(1.0, 1.0, 1.0), "low < high"),
        (lambda: AffineSegment(0.0, 1.0, 0.0), "slope other than 0"),
        (lambda: AffineSegment(0.0, 1.0, 1.0, error=-1.0), "not be negative"),
        (lambda: tangent_segment(activation("tanh"), 0.0), "half_width must be positive"),
        (lambda: tangent_segment(activation("x_tanh")), "multiplicity 2"),
    ]:
        with pytest.raises(ValueError, match=message):
            make()
    assert affine_segments(activation("tanh")) == ()
    assert AffineSegment(-np.inf, 2.0, 1.0).interval() == (0.0, 1.0)
    assert AffineSegment(-np.inf, np.inf, 1.0).interval() == (-0.5, 0.5)
