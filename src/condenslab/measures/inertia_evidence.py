"""What an inertia rests on: exact arithmetic, the Hessian with many digits, or flat directions that theory knows."""

import math
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np
import scipy.linalg
from jax import Array
from jax.flatten_util import ravel_pytree
from jaxtyping import PyTree

from condenslab.measures.elimination import Elimination, eliminated_inertia
from condenslab.measures.fixed_point import BeyondPrecisionError, FixedPoint, looks_rounded
from condenslab.measures.reevaluation import evaluate, trace
from condenslab.networks import MLP, TwoLayer, apply
from condenslab.networks.layered import layers
from condenslab.risk import Function, Risk

_BITS = (1024, 4096)
_DIGITS = 384
"""Binary digits of the second computation."""
_MOST_ROWS = 160
_STEPS = 10
_NEAR = 1e-5
"""How far from θ, beside its largest entry, the critical point may lie."""


@dataclass(frozen=True)
class ExactInertia:
    """The inertia of a symmetric matrix whose entries are taken as they are.

    Attributes:
        counts: (positive, zero, negative).
        rounded: Whether the entries use all digits of float64, as rounded numbers do.
        short: Whether hardly any of them does, as exact numbers.
    """

    counts: tuple[int, int, int]
    rounded: bool
    short: bool


def exact_inertia(matrix: np.ndarray) -> ExactInertia | None:
    """Returns the inertia of exactly this matrix, or None where that takes too long or is not certain.

    Args:
        matrix: Symmetric, shape (row, row).
    """
    size = len(matrix)
    mantissas, exponents = np.frexp(matrix[matrix != 0])
    if not mantissas.size:
        return ExactInertia((0, size, 0), rounded=False, short=True)
    if size > _MOST_ROWS:
        return None
    for extra in _BITS:
        bits = extra + max(0, 53 - int(exponents.min())) + max(0, int(exponents.max()))
        found = eliminated_inertia(FixedPoint(bits).array(matrix), bits)
        if found.certain:
            counts = (found.positive, size - found.rank, found.negative)
            return ExactInertia(
                counts,
                rounded=bool(np.mean(looks_rounded(mantissas)) > 0.5),
                short=bool(np.mean(looks_rounded(mantissas, 8)) < 0.1),
            )
    return None


def inertia_again(risk: Risk, network: PyTree, hessian: np.ndarray, tolerance: float) -> Elimination | None:
    """Computes the inertia of ∇²R a second time, with many digits, at the critical point next to θ.

    Newton's method finds it, with the inverse of the Hessian that float64 knows, on the directions that it tells from
    flat ones: along a manifold of critical points it stays where it is. Where the gradient does not vanish so (there is
    no manifold, or no critical point at all), there is no answer.

    Args:
        risk: R.
        network: θ.
        hessian: ∇²R(θ) in float64.
        tolerance: The cut of its eigenvalues.

    Returns:
        The inertia there, or None.
    """
    if len(hessian) > _MOST_ROWS:
        return None
    numbers = FixedPoint(_DIGITS)
    try:
        slope, leaves = trace(lambda r, n: ravel_pytree(r.gradient(n))[0], risk, network)
        curvature, _ = trace(lambda r, n: r.hessian(n), risk, network)
        fixed = leaves[: len(leaves) - len(jax.tree.leaves(network))]
        point, error = _critical(slope, (fixed, network), hessian, tolerance, numbers)
        matrix = evaluate(curvature, [*fixed, *point], numbers)[0]
        found = eliminated_inertia(matrix, _DIGITS, known_to=error)
    except (BeyondPrecisionError, jax.errors.JAXTypeError):
        return None
    return found if found.certain else None


def flat_between_copies(risk: Risk, network: PyTree) -> int:
    """Returns a lower bound on the zero eigenvalues of the Hessian: Σ (k − 1) over groups of k equal hidden neurons.

    Let k neurons of a layer have equal input weights and biases, and output weights a_1 … a_k. Moving a multiple of one
    a_i ≠ 0 from the output weights of one to those of another changes no output, and leaves ∇R = 0: the gradient in
    input weights is linear in output weights, and vanishes for a_i. So k − 1 such moves span a part of the kernel. A
    group without output weights is not counted: its other moves, and those of several outputs, need not be flat.

    Args:
        risk: R.
        network: A critical point; anything but a dense network without skip connections has none that is known.

    References:
        Zhang et al., NeurIPS 2021, Theorem 2 (the critical subspace of an embedding by splitting).
    """
    if not isinstance(network, TwoLayer | MLP) or isinstance(risk, Function) or risk.predict is not apply:
        return 0
    if isinstance(network, MLP) and network.residual:
        return 0
    weights, biases = layers(network)
    return sum(
        _copies(weight if bias is None else np.column_stack([weight, bias]), np.asarray(following))
        for weight, bias, following in zip(weights[:-1], biases[:-1], weights[1:], strict=True)
    )


def _copies(rows: Any, following: np.ndarray) -> int:
    _, group = np.unique(np.asarray(rows), axis=0, return_inverse=True)
    sizes = np.bincount(group.ravel())
    leading = np.bincount(group.ravel(), weights=np.any(following != 0, axis=0))
    return int(np.sum(sizes[leading > 0] - 1))


def _critical(
    slope: Any, start: tuple[list[Array], PyTree], hessian: np.ndarray, tolerance: float, numbers: FixedPoint
) -> tuple[list[np.ndarray], float]:
    """Returns the leaves of the critical point, and log₂, in units, of how far from it they may be."""
    fixed, network = start
    values, vectors = scipy.linalg.eigh(hessian)
    kept = np.abs(values) > tolerance
    inverse = numbers.array((vectors[:, kept] / values[kept]) @ vectors[:, kept].T)
    leaves = jax.tree.leaves(network)
    theta = np.concatenate([numbers.array(leaf).reshape(-1) for leaf in leaves])
    begin, size = theta, int(np.abs(theta).max(initial=0)) + numbers.one // 2**20
    ends = np.cumsum([np.size(leaf) for leaf in leaves])[:-1]
    left, now, parts = math.inf, math.inf, []
    for _ in range(_STEPS):
        parts = [part.reshape(np.shape(leaf)) for part, leaf in zip(np.split(theta, ends), leaves, strict=True)]
        gradient = evaluate(slope, [*fixed, *parts], numbers)[0]
        now = math.log2(1 + int(np.abs(gradient).max(initial=0)))
        if now <= 40 or now >= left - 3:
            break
        left, theta = now, theta - numbers.rescaled(inverse @ gradient)
    if int(np.abs(theta - begin).max(initial=0)) > _NEAR * size:
        raise BeyondPrecisionError("the point is not near to a critical one.")
    flattest = float(np.abs(values[kept]).min(initial=1.0))
    return parts, now + max(0.0, -math.log2(flattest))
