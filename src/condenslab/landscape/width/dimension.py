"""The dimension of the set of critical points with one function, counted from the embedding, against the corank."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jax import Array

from condenslab.landscape.reduction.reduce import EXACT, reduce
from condenslab.measures.curvature import Inertia
from condenslab.measures.neurons import hidden_neurons, invariant_coordinates
from condenslab.measures.point_inertia import inertia_at
from condenslab.networks import TwoLayer, apply
from condenslab.networks.checks import count
from condenslab.networks.structure import augment
from condenslab.numerics import rounding_floor
from condenslab.risk import EmpiricalRisk, require_samples


@dataclass(frozen=True, eq=False)
class CriticalSet:
    """The critical points around θ that have the function of θ, counted from the embedding.

    Attributes:
        dimension: `shares` + `null_features` + `narrow`, the dimension of the critical set at θ.
        shares: From copies: a group of t equal neurons has t − 1 free shares of its output weights (with several
            outputs, t − 1 times the dimension of the output weights that keep the group critical).
        null_features: From neurons with zero output weights: of each the dimension of
            M = {w: Σ_i ∂_oℓ_i·σ(w·x̃_i) = 0 for every output o}, from the rank of the derivative of these sums (at
            least 1, for a positive risk and analytic σ); where that rank is not full, an upper bound.
        narrow: Corank of the Hessian of the reduced network; if not 0, only an upper bound of what it contributes.
        corank: Inertia of the Hessian at θ; its `zero` is at least the dimension, and equal to it where the risk is
            nondegenerate across the critical set (Morse–Bott).
        regular: Whether θ lies on one stratum: no neuron without output weights equals another one.
    """

    dimension: int
    shares: int
    null_features: int
    narrow: int
    corank: Inertia
    regular: bool


def critical_set(risk: EmpiricalRisk, network: TwoLayer) -> CriticalSet:
    """Returns the dimension of the set of critical points with the function of θ, and the corank of the Hessian.

    All critical points of one function are a finite union of products R^{t−r} × ∏ M, r the number of distinct neurons
    with output weights, t the number of all neurons with output weights, and one factor M for each neuron without.

    Args:
        risk: R, in float64, with this package's prediction.
        network: θ, critical; nothing here checks that it is.

    Raises:
        TypeError: The network is no `TwoLayer`, or the risk predicts by another function.
        ValueError: Equal neurons have output weights that cancel; the count does not cover such points.

    References:
        Zhang, Zhang & Luo, arXiv 2405.17501, Theorem 5.1, there for one output and no bias terms.
    """
    require_samples(risk)
    if not isinstance(network, TwoLayer) or risk.predict is not apply:
        raise TypeError(
            f"critical sets are counted for a TwoLayer under this package's prediction. Got {type(network).__name__}."
        )
    reduction = reduce(network)
    points = invariant_coordinates(hidden_neurons(network))
    slopes, level = (np.asarray(part) for part in _slopes(risk, network))
    silent = np.linalg.norm(points.outgoing, axis=0) == 0
    dropped = np.concatenate([reduction.dropped, reduction.folded]).astype(int)
    if not silent[dropped].all():
        raise ValueError("equal neurons must not have output weights that cancel. Got some; reduce the network first.")
    outputs, shares, features, regular = slopes.shape[1], 0, 0, True
    for group in reduction.groups:
        shares += (len(group) - 1) * (outputs - _rank(slopes[group[0]], level[group[0]]))
    for neuron in dropped:
        features += slopes.shape[2] - max(
            1, _rank(slopes[neuron], level[neuron])
        )  # a non-zero analytic function has no more zeros
        regular &= not _equals_another(points.points, int(neuron), points.parity)
    narrow = inertia_at(risk, reduction.network).zero
    return CriticalSet(shares + features + narrow, shares, features, narrow, inertia_at(risk, network), regular)


@dataclass(frozen=True)
class EmbeddedDimension:
    """The dimension of the critical set into which a critical point embeds, by two counts.

    Attributes:
        proved: K, the number of added neurons: a critical affine subspace of that dimension exists (EP21, Theorem 2).
        heuristic: K + Σ_l K_l·K_{l−1}: a count of free numbers in compatible embeddings, not a theorem.
    """

    proved: int
    heuristic: int


def embedded_dimension(narrow: Sequence[int], wide: Sequence[int]) -> EmbeddedDimension:
    """Returns K and K + Σ_l K_l·K_{l−1}, K_l the number of neurons that hidden layer l gains, K = Σ_l K_l.

    Args:
        narrow: Widths of the hidden layers of the narrow network, input side first.
        wide: Those of the wide network.

    Raises:
        ValueError: The numbers of layers differ, or a layer loses neurons.

    References:
        Zhang et al., NeurIPS 2021, Theorem 2; Zhang et al., J. Mach. Learn. 1(1), 2022, section 6.1 (the heuristic).

    Example:
        >>> embedded_dimension((2, 2), (3, 3))
        EmbeddedDimension(proved=2, heuristic=3)
    """
    narrow, wide = (tuple(count("each width", one, least=0) for one in widths) for widths in (narrow, wide))
    if len(narrow) != len(wide) or any(after < before for before, after in zip(narrow, wide, strict=True)):
        raise ValueError(f"the wide network must have as many hidden layers, none narrower. Got {narrow} and {wide}.")
    gained = [after - before for before, after in zip(narrow, wide, strict=True)]
    return EmbeddedDimension(sum(gained), sum(gained) + sum(a * b for a, b in itertools.pairwise(gained)))


@eqx.filter_jit
def _slopes(risk: EmpiricalRisk, network: TwoLayer) -> tuple[Array, Array]:
    """Returns Σ_i p_i·∂_oℓ_i·σ′(w_k·x̃_i)·x̃_i of every neuron, shape (neuron, output, coordinate), and that of sizes.

    The size of a share is that of its terms before they cancel, with f and y in place of f − y.
    """
    force = risk.cotangent(risk.outputs(network))
    _, slope = network.activation.derivatives(network.preactivations(risk.inputs), 1)
    outputs, points = risk.outputs(network), augment(network, risk.inputs)
    sizes = risk.probabilities[:, None] * (jnp.abs(outputs) + jnp.abs(risk.targets))
    level = (jnp.abs(slope).T[:, None, :] * sizes.T[None, :, :]) @ jnp.abs(points)
    return (slope.T[:, None, :] * force.T[None, :, :]) @ points, level


def _rank(matrix: np.ndarray, level: np.ndarray) -> int:
    """Returns the rank; values below 1e-9 of what the sums were made of (a critical point's forces) are zeros."""
    values = np.linalg.svd(matrix, compute_uv=False)
    floor = max(1e-9 * float(level.max(initial=0.0)), rounding_floor(float(values.max(initial=0.0)), matrix.shape))
    return int(np.count_nonzero(values > floor))


def _equals_another(points: np.ndarray, neuron: int, parity: str | None) -> bool:
    others, own = np.delete(points, neuron, axis=0), points[neuron]
    signs = (1.0, -1.0) if parity else (1.0,)
    near = [np.abs(others - sign * own).max(axis=1, initial=0.0) for sign in signs]
    return bool(np.any(np.min(near, axis=0) <= EXACT * np.abs(own).max(initial=0.0)))
