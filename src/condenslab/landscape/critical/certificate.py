"""Is there an exact critical point next to a computed one? A Newton–Kantorovich test in floating-point arithmetic."""

import math
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

from condenslab.landscape.critical.function_lipschitz import estimated_lipschitz
from condenslab.landscape.critical.stationary import derivatives, require_double
from condenslab.measures.smoothness import require_smooth
from condenslab.networks import MLP, Activation, TwoLayer, apply
from condenslab.networks.dense import skips
from condenslab.networks.layered import layers, widths
from condenslab.numerics import rounding_floor
from condenslab.risk import EmpiricalRisk, Function, Risk, SquaredLoss, require_risk, require_samples

_RADII = tuple(10.0 ** (exponent / 3) for exponent in range(-39, 1))
_POINTS = np.linspace(-1.0, 1.0, 33)
_ROUNDINGS = 10.0


@dataclass(frozen=True)
class Certificate:
    """What the Newton–Kantorovich theorem says of a computed critical point θ. It is no interval proof.

    All quantities are computed in float64 without directed rounding: η contains an estimate of the rounding error of
    the gradient, not an enclosure of it, and the suprema in L are maxima over 33 points of each interval.

    Attributes:
        eta: η = ‖H⁻¹‖·(‖∇R‖₂ + rounding), a bound on the length of the first Newton step.
        beta: β = ‖H⁻¹‖₂, infinite for a singular Hessian.
        lipschitz: L, a bound on the Lipschitz constant of the Hessian on the ball of `radius` around θ.
        radius: Radius of the ball on which L was computed.
        h: β·L·η; the theorem needs h ≤ 1/2.
        existence: r₋ = (1 − √(1 − 2h))/(βL): an exact critical point lies within this distance of θ; infinite where the
            test does not hold.
        uniqueness: min(radius, (1 + √(1 − 2h))/(βL)): within this distance there is no other; 0 where it does not hold.
        same_inertia: Whether the exact point has the inertia of the computed one: L·r₋ is less than every |eigenvalue|.
    """

    eta: float
    beta: float
    lipschitz: float
    radius: float
    h: float
    existence: float
    uniqueness: float
    same_inertia: bool

    @property
    def holds(self) -> bool:
        """Whether an isolated critical point exists next to θ, up to the reservations above."""
        return math.isfinite(self.existence)


def certificate(risk: Risk, network: Any) -> Certificate:
    """Applies the Newton–Kantorovich theorem to ∇R = 0 at θ.

    With g(θ) = ∇R(θ), β = ‖H(θ)⁻¹‖, η ≥ ‖H(θ)⁻¹g(θ)‖ and ‖H(θ′) − H(θ″)‖ ≤ L·‖θ′ − θ″‖ on a ball around θ: if
    h = βLη ≤ 1/2 and r₋ is less than the radius of the ball, there is exactly one critical point within the radius of
    uniqueness, at most r₋ away. Of 40 balls the one with the largest radius of uniqueness is taken.

    L bounds the third derivative of R = Σ_i p_i‖f(x_i) − y_i‖², which is at most 2·Σ_i p_i(3·F₁F₂ + |r|·F₃) with F_k
    the norm of the k-th derivative of the outputs in θ on the ball and |r| ≤ |r(θ)| + F₁·radius. F_k comes from a
    recursion through the layers by the product and the chain rule, with |W| ≤ |W(θ)| + radius and the suprema of |σ′|,
    |σ″|, |σ‴| over the interval in which each preactivation can move.

    Of a `risk.Function` nothing is known but its values: L is then twice the largest ‖D³R‖ (Frobenius norm, by
    automatic differentiation) at θ and at 8 random points of each ball, an estimate that a narrow peak between them
    escapes, and the rounding of ∇R that of θ, 10·eps·|H|·|θ|. One third derivative costs param³ numbers.

    Args:
        risk: R, in float64, with the squared loss and this package's prediction; or a `risk.Function`.
        network: θ, a `TwoLayer` or an `MLP` of any depth with a smooth activation; for a `risk.Function` any pytree.

    Returns:
        The certificate; where it does not hold, or the Hessian is singular up to rounding, it says so.

    Raises:
        TypeError: Risk or network is not float64, or the network is no dense one.
        ValueError: The loss is not the squared one, the risk predicts by another function or with a scale, or the
            activation has kinks, so that the Hessian is not Lipschitz; or gradient or curvature of a `risk.Function`
            jump at θ, or its third derivative does not fit into memory.

    References:
        L. V. Kantorovich 1948; J. M. Ortega, Amer. Math. Monthly 75 (1968) 658–660.
    """
    require_risk(risk)
    if isinstance(risk, Function):
        risk.require_defined(network)
        require_double(risk, network)
        require_smooth(risk, network)
    else:
        require_samples(risk)
        _check(risk, network)
        risk = risk.counted()
    theta = np.asarray(ravel_pytree(network)[0])
    _, gradient, hessian = derivatives(risk, network, theta)
    eigenvalues = np.abs(np.linalg.eigvalsh(hessian))
    floor = rounding_floor(float(eigenvalues.max(initial=0.0)), hessian.shape)
    smallest = float(eigenvalues.min(initial=np.inf))
    if not smallest > floor:
        return Certificate(math.inf, math.inf, math.inf, 0.0, math.inf, math.inf, 0.0, False)
    beta = 1.0 / (smallest - floor)
    if isinstance(risk, Function):
        rounding = _ROUNDINGS * float(np.finfo(np.float64).eps) * float(np.linalg.norm(np.abs(hessian) @ np.abs(theta)))
        radii = _RADII[::4]
        bounds = [estimated_lipschitz(risk, network, radius) for radius in radii]
    else:
        rounding = _gradient_rounding(risk, network)
        radii = _RADII
        bounds = [_lipschitz(risk, network, radius) for radius in radii]
    eta = beta * (float(np.linalg.norm(gradient)) + rounding)
    tests = [_test(eta, beta, bound, radius, smallest - floor) for bound, radius in zip(bounds, radii, strict=True)]
    return max(tests, key=lambda test: (test.uniqueness, -test.h))


def _test(eta: float, beta: float, lipschitz: float, radius: float, smallest: float) -> Certificate:
    h = beta * lipschitz * eta
    if not h <= 0.5:
        return Certificate(eta, beta, lipschitz, radius, h, math.inf, 0.0, False)
    root = math.sqrt(1 - 2 * h)
    existence = 2 * eta / (1 + root)  # (1 − √(1 − 2h))/(βL) without cancellation
    if existence >= radius:
        return Certificate(eta, beta, lipschitz, radius, h, math.inf, 0.0, False)
    unique = min(radius, (1 + root) / (beta * lipschitz) if lipschitz > 0 else math.inf)
    return Certificate(eta, beta, lipschitz, radius, h, existence, unique, lipschitz * existence < smallest)


def _check(risk: EmpiricalRisk, network: TwoLayer | MLP) -> None:
    if not isinstance(network, TwoLayer | MLP):
        raise TypeError(f"a certificate is for TwoLayer or MLP networks. Got {type(network).__name__}.")
    require_double(risk, network)
    if not isinstance(risk.loss, SquaredLoss) or risk.predict is not apply or risk.scale is not None:
        raise ValueError("a certificate needs the squared loss and this package's prediction, without a scale.")
    if network.activation.multiplicity is None:
        raise ValueError(
            f"the activation must be smooth: the Hessian has no Lipschitz constant at a kink. "
            f"Got {network.activation.name}."
        )


def _gradient_rounding(risk: EmpiricalRisk, network: TwoLayer | MLP) -> float:
    """Returns an estimate of the rounding error of ‖∇R‖₂: 10·eps times the sum without cancellation."""
    outputs, targets = np.abs(np.asarray(risk.outputs(network))), np.abs(np.asarray(risk.targets))
    weights = np.asarray(risk.probabilities)[:, None] * (outputs + targets)
    jacobian = np.abs(np.asarray(risk.jacobian(network)))
    eps = float(np.finfo(np.float64).eps)
    return _ROUNDINGS * eps * float(np.linalg.norm(2 * np.einsum("no,nop->p", weights, jacobian)))


def _lipschitz(risk: EmpiricalRisk, network: TwoLayer | MLP, radius: float) -> float:
    """Returns L on the ball of that radius around θ."""
    first, second, third = _output_bounds(np.asarray(risk.inputs), network, radius)
    residual = np.abs(np.asarray(risk.residuals(network))) + first * radius
    per_sample = np.sum(3 * first * second + residual * third, axis=1)
    return float(2 * np.sum(np.asarray(risk.probabilities) * per_sample))


def _output_bounds(inputs: np.ndarray, network: TwoLayer | MLP, radius: float) -> tuple[np.ndarray, ...]:
    """Returns bounds of ‖Df‖, ‖D²f‖ and ‖D³f‖ in θ on the ball, each of shape (sample, output)."""
    shape, (weights, biases) = widths(network), layers(network)
    over = skips(shape) if isinstance(network, MLP) and network.residual else ()
    value, size = inputs, np.abs(inputs)
    bounds = tuple(np.zeros_like(inputs) for _ in range(3))
    for number, (weight, bias) in enumerate(zip(weights, biases, strict=True)):
        matrix = np.asarray(weight)
        z = value @ matrix.T if bias is None else value @ matrix.T + np.asarray(bias)
        inner = _affine_bounds(np.abs(matrix) + radius, bias is not None, size, bounds)
        if number == len(weights) - 1:
            return inner
        reach = inner[0] * radius
        activated, suprema = _activation_bounds(network.activation, z, reach)
        outer = _chain(suprema, inner)
        skipped = number in over
        bounds = tuple(new + old for new, old in zip(outer, bounds, strict=True)) if skipped else outer
        value = activated + value if skipped else activated
        size = np.abs(value) + bounds[0] * radius
    return bounds


def _affine_bounds(
    matrix: np.ndarray, biased: bool, size: np.ndarray, bounds: tuple[np.ndarray, ...]
) -> tuple[np.ndarray, ...]:
    """Bounds z = W·h + b, in which W and h depend on θ: D^k z ≤ Σ|W|·D^k h + k·‖D^(k−1)h‖, ‖h‖ itself for k = 1."""
    own = np.linalg.norm(size, axis=1, keepdims=True) ** 2 + biased
    columns = np.sqrt(own), *(np.linalg.norm(bound, axis=1, keepdims=True) for bound in bounds[:2])
    return tuple(
        bound @ matrix.T + (order + 1) * column
        for order, (bound, column) in enumerate(zip(bounds, columns, strict=True))
    )


def _activation_bounds(
    activation: Activation, z: np.ndarray, reach: np.ndarray
) -> tuple[np.ndarray, tuple[np.ndarray, ...]]:
    """Returns σ(z), and the suprema of |σ′|, |σ″|, |σ‴| on [z − reach, z + reach] as maxima over 33 points."""
    points = z[..., None] + reach[..., None] * _POINTS
    suprema = tuple(np.abs(np.asarray(d)).max(axis=-1) for d in activation.derivatives(jnp.asarray(points), 3)[1:])
    return np.asarray(activation(jnp.asarray(z))), suprema


def _chain(suprema: tuple[np.ndarray, ...], inner: tuple[np.ndarray, ...]) -> tuple[np.ndarray, ...]:
    """Bounds the derivatives of σ(z): s₁z₁, s₂z₁² + s₁z₂, s₃z₁³ + 3s₂z₁z₂ + s₁z₃."""
    (s1, s2, s3), (z1, z2, z3) = suprema, inner
    return s1 * z1, s2 * z1**2 + s1 * z2, s3 * z1**3 + 3 * s2 * z1 * z2 + s1 * z3
