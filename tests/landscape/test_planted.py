"""Planted truths: symmetry groups, irreducible widths, points at infinity; a sample here, thousands marked `more`."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from condenslab.landscape import Fate, critical_points, critical_points_from, discover_symmetries, polish, reduce
from condenslab.networks import ravel, unravel
from planted_points import as_truth, at_infinity, disguised, interpolated, rounding, separable, symmetric_network


def condition(risk, network):
    """Returns σ_max/σ_min of the Jacobian with rows of length 1: how far a tiny residual may be from the solution."""
    jacobian = np.asarray(risk.jacobian(network))
    rows = jacobian.reshape(-1, jacobian.shape[-1])
    values = np.linalg.svd(rows / np.linalg.norm(rows, axis=1, keepdims=True), compute_uv=False)
    return values[0] / values[-1]


def few_and_many(few, many):
    """Marks all but the first `few` of `many` seeds `more`."""
    return [pytest.param(seed, marks=[pytest.mark.more] if seed >= few else []) for seed in range(many)]


@pytest.mark.parametrize("architecture", few_and_many(2, 60))
def test_the_symmetries_are_those_of_the_architecture_for_every_key(architecture):
    network, truth = symmetric_network(architecture)
    x = jnp.asarray(np.random.default_rng(architecture).normal(size=(30, network.widths[0])))
    for key in range(20):
        found = discover_symmetries(network, x, jax.random.key(1000 * architecture + key))
        assert as_truth(found) == truth, key


@pytest.mark.parametrize("block", few_and_many(1, 40))
def test_exact_reduction_moves_outputs_by_rounding_only_and_reaches_the_planted_width(block):
    for seed in range(50 * block, 50 * block + 50):
        network, x, widths = disguised(seed)
        found = reduce(network)
        level = np.maximum(rounding(network, x), rounding(found.network, x))
        moved = np.abs(np.asarray(found.network(jnp.asarray(x))) - np.asarray(network(jnp.asarray(x))))
        assert np.all(moved <= 1e4 * level), (seed, float((moved / level).max()))
        assert all(new <= old + 1 for new, old in zip(found.network.widths, widths, strict=True)), seed


@pytest.mark.parametrize("seed", few_and_many(1, 400))
def test_planted_points_at_infinity_are_never_listed(seed):
    risk, width, output_bias = at_infinity(seed)
    found = critical_points(risk, width=width, starts=48, key=seed, output_bias=output_bias)
    scale = float(np.mean(np.asarray(risk.targets) ** 2))
    assert not [point.risk for point in found.points if point.risk < 1e-6 * scale]


@pytest.mark.parametrize("seed", few_and_many(2, 200))
def test_exact_minima_are_listed_however_steep(seed):
    risk, network = interpolated(seed)
    near = unravel(ravel(network) * (1 + 1e-4), network)
    found = critical_points_from(risk, [near, network])
    scale = float(np.mean(np.asarray(risk.targets) ** 2))
    assert found.fates[1] is Fate.CRITICAL, found.fates
    if condition(risk, network) < 1e7:  # beyond, a search from nearby may well end elsewhere in the valley
        assert found.fates[0] is not Fate.SATURATED, found.fates  # whether it got there is another question
    assert found.points[0].risk < 1e-20 * scale


@pytest.mark.parametrize("seed", few_and_many(1, 100))
def test_separable_classes_have_no_critical_point_to_polish(seed):
    risk, separating = separable(seed)
    for factor in (1.0, 2.0, 3.0, 5.0, 8.0, 20.0, 100.0):
        start = eqx.tree_at(lambda n: n.output_weights, separating, factor * separating.output_weights)
        _, report = polish(risk, start)
        assert report.fate is not Fate.CRITICAL
