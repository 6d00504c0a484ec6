"""Exact ranks against rational elimination, closed forms, and derivatives worked out by hand."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from condenslab.measures import PRIME, exact_jacobian, exact_model_rank, exact_rank, model_rank


def rational_rank(matrix):
    rows = [[Fraction(int(entry)) for entry in row] for row in matrix]
    found = 0
    for column in range(len(rows[0])):
        pivot = next((i for i in range(found, len(rows)) if rows[i][column] != 0), None)
        if pivot is None:
            continue
        rows[found], rows[pivot] = rows[pivot], rows[found]
        for i in range(found + 1, len(rows)):
            factor = rows[i][column] / rows[found][column]
            rows[i] = [a - factor * b for a, b in zip(rows[i], rows[found], strict=True)]
        found += 1
    return found


def factorisation(factors, inputs):
    return (factors[0] @ factors[1]).reshape(1, -1)


def integers(seed, *shape):
    return np.random.default_rng(seed).integers(0, PRIME, shape)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), rows=st.integers(1, 7), columns=st.integers(1, 7), inner=st.integers(1, 5))
def test_integer_matrices_against_rational_elimination(seed, rows, columns, inner):
    random = np.random.default_rng(seed)
    matrix = random.integers(-4, 4, (rows, inner)) @ random.integers(-4, 4, (inner, columns))
    assert exact_rank(matrix).value == rational_rank(matrix)


def test_a_prime_that_divides_every_minor_loses_rank():
    matrix = np.array([[1, 1], [1, 8]])
    assert exact_rank(matrix, prime=7).value == 1
    assert exact_rank(matrix).value == 2


def test_the_jacobian_is_the_derivative_worked_out_by_hand():
    """f = t₀²·x + t₁³ − t₀·t₁/2: ∂₀ = 2t₀x − t₁/2, ∂₁ = 3t₁² − t₀/2, mod 101."""
    p, half = 101, pow(2, -1, 101)

    def f(t, x):
        return (t[0] * t[0] * x[:, 0] + t[1] * t[1] * t[1] - t[0] * t[1] * pow(2, -1, p * p))[:, None]

    found = exact_jacobian(f, np.array([5, 7]), np.array([[2], [3]]), prime=p)
    expected = [[(2 * 5 * x - 7 * half) % p, (3 * 49 - 5 * half) % p] for x in (2, 3)]
    assert found.tolist() == expected


@pytest.mark.parametrize(("left", "right"), [(0, 0), (1, 1), (2, 2), (3, 3), (4, 4), (1, 3), (0, 4), (2, 3)])
def test_matrix_factorisation(left, right):
    """d² − (d − r_A)(d − r_B) (LSH, Lemma 2); numerically it is the same in tests of `rank`."""
    d, random = 4, np.random.default_rng(left + 10 * right)
    factors = [random.integers(-5, 6, (d, r)) @ random.integers(-5, 6, (r, d)) for r in (left, right)]
    found = exact_model_rank(factorisation, factors, np.zeros((1, 1), dtype=int), degree=1)
    assert found.value == d * d - (d - left) * (d - right)
    assert found.shape == (16, 32) and found.failure == pytest.approx(16 / PRIME)


@pytest.mark.parametrize(
    ("theta", "expected"),
    [
        ([3, 4, 0, 0, 0, 0], 1),  # sum of (a² − b²)x: #{j: (a_j, b_j) ≠ 0}
        ([3, 3, 0, 5, 0, 0], 2),  # coefficient 0 still costs one
        ([1, 2, 3, 4, 5, 6], 3),
    ],
)
def test_diagonal_networks(theta, expected):
    def diagonal(t, x):
        pairs = t.reshape(3, 2)
        return (x @ (pairs[:, 0] * pairs[:, 0] - pairs[:, 1] * pairs[:, 1]))[:, None]

    found = exact_model_rank(diagonal, np.array(theta), integers(0, 9, 3), degree=1)
    assert found.value == expected
    assert (
        found.value
        == model_rank(
            np.array(theta, dtype=float), integers(1, 9, 3) / PRIME, predict=lambda t, x: diagonal(t, x)
        ).value
    )


def test_rational_parameters_and_a_published_matrix():
    """M1 of the papers has rank 1: at its balanced-by-hand factors the model rank is 7 of 32 parameters."""
    column, row = np.array([1, 2, 4, 7]), [Fraction(1), Fraction("0.3"), Fraction("0.7"), Fraction("-0.4")]
    left, right = np.zeros((4, 4), dtype=object), np.zeros((4, 4), dtype=object)
    left[:, 0], right[0] = column, row
    if_wrong = exact_rank(np.outer(column, np.array(row, dtype=object)))
    assert if_wrong.value == 1
    assert exact_model_rank(factorisation, [left, right], np.zeros((1, 1), dtype=int)).value == 7


def test_what_is_not_exact_is_refused():
    with pytest.raises(ValueError, match="prime"):
        exact_rank(np.eye(2), prime=91)
    with pytest.raises(ValueError, match="row, column"):
        exact_rank(np.ones(3))
    with pytest.raises(ValueError, match="divide no denominator"):
        exact_rank(np.array([[Fraction(1, 7)]], dtype=object), prime=7)
    with pytest.raises(TypeError, match="integers"):
        exact_model_rank(lambda t, x: np.array([[0.5]]), np.array([1]), np.zeros((1, 1), dtype=int))
    assert str(exact_rank(np.eye(2))) == "at least 2"
