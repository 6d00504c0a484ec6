"""Ranks without rounding: polynomial models over a finite field."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import jax
import numpy as np
from jaxtyping import PyTree

PRIME = 2**31 - 1
"""The default p, a Mersenne prime: products of two residues fit in 64 bits."""


@dataclass(frozen=True)
class ExactRank:
    """A rank over GF(p).

    Attributes:
        value: The rank mod p. The rank over the rationals is at least this (a minor that is not 0 mod p is not 0).
        prime: p.
        shape: Of the matrix, (row, column).
        failure: A bound on the probability that the generic rank is larger, or None where no degree was stated. It is
            about what was drawn at random, with the rest as given: see `exact_model_rank`.
    """

    value: int
    prime: int
    shape: tuple[int, int]
    failure: float | None = None

    def __str__(self) -> str:
        """Returns the rank, and how sure it is."""
        sure = "at least" if self.failure is None else f"wrong with probability at most {self.failure:.1g}:"
        return f"{sure} {self.value}"


def exact_rank(matrix: np.ndarray, *, prime: int = PRIME) -> ExactRank:
    """Returns the rank of a matrix of integers or rationals, reduced mod p, by Gaussian elimination.

    Args:
        matrix: Integers, fractions, or floats (taken as the dyadic rationals that they are), shape (row, column).
        prime: p, a prime below 2³¹ that divides no denominator.

    Raises:
        ValueError: Not a matrix, p out of range or not prime, or p divides a denominator.

    Example:
        >>> exact_rank(np.array([[1, 2], [2, 4], [3, 6]])).value
        1
    """
    _check_prime(prime)
    array = np.asarray(matrix)
    if array.ndim != 2:
        raise ValueError(f"a rank is that of a matrix (row, column). Got shape {array.shape}.")
    rows = _residues(array, prime).astype(np.int64)
    return ExactRank(_eliminate(rows if rows.shape[0] >= rows.shape[1] else rows.T.copy(), prime), prime, array.shape)


def exact_jacobian(
    predict: Callable[[PyTree, Any], np.ndarray], params: PyTree, inputs: np.ndarray, *, prime: int = PRIME
) -> np.ndarray:
    """Returns the Jacobian mod p of a polynomial model with rational coefficients, exactly.

    For a polynomial f, f(θ + p·e_j) ≡ f(θ) + p·∂_j f(θ) mod p²; with integers of any size the quotient
    (f(θ + p·e_j) − f(θ))/p is ∂_j f(θ) mod p, whatever the degree.

    Args:
        predict: (params, inputs) → outputs (sample, output), by +, −, · and @ alone, on numpy arrays of Python integers
            (no division, no JAX).
        params: θ, a pytree of arrays of integers, fractions or floats.
        inputs: Probes, likewise, any shape that `predict` takes.
        prime: As for `exact_rank`.

    Returns:
        Residues, shape (sample·output, param), parameters in the order of the pytree's leaves.

    Raises:
        ValueError: p is out of range or not prime, or divides a denominator.
        TypeError: `predict` returns something else than exact integers.
    """
    _check_prime(prime)
    square = prime * prime
    leaves, structure = jax.tree.flatten(params, is_leaf=lambda leaf: isinstance(leaf, np.ndarray))
    theta = [_residues(np.asarray(leaf), square) for leaf in leaves]
    probes = _residues(np.asarray(inputs), square)

    def outputs() -> np.ndarray:
        found = np.asarray(predict(jax.tree.unflatten(structure, theta), probes))
        if found.dtype != object or not all(isinstance(value, int) for value in found.flat):
            raise TypeError(
                "predict must compute with +, −, · and @ on numpy arrays of Python integers, so that nothing is "
                f"rounded. Got outputs of dtype {found.dtype}."
            )
        return found.reshape(-1)

    base, columns = outputs(), []
    for leaf in theta:
        for place in np.ndindex(leaf.shape):
            kept = leaf[place]
            leaf[place] = kept + prime
            columns.append((outputs() - base) // prime % prime)
            leaf[place] = kept
    return np.stack(columns, axis=1) if columns else np.zeros((base.size, 0), dtype=object)


def exact_model_rank(
    predict: Callable[[PyTree, Any], np.ndarray],
    params: PyTree,
    inputs: np.ndarray,
    *,
    degree: int | None = None,
    prime: int = PRIME,
) -> ExactRank:
    """Returns the rank over GF(p) of the Jacobian of a polynomial model, beside the numerical `model_rank`.

    The rank mod p is a certain lower bound of the rank at (θ, inputs) over the rationals, hence of the generic one.
    Where the inputs (or the parameters, or both) are uniform in {0, …, p − 1}, a minor of size r that is not
    identically zero mod p vanishes by bad luck with probability at most degree·r/p (Schwartz and Zippel), with r at
    most min(rows, columns); that no coefficient is lost mod p is assumed, and a second prime tests it. What was not
    drawn at random stays as given: with random parameters and probes of one's own the probability is that of the
    generic rank *on these probes*, and probes that miss something (too few, or on a line) have it for certain.

    Args:
        predict: As for `exact_jacobian`.
        params: θ; for the generic rank, random integers.
        inputs: Probes, random integers for the model rank at θ.
        degree: The degree of the Jacobian's entries in what was drawn at random, for the bound; None for no bound.
            State it only where that was drawn uniformly; the bound knows nothing of other choices.
        prime: p.

    Raises:
        ValueError: As for `exact_jacobian`.
        TypeError: Likewise.

    References:
        J. T. Schwartz, J. ACM 27 (1980) 701–717; R. Zippel, EUROSAM 1979.

    Example:
        The product model θ₀ + θ₁x₁ + θ₂θ₃x₂ at 1 + x₁:

        >>> def product(t, x):
        ...     return (t[0] + t[1] * x[:, 0] + t[2] * t[3] * x[:, 1])[:, None]
        >>> x = np.random.default_rng(0).integers(0, PRIME, (8, 2))
        >>> exact_model_rank(product, np.array([1, 1, 0, 0]), x).value
        2
    """
    jacobian = exact_jacobian(predict, params, inputs, prime=prime)
    found = exact_rank(jacobian, prime=prime)
    failure = None if degree is None else min(1.0, degree * min(found.shape) / prime)
    return ExactRank(found.value, prime, found.shape, failure)


def _residues(array: np.ndarray, modulus: int) -> np.ndarray:
    """Returns integers in [0, modulus) as Python integers; a rational a/b becomes a·b⁻¹."""
    if array.dtype.kind == "i":
        return np.mod(array.astype(np.int64), modulus).astype(object)
    flat = []
    for value in array.reshape(-1):
        exact = Fraction(value.item() if isinstance(value, np.generic) else value)
        try:
            flat.append(exact.numerator * pow(exact.denominator, -1, modulus) % modulus)
        except ValueError as error:
            raise ValueError(
                f"prime must divide no denominator. Got {modulus} and {exact}: take another prime."
            ) from error
    residues = np.empty(len(flat), dtype=object)
    residues[:] = flat
    return residues.reshape(array.shape)


def _eliminate(rows: np.ndarray, prime: int) -> int:
    """Returns the rank of residues mod p, shape (row, column), which it overwrites."""
    found = 0
    for column in range(rows.shape[1]):
        pivots = np.flatnonzero(rows[found:, column])
        if not pivots.size:
            continue
        first = found + pivots[0]
        if first != found:
            rows[[found, first]] = rows[[first, found]]
        lead = rows[found] * pow(int(rows[found, column]), -1, prime) % prime
        below = rows[found + 1 :]
        hit = np.flatnonzero(below[:, column])
        below[hit] = (below[hit] - below[hit, column][:, None] * lead[None, :] % prime) % prime
        found += 1
        if found == rows.shape[0]:
            break
    return found


def _check_prime(prime: int) -> None:
    if not 2 < prime < 2**31 or any(prime % divisor == 0 for divisor in range(2, min(prime, 46_341))):
        raise ValueError(f"prime must be an odd prime below 2³¹. Got {prime}.")
