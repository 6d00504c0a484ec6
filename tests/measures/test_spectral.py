"""Bounds on the inertia of matrices with prescribed spectra, and of a network's Hessian against the dense one."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.stats

from condenslab.measures import inertia_at, inertia_bounds, inertia_bounds_at, inertia_by_layer
from condenslab.networks import mlp, ravel
from condenslab.risk import EmpiricalRisk
from learning import small_network, small_risk


@functools.cache
def rotation(size):
    return scipy.stats.ortho_group.rvs(size, random_state=0)


def bounds(spectrum, **options):
    """Bounds for Q·diag(spectrum)·Qᵀ with a random rotation Q."""
    spectrum = np.asarray(spectrum, dtype=np.float64)
    matrix = jnp.asarray(rotation(len(spectrum)) @ np.diag(spectrum) @ rotation(len(spectrum)).T)
    return inertia_bounds(jax.tree_util.Partial(jnp.matmul, matrix), len(spectrum), jax.random.key(1), **options)


SPECTRA = {
    "distinct": [*np.linspace(1, 5, 12), *np.linspace(-3, -0.5, 7), *np.zeros(11)],
    "decades": [*np.logspace(-6, 2, 12), *-np.logspace(-5, 0, 7), *np.zeros(11)],
    "positive": [*np.linspace(1, 2, 30)],
    "zero": np.zeros(30),
    "few distinct": [2.0] * 14 + [-1.0] * 16,
}


@pytest.mark.parametrize("steps", [3, 20, 60])
@pytest.mark.parametrize("name", SPECTRA)
def test_the_bounds_never_exceed_the_prescribed_counts(name, steps):
    spectrum = np.asarray(SPECTRA[name])
    found = bounds(spectrum, steps=steps)
    assert 0 <= found.positive <= np.sum(spectrum > 0)
    assert 0 <= found.negative <= np.sum(spectrum < 0)
    assert found.most_zero >= np.sum(spectrum == 0)
    nearest = np.abs(found.eigenvalues[:, None] - spectrum[None, :]).min(axis=1)
    assert np.all(nearest <= found.residuals + 1e-13 * np.abs(spectrum).max(initial=1.0))


def test_simple_eigenvalues_are_all_found_in_the_end():
    """With as many steps as the spectrum has distinct values, the Krylov space holds one vector of each."""
    found = bounds(SPECTRA["distinct"], steps=30, starts=1)
    assert (found.positive, found.negative) == (12, 7)
    assert str(found) == "at least 12 positive and 7 negative of 30"


def test_a_multiple_eigenvalue_is_met_once_a_start():
    for starts in (1, 3):
        found = bounds(SPECTRA["few distinct"], steps=10, starts=starts)
        assert (found.positive, found.negative, found.dimension) == (starts, starts, 2 * starts)


def test_eigenvalues_below_the_gradient_level_are_not_counted():
    spectrum = [1.0, 1e-3, -1e-3, -1.0, 0.0]
    assert bounds(spectrum, gradient_norm=1e-2).tolerance == 1e-2
    assert (bounds(spectrum, gradient_norm=1e-2).positive, bounds(spectrum).positive) == (1, 2)


@pytest.mark.parametrize("kind", ["two-layer", "deep"])
def test_bounds_and_blocks_of_a_network(kind):
    """The bounds are below the dense counts; each layer's block is that of the Hessian, and interlaces with it."""
    if kind == "deep":
        network, sizes = mlp(0, widths=(2, 3, 3, 1), activation="tanh", std=0.9), [9, 12, 3]
    else:
        network, sizes = small_network(0, width=4, inputs=2, output_bias=True), [12, 5]
    base = small_risk(3, samples=9, inputs=2)
    risk = EmpiricalRisk(base.inputs, 5.0 * base.targets)
    whole = inertia_at(risk, network, tolerance=1e-12)
    found = inertia_bounds_at(risk, network, jax.random.key(0))
    level = float(np.abs(ravel(jax.jit(lambda net: risk.gradient(net))(network))).sum())
    assert found.gradient_norm == pytest.approx(level, rel=1e-12)
    assert found.positive <= whole.positive
    assert found.negative <= whole.negative
    assert found.eigenvalues[-1] == pytest.approx(whole.eigenvalues[-1], rel=1e-10)
    blocks = inertia_by_layer(risk, network, tolerance=1e-12)
    assert [len(block.eigenvalues) for block in blocks] == sizes
    assert sum(block.eigenvalues.sum() for block in blocks) == pytest.approx(whole.eigenvalues.sum(), rel=1e-12)
    for block in blocks:
        assert block.negative <= whole.negative
        assert block.positive <= whole.positive
        shift = len(whole.eigenvalues) - len(block.eigenvalues)
        assert np.all(block.eigenvalues >= whole.eigenvalues[: len(block.eigenvalues)] - 1e-12)
        assert np.all(block.eigenvalues <= whole.eigenvalues[shift:] + 1e-12)
    assert sum(block.gradient_norm for block in blocks) == pytest.approx(level, rel=1e-12)


def test_a_layers_block_by_numerical_differences():
    """The output layer of a two-layer network with squared loss: R is quadratic in A and c, block 2 E[h̃h̃ᵀ]."""
    network, risk = small_network(2, width=3, inputs=1, output_bias=True), small_risk(2)
    h = np.column_stack([np.tanh(np.asarray(network.preactivations(risk.inputs))), np.ones(6)])
    expected = np.linalg.eigvalsh(2 * h.T @ h / 6)
    np.testing.assert_allclose(inertia_by_layer(risk, network)[1].eigenvalues, expected, rtol=1e-9)


@pytest.mark.parametrize(
    ("options", "message"),
    [({"steps": 0}, "steps"), ({"starts": 0}, "starts"), ({"gradient_norm": -1.0}, "gradient_norm")],
)
def test_requests_that_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        bounds(np.ones(4), **options)


def test_single_precision_and_unknown_networks_are_refused():
    with pytest.raises(TypeError, match="float64"):
        inertia_bounds(lambda v: v.astype(jnp.float32), 3, jax.random.key(0))
    with pytest.raises(TypeError, match="TwoLayer"):
        inertia_by_layer(small_risk(0), {"slope": jnp.ones(2)})
