"""Bounds on the inertia of matrices that are known only by their products with vectors."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import scipy.linalg
from jax import Array
from jax.flatten_util import ravel_pytree
from jax.tree_util import Partial
from jaxtyping import Float, PyTree
from matfree import decomp

from condenslab.networks.checks import count
from condenslab.networks.conversion import Key, as_key
from condenslab.numerics import require_float64, rounding_floor
from condenslab.risk import Risk, require_risk

_INDEPENDENT = 1e-8
_FLOORS = 8.0
"""How many rounding floors the error of a projected matrix is allowed: up to 2.2 have been seen."""


@dataclass(frozen=True, eq=False)
class InertiaBounds:
    """How many eigenvalues of a symmetric matrix are positive and how many are negative, at least.

    There is no count of zeros: what a Krylov space has not met may be zero or not. They are at most
    size − positive − negative.

    Attributes:
        positive: A lower bound on n₊.
        negative: A lower bound on n₋.
        size: n, the number of rows of the matrix.
        tolerance: Eigenvalues of the projection within ± this value are not counted: what rounding can make of a zero,
            or the gradient level where that is higher.
        gradient_norm: L1 norm of the gradient at the point; 0 for a matrix that is just a matrix.
        eigenvalues: Of the projection QᵀHQ on an orthonormal basis Q, ascending, shape (dimension,).
        residuals: ‖Hy − λy‖ of each Ritz pair: some eigenvalue of H is as near to λ as that.
    """

    positive: int
    negative: int
    size: int
    tolerance: float
    gradient_norm: float
    eigenvalues: np.ndarray
    residuals: np.ndarray

    @property
    def dimension(self) -> int:
        """The dimension of the Krylov space, on which the matrix was projected."""
        return len(self.eigenvalues)

    @property
    def most_zero(self) -> int:
        """An upper bound on n₀."""
        return self.size - self.positive - self.negative

    def __str__(self) -> str:
        """Returns the bounds as inequalities."""
        return f"at least {self.positive} positive and {self.negative} negative of {self.size}"


def inertia_bounds(
    product: Callable[[Float[Array, " param"]], Float[Array, " param"]],
    size: int,
    key: Key,
    *,
    steps: int = 50,
    starts: int = 2,
    gradient_norm: float = 0.0,
) -> InertiaBounds:
    """Returns lower bounds on the numbers of positive and of negative eigenvalues, by Lanczos' method.

    Lanczos' recurrence with full reorthogonalisation, from several random starts, gives a space with orthonormal basis
    Q; the matrix is then projected on it by new products, QᵀHQ, and the eigenvalues of the projection are counted. By
    Cauchy's interlacing H has at least as many positive and as many negative ones, whatever Q is; only rounding stands
    between this and a proof. By Weyl's inequality it moves no eigenvalue by more than the error of the projection: of
    that 8·eps·λ·size is allowed for, and four times what the projection is found to lack in symmetry, which nothing but
    rounding causes; eigenvalues within are not counted. An eigenvalue of multiplicity k is met at most `starts` times.

    Args:
        product: v → H·v for a symmetric H, in jax, float64. As a pytree (`jax.tree_util.Partial`) it is compiled once
            for all its numbers, as a function once for each.
        size: n, the number of rows of H.
        key: A JAX key or an integer seed for the starts.
        steps: Products for each start, at most n. The extremes are met first.
        starts: Independent random starts.
        gradient_norm: L1 norm of the gradient where H was computed; eigenvalues below it are not counted.

    Raises:
        TypeError: The product is not float64.
        ValueError: A count is no positive whole number, the gradient norm is negative, or the product is not finite.

    References:
        Lanczos, J. Res. Natl. Bur. Stand. 45, 1950; the recurrence is matfree's.

    Example:
        >>> diagonal = jnp.asarray([3.0, 2.0, 0.0, 0.0, -1.0])
        >>> print(inertia_bounds(lambda v: diagonal * v, 5, jax.random.key(0)))
        at least 2 positive and 1 negative of 5
    """
    size, steps = count("size", size), min(count("steps", steps), count("size", size))
    if not gradient_norm >= 0:
        raise ValueError(f"gradient_norm must be non-negative. Got {gradient_norm}.")
    draws = jax.random.normal(as_key(key), (count("starts", starts), size))
    require_float64(np.asarray(product(draws[0])), "a bound on the inertia", None)
    spaces, offs = (np.asarray(part) for part in _krylov(product, steps, draws))
    basis = _orthonormal([space[: _sound(off)].T for space, off in zip(spaces, offs, strict=True)])
    rows = np.zeros((spaces.shape[0] * spaces.shape[1], size))  # one shape, one program, whatever the basis has
    rows[: basis.shape[1]] = basis.T
    images = np.asarray(_images(product, jnp.asarray(rows)))[: basis.shape[1]].T
    if not np.all(np.isfinite(images)):
        raise ValueError("the product must be finite. Got NaN or infinity: the point is out of range.")
    projected = basis.T @ images
    values, vectors = scipy.linalg.eigh((projected + projected.T) / 2)
    residuals = np.linalg.norm(images @ vectors - (basis @ vectors) * values[None, :], axis=0)
    rounding = _FLOORS * rounding_floor(float(np.abs(values).max(initial=0.0)), (size,))
    rounding += _FLOORS / 2 * float(np.linalg.norm(projected - projected.T))
    tolerance = max(rounding, float(gradient_norm))
    positive, negative = int(np.sum(values > tolerance)), int(np.sum(values < -tolerance))
    return InertiaBounds(positive, negative, size, tolerance, float(gradient_norm), values, residuals)


def inertia_bounds_at(risk: Risk, network: PyTree, key: Key, *, steps: int = 50, starts: int = 2) -> InertiaBounds:
    """Returns lower bounds on the positive and negative directions of ∇²R(θ) without forming it.

    For networks of more than about 5,000 parameters, where `inertia_at` is too expensive; one product costs about
    three gradients.

    Args:
        risk: R.
        network: θ: a network, or any pytree that the risk takes.
        key: A JAX key or an integer seed.
        steps: As in `inertia_bounds`.
        starts: As in `inertia_bounds`.

    Raises:
        TypeError: Network or risk is not float64.
        ValueError: A count is no positive whole number, or the Hessian is not finite.
    """
    require_risk(risk)
    gradient = ravel_pytree(_gradient(risk, network))[0]
    return inertia_bounds(
        Partial(_hessian_product, risk, network),
        gradient.size,
        key,
        steps=steps,
        starts=starts,
        gradient_norm=float(jnp.abs(gradient).sum()),
    )


def _hessian_product(risk: Risk, network: PyTree, v: Array) -> Array:
    return ravel_pytree(risk.hessian_product(network, ravel_pytree(network)[1](v)))[0]


@eqx.filter_jit
def _gradient(risk: Risk, network: PyTree) -> PyTree:
    return risk.gradient(network)


@eqx.filter_jit
def _krylov(product: Callable[[Array], Array], steps: int, draws: Array) -> tuple[Array, Array]:
    """Returns for every start the Lanczos vectors, shape (step, param), and the off-diagonal of the recurrence."""
    tridiagonalise = decomp.tridiag_sym(steps, materialize=False, custom_vjp=False)

    def vectors_from(draw: Array) -> tuple[Array, Array]:
        found: Any = tridiagonalise(product, draw)
        return found[0], found[1][1]

    return jax.lax.map(vectors_from, draws)


@eqx.filter_jit
def _images(product: Callable[[Array], Array], rows: Array) -> Array:
    return jax.lax.map(product, rows)


def _sound(off: np.ndarray) -> int:
    """Returns how many Lanczos vectors came before the recurrence broke down: its space was invariant then."""
    largest = np.abs(off[np.isfinite(off)]).max(initial=0.0)
    broken = np.flatnonzero(~(np.abs(off) > _INDEPENDENT * largest))
    return len(off) + 1 if broken.size == 0 else int(broken[0]) + 1


def _orthonormal(spaces: list[np.ndarray]) -> np.ndarray:
    """Returns an orthonormal basis of the sum of spaces, without directions that rounding alone separates."""
    pivoted: Any = scipy.linalg.qr(np.concatenate(spaces, axis=1), mode="economic", pivoting=True)
    factor, triangle = pivoted[:2]
    return factor[:, np.abs(np.diag(triangle)) > _INDEPENDENT]
