"""Directions in which to look at a risk: random, of curvature, and along a trajectory."""

from collections.abc import Sequence
from dataclasses import dataclass

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.flatten_util import ravel_pytree
from jaxtyping import Float, PyTree

from condenslab.networks.checks import count as whole
from condenslab.networks.conversion import Key, as_key
from condenslab.risk import EmpiricalRisk, require_risk


@dataclass(frozen=True, eq=False)
class TrajectoryPlane:
    """The directions along which a trajectory extends most, seen from its end.

    Attributes:
        directions: v_1, v_2, …, orthonormal, shape (direction, param).
        coordinates: (θ_t − θ_end)·v_j, shape (time, direction); the last row is zero.
        explained: Σ_j s_j²/Σ s², the share of Σ_t ‖θ_t − θ_end‖² that lies in the plane, in [0, 1].
        singular_values: s, of the matrix with rows θ_t − θ_end, largest first.
    """

    directions: np.ndarray
    coordinates: np.ndarray
    explained: float
    singular_values: np.ndarray


def random_directions(
    key: Key, center: PyTree, count: int = 2, *, filter_normalised: bool = True
) -> Float[np.ndarray, "direction param"]:
    """Draws Gaussian directions, each filter rescaled to the norm of the network's own filter.

    A filter is a row along the first axis of an array of two or more axes: the weights into one neuron or channel; an
    array of one axis (biases) is one filter. A filter of norm 0 gets the direction 0. So the size of a step is relative
    to the weights, and slices of networks of different scale can be compared.

    Args:
        key: A JAX key or an integer seed.
        center: θ.
        count: How many directions.
        filter_normalised: Without it, each direction is one of norm 1.

    Raises:
        ValueError: The count is not positive.

    References:
        Li et al., NeurIPS 2018 (arXiv 1712.09913), section 4; there biases get no direction.
    """
    count = whole("count", count)
    theta, unravel = ravel_pytree(center)
    drawn = np.asarray(jax.random.normal(as_key(key), (count, theta.size), theta.dtype))
    if not filter_normalised:
        return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)

    def rescale(direction: Array, own: Array) -> Array:
        rows = direction.shape[0] if direction.ndim > 1 else 1
        flat, weights = direction.reshape(rows, -1), own.reshape(rows, -1)
        norms = jnp.linalg.norm(weights, axis=1) / jnp.linalg.norm(flat, axis=1)
        return (norms[:, None] * flat).reshape(direction.shape)

    scaled = [jax.tree.map(rescale, unravel(jnp.asarray(row)), center) for row in drawn]
    return np.stack([np.asarray(ravel_pytree(tree)[0]) for tree in scaled])


def hessian_directions(
    risk: EmpiricalRisk, center: PyTree, which: Sequence[int] = (0, -1)
) -> tuple[Float[np.ndarray, " direction"], Float[np.ndarray, "direction param"]]:
    """Returns eigenvalues and unit eigenvectors of ∇²R(θ), of the dense matrix.

    Near a critical point R(θ + t·v) = R(θ) + ½λt² + O(t³) along an eigenvector v of eigenvalue λ.

    Args:
        risk: R.
        center: θ, of some thousand parameters at most.
        which: Ranks in increasing order of the eigenvalues: 0 the lowest, −1 the highest.

    Raises:
        IndexError: No such rank.
    """
    require_risk(risk)
    values, vectors = np.linalg.eigh(np.asarray(_hessian(risk, center)))
    if any(not -len(values) <= rank < len(values) for rank in which):
        raise IndexError(f"which must be ranks below the {len(values)} parameters. Got {list(which)}.")
    chosen = list(which)
    return values[chosen], vectors[:, chosen].T


def trajectory_plane(parameters: Float[np.ndarray, "time param"], count: int = 2) -> TrajectoryPlane:
    """Returns the principal directions of a trajectory about its end, and the trajectory seen in them.

    The plane goes through the end, so that a slice around the end contains it. Every recorded time counts the same:
    record evenly in what is to be seen evenly (steps, or the logarithm of time).

    Args:
        parameters: θ_t, ravelled, at least `count` + 1 times.
        count: How many directions.

    Raises:
        ValueError: Too few times or parameters, or numbers that are not finite.

    References:
        Li et al., NeurIPS 2018 (arXiv 1712.09913), section 7.
    """
    count, points = whole("count", count), np.asarray(parameters, dtype=np.float64)
    if points.ndim != 2 or min(len(points) - 1, points.shape[1]) < count or not np.all(np.isfinite(points)):
        raise ValueError(
            f"parameters must be finite, shape (time, param), with more than {count} times and at least {count} "
            f"parameters. Got shape {points.shape}."
        )
    away = points - points[-1]
    _, sizes, vectors = np.linalg.svd(away, full_matrices=False)
    total = float(np.sum(sizes**2))
    explained = float(np.sum(sizes[:count] ** 2)) / total if total > 0 else 1.0
    return TrajectoryPlane(vectors[:count], away @ vectors[:count].T, explained, sizes)


@eqx.filter_jit
def _hessian(risk: EmpiricalRisk, center: PyTree) -> Array:
    return risk.hessian(center)
