"""Branches of the target set: counts, dimensions and thresholds of the theory, and points that lie on them."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from condenslab import measures, networks
from condenslab.landscape import Branch, branch_point, branches, separating_rank
from condenslab.networks import TwoLayer, ravel


def teacher(width=1, inputs=2, activation="exp", outputs=1):
    keys = jax.random.split(jax.random.key(5), 2)
    weights = jax.random.normal(keys[0], (width, inputs))
    return TwoLayer(weights, None, jax.random.normal(keys[1], (outputs, width)), None, networks.activation(activation))


@pytest.mark.parametrize(
    ("target", "width", "count"), [(1, 2, 3), (1, 3, 10), (2, 3, 12), (2, 4, 62), (2, 5, 320), (3, 5, 450)]
)
def test_pieces_add_up_to_the_number_of_subspaces_of_global_minima(target, width, count):
    assert sum(branch.pieces() for branch in branches(width, target)) == count  # T(r, m) of Şimşek et al., ICML 2021


def test_the_six_parameter_example():
    first, second = branches(2, 1)
    assert (first.features, first.dimension(2), first.codimension(2), first.stable_from(2)) == (1, 1, 5, 5)
    assert (second.features, second.dimension(2), second.codimension(2), second.stable_from(2)) == (2, 2, 4, 4)
    assert (first.morse_bott, second.morse_bott) == (False, True)
    assert (first.pieces(), second.pieces()) == (1, 2)


def test_dimensions_of_width_three_are_those_of_the_paper():
    d = 7
    assert sorted(b.dimension(d) for b in branches(3, 1)) == sorted([2, 1 + d, 1 + d, 2 * d])


@pytest.mark.parametrize("branch", branches(5, 2))
@pytest.mark.parametrize("d", [1, 2, 3])
def test_thresholds_are_in_order_and_the_counts_of_the_parameters(branch, d):
    assert branch.dimension(d) + branch.codimension(d) == (d + 1) * branch.width
    assert branch.hessian_rank(d) <= branch.codimension(d)
    assert branch.morse_bott == (branch.hessian_rank(d) == branch.codimension(d))
    assert branch.unstable_below(d) <= branch.stable_from(d)
    assert d > 1 or branch.codimension(1) == branch.width + branch.target_width


@pytest.mark.parametrize("branch", branches(4, 2))
@pytest.mark.parametrize("outputs", [1, 2])
def test_points_of_a_branch_are_the_target_with_the_branch_s_features(branch, outputs):
    target, inputs = teacher(2, 2, outputs=outputs), jax.random.normal(jax.random.key(1), (40, 2))
    point = branch_point(target, branch, jax.random.key(3))
    np.testing.assert_allclose(point(inputs), target(inputs), atol=1e-12 * float(jnp.abs(point(inputs)).max() + 10))
    assert len(np.unique(np.asarray(point.input_weights), axis=0)) == branch.features


@pytest.mark.parametrize("branch", branches(3, 1))
def test_the_hessian_rank_and_the_dimension_are_measured(branch):
    d, target = 2, teacher()
    points = [branch_point(target, branch, key) for key in jax.random.split(jax.random.key(0), 12)]
    probes = jax.random.normal(jax.random.key(9), (40, d))
    assert measures.model_rank(points[0], probes).value == branch.hessian_rank(d)
    flat = np.array([np.asarray(ravel(p)) for p in points])
    spread = measures.rank(flat[1:] - flat[0], errors=4 * np.finfo(float).eps * np.abs(flat).max())
    assert spread.value == branch.dimension(d) and spread.decided


def test_signs_visit_other_pieces_of_an_odd_activation():
    target, inputs = teacher(activation="tanh"), jnp.linspace(-2.0, 2.0, 9)[:, None] * jnp.ones((1, 2))
    branch = Branch((2,), (1,))
    points = [branch_point(target, branch, key, signs=True) for key in jax.random.split(jax.random.key(0), 8)]
    for point in points:
        np.testing.assert_allclose(point(inputs), target(inputs), atol=1e-13)
    assert any(float(p.input_weights[0] @ target.input_weights[0]) < 0 for p in points)
    # Two of three neurons have a sign each, the third one block sign that stands for itself: 3·2² pieces.
    assert branch.pieces() == 3 and branch.pieces(networks.activation("tanh")) == 12


def test_generic_inputs_are_separating_and_repeated_ones_are_not():
    network = branch_point(teacher(), Branch((1,), (1,)), jax.random.key(2))
    inputs = jax.random.normal(jax.random.key(4), (6, 2))
    for n in range(1, 7):
        assert separating_rank(network, inputs[:n]).value == n
    assert separating_rank(network, jnp.concatenate([inputs[:3], inputs[:3]])).value == 3


def test_refusals():
    with pytest.raises(ValueError, match="must fit in the network"):
        branches(2, 3)
    with pytest.raises(ValueError, match="every block a neuron"):
        Branch((1, 0))
    with pytest.raises(ValueError, match="descending"):
        Branch((1,), (1, 2))
    with pytest.raises(ValueError, match="target of width 2"):
        branch_point(teacher(), Branch((1, 1)), jax.random.key(0))
    with pytest.raises(ValueError, match="neither"):
        branch_point(teacher(), Branch((1,)), jax.random.key(0), signs=True)
    twice = TwoLayer(jnp.ones((2, 2)), None, jnp.ones((1, 2)), None, networks.activation("exp"))
    with pytest.raises(ValueError, match="irreducible"):
        branch_point(twice, Branch((1, 1)), jax.random.key(0))
