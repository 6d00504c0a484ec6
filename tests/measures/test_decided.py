"""Numbers that once said "decided" and were wrong, each with the right one from outside of this library."""

import equinox as eqx
import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
import scipy.linalg
from jax.tree_util import Partial
from scipy.interpolate import BSpline

from condenslab import networks
from condenslab.measures import (
    cell_probes,
    covering_probes,
    exact_model_rank,
    further_probes,
    inertia,
    inertia_at,
    inertia_bounds,
    model_rank,
    rank,
    rank_bounds,
)
from condenslab.measures.fixed_point import FixedPoint
from condenslab.networks import MatrixFactorisation, TwoLayer, activation, spline
from condenslab.networks.factored import index_pairs
from condenslab.risk import EmpiricalRisk
from golden import stationary, three_tanh


def two_layer(weights, outgoing, biases=None):
    inner, outer = (jnp.asarray(np.asarray(part, dtype=float)) for part in (weights, outgoing))
    shifts = None if biases is None else jnp.asarray(biases)
    return TwoLayer(inner[:, None], shifts, outer[None], None, activation("tanh"))


def test_one_neuron_of_small_weight():
    """σ, σ′x and σ′ are independent; to 60 digits the third singular value on these probes is 3.4563557e-9."""
    found = model_rank(two_layer([1e-4], [1.0], np.array([0.1])), np.linspace(-1, 1, 30)[:, None])
    assert (found.value, found.decided) == (3, True)
    assert found.singular_values[2] == pytest.approx(3.4563557e-9, rel=1e-4)


@pytest.mark.parametrize("weight", [1e-7, 1e-12])
def test_a_weight_too_small_for_float64_to_see(weight):
    """The rank is the same; the numerical one is 2, and says so in its own field."""
    found = model_rank(two_layer([weight], [1.0], np.array([0.1])), np.linspace(-1, 1, 30)[:, None])
    assert (found.value, found.decided, found.effective) == (3, True, 2)
    assert "digits" in found.evidence


def test_four_distinct_neurons():
    """Rank k(d + 1) = 8 for four neurons without biases (local linear recovery, Theorem 4)."""
    found = model_rank(two_layer([0.2, 0.3, 0.8, 1.2], np.ones(4)), np.linspace(-1, 1, 40)[:, None])
    assert (found.value, found.decided) == (8, True)


def test_neurons_that_agree_but_for_their_last_digit():
    """Two distinct neurons have rank 4, however near; one that is copied has 2."""
    probes = np.linspace(-2, 2, 40)[:, None]
    near = model_rank(two_layer([0.7, np.nextafter(0.7, 1.0)], [1.0, 0.5]), probes)
    assert near.effective == 2 and (near.value == 4 or not near.decided)
    assert model_rank(two_layer([0.7, 0.7], [1.0, 0.5]), probes).value == 2


@pytest.mark.parametrize("size", [8, 10, 11, 12])
def test_hilbert_matrices_are_regular(size):
    matrix = scipy.linalg.hilbert(size)
    found, curved = rank(matrix), inertia(matrix, gradient_norm=0.0)
    assert found.value == size or not found.decided
    assert curved.counts == (size, 0, 0) or not curved.decided


@pytest.mark.parametrize("reach", [1e-1, 3e-2, 1e-2, 3e-3, 1e-3, 3e-4])
@pytest.mark.parametrize("size", [4, 5, 6, 8])
def test_kernel_matrices_are_regular(reach, size):
    """exp(xy) is strictly totally positive (Karlin, 1968): its values fade into the noise, and go on below it."""
    points = np.linspace(-reach, reach, size) + 0.37 * reach / size
    kernel = np.exp(np.outer(points, points))
    found, curved = rank(kernel), inertia(kernel, gradient_norm=0.0)
    assert found.value == size or not found.decided
    assert curved.counts == (size, 0, 0) or not curved.decided


def test_the_minimum_of_a_polynomial_of_degree_nine():
    """R is quadratic with Hessian 2/n·VᵀV, V a Vandermonde matrix of 10 independent columns: (10, 0, 0)."""
    x = np.linspace(0.0, 1.0, 30)
    powers = jnp.asarray(np.vander(x, 10, increasing=True))
    risk = EmpiricalRisk(powers, jnp.zeros((30, 1)), predict=lambda c, v: v @ c[:, None])
    found = inertia_at(risk, jnp.zeros(10))
    assert (found.counts, found.decided) == ((10, 0, 0), True)


def test_a_flat_direction_is_zero_to_many_digits():
    """(a + b − 1)² is flat along a + b = 1: inertia (1, 1, 0), by a second computation at the minimum."""
    risk = EmpiricalRisk(jnp.ones((1, 1)), jnp.ones((1, 1)), predict=lambda p, x: (p[0] + p[1]) * x)
    found = inertia_at(risk, jnp.asarray([0.3, 0.7]))
    assert (found.counts, found.decided) == ((1, 1, 0), True)
    quartic = EmpiricalRisk(jnp.ones((1, 1)), jnp.zeros((1, 1)), predict=lambda p, x: (p[0] + 1e-9 * p[1]) * x)
    assert inertia_at(quartic, jnp.zeros(2)).effective == (1, 1, 0)
    assert inertia_at(quartic, jnp.zeros(2)).counts == (1, 1, 0)


@pytest.mark.parametrize("small", [1e-16, 1e-18, 1e-20])
def test_a_neuron_of_small_output_weight_where_residuals_are_rounding(small):
    """R = 0, so ∇²R = 2/n·JᵀJ, and on a product grid ∂f/∂θ are four independent functions: (4, 0, 0), none is zero.

    The small neuron's rows are orthogonal to the other's, so that rounded residuals are all that float64 has of them.
    """
    axis = np.linspace(-2, 2, 7)
    grid = jnp.asarray([(first, second) for first in axis for second in axis])

    def predict(p, x):
        return (p[0] * jnp.tanh(p[1] * x[:, 0]) + p[2] * jnp.tanh(p[3] * x[:, 1]))[:, None]

    theta = jnp.asarray([1.3, 0.9, small, 0.7])
    found = inertia_at(EmpiricalRisk(grid, predict(theta, grid), predict=predict), theta)
    assert found.counts == (4, 0, 0) or not found.decided


def test_copies_without_output_weights_are_flat():
    """They add three zeros each to the inertia of the minimum, which is (6, 0, 0): beyond a second computation."""
    narrow, copies = stationary(2), 60
    incoming = jnp.concatenate([narrow.input_weights, jnp.tile(narrow.input_weights[:1], (copies, 1))])
    biases = jnp.concatenate([narrow.biases, jnp.tile(narrow.biases[:1], copies)])
    outgoing = jnp.concatenate([narrow.output_weights, jnp.zeros((1, copies))], axis=1)
    found = inertia_at(three_tanh(), TwoLayer(incoming, biases, outgoing, None, narrow.activation))
    assert (found.counts, found.decided) == ((6, 3 * copies, 0), True)


@pytest.mark.parametrize("spread", [(0, 20, 40), (0, 10, 20, 30), tuple(range(0, 300, 20))])
def test_rows_and_columns_in_units_of_their_own(spread):
    """diag(1, 1e-20, 1e-40) is regular, and a unit a row or a column changes no rank: no zero is decided there."""
    scale = 10.0 ** -np.array(spread)
    dense = np.random.default_rng(0).normal(size=(len(spread), len(spread)))
    for matrix in (np.diag(scale), dense * scale, dense * scale[:, None]):
        found = rank(matrix)
        assert found.value == len(spread) or not found.decided
    signs = np.diag(scale * (-1.0) ** np.arange(len(spread)))
    found = inertia(signs, gradient_norm=0.0)
    assert found.counts == (-(-len(spread) // 2), 0, len(spread) // 2) or not found.decided


def test_three_layers_of_lightning_attention():
    """X → (XQ)(XK)ᵀ(XV) + X with d = 4 and a = 2, three times: bad scaling of rows; 49 by exact arithmetic mod p."""
    shapes = [(4, 2), (4, 2), (4, 4)] * 3
    random = np.random.default_rng(0)
    params = [random.normal(size=shape) for shape in shapes]

    def layers(theta, x):
        for q, k, v in zip(theta[::3], theta[1::3], theta[2::3], strict=True):
            x = x @ q @ np.swapaxes(x @ k, -1, -2) @ (x @ v)
        return x.reshape(-1, 1)

    probes = random.normal(size=(12, 3, 4))
    whole = [np.rint(1e3 * part).astype(int) for part in params]
    exact = exact_model_rank(layers, whole, np.rint(1e3 * probes).astype(int)).value

    def predict(theta, x):
        for q, k, v in zip(theta[::3], theta[1::3], theta[2::3], strict=True):
            x = x @ q @ jnp.swapaxes(x @ k, -1, -2) @ (x @ v)
        return x.reshape(x.shape[0], -1)

    found = model_rank([jnp.asarray(part) for part in params], probes, predict=predict)
    assert found.value == exact or not found.decided


def test_a_low_rank_of_rounded_factors():
    """At AB of rank 1 in 4 × 4 the rank is 7; the factors' rounding would make it 16."""
    random = np.random.default_rng(3)
    left, right = (random.normal(size=(4, 1)) @ random.normal(size=(1, 4)) for _ in range(2))
    found = model_rank(MatrixFactorisation(jnp.asarray(left), jnp.asarray(right)), index_pairs(4, 4))
    assert (found.value, found.decided) == (7, True)


@pytest.mark.parametrize(("refinements", "expected"), [(0, 15), (1, 22)])
def test_probes_that_miss_a_cell_of_a_spline_network(refinements, expected):
    """Seed 45: the inputs' own cells leave a hidden one unvisited."""
    network, intervals = networks.kan(45, widths=(2, 1, 1), intervals=3, std=0.25, law="uniform"), 3
    for _ in range(refinements):
        network, intervals = spline.refine(network), 2 * intervals
    count = 20 * networks.parameter_count(network)
    probes = cell_probes(45, [np.linspace(-1.0, 1.0, intervals + 1)] * 2, count)
    missed = model_rank(network, probes)
    assert not missed.decided and "miss cells" in str(missed)
    found = model_rank(network, further_probes(network, probes))
    assert (found.value, found.decided) == (expected, True)


@pytest.mark.parametrize(
    ("over", "expected"), [(1e-2, 15), (1e-3, 15), (1e-4, 15), (1e-6, 15), (-1e-6, 13), (-1e-2, 13)]
)
def test_a_hidden_value_that_reaches_little_of_a_piece(over, expected):
    """Φ(h), h = φ₁ + φ₂, on three intervals, h up to 1/3 + over: Φ is one cubic or two where h reaches.

    ∂f spans the splines in h over m pieces, m + 3, and Φ′·g₁(x₁), Φ′·g₂(x₂), 2·6 − 1; Φ′ and hΦ′ are in both for m = 1,
    (h − 1/3)Φ′ alone for m = 2. The cubic that begins at 1/3 grows to over³, below the noise for 1e-6.
    """
    network = networks.kan(3, widths=(2, 1, 1), intervals=3, std=0.25, law="uniform")
    coefficients, x = np.asarray(network.coefficients[0]), np.linspace(-1, 1, 40_001)
    top = sum(BSpline(np.asarray(network.knots[0]), c, 3)(x).max() for c in coefficients[0])
    shifted = jnp.asarray(coefficients + (1 / 3 + over - top) / 2)  # the basis adds up to 1
    network = eqx.tree_at(lambda n: n.coefficients[0], network, shifted)
    found = model_rank(network, further_probes(network, cell_probes(3, [np.linspace(-1, 1, 4)] * 2, 360)))
    assert found.value == expected or not found.decided
    assert found.decided or 0 < over < 5e-3


def test_cells_that_probes_meet_and_do_not_show():
    """ReLUs of x and y: four quadrants, of which one input each shows too little.

    (a_k, w_k, b_k) ↦ σ(w_k·x + b_k): σ′·(x, y, 1) and σ, which is w_k·x·σ′; 3 each, none of them affine.
    """
    network = TwoLayer(jnp.eye(2), jnp.zeros(2), jnp.ones((1, 2)), None, activation("relu"))
    quadrants = np.array([[1, 1], [1, -1], [-1, 1], [-1, -1]])
    probes = quadrants * [0.3, 0.2]
    found = model_rank(network, np.tile(probes, (4, 1)))
    assert not found.decided and found.value < 6
    whole = model_rank(network, further_probes(network, probes))
    assert (whole.value, whole.decided) == (6, True)


def dense_grid_rank(network, half_width):
    """Returns numpy's rank of JAX's own Jacobian on a fine grid."""
    axis = np.linspace(-half_width, half_width, 151)
    grid = np.stack(np.meshgrid(*[axis] * network.widths[0]), axis=-1).reshape(-1, network.widths[0])
    theta, rebuild = jax.flatten_util.ravel_pytree(network)
    rows = jax.jacfwd(lambda t: rebuild(t)(jnp.asarray(grid))[:, 0])(theta)
    return np.linalg.matrix_rank(np.linalg.qr(np.asarray(rows), mode="r"), rtol=1e-11)


@pytest.mark.parametrize(
    ("widths", "seed"), [((1, 2, 2, 1), 5), pytest.param((2, 3, 3, 1), 3, marks=pytest.mark.more), ((2, 4, 3, 1), 0)]
)
def test_deep_relu_networks_are_seen_in_all_their_cells(widths, seed):
    """No rank on a fine grid exceeds the one decided, and probes that see less are undecided."""
    network = networks.mlp(seed, widths=widths, activation="relu", std=1.0)
    found = model_rank(network, covering_probes(seed, network, 600))
    assert found.decided and found.value >= max(dense_grid_rank(network, scale) for scale in (1.0, 10.0))
    few = model_rank(network, np.random.default_rng(0).normal(size=(60, widths[0])))
    assert few.value == found.value or not few.decided


def test_bounds_of_a_spectrum_of_few_values():
    matrix = jnp.diag(jnp.asarray([5.0] * 4 + [0.0] * 3 + [-2.0] * 3))
    for seed in range(8):
        found = inertia_bounds(Partial(jnp.matmul, matrix), 10, jax.random.key(seed), starts=4)
        assert found.positive <= 4 and found.negative <= 3


def test_a_sketch_that_fades_bounds_nothing():
    """Two neurons of small weight: rank 6, of which float64 sees less."""
    network = two_layer([1e-4, 2e-4], [1.0, 0.5], np.array([0.1, 0.2]))
    found = rank_bounds(0, network, np.linspace(-1, 1, 40)[:, None], sketch=12)
    assert found.lower <= 6 <= found.upper


def test_a_hessian_that_does_not_fit_is_refused_before_it_is_formed():
    network = networks.two_layer(0, width=100_000, inputs=1, activation="tanh", scale=networks.Scale(1.0, 1.0))
    risk = EmpiricalRisk(jnp.ones((2, 1)), jnp.zeros((2, 1)))
    with pytest.raises(ValueError, match="GiB"):
        inertia_at(risk, network)


@pytest.mark.parametrize("name", ["exp", "expm1", "tanh", "erf", "erfc", "sin", "cos", "log1p", "sqrt", "logistic"])
def test_functions_of_many_digits(name):
    """Against mpmath, to a few units in the last of 300 binary digits."""
    numbers = FixedPoint(300)
    other = {"logistic": lambda z: 1 / (1 + mpmath.exp(-z))}.get(name) or getattr(mpmath, name)
    values = np.array([0.0, 1e-4, 0.3, 2.5, 6.0] if name in ("sqrt", "log1p") else [-6.0, -0.3, 1e-4, 0.0, 0.9, 3.0])
    found = numbers.apply(name, numbers.array(values))
    with mpmath.workprec(400):
        for value, got in zip(values, found, strict=True):
            assert abs(mpmath.mpf(int(got)) / mpmath.mpf(2) ** 300 - other(mpmath.mpf(float(value)))) < 2.0**-290
