"""Degeneracy and saddles that splitting makes: critical subspaces, local test matrices, strict-saddle certificates."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import scipy.linalg
from jax import Array

from condenslab.landscape.width.constructors import k_step, three_fold
from condenslab.landscape.width.splitting import splitting
from condenslab.measures.smoothness import require_smooth
from condenslab.networks import MLP, TwoLayer, apply, ravel, unravel
from condenslab.networks.checks import count
from condenslab.networks.layered import layers, require_dense_layer, widths, with_layers
from condenslab.networks.structure import neuron_tangents
from condenslab.numerics import rounding_floor
from condenslab.risk import EmpiricalRisk, Function, Risk, require_risk, require_samples

Dense = TypeVar("Dense", TwoLayer, MLP)

_SAME_RISK = 1e-10
"""Relative difference, to 1 at least, of two risks that are called one."""


@dataclass(frozen=True, eq=False)
class CriticalSubspace(Generic[Dense]):
    """The affine subspace {θ_B + Σ_k α_k·v_k} of a K-step splitting; critical for every α where θ is critical.

    It is the set of all shares: with α_k the copy of step k gets α_k times the output weights of the neuron it copies,
    which loses as much.

    Attributes:
        base: θ_B, the wide network in which every copy has zero output weights.
        basis: v_1 … v_K, linearly independent, in the order of the ravelled parameters, shape (step, param).
    """

    base: Dense
    basis: np.ndarray

    @property
    def dimension(self) -> int:
        """K, the number of steps: a lower bound on the corank of the Hessian at every point."""
        return len(self.basis)

    def at(self, shares: Sequence[float] | np.ndarray) -> Dense:
        """Returns the network θ_B + Σ_k α_k·v_k.

        Args:
            shares: α, any real numbers, shape (step,).

        Raises:
            ValueError: There is not one share for each step.
        """
        alpha = np.asarray(shares, dtype=np.float64)
        if alpha.shape != (self.dimension,):
            raise ValueError(f"there must be one share for each of the {self.dimension} steps. Got {alpha.shape}.")
        theta = ravel(self.base)
        return unravel(theta + jnp.asarray(alpha @ self.basis).astype(theta.dtype), self.base)


def critical_subspace(network: Dense, steps: Sequence[tuple[int, int]]) -> CriticalSubspace[Dense]:
    """Returns the K-dimensional affine subspace into which K one-step splittings embed a network.

    The corank of the Hessian at its points is at least K. (With general compatible embeddings of deeper networks the
    critical set has dimension K + Σ_l K_l·K_{l−1} by a count that is heuristic, not a theorem.)

    Args:
        network: θ, critical or not; output and risk are constant on the subspace in any case.
        steps: (layer, neuron) for each step, counted from 0, neurons of the narrow network; the same neuron may be
            split many times.

    Raises:
        IndexError: No such layer or neuron of the narrow network.
        TypeError: The network is neither a `TwoLayer` nor an `MLP`.
        ValueError: There are no steps, one is no pair, or a neuron to be split has zero output weights: its copies add
            no direction.

    References:
        Zhang et al., NeurIPS 2021 (arXiv 2105.14573), Theorem 2; Zhang et al., J. Mach. Learn. 1(1), 2022, Theorem 6.1.
    """
    shape = widths(network)
    steps = list(steps) if np.ndim(steps) else []
    if any(np.shape(step) != (2,) for step in steps):
        raise ValueError(f"steps must be pairs (layer, neuron), a list of them. Got {steps}.")
    for layer, neuron in steps:
        require_dense_layer(network, layer)
        if not 0 <= neuron < shape[layer + 1]:
            raise IndexError(f"neuron must be one of 0 to {shape[layer + 1] - 1}, the layer's. Got {neuron}.")
        if not np.any(np.asarray(layers(network)[0][layer + 1])[:, neuron]):
            raise ValueError(
                f"neuron {neuron} of layer {layer} has zero output weights, so splitting it adds no direction. "
                f"Reduce the network first, or split another neuron."
            )
    base = k_step(network, [(layer, neuron, 0.0) for layer, neuron in steps])(network)
    theta = np.asarray(ravel(base))
    places, _ = layers(unravel(jnp.arange(theta.size, dtype=theta.dtype), base))
    basis, reached = np.zeros((len(steps), theta.size)), list(shape[1:-1])
    for direction, (layer, neuron) in zip(basis, steps, strict=True):
        place = np.asarray(places[layer + 1]).astype(np.int64)
        original, copy = place[:, neuron], place[:, reached[layer]]
        direction[original], direction[copy] = -theta[original], theta[original]
        reached[layer] += 1
    return CriticalSubspace(base, basis)


def local_test_matrix(risk: Risk, network: TwoLayer, neuron: int) -> np.ndarray:
    """Returns A = E[Σ_o ∂_oℓ·a_os·σ″(w_s·x̃)·x̃x̃ᵀ], which decides what splitting neuron s of a critical point makes.

    x̃ = (x, 1) (x alone without hidden biases), E the mean under the sample weights. With shares 1 − α and α, moving the
    original by α·u and the copy by −(1 − α)·u changes R by ½α(1 − α)·uᵀAu + O(‖u‖³). A indefinite: a strict saddle for
    every α but 0 and 1. A positive definite: a segment of local minima for 0 < α < 1 where the narrow point is a
    nondegenerate minimum, strict saddles outside; A negative definite: the reverse. A = 0 says nothing.

    For a `risk.Function` A is read from its Hessian at the split network: with H_oo, H_oc, H_co, H_cc its blocks of the
    original and the copy at equal shares, A = H_oo − H_oc − H_co + H_cc. That holds where R depends on the function
    alone; a penalty on parameters changes with the shares, and is refused.

    Args:
        risk: R, with this package's prediction.
        network: θ.
        neuron: s, counted from 0.

    Returns:
        A, shape (augmented input, augmented input).

    Raises:
        IndexError: No such neuron.
        TypeError: The network is not a `TwoLayer`, or the risk predicts by another function.
        ValueError: A `risk.Function` does not take a network of one more neuron, or changes when a neuron is split.

    References:
        After Fukumizu and Amari, Neural Networks 13(3), 2000, Theorem 3.
    """
    require_risk(risk)
    own = isinstance(risk, Function)
    if not own:
        require_samples(risk)
    if not isinstance(network, TwoLayer) or not (own or risk.predict is apply):
        raise TypeError(
            f"the local test matrix is for a TwoLayer under this package's prediction. Got {type(network).__name__}."
        )
    if count("neuron", neuron, least=0) >= network.width:
        raise IndexError(f"neuron must be one of 0 to {network.width - 1}. Got {neuron}.")
    size = network.input_weights.shape[1] + (network.biases is not None)
    if isinstance(risk, Function):
        return _read_off(risk, network, neuron)
    return np.asarray(_blocks(risk.counted(), network))[neuron, :size, :size]


def _read_off(risk: Function, network: TwoLayer, neuron: int) -> np.ndarray:
    """Returns A from the Hessian of the network in which the neuron is split in equal shares."""
    if not np.any(np.asarray(network.output_weights)[:, neuron]):
        size = network.input_weights.shape[1] + (network.biases is not None)
        return np.zeros((size, size))
    wide, other = (splitting(network.width, neuron, share=share)(network) for share in (0.5, 0.3))
    risk.require_defined(wide)
    require_smooth(risk, wide)
    values = [float(risk.value(one)) for one in (network, wide, other)]
    if not np.ptp(values) <= _SAME_RISK * max(np.abs(values).max(), 1.0):
        raise ValueError(
            "the local test matrix needs a risk of the network's function alone, but this one changes when a neuron "
            f"is split: {values[0]:.6g}, {values[1]:.6g} and {values[2]:.6g} with shares 1, 1/2 and 3/10. Leave "
            "penalties on parameters out of it."
        )
    hessian = np.asarray(risk.hessian(wide))
    places = unravel(jnp.arange(len(hessian), dtype=ravel(wide).dtype), wide)
    rows = np.asarray(places.input_weights).astype(int)
    if places.biases is not None:
        rows = np.column_stack([rows, np.asarray(places.biases).astype(int)])
    first, copy = rows[neuron], rows[-1]
    cross = hessian[np.ix_(first, copy)]
    return hessian[np.ix_(first, first)] - cross - cross.T + hessian[np.ix_(copy, copy)]


@dataclass(frozen=True, eq=False)
class SaddleCertificate(Generic[Dense]):
    """A direction of negative curvature at the three-fold embedding of a critical point.

    Attributes:
        network: The three-fold embedded network.
        direction: u, in the order of its ravelled parameters, shape (param,); not of unit length.
        eigenvalue: λ, the eigenvalue of the narrow network's H2 that u is made of.
        predicted: −λ/2 for λ > 0, 2λ for λ < 0: the value of uᵀ∇²R′u by Lemma 6.2.
        measured: uᵀ∇²R′u, computed by a Hessian product of the wide network.
    """

    network: Dense
    direction: np.ndarray
    eigenvalue: float
    predicted: float
    measured: float


def saddle_certificate(risk: EmpiricalRisk, network: Dense) -> SaddleCertificate[Dense] | None:
    """Shows that the three-fold embedding of a critical point is a strict saddle, by a direction of negative curvature.

    H2 = E[Σ_o ∂_oℓ·∇²f_o] is the part of the Hessian that is no Gauss–Newton part. For an eigenpair (λ, v) of H2 in
    the parameters of the hidden layers, u = (v/2, v/2, v) on the three copies of them has uᵀ∇²R′u = −λ/2, and
    u = (v, −v, 0) has 2λ; of all eigenpairs that with the lowest value is taken.

    Args:
        risk: R.
        network: θ; the identity holds at any θ, and means a strict saddle where θ is critical.

    Returns:
        The certificate, or None where H2 vanishes up to rounding (at a global minimum of zero loss, for example).

    Raises:
        TypeError: The network is neither a `TwoLayer` nor an `MLP`.
        ValueError: It has no hidden layer, or residual connections, or the risk predicts by another function, of which
            the lemma says nothing.

    References:
        Zhang et al., J. Mach. Learn. 1(1), 2022, Lemmas 6.1 and 6.2, Theorem 6.3.
    """
    require_samples(risk)
    if risk.predict is not apply:
        raise ValueError(
            "a saddle certificate rests on copies of neurons that add up: the risk must keep its default predict. Got "
            "another one; there, compute the Hessian itself (risk.hessian)."
        )
    risk = risk.counted()
    wide = three_fold(network)(network)
    weights, biases = layers(network)
    front = with_layers(
        network,
        [jnp.full_like(weight, position < len(weights) - 1) for position, weight in enumerate(weights)],
        [None if bias is None else jnp.full_like(bias, k < len(biases) - 1) for k, bias in enumerate(biases)],
    )
    chosen = np.flatnonzero(np.asarray(ravel(front)))
    second, scale = (np.asarray(array, dtype=np.float64) for array in _second_part(risk, network))
    values, vectors = scipy.linalg.eigh(second[np.ix_(chosen, chosen)])
    curvatures = np.where(values > 0, -values / 2, 2 * values)
    best = int(np.argmin(curvatures))
    if -curvatures[best] <= rounding_floor(float(scale), second.shape):
        return None
    v = np.zeros(len(second))
    v[chosen] = vectors[:, best]
    copies = (0.5, 0.5, 1.0) if values[best] > 0 else (1.0, -1.0, 0.0)
    direction, measured = _measured(risk, network, wide, v, copies)
    return SaddleCertificate(
        network=wide,
        direction=np.asarray(direction),
        eigenvalue=float(values[best]),
        predicted=float(curvatures[best]),
        measured=float(measured),
    )


def _three_copies(direction: Dense, factors: tuple[float, float, float]) -> Dense:
    """Puts multiples of a direction in the hidden layers of a network on the three copies of them side by side."""
    weights, biases = layers(direction)
    wide = [jnp.concatenate([factor * weights[0] for factor in factors], axis=0)]
    wide += [jax.scipy.linalg.block_diag(*[factor * weight for factor in factors]) for weight in weights[1:-1]]
    last = jnp.zeros((weights[-1].shape[0], 3 * weights[-1].shape[1]), weights[-1].dtype)
    terms = [None if b is None else jnp.concatenate([factor * b for factor in factors]) for b in biases[:-1]]
    return with_layers(direction, [*wide, last], [*terms, biases[-1]])


@eqx.filter_jit
def _blocks(risk: EmpiricalRisk, network: TwoLayer) -> Array:
    return neuron_tangents(network, risk.inputs, risk.cotangent(risk.outputs(network)), risk.scale).blocks


@eqx.filter_jit
def _second_part(risk: EmpiricalRisk, network: TwoLayer | MLP) -> tuple[Array, Array]:
    """Returns H2 and the largest entry of the whole Hessian, to which rounding is proportional."""
    theta, cotangent = ravel(network), risk.cotangent(risk.outputs(network))
    second = jax.hessian(lambda t: jnp.sum(cotangent * risk.outputs(unravel(t, network))))(theta)
    return second, jnp.abs(risk.hessian(network)).max()


@eqx.filter_jit
def _measured(
    risk: EmpiricalRisk, network: Dense, wide: Dense, v: np.ndarray | Array, copies: tuple[float, float, float]
) -> tuple[Array, Array]:
    """Returns u and uᵀ∇²R′u."""
    direction = _three_copies(unravel(jnp.asarray(v, dtype=ravel(network).dtype), network), copies)
    u = ravel(direction)
    return u, u @ ravel(risk.hessian_product(wide, direction))
