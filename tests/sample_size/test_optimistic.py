"""Closed forms against the numbers that the theory prints, and refusals where a target is outside of the model."""

import numpy as np
import pytest

from condenslab import networks as nets
from condenslab.sample_size import optimistic


def test_two_layer_golden_values():
    """M = 2100, O = 21 of the decks; 9 for three tanh on a line, of 1500 parameters at width 500."""
    wide = optimistic.two_layer(5, 300, 3, bias=True)
    assert (wide.parameters, wide.value, wide.status) == (2100, 21, "exact")
    assert optimistic.two_layer(1, 500, 3, bias=True).value == 9
    assert optimistic.two_layer(1, 500, 3, bias=True).parameters == 1500
    assert optimistic.two_layer(4, 7, 0).value == 0


@pytest.mark.parametrize(("sharing", "per_kernel"), [("shared", 685), ("unshared", 6760), ("full", 530660)])
@pytest.mark.parametrize("k", [1, 3])
def test_the_table_for_mnist(sharing, per_kernel, k):
    assert optimistic.convolution(28, 3, 10, k, axes=2, sharing=sharing).value == per_kernel * k


@pytest.mark.parametrize(("sharing", "widths"), [("shared", 7), ("unshared", 15), ("full", 21)])
def test_parameters_of_the_experiment(sharing, widths):
    """N kernels have 7N, 15N and, fully connected at width 3N, 21N parameters."""
    for kernels in (1, 3, 10, 34, 100):
        found = optimistic.convolution(5, 3, kernels, 1, sharing=sharing, bias=True)
        assert (found.parameters, found.value) == (widths * kernels, widths)


def test_zero_output_weights():
    """The early variant k(s + 1)L − s·m_null would give 9 and 13."""
    values = [optimistic.convolution(5, 3, 2, 1, sharing=s, null_weights=1).value for s in ("unshared", "full")]
    assert values == [8, 12]


def test_deep_bounds():
    """F_{1,…,1}: d + L − 1; the whole space: M (arXiv 2406.18035, Table 1)."""
    assert optimistic.deep((7, 9, 9, 9, 1), (1, 1, 1)).value == 7 + 4 - 1
    whole = optimistic.deep((7, 9, 5, 1), (9, 5))
    assert whole.value == whole.parameters == 63 + 45 + 5
    assert whole.status == "upper bound"


def test_matrices_and_linear_models():
    assert [optimistic.matrix(4, 4, r).value for r in range(5)] == [0, 7, 12, 15, 16]
    assert optimistic.matrix(4, 4, 1).parameters == 32
    assert optimistic.matrix(3, 5, 1, inner=2).parameters == 16
    for left in range(5):
        for right in range(5):
            assert optimistic.factorisation_rank(4, 4, left, right) == 16 - (4 - left) * (4 - right)
    assert optimistic.linear(6).value == 6 and optimistic.linear(2, offset=True).value == 3
    assert optimistic.diagonal(6, 2).value == 2 and optimistic.diagonal(6, 2).parameters == 12
    assert optimistic.deep_diagonal(6, 3, 2).parameters == 18


def test_parameters_are_those_of_the_networks():
    one = nets.multi_head_attention(0, heads=3, d_model=4, d=2, d_v=1, std=1.0)
    assert optimistic.attention(4, 2, 3, d_v=1).parameters == nets.parameter_count(one)
    spline = nets.kan(0, widths=(2, 5, 1), intervals=4, degree=3, std=1.0)
    assert optimistic.kan(2, 5, 4).parameters == nets.parameter_count(spline)
    assert optimistic.kan(2, 5, 4).value is None and "none known" in str(optimistic.kan(2, 5, 4))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: optimistic.two_layer(5, 2, 3), "intrinsic width must be at most that of the model, 2"),
        (lambda: optimistic.deep((5, 2, 1), (3,)), "intrinsic width"),
        (lambda: optimistic.deep((5, 2, 1), (1, 1)), "one width for each hidden layer"),
        (lambda: optimistic.convolution(5, 3, 1, 2), "intrinsic number of kernels"),
        (lambda: optimistic.convolution(3, 5, 1, 1), "fit into the inputs"),
        (lambda: optimistic.convolution(5, 3, 1, 1, null_weights=3), "at most 2"),
        (lambda: optimistic.attention(4, 2, 1, 2), "number of heads"),
        (lambda: optimistic.matrix(4, 4, 3, inner=2), "rank of the target must be at most 2"),
        (lambda: optimistic.factorisation_rank(2, 2, 3, 0), "at most 2 and 2"),
        (lambda: optimistic.diagonal(3, 4), "nonzero must be at most"),
        (lambda: optimistic.two_layer(0, 2, 1), "inputs must be a whole number of at least 1"),
    ],
)
def test_a_target_outside_of_the_model_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_a_constant_neuron_counts_one_less():
    """2·tanh(1/2) by one neuron of w = 0, b = 1/2 of three: tangents 1, x₁ and x₂, so rank d + 1 and not d + 2."""
    points = np.random.default_rng(0).normal(size=(50, 2))

    def predict(theta, x):
        return np.tanh(x @ theta[:6].reshape(2, 3) + theta[6:9]) @ theta[9:]

    theta = np.zeros(12, complex)
    theta[6], theta[9] = 0.5, 2.0
    jacobian = np.stack([predict(theta + 1e-30j * e, points).imag / 1e-30 for e in np.eye(12)])
    assert np.linalg.matrix_rank(jacobian) == 3
    formula = optimistic.two_layer(2, 3, 1, bias=True)
    assert formula.value == 4 and any("constant" in assumed for assumed in formula.assumptions)
    assert not any("constant" in assumed for assumed in optimistic.two_layer(2, 3, 1).assumptions)
