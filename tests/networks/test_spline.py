"""B-splines against SciPy's; spline networks by sums over connections; knot insertion and width keep the function."""

import importlib.util
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.interpolate import BSpline

from condenslab.measures import model_rank
from condenslab.networks import KAN, apply, kan, parameter_count, spline

outputs_of = jax.jit(apply)
UNEVEN = (-1.0, -0.9, -0.4, 0.0, 0.1, 0.7, 0.75, 1.2, 1.5)


@pytest.mark.parametrize("degree", [0, 1, 3, 5])
@pytest.mark.parametrize("knots", [UNEVEN, spline.uniform_knots(-1.0, 1.0, 4, 5)])
def test_the_basis_is_scipys(degree, knots):
    x = np.linspace(knots[0] - 0.2, knots[-1] + 0.2, 301) + 1e-7 * np.pi  # no point on a knot: intervals are half open
    found = np.asarray(spline.bspline_basis(jnp.asarray(x), knots, degree))
    for k in range(len(knots) - degree - 1):
        own = np.array(knots[k : k + degree + 2])
        expected = np.nan_to_num(BSpline.basis_element(own, extrapolate=False)(x))
        np.testing.assert_allclose(found[:, k], expected, atol=1e-13)


@pytest.mark.parametrize("degree", [1, 3])
def test_clamped_knots_and_the_right_end(degree):
    """On clamped knots the splines sum to 1 on the whole closed interval."""
    knots = (*[0.0] * degree, 0.0, 0.3, 0.5, 1.0, *[1.0] * degree)
    x = np.linspace(0.0, 1.0, 41)
    found = np.asarray(spline.bspline_basis(jnp.asarray(x), knots, degree))
    np.testing.assert_allclose(found.sum(axis=1), 1.0, rtol=1e-13)
    np.testing.assert_allclose(found, BSpline.design_matrix(x, np.array(knots), degree).toarray(), atol=1e-13)


def test_a_network_is_a_sum_over_connections():
    network = kan(0, widths=(2, 3, 1), intervals=(3, 4), degree=3, std=0.2)
    x = np.random.default_rng(0).uniform(-0.9, 0.9, size=(7, 2))
    hidden = x
    for c, knots in zip(network.coefficients, network.knots, strict=True):
        assert np.abs(hidden).max() < 1, "SciPy extrapolates beyond the grid"
        nexts = np.zeros((7, c.shape[0]))
        for o in range(c.shape[0]):
            for j in range(c.shape[1]):
                nexts[:, o] += BSpline(np.array(knots), np.asarray(c[o, j]), 3)(hidden[:, j])
        hidden = nexts
    np.testing.assert_allclose(network(jnp.asarray(x)), hidden, rtol=1e-11, atol=1e-13)
    assert network.widths == (2, 3, 1)
    assert parameter_count(network) == 2 * 3 * 6 + 3 * 7


def test_against_an_existing_kan_package():
    """pykan's basis, where it and torch are installed; only its file of splines is loaded."""
    package, torch = importlib.util.find_spec("kan"), pytest.importorskip("torch")
    if package is None:
        pytest.skip("pykan is no dependency; SciPy is the reference that is always there")
    place = Path(package.submodule_search_locations[0]) / "spline.py"
    existing = importlib.util.module_from_spec(spec := importlib.util.spec_from_file_location("pykan_spline", place))
    spec.loader.exec_module(existing)
    knots = spline.uniform_knots(-1.0, 1.0, 5, 3)
    x = np.random.default_rng(0).uniform(-1, 1, size=(20, 2))
    expected = existing.B_batch(torch.tensor(x), torch.tensor(np.tile(knots, (2, 1))), k=3).numpy()
    np.testing.assert_allclose(spline.bspline_basis(jnp.asarray(x), knots, 3), expected, atol=1e-12)


@pytest.fixture(scope="module")
def small():
    network, x = kan(0, widths=(2, 2, 1), intervals=2, degree=3, std=0.3), points()
    return network, x, model_rank(network, x)


def points():
    return jnp.asarray(np.random.default_rng(1).uniform(-1, 1, size=(300, 2)))


WIDER = {
    "null": lambda n: spline.add_null_splines(n, 0, 2),
    "copy": lambda n: spline.copy_spline(n, 0, 1),
    "uneven copy": lambda n: spline.copy_spline(n, 0, 0, share=1.7),
}


@pytest.mark.parametrize("name", WIDER)
def test_width_keeps_output_and_rank(small, name):
    network, x, before = small
    wide = WIDER[name](network)
    np.testing.assert_allclose(outputs_of(wide, x), outputs_of(network, x), rtol=1e-12, atol=1e-14)
    after = model_rank(wide, x)
    assert before.decided and after.decided
    assert after.value == before.value and parameter_count(wide) > parameter_count(network)


@pytest.mark.parametrize("layer", [0, 1, None])
def test_a_finer_grid_keeps_the_output_and_adds_rank(small, layer):
    network, x, before = small
    fine = spline.refine(network, layer)
    for part in (x, 3 * x):
        np.testing.assert_allclose(outputs_of(fine, part), outputs_of(network, part), rtol=1e-11, atol=1e-14)
    after = model_rank(fine, x)
    assert before.decided and after.decided
    assert before.value < after.value <= parameter_count(fine)


def test_refining_uneven_and_clamped_knots():
    clamped = (0.0, 0.0, 0.0, 0.2, 1.0, 1.0, 1.0)
    network = KAN((jnp.asarray(np.random.default_rng(0).normal(size=(1, 1, 4))),), (clamped,), 2)
    fine = spline.refine(network)
    x = jnp.linspace(-0.5, 1.5, 81)[:, None]
    np.testing.assert_allclose(fine(x), network(x), atol=1e-13)
    assert fine.knots[0] == (0.0, 0.0, 0.0, 0.1, 0.2, 0.6, 1.0, 1.0, 1.0)


def test_mistakes(small):
    network, x, _ = small
    with pytest.raises(ValueError, match="low must be below high"):
        spline.uniform_knots(1.0, 1.0, 2, 3)
    with pytest.raises(ValueError, match="increasing"):
        spline.bspline_basis(x, (0.0, 1.0, 0.5), 1)
    with pytest.raises(ValueError, match="needs 6 knots"):
        KAN((jnp.ones((1, 1, 4)),), ((0.0, 1.0, 2.0),), 1)
    with pytest.raises(ValueError, match="one knot vector"):
        KAN((jnp.ones((1, 1, 4)),), (), 1)
    with pytest.raises(ValueError, match="2 inputs"):
        network(x[:, :1])
    with pytest.raises(IndexError, match="layer must be"):
        spline.copy_spline(network, 1, 0)
    with pytest.raises(IndexError, match="neuron must be"):
        spline.copy_spline(network, 0, 2)
    with pytest.raises(IndexError, match="layer must be"):
        spline.refine(network, 2)
    with pytest.raises(ValueError, match="two widths"):
        kan(0, widths=(2, 1), intervals=(3, 3), std=1.0)
