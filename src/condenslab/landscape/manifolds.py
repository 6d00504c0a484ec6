"""Structural invariant manifolds: sets of parameters that training cannot leave, whatever the data and the loss.

An invariant map g keeps the function, f_{g(θ)} = f_θ for every θ. Its fixed points M = {θ: g(θ) = θ} are such a set:
there ∇f lies in ker(Dgᵀ − id), which is the tangent space of M. Equal neurons stay equal, dead neurons stay dead.

References:
    Zhao, Luo & Zhang, "Architecture induces structural invariant manifolds of neural network training dynamics",
    arXiv 2510.09564; decks 002 and 003, Theorem 4.1.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import scipy.linalg
from jax import Array
from jax.flatten_util import ravel_pytree
from jaxtyping import Float, PyTree

from condenslab.measures.rank import Rank, rank
from condenslab.risk import EmpiricalRisk, require_risk

InvariantMap = Callable[[PyTree], PyTree]


@dataclass(frozen=True, eq=False)
class InvariantManifold:
    """The common fixed points of linear invariant maps: an affine structural invariant manifold.

    Attributes:
        basis: Orthonormal basis of the fixed subspace, shape (param, dimension).
        rank: Rank of the stacked Dg − id, with its evidence: the codimension.
    """

    basis: Float[np.ndarray, "param dimension"]
    rank: Rank

    @property
    def dimension(self) -> int:
        """Number of free parameters on it."""
        return self.basis.shape[1]

    def project(self, params: PyTree) -> PyTree:
        """Returns the nearest point of the manifold."""
        theta, unravel = ravel_pytree(params)
        return unravel(jnp.asarray(self.basis @ (self.basis.T @ np.asarray(theta)), theta.dtype))

    def distance(self, params: PyTree) -> float:
        """Returns the Euclidean distance of the parameters to the manifold."""
        theta = np.asarray(ravel_pytree(params)[0])
        return float(np.linalg.norm(theta - self.basis @ (self.basis.T @ theta)))


@dataclass(frozen=True, eq=False)
class TangentCheck:
    """Theorem 4.1 at a point, in numbers: whether the tangent space of the fixed points is ∩ ker(Dgᵀ − id).

    Attributes:
        fixed: Rank of the stacked Dg − id: the codimension of the fixed points.
        transposed: Rank of the stacked Dgᵀ − id.
        angle: Largest principal angle between the two kernels, in radians; 0 where the theorem's condition holds.
    """

    fixed: Rank
    transposed: Rank
    angle: float

    @property
    def holds(self) -> bool:
        """Whether both ranks are decided and equal, and the kernels agree to 1e-6 rad."""
        decided = self.fixed.decided and self.transposed.decided
        return decided and self.fixed.value == self.transposed.value and self.angle <= 1e-6


def invariant_manifold(maps: Sequence[InvariantMap], like: PyTree) -> InvariantManifold:
    """Returns the fixed points of linear invariant maps.

    Whether a map is invariant is not asked here; `discover_symmetries` finds maps that are.

    Args:
        maps: Linear maps from parameters to parameters: permutations, sign flips, dead neurons (a scaling).
        like: Parameters, for their shapes.

    Raises:
        ValueError: There are no maps, or one is not linear.
    """
    theta, _ = ravel_pytree(like)
    _check_linear(maps, like)
    stacked = np.concatenate([_derivative(g, like, theta) - np.eye(theta.size) for g in maps])
    found = rank(stacked)
    return InvariantManifold(_kernel(stacked, found.value), found)


def tangent_check(maps: Sequence[InvariantMap], params: PyTree) -> TangentCheck:
    """Compares ∩ ker(Dg − id) with ∩ ker(Dgᵀ − id) at a point that the maps leave fixed (Theorem 4.1).

    Args:
        maps: Invariant maps, linear or not.
        params: A point of M: g(θ) = θ for all maps.

    Raises:
        ValueError: There are no maps, or one moves the point.
    """
    theta, _ = ravel_pytree(params)
    if not maps:
        raise ValueError("at least one invariant map is needed. Got none.")
    moved = max(float(jnp.abs(ravel_pytree(g(params))[0] - theta).max()) for g in maps)
    if moved > 1e-9 * float(1 + jnp.abs(theta).max()):
        raise ValueError(
            f"the point must be fixed by all maps. Got one that moves it by {moved:.2g}; project it first."
        )
    derivatives = [_derivative(g, params, theta) for g in maps]
    eye = np.eye(theta.size)
    plain, turned = (
        np.concatenate([part - eye for part in parts]) for parts in (derivatives, [d.T for d in derivatives])
    )
    fixed, transposed = rank(plain), rank(turned)
    kernels = _kernel(plain, fixed.value), _kernel(turned, transposed.value)
    angles = scipy.linalg.subspace_angles(*kernels) if min(k.shape[1] for k in kernels) else np.zeros(1)
    return TangentCheck(fixed, transposed, float(angles.max(initial=0.0)))


def escaping_gradient(risk: EmpiricalRisk, manifold: InvariantManifold, params: PyTree) -> float:
    """Returns the part of ∇R(θ) that is normal to the manifold, relative to ‖∇R(θ)‖₂: 0 on an invariant one.

    Args:
        risk: R.
        manifold: The manifold.
        params: A point of it.
    """
    require_risk(risk)
    gradient = np.asarray(ravel_pytree(risk.gradient(params))[0])
    size = float(np.linalg.norm(gradient))
    normal = gradient - manifold.basis @ (manifold.basis.T @ gradient)
    return float(np.linalg.norm(normal)) / size if size > 0 else 0.0


def _check_linear(maps: Sequence[InvariantMap], like: PyTree) -> None:
    if not maps:
        raise ValueError("at least one invariant map is needed. Got none.")
    theta, unravel = ravel_pytree(like)
    keys = jax.random.split(jax.random.key(0), 2)
    x, y = (jax.random.normal(key, theta.shape, theta.dtype) for key in keys)

    for g in maps:
        one, two, both = (ravel_pytree(g(unravel(v)))[0] for v in (x, y, x - 2.0 * y))
        if float(jnp.abs(one - 2.0 * two - both).max()) > 1e-6 * float(1 + jnp.abs(both).max()):
            raise ValueError(
                "the maps must be linear, for their fixed points to be an affine manifold. Got one that is not; "
                "tangent_check takes it."
            )


def _derivative(g: InvariantMap, params: PyTree, theta: Array) -> np.ndarray:
    _, unravel = ravel_pytree(params)
    jacobian = eqx.filter_jit(jax.jacfwd(lambda t: ravel_pytree(g(unravel(t)))[0]))(theta)
    return np.asarray(jacobian, dtype=np.float64)


def _kernel(matrix: np.ndarray, value: int) -> np.ndarray:
    return scipy.linalg.svd(matrix)[2][value:].T
