"""Critical, or on the way to infinity? Decided by what the risk does further out, not by the size of a weight.

Where a gradient counts as zero the point may be critical, or lie in a channel in which the risk falls towards an
infimum that no network attains: two neurons that merge while their output weights grow with opposite signs, a neuron
that turns into a step between two samples or into a constant, logits that grow. In all of these some parameters grow
and the others adapt. So a few parameters are held at t times their values, the others are solved for, and R is looked
at as a function of t. At a critical point its derivative vanishes at t = 1: R moves the same way for t above and below
1, or not at all. In a channel it falls as t grows, on both sides of 1.
"""

import itertools
from collections.abc import Sequence

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import PyTree

from condenslab.landscape.critical.exact_solutions import attains_zero
from condenslab.landscape.critical.stationary import Fate, derivatives, newton_step
from condenslab.networks import MLP, TwoLayer, ravel, unravel
from condenslab.networks.layered import layers
from condenslab.numerics import rounding_floor
from condenslab.risk import CrossEntropy, EmpiricalRisk, Risk

_NEAR = (1.05, 1.5)
_FURTHER = (1.05, 1.5, 2.5, 4.0)
_SOLVED = 1e-7
_NOISE = 16.0
_SOFT = 1e4
_FOLLOWED = 4
_BALANCE = 1e-3
_MEANINGFUL = 1e3
_CORRECTIONS = 12
_HALVINGS = 6


def fate_further_out(risk: EmpiricalRisk, network: TwoLayer | MLP, suspects: Sequence[tuple[int, int]] = ()) -> Fate:
    """Says whether a point whose gradient counts as zero is critical, saturated (at infinity) or merely flat.

    Critical without further ado are points that attain R = 0 of the squared loss with outputs that the parameters can
    move in every way (the exact solution is next to them), and points at which no direction of the Hessian is soft,
    unless neurons are suspected. Separable classes have none at all: with every sample on its side R falls for ever.

    Args:
        risk: R, in units in which inputs and targets are of order 1.
        network: θ.
        suspects: (hidden layer, neuron) of neurons that look as if they were steps or constants.
    """
    if isinstance(risk.loss, CrossEntropy) and _separates(risk, network):
        return Fate.SATURATED
    theta = np.asarray(ravel(network))
    if theta.size == 0 or attains_zero(risk, network):
        return Fate.CRITICAL
    noise = _noise(risk, network)
    rows = [incoming(network, *suspect) for suspect in suspects]
    if rows and not all(_balanced(risk, network, rows)):
        return Fate.SATURATED
    return fate_along(risk, network, theta, suspects, noise, exact=Fate.SATURATED)


def fate_along(
    risk: Risk, like: PyTree, theta: np.ndarray, suspects: Sequence[tuple[int, int]], noise: float, *, exact: Fate
) -> Fate:
    """Follows R outwards along the input weights of suspected neurons, then along the softest directions.

    Args:
        risk: R.
        like: Parameters of the shapes of θ; a dense network where neurons are suspected.
        theta: θ, where the gradient counts as zero.
        suspects: (hidden layer, neuron).
        noise: Changes of R up to this are rounding.
        exact: What is said of a suspect along which R no longer changes at all.
    """
    rows = [incoming(like, *suspect) for suspect in suspects]
    # With the bias held, a neuron steepens about its centre; with the bias free, about a sample that it interpolates.
    biased = [layers(like)[1][layer] is not None for layer, _ in suspects]
    steepened = [own[:-1] for own, bias in zip(rows, biased, strict=True) if bias]
    for held in (*rows, *steepened):
        fate = _followed(risk, like, theta, held, noise, exact=exact)
        if fate is not Fate.CRITICAL:
            return fate
    for place in _growing(risk, like, theta):
        fate = _followed(risk, like, theta, np.array([place]), noise, exact=Fate.CRITICAL)
        if fate is not Fate.CRITICAL:
            return fate
    return Fate.CRITICAL


def _separates(risk: EmpiricalRisk, network: TwoLayer | MLP) -> bool:
    """Whether each target is one class and has the largest output: R then falls for ever as output weights grow."""
    targets, outputs = np.asarray(risk.targets), np.asarray(risk.outputs(network))
    counted = np.asarray(risk.probabilities) > 0
    targets, outputs = targets[counted], outputs[counted]
    others = np.where(targets > 0, -np.inf, outputs).max(axis=1)
    own = np.where(targets > 0, outputs, np.inf).min(axis=1)
    return bool(np.all(np.count_nonzero(targets, axis=1) == 1) and np.all(own > others))


def _balanced(risk: EmpiricalRisk, network: TwoLayer | MLP, places: Sequence[np.ndarray]) -> list[bool]:
    """Says for some neurons whether their gradients vanish because the shares of the samples cancel.

    Where a neuron is a step or a constant every share is tiny, and their sum is no smaller: it vanishes by underflow,
    on the scale of the neuron itself it does not. Shares that are rounding of the residuals tell nothing: true.
    """
    total, shares, level = (np.asarray(part) for part in _shares(risk, network))
    size = [[float(np.linalg.norm(part[own])) for part in (total, shares, level)] for own in places]
    return [sum_ <= _BALANCE * parts or parts <= _MEANINGFUL * rounding for sum_, parts, rounding in size]


@eqx.filter_jit
def _shares(risk: EmpiricalRisk, network: TwoLayer | MLP) -> tuple[Array, Array, Array]:
    """Returns ∂R/∂θ_p as Σ_i g_ip, the sum of all |g_ip|, and the rounding of that sum, each of shape (param,)."""
    jacobian, outputs = risk.jacobian(network), risk.outputs(network)
    terms = jnp.einsum("no,nop->np", risk.cotangent(outputs), jacobian)
    sizes = jnp.finfo(outputs.dtype).eps * risk.probabilities[:, None] * (jnp.abs(outputs) + jnp.abs(risk.targets))
    level = jnp.einsum("no,nop->p", sizes, jnp.abs(jacobian))
    return terms.sum(axis=0), jnp.abs(terms).sum(axis=0), level


def incoming(network: TwoLayer | MLP, layer: int, neuron: int) -> np.ndarray:
    """Returns the places of a neuron's input weights and bias in θ.

    Args:
        network: Says the shapes of θ.
        layer: Hidden layer, from 0.
        neuron: Neuron of that layer.
    """
    theta = ravel(network)
    weights, biases = layers(unravel(jnp.arange(theta.size, dtype=theta.dtype), network))
    own = [np.asarray(weights[layer])[neuron]]
    bias = biases[layer]
    return np.concatenate([*own, [] if bias is None else [float(bias[neuron])]]).astype(np.int64)


def _growing(risk: Risk, network: PyTree, theta: np.ndarray) -> list[int]:
    """Returns the parameters that soft directions move most, the largest in size first."""
    _, _, hessian = derivatives(risk, network, theta)
    eigenvalues, vectors = np.linalg.eigh(hessian)
    sizes = np.abs(eigenvalues)
    soft = vectors[:, sizes <= _SOFT * rounding_floor(float(sizes.max(initial=0.0)), hessian.shape)]
    moved = np.sum(soft**2, axis=1) * np.abs(theta)
    order = np.argsort(-moved)[:_FOLLOWED]
    return [int(place) for place in order if moved[place] > 0.05 * np.abs(theta[place]) > 0]


def _followed(risk: Risk, network: PyTree, theta: np.ndarray, held: np.ndarray, noise: float, *, exact: Fate) -> Fate:
    """Follows R(t) with some parameters held at t times their values.

    Args:
        risk: R.
        network: Says the shapes of θ.
        theta: θ.
        held: The places of these parameters.
        noise: Changes of R up to this are rounding.
        exact: What a risk is taken for that no longer changes at all further out.
    """
    value = derivatives(risk, network, theta)[0]
    outward = 0.0
    for near in _NEAR:
        moved = [_adapted(risk, network, theta, held, factor)[0] - value for factor in (1 / near, near)]
        inward, outward = (np.sign(change) if abs(change) > noise else 0.0 for change in moved)
        if inward * outward > 0:
            return Fate.CRITICAL
        if inward < 0 < outward:
            return Fate.FLAT
        if outward < 0 < inward:
            return _at_infinity(risk, network, theta, held, noise)
    if outward or exact is Fate.CRITICAL:
        return Fate.CRITICAL
    far = _path(risk, network, theta, held, (2.0, 4.0))
    return Fate.CRITICAL if any(one > value + noise for one in far) else exact


def _at_infinity(risk: Risk, network: PyTree, theta: np.ndarray, held: np.ndarray, noise: float) -> Fate:
    """Says whether a risk that falls outwards goes on falling; if not, the point is on a slope."""
    risks = _path(risk, network, theta, held, _FURTHER)
    return Fate.SATURATED if all(b <= a + noise for a, b in itertools.pairwise(risks)) else Fate.FLAT


def _path(risk: Risk, network: PyTree, theta: np.ndarray, held: np.ndarray, factors: Sequence[float]) -> list[float]:
    """Returns R at growing multiples of the held parameters, as far as the others can be solved for."""
    risks, here, ratio = [], theta, 1.0
    for factor in factors:
        value, here = _adapted(risk, network, here, held, factor / ratio)
        if not np.isfinite(value):
            break
        risks.append(value)
        ratio = factor
    return risks


def _adapted(
    risk: Risk, network: PyTree, theta: np.ndarray, held: np.ndarray, factor: float
) -> tuple[float, np.ndarray]:
    """Returns R and θ with the held parameters multiplied by a factor and the others solved for; NaN if they cannot."""
    free = np.setdiff1d(np.arange(theta.size), held)
    _, gradient, hessian = derivatives(risk, network, theta)
    step = np.zeros(theta.size)
    step[held] = (factor - 1) * theta[held]
    if free.size:
        step[free] = newton_step(hessian[np.ix_(free, held)] @ step[held], hessian[np.ix_(free, free)])
    plain = np.where(np.isin(np.arange(theta.size), held), step, 0.0)
    starts = [(derivatives(risk, network, start), start) for start in (theta + step, theta + plain)]
    (value, gradient, hessian), now = min(starts, key=lambda s: _norm(s[0][1][free]))
    for _ in range(_CORRECTIONS):
        step = np.zeros(theta.size)
        if not free.size or not np.all(np.isfinite(hessian)):
            break
        step[free] = newton_step(gradient[free], hessian[np.ix_(free, free)])
        trials = ((now + step / 2**k) for k in range(_HALVINGS))
        seen = ((derivatives(risk, network, trial), trial) for trial in trials)
        better = next((found for found in seen if _norm(found[0][1][free]) < 0.9 * _norm(gradient[free])), None)
        if better is None:
            break
        (value, gradient, hessian), now = better
    return value if not free.size or _norm(gradient[free]) <= _SOLVED else np.nan, now


def _norm(gradient: np.ndarray) -> float:
    size = float(np.abs(gradient).sum())
    return size if np.isfinite(size) else np.inf


def _noise(risk: EmpiricalRisk, network: TwoLayer | MLP) -> float:
    """Returns how far rounding alone moves R: outputs are sums, and the error of a sum is that of its largest terms."""
    return _NOISE * float(np.finfo(np.float64).eps) * float(_terms(risk, network))


@eqx.filter_jit
def _terms(risk: EmpiricalRisk, network: TwoLayer | MLP) -> Array:
    (weights, biases), hidden = layers(network), risk.inputs
    for number, (weight, bias) in enumerate(zip(weights[:-1], biases[:-1], strict=True)):
        z = hidden @ weight.T if bias is None else hidden @ weight.T + bias[None, :]
        value = network.activation(z)
        adds = isinstance(network, MLP) and network.residual and weight.shape[0] == weight.shape[1]
        hidden = value + hidden if adds and number < len(weights) - 1 else value
    sizes = jnp.abs(hidden) @ jnp.abs(weights[-1]).T
    sizes = sizes if biases[-1] is None else sizes + jnp.abs(biases[-1])[None, :]
    slopes = jnp.abs(risk.cotangent(risk.outputs(network)))
    return jax.lax.stop_gradient(jnp.sum(slopes * (sizes + jnp.abs(risk.targets))) + risk.value(network))
