"""Ranks against exact arithmetic, prescribed spectra, and the ranks that the theory gives in closed form."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from condenslab.landscape import split_to_width
from condenslab.measures import model_rank, rank
from condenslab.networks import MLP, TwoLayer, activation, as_mlp
from golden import WIDTH_3, tanh_network, three_tanh
from planted import exact_rank


def spectrum_matrix(values, rows, columns, seed=0):
    """A matrix with prescribed singular values."""
    random = np.random.default_rng(seed)
    left = np.linalg.qr(random.normal(size=(rows, len(values))))[0]
    right = np.linalg.qr(random.normal(size=(columns, len(values))))[0]
    return left @ np.diag(values) @ right.T


def two_layer(weights, outgoing, sigma="tanh", biases=None):
    weights = jnp.asarray(np.asarray(weights, dtype=float))
    outgoing = jnp.asarray(np.atleast_2d(np.asarray(outgoing, dtype=float)))
    return TwoLayer(weights, None if biases is None else jnp.asarray(biases), outgoing, None, activation(sigma))


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    rows=st.integers(1, 7),
    columns=st.integers(1, 7),
    inner=st.integers(1, 5),
    low=st.integers(-4, 0),
)
def test_integer_matrices_against_rational_elimination(seed, rows, columns, inner, low):
    random = np.random.default_rng(seed)
    matrix = random.integers(low, 4, size=(rows, inner)) @ random.integers(low, 4, size=(inner, columns))
    found = rank(matrix.astype(float))
    assert found.decided
    assert found.value == exact_rank(matrix)


@pytest.mark.parametrize("shape", [(40, 12), (12, 40), (20, 20)])
@pytest.mark.parametrize("kept", [0, 1, 7, 12])
def test_prescribed_spectra(shape, kept):
    values = np.geomspace(1.0, 1e-4, kept) if kept else np.zeros(1)
    matrix = spectrum_matrix(values, *shape)
    found = rank(matrix)
    assert found.decided
    assert found.value == kept == np.linalg.matrix_rank(matrix)
    np.testing.assert_allclose(found.singular_values[:kept], values[:kept], rtol=1e-10)


def test_a_spectrum_that_fades_into_the_noise_is_undecided():
    found = rank(spectrum_matrix(np.geomspace(1.0, 1e-18, 40), 50, 40))
    assert not found.decided and found.value < 40
    assert "undecided" in str(found)


def test_what_is_above_the_noise_counts_however_wide_the_gaps():
    """A diagonal matrix without zeros has full rank."""
    assert (rank(np.diag(np.geomspace(1.0, 1e-14, 40))).value, rank(np.diag([1.0, 1.0, 1e-9])).value) == (40, 3)


def test_the_numerical_rank_is_another_field():
    """[[1, 1], [1, 1 + 2⁻⁵²]] is regular; its second singular value, 1.1e-16, is below every tolerance."""
    found = rank(np.array([[1.0, 1.0], [1.0, 1.0 + 2.0**-52]]))
    assert found.effective == 1 and (found.value == 2 or not found.decided)
    assert found.effective_tolerance == found.floor
    stated = rank(np.diag([1.0, 1e-9]), tolerance=1e-6)
    assert (stated.value, stated.effective, stated.effective_tolerance) == (1, 1, 1e-6)


def test_errors_of_the_entries_are_the_noise():
    matrix = np.diag([1.0, 1e-6, 1e-12])
    assert (rank(matrix).value, rank(matrix, errors=1e-11).value) == (3, 2)
    assert rank(matrix, errors=1e-11).decided and not rank(matrix, errors=1e-8).decided
    with pytest.raises(ValueError, match="errors"):
        rank(matrix, errors=-1.0)


def test_scaling_columns_keeps_a_decided_rank():
    matrix = spectrum_matrix([3.0, 2.0, 1.0], 30, 8)
    scaled = matrix * np.geomspace(1.0, 1e-3, 8)
    assert rank(scaled).value == rank(matrix).value == 3
    assert rank(scaled).decided


def test_an_embedded_small_value_is_counted():
    """1e-10 of the largest, and true: a fixed relative threshold of 1e-9 would lose it."""
    assert rank(spectrum_matrix([1.0, 1e-5, 1e-10], 9, 5)).singular_values[2] == pytest.approx(1e-10, rel=1e-3)
    assert rank(spectrum_matrix([1.0, 1e-5, 1e-10], 9, 5), tolerance=1e-12).value == 3


def test_precision_and_bad_matrices():
    single = np.eye(3, dtype=np.float32)
    with pytest.raises(TypeError, match="float64"):
        rank(single)
    assert rank(single, tolerance=1e-4).value == 3
    with pytest.raises(ValueError, match="finite"):
        rank(np.array([[1.0, np.nan]]))
    with pytest.raises(ValueError, match="matrix"):
        rank(np.ones(3))
    assert rank(np.zeros((5, 0))).value == 0
    assert rank(np.zeros((5, 3))).value == 0


# Model ranks in closed form: sample_size.md sections 2-5 and 12.


def test_three_tanh_has_rank_nine_also_from_nine_samples_and_at_any_width():
    teacher = tanh_network(WIDTH_3)
    probes = np.linspace(-20.0, 20.0, 200)[:, None]
    assert str(model_rank(teacher, probes)) == "9"
    assert str(model_rank(split_to_width(teacher, 40), probes)) == "9"
    nine = model_rank(teacher, np.linspace(-15.0, 14.0, 9)[:, None])
    assert (nine.value, nine.decided) == (9, True)
    assert nine.singular_values[-1] / nine.singular_values[0] == pytest.approx(3.6e-9, rel=0.05)


@pytest.mark.parametrize("samples", range(1, 12))
def test_rank_grows_by_one_a_sample_up_to_the_model_rank(samples):
    inputs = np.linspace(-11.0, 12.0, samples + 1)[1:, None]
    found = model_rank(split_to_width(tanh_network(WIDTH_3), 5), inputs)
    assert found.value == min(samples, 9)


@pytest.mark.parametrize(
    ("weights", "outgoing", "expected"),
    [
        ([[0.7], [-0.7]], [1.0, 0.5], 2),  # condensed up to sign
        ([[0.7], [1.3]], [1.0, 0.5], 4),  # generic
        ([[0.7], [1.3]], [1.0, 0.0], 3),  # r = m_w + m_a·d with a dead neuron
        ([[0.7], [0.0]], [1.0, 0.5], 3),  # w = 0, a ≠ 0 counts once in m_a
        ([[0.7], [0.0]], [1.0, 0.0], 2),
        ([[0.7, 0.1], [-0.7, -0.1], [0.2, 0.9]], [1.0, 2.0, 0.0], 4),  # m_w = 2, m_a = 1, d = 2
    ],
)
def test_two_layer_tanh_without_bias(weights, outgoing, expected):
    probes = np.random.default_rng(0).normal(size=(60, len(weights[0])))
    found = model_rank(two_layer(weights, outgoing), probes)
    assert (found.value, found.decided) == (expected, True)


def test_a_dead_neuron_costs_one_and_a_split_one_nothing():
    """d = 5, three shifted kernels with biases: 21 at the target, split or not, 22 with a random dead neuron."""
    kernels = np.zeros((3, 5))
    for s in range(3):
        kernels[s, s : s + 3] = (0.6, 0.8, 1.0)
    target = two_layer(kernels, np.ones(3), biases=np.zeros(3))
    probes = np.random.default_rng(1).normal(size=(200, 5))
    assert model_rank(target, probes).value == 21
    assert model_rank(split_to_width(target, 10), probes).value == 21
    random = np.random.default_rng(2).normal(size=(1, 5))
    dead = two_layer(np.concatenate([kernels, random]), [1.0, 1.0, 1.0, 0.0], biases=np.zeros(4))
    assert model_rank(dead, probes).value == 22


@pytest.mark.parametrize(
    ("second", "by_samples"),
    [((0.5, 0.3, -0.7, 0.4), [1, 2, 3, 3, 3, 3, 3, 3]), ((0.0, -0.8, 0.9, 0.0), [1, 2, 3, 4, 4, 4, 4, 4])],
    ids=["merged", "dead"],
)
def test_the_six_parameter_example(second, by_samples):
    """exp, d = 2: Hessian rank at zero loss by number of samples on the two branches (landscape.md section 9)."""
    extra, w1, w2, kept = second
    weights = [[-0.7, 0.4], [-0.7, 0.4]] if extra else [[-0.7, 0.4], [w1, w2]]
    outgoing = [1.2 - extra, extra] if extra else [1.2, kept]
    network = two_layer(weights, outgoing, "exp")
    random = np.random.default_rng(5)
    inputs = random.normal(size=(8, 2))
    assert [model_rank(network, inputs[:n]).value for n in range(1, 9)] == by_samples


@pytest.mark.parametrize("theta", [(1.0, 1.0, 0.0, 0.0), (1.0, 1.0, 0.5, 0.0), (0.0, 0.0, 0.0, 2.0)])
def test_any_pytree_and_predict(theta):
    """θ0 + θ1 x1 + θ2 θ3 x2 has rank 2 where θ2 = θ3 = 0, else 3."""

    def predict(params, inputs):
        return (params["a"] + params["b"] * inputs[:, 0] + params["c"] * params["d"] * inputs[:, 1])[:, None]

    params = {name: jnp.asarray(value) for name, value in zip("abcd", theta, strict=True)}
    probes = np.random.default_rng(0).uniform(-1, 1, size=(12, 2))
    found = model_rank(params, probes, predict=predict)
    assert found.value == (2 if theta[2] == theta[3] == 0 else 3)
    assert found.decided


@pytest.mark.parametrize(("left", "right"), [(0, 0), (1, 1), (2, 2), (3, 3), (4, 4), (1, 3), (0, 4), (2, 3)])
def test_matrix_factorisation(left, right):
    """f = AB in d × d has rank d² − (d − r_A)(d − r_B): 0, 7, 12, 15, 16 at equal ranks for d = 4."""
    d, random = 4, np.random.default_rng(left + 10 * right)
    params = [jnp.asarray(random.normal(size=(d, r)) @ random.normal(size=(r, d))) for r in (left, right)]

    def predict(factors, inputs):
        return jnp.broadcast_to((factors[0] @ factors[1]).reshape(1, -1), (inputs.shape[0], d * d))

    found = model_rank(params, np.zeros((1, 1)), predict=predict)
    assert (found.value, found.decided) == (d * d - (d - left) * (d - right), True)


def test_all_outputs_are_stacked_and_deep_networks_agree():
    network = two_layer([[0.7], [1.3]], [[1.0, 0.5], [0.3, -1.0]], biases=np.array([0.1, -0.4]))
    probes = np.linspace(-3, 3, 40)[:, None]
    assert model_rank(network, probes).value == 8
    deep = model_rank(as_mlp(network), probes)
    assert isinstance(as_mlp(network), MLP)
    np.testing.assert_allclose(deep.singular_values, model_rank(network, probes).singular_values, rtol=1e-10)


def test_single_precision_networks_are_refused():
    single = jax.tree.map(lambda leaf: leaf.astype(jnp.float32), tanh_network(WIDTH_3))
    probes = np.linspace(-20.0, 20.0, 60)[:, None]
    with pytest.raises(TypeError, match="float64"):
        model_rank(single, probes)
    assert model_rank(single, probes, tolerance=1e-3).value == 9


def test_bad_probes():
    with pytest.raises(ValueError, match="at least one input"):
        model_rank(tanh_network(WIDTH_3), np.zeros((0, 1)))
    with pytest.raises(ValueError, match="finite"):
        model_rank(two_layer([[1.0]], [1.0], "exp"), np.array([[1e4]]))
    assert three_tanh().inputs.shape == (50, 1)
