"""Inertia where a network interpolates its data: (rank of the tangents, the rest, 0), counted by theory."""

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from condenslab.losses import Loss
from condenslab.measures import inertia, inertia_at
from condenslab.measures.interpolation import float64_sees_tangents
from condenslab.measures.point_inertia import with_tangents
from condenslab.networks import TwoLayer, activation, apply
from condenslab.risk import EmpiricalRisk

LINE = np.linspace(-2, 2, 40)[:, None]


def tanh_network(weights, outgoing):
    inner, outer = jnp.asarray(weights, dtype=float), jnp.asarray([outgoing], dtype=float)
    return TwoLayer(inner.reshape(outer.shape[1], -1), None, outer, None, activation("tanh"))


def inertia_of_own_outputs(network, inputs, **settings):
    inputs = jnp.asarray(inputs)
    return inertia_at(EmpiricalRisk(inputs, apply(network, inputs), **settings), network)


@pytest.mark.parametrize("apart", [1e-12, 1e-10, 1e-7, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1])
def test_two_distinct_neurons_have_no_flat_direction(apart):
    """Rank k(d + 1) = 4 for any two distinct tanh neurons without biases (local linear recovery, Theorem 4)."""
    found = inertia_of_own_outputs(tanh_network([0.7, 0.7 + apart], [1.0, 0.5]), LINE)
    assert found.counts == (4, 0, 0) or not found.decided


@pytest.mark.parametrize("small", [1e-2, 1e-4, 1e-6, 1e-9])
def test_nor_has_one_of_small_weight(small):
    for network in (tanh_network([0.7, small], [1.0, 0.5]), tanh_network([0.7, 0.3], [1.0, small])):
        found = inertia_of_own_outputs(network, LINE)
        assert found.counts == (4, 0, 0) or not found.decided


@settings(max_examples=6, deadline=None)
@given(st.integers(0, 2**31), st.integers(1, 3), st.integers(1, 3), st.sampled_from([0, 1e-9, 1e-6, 1e-3]))
def test_groups_of_neurons_count_once(seed, groups, inputs, apart):
    """k groups have rank k(d + 1); copies that are moved apart are neurons of their own, however near."""
    generator = np.random.default_rng(seed)
    distinct = generator.normal(size=(groups, inputs))
    copy = distinct[:1] + apart * generator.normal(size=(1, inputs))
    network = tanh_network(np.concatenate([distinct, copy]), generator.uniform(0.5, 1.5, groups + 1))
    found = inertia_of_own_outputs(network, generator.normal(size=(60, inputs)))
    rank = (groups + (apart > 0)) * (inputs + 1)
    assert found.counts == (rank, (groups + 1) * (inputs + 1) - rank, 0) or not found.decided
    assert found.decided or apart


def test_weights_and_scale_do_not_change_the_rank():
    network = tanh_network([0.7, 0.700001], [1.0, 0.5])
    targets = 3.0 * apply(network, jnp.asarray(LINE))
    weights = np.where(np.arange(40) < 3, 1.0, 0.0)
    found = inertia_at(EmpiricalRisk(LINE, targets, weights=weights, scale=3.0), network)
    assert found.counts == (3, 1, 0) and found.decided  # three samples that count see three directions
    assert inertia_at(EmpiricalRisk(LINE, targets, scale=3.0), network).counts == (4, 0, 0)
    nothing = inertia_at(EmpiricalRisk(LINE, 0.0 * targets, scale=0.0), network)
    assert nothing.counts == (0, 4, 0) and nothing.decided


class Quartic(Loss):
    """Flat at its minimum: the Hessian is zero there, whatever the rank of the tangents."""

    def value(self, outputs, targets):
        return jnp.sum((outputs - targets) ** 4, axis=1)


def test_a_loss_that_is_flat_at_its_minimum_has_no_gauss_newton_hessian():
    found = inertia_of_own_outputs(tanh_network([0.7, 0.3], [1.0, 0.5]), LINE, loss=Quartic())
    assert found.counts == (0, 4, 0)


@pytest.mark.parametrize(
    ("weights", "seen"),
    [
        ((0.7, 0.7), True),
        ((0.7, -0.7), True),
        ((0.7, 2.5), True),
        ((0.7, 0.7 + 1e-7), False),
        ((0.7, 1e-5), False),
        ((0.7, 300.0), False),
    ],
)
def test_where_residuals_are_left_the_hessian_must_show_all_tangents(weights, seen):
    """Equal neurons have fewer; near, tiny and saturated ones (|z| ≥ 15) have more than a Hessian shows."""
    network = tanh_network(weights, [1.0, 0.5])
    assert float64_sees_tangents(EmpiricalRisk(LINE, np.cos(LINE)), network) is seen


@pytest.mark.parametrize("apart", [0.0, 1e-7, 1e-2])
def test_a_hessian_with_its_tangents(apart):
    """What a search certifies: tangents say whether two directions that the Hessian alone calls zero are."""
    network = tanh_network([0.7, 0.7 + apart], [1.0, 0.5])
    risk = EmpiricalRisk(LINE, apply(network, jnp.asarray(LINE)))
    found = with_tangents(risk, network, inertia(risk.hessian(network), gradient_norm=0.0))
    assert found.counts == ((4, 0, 0) if apart else (2, 2, 0)) or not found.decided
    assert found.decided or apart
