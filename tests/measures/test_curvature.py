"""Inertia against prescribed spectra, Sylvester's law, and the published counts of the three-tanh problem."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from condenslab.measures import inertia, inertia_at, rank
from condenslab.measures.inertia_evidence import flat_between_copies
from condenslab.networks import MLP, TwoLayer, activation
from condenslab.risk import EmpiricalRisk
from golden import WIDTH_1, WIDTH_3, l1, made_critical, stationary, tanh_network, three_tanh

TANH = activation("tanh")


def symmetric(eigenvalues, seed=0):
    """A symmetric matrix with prescribed eigenvalues."""
    size = len(eigenvalues)
    basis = np.linalg.qr(np.random.default_rng(seed).normal(size=(size, size)))[0]
    return basis @ np.diag(eigenvalues) @ basis.T


@settings(max_examples=60, deadline=None)
@given(
    positive=st.integers(0, 6),
    zero=st.integers(0, 6),
    negative=st.integers(0, 6),
    decades=st.floats(0.0, 5.0),
    seed=st.integers(0, 10**6),
)
def test_prescribed_spectra(positive, zero, negative, decades, seed):
    random = np.random.default_rng(seed)
    sizes = 10 ** random.uniform(-decades, 0, size=positive + negative)
    eigenvalues = np.concatenate([sizes[:positive], np.zeros(zero), -sizes[positive:]])
    found = inertia(symmetric(eigenvalues, seed), gradient_norm=0.0)
    assert found.counts == (positive, zero, negative)
    assert found.decided or positive + zero + negative < 4  # a few entries do not show whether they are rounded
    np.testing.assert_allclose(found.eigenvalues, np.sort(eigenvalues), atol=1e-13)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), zero=st.integers(0, 3), spread=st.floats(0.0, 3.0))
def test_congruence_keeps_inertia(seed, zero, spread):
    """Sylvester: SᵀHS has the inertia of H, also for badly scaled S."""
    random = np.random.default_rng(seed)
    matrix = symmetric(np.array([3.0, 1.0, 0.2] + [0.0] * zero + [-0.5, -2.0]), seed)
    scale = np.diag(10 ** random.uniform(-spread / 2, spread / 2, size=len(matrix)))
    found = inertia(scale @ matrix @ scale, gradient_norm=0.0)
    assert found.counts == (3, zero, 2) or not found.decided
    assert spread > 1.5 or found.decided


def test_a_row_below_the_noise_is_no_direction_and_no_zero():
    """It may be the rounding of a dead parameter, or a parameter in another unit; one that is exactly 0 is dead."""
    matrix = np.diag([1.0, 1e-3, 0.0])
    assert (inertia(matrix, gradient_norm=0.0).counts, inertia(matrix, gradient_norm=0.0).decided) == ((2, 1, 0), True)
    matrix[2, :] = matrix[:, 2] = 1e-19
    found = inertia(matrix, gradient_norm=0.0)
    assert (found.counts, found.decided) == ((2, 1, 0), False)


def test_no_gap_is_undecided():
    found = inertia(np.diag(np.geomspace(1, 1e-15, 40)), gradient_norm=0.0)
    assert not found.decided
    assert "undecided" in str(found)


def test_signs_below_the_gradient_level_are_undecided():
    matrix = np.diag([1.0, 1e-4, -1e-4])
    assert inertia(matrix, gradient_norm=1e-8).decided
    assert not inertia(matrix, gradient_norm=1e-3).decided


def test_whole_numbers_and_truth_values_are_exact():
    matrix = np.array([[0, 1], [1, 0]])
    for kind in (int, np.uint8, bool):
        assert inertia(matrix.astype(kind), gradient_norm=0.0).counts == (1, 0, 1)
        assert (rank(matrix.astype(kind)).value, rank(matrix.astype(kind)).decided) == (2, True)
    with pytest.raises(ValueError, match="2⁵³"):
        rank(np.array([[2**60]]))


@pytest.mark.parametrize("bad", [-1.0, np.nan])
def test_a_tolerance_that_cuts_nowhere(bad):
    for ask in (lambda: rank(np.eye(2), tolerance=bad), lambda: inertia(np.eye(2), gradient_norm=0.0, tolerance=bad)):
        with pytest.raises(ValueError, match="tolerance must be"):
            ask()


def test_bad_matrices():
    with pytest.raises(TypeError, match="float64"):
        inertia(np.eye(2, dtype=np.float32), gradient_norm=0.0)
    assert inertia(np.eye(2, dtype=np.float32), gradient_norm=0.0, tolerance=1e-4).counts == (2, 0, 0)
    for matrix, message in [
        (np.ones((2, 3)), "square"),
        (np.array([[1.0, 2.0], [0.0, 1.0]]), "symmetric"),
        (np.array([[np.nan]]), "finite"),
    ]:
        with pytest.raises(ValueError, match=message):
            inertia(matrix, gradient_norm=0.0)
    with pytest.raises(ValueError, match="gradient_norm"):
        inertia(np.eye(2), gradient_norm=float("nan"))
    assert inertia(np.zeros((0, 0)), gradient_norm=0.0).counts == (0, 0, 0)
    assert inertia(np.zeros((3, 3)), gradient_norm=0.0).counts == (0, 3, 0)


@pytest.mark.parametrize(("width", "counts"), [(1, (3, 0, 0)), (2, (6, 0, 0))])
def test_published_minima(width, counts):
    found = inertia_at(three_tanh(), stationary(width))
    assert (found.counts, found.decided) == (counts, True)
    assert found.gradient_norm == pytest.approx(l1(three_tanh(), stationary(width)))
    if width == 1:
        np.testing.assert_allclose(found.eigenvalues, [0.0629, 13.35, 458.4], rtol=1e-3)
    else:
        assert found.eigenvalues[0] == pytest.approx(1.31e-4, rel=1e-2)


def test_published_global_minimum():
    found = inertia_at(three_tanh(), tanh_network(WIDTH_3))
    assert (found.counts, found.decided) == ((9, 0, 0), True)
    assert found.eigenvalues[0] == pytest.approx(4.2e-4, rel=2e-2)


def test_a_point_of_six_digits_is_not_stationary_enough():
    """The printed digits leave a gradient of 2e-4, above no eigenvalue of width 1 but said in the evidence."""
    found = inertia_at(three_tanh(), tanh_network(WIDTH_1))
    assert found.gradient_norm == pytest.approx(1.9e-4, rel=0.1)


def test_a_saddle_made_to_order():
    """The worked 1-2-2-1 example: the assembled counts are those of a numerical Hessian of the gradient."""
    theta = (1.1, -0.8, 0.9, 1.6, 1.7, -1.2, 0.8, 1.9, 0.4, -0.7, 1.3, -1.1, 0.2)
    w1, b1, w2, b2, w3, b3 = np.split(np.array(theta), [2, 4, 8, 10, 12])
    network = MLP(
        (jnp.asarray(w1[:, None]), jnp.asarray(w2.reshape(2, 2)), jnp.asarray(w3[None, :])),
        (jnp.asarray(b1), jnp.asarray(b2), jnp.asarray(b3)),
        activation("tanh"),
    )
    risk = made_critical(network, np.linspace(-5, 5, 60)[:, None])
    assert l1(risk, network) < 1e-11
    found = inertia_at(risk, network)
    assert found.decided
    assert sum(found.counts) == 13
    assert found.negative > 0


def test_single_precision_networks_are_refused():
    single = jax.tree.map(lambda leaf: leaf.astype(jnp.float32), stationary(1))
    with pytest.raises(TypeError, match="float64"):
        inertia_at(three_tanh(), single)
    assert inertia_at(three_tanh(), single, tolerance=1e-3).counts == (3, 0, 0)


def test_any_pytree_and_no_parameters():
    risk = EmpiricalRisk(jnp.ones((2, 1)), jnp.zeros((2, 1)), predict=lambda p, x: p["a"] * p["b"] * x)
    found = inertia_at(risk, {"a": jnp.asarray(0.0), "b": jnp.asarray(0.0)})
    assert found.counts == (0, 2, 0)
    empty = TwoLayer(jnp.zeros((0, 1)), jnp.zeros(0), jnp.zeros((1, 0)), None, activation("tanh"))
    assert inertia_at(three_tanh(), empty).counts == (0, 0, 0)


@pytest.mark.parametrize("layer", [0, 1])
@pytest.mark.parametrize(("outputs", "shares"), [(1, (0.3, -0.5)), (2, (0.0, 0.0)), (2, (1.0, 0.4)), (3, (0.25, 0.0))])
def test_moves_between_equal_neurons_are_flat(layer, outputs, shares):
    """Against the exact kernel: a second computation with hundreds of digits never finds fewer zeros."""
    random = np.random.default_rng(outputs)
    sizes = (1, 2, 2, outputs) if layer else (1, 2, outputs)
    weights = [random.normal(size=(out, into)) for into, out in itertools.pairwise(sizes)]
    biases = [random.normal(size=out) for out in sizes[1:-1]] + [None]
    narrow = MLP(tuple(map(jnp.asarray, weights)), tuple(b if b is None else jnp.asarray(b) for b in biases), TANH)
    risk = made_critical(narrow, np.linspace(-3, 3, 30)[:, None])
    for share in shares:
        weights[layer], biases[layer] = (np.concatenate([part, part[:1]]) for part in (weights[layer], biases[layer]))
        column = weights[layer + 1][:, :1]
        weights[layer + 1] = np.column_stack([(1 - share) * column, weights[layer + 1][:, 1:], share * column])
    wide = MLP(tuple(map(jnp.asarray, weights)), tuple(b if b is None else jnp.asarray(b) for b in biases), TANH)
    found, flat = inertia_at(risk, wide), flat_between_copies(risk, wide)
    assert flat == 2 and found.decided and found.zero >= flat


def test_what_is_not_known_to_be_flat_is_not_counted():
    equal = np.ones((3, 1))
    silent = TwoLayer(jnp.asarray(equal), jnp.ones(3), jnp.zeros((1, 3)), None, TANH)
    assert flat_between_copies(three_tanh(), silent) == 0
    skipping = MLP((jnp.ones((2, 1)), jnp.ones((2, 2)), jnp.ones((1, 2))), (None,) * 3, TANH, residual=True)
    assert flat_between_copies(three_tanh(), skipping) == 0
    other = EmpiricalRisk(np.zeros((3, 1)), np.zeros((3, 1)), predict=lambda network, x: network(x))
    assert flat_between_copies(other, silent) == 0


def test_a_wide_splitting_is_decided_by_its_flat_directions():
    """EP22, Theorem 6.2: the width-2 minimum, each neuron split in equal parts, has m + 4, m − 2 and m − 2 of each."""
    risk, half = three_tanh(), 60
    narrow = stationary(2)
    wide = TwoLayer(
        jnp.repeat(narrow.input_weights, half, axis=0),
        jnp.repeat(narrow.biases, half),
        jnp.repeat(narrow.output_weights, half, axis=1) / half,
        None,
        narrow.activation,
    )
    found = inertia_at(risk, wide)
    assert flat_between_copies(risk, wide) == 118
    assert found.decided and found.counts == (124, 118, 118)
