"""The model rank of a two-layer network at any θ, exactly by counting which functions its tangents are made of.

For tanh and the like the functions σ(w·x + b), σ′(w·x + b)·x_j and σ′(w·x + b) of neurons with w ≠ 0 and (w, b)
distinct up to sign are independent, and independent of 1 and x_j, to which neurons with w = 0 contribute (Zhang et al.,
JMLR 26(69), 2025, Proposition 3). So the tangent functions of a network are vectors of coefficients in this basis, and
the model rank is the rank of a small matrix without any probe inputs: no saturation, no choice of points.
"""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from condenslab.measures import Rank, rank
from condenslab.networks import ConvTwoLayer, TwoLayer, as_two_layer, ravel, unravel

_SAME = 1e-12


@dataclass(frozen=True, eq=False)
class TangentRank:
    """A model rank from coefficients, beside the closed form of the theory where that applies.

    Attributes:
        rank: Rank of the coefficients; it needs the independence of neurons only.
        formula: m_a·S + m_K·P for shared kernels, m_a·S + m_K for independent neurons (S entries of a kernel with its
            bias, P positions, m_K distinct kernels up to sign, m_a independent output weights summed over them).
        distinct: m_K.
        outgoing: m_a.
        reason: Why the formula need not hold here (one sentence); empty where it does.
    """

    rank: Rank
    formula: int
    distinct: int
    outgoing: int
    reason: str

    @property
    def applies(self) -> bool:
        """Whether the assumptions of the formula hold."""
        return not self.reason


def tangent_rank(network: TwoLayer | ConvTwoLayer) -> TangentRank:
    """Returns the model rank of a two-layer tanh network, dense or convolution, at its θ.

    Args:
        network: One output, no output bias, activation tanh (odd, with infinitely many non-zero derivatives at 0).

    Raises:
        TypeError: Parameters are not float64, or another kind of network.
        ValueError: Another activation, several outputs, an output bias, or parameters that are not finite.

    References:
        arXiv 2406.18035, Corollary 7 and Propositions 3 and 4.
    """
    if not isinstance(network, TwoLayer | ConvTwoLayer):
        raise TypeError(f"the network must be a TwoLayer or a ConvTwoLayer. Got {type(network).__name__}.")
    dense = as_two_layer(network) if isinstance(network, ConvTwoLayer) else network
    if dense.activation.name != "tanh" or dense.output_weights.shape[0] != 1 or dense.output_bias is not None:
        raise ValueError(
            f"tangent ranks are known for tanh, one output and no output bias. Got {dense.activation.name}, "
            f"{dense.output_weights.shape[0]} outputs and an output bias of {dense.output_bias}."
        )
    if not np.all(np.isfinite(ravel(dense))):
        raise ValueError("the weights must be finite. Got NaN or infinity: the training diverged.")
    coefficients = _coefficients(dense)
    if isinstance(network, ConvTwoLayer):
        coefficients = _chain(network) @ coefficients
    return TangentRank(rank(coefficients.T), *_formula(network, dense))


def _chain(network: ConvTwoLayer) -> np.ndarray:
    """Returns ∂(dense θ)/∂(convolution θ), transposed: shape (convolution param, dense param)."""
    theta = ravel(network)
    return np.asarray(jax.jacfwd(lambda t: ravel(as_two_layer(unravel(t, network))))(theta)).T


def _coefficients(network: TwoLayer) -> Float[np.ndarray, "param basis"]:
    """Returns the tangent functions in the basis, rows in the order of the ravelled parameters."""
    weights, own = np.asarray(network.input_weights), _rows(network)
    outgoing = np.asarray(network.output_weights)[0]
    width, inputs = weights.shape
    classes, signs = _classes(own)
    flat = ~np.any(weights != 0, axis=1)
    biased = own.shape[1] > inputs
    block = 1 + inputs + biased
    # One block (σ, σ′x_j, σ′) for each class of neurons with w ≠ 0, then (1, x_j) for all others together.
    basis = np.zeros((3, width, 1 + inputs, (classes.max(initial=-1) + 2) * block))
    last = (classes.max(initial=-1) + 1) * block
    for k in range(width):
        if flat[k]:
            value = np.tanh(own[k, -1]) if biased else 0.0
            basis[0, k, 0, last] = value
            basis[1, k, np.arange(inputs), last + 1 + np.arange(inputs)] = outgoing[k] * (1 - value**2)
            basis[2, k, 0, last] = outgoing[k] * (1 - value**2)
        else:
            start = classes[k] * block
            basis[0, k, 0, start] = signs[k]
            basis[1, k, np.arange(inputs), start + 1 + np.arange(inputs)] = outgoing[k]
            basis[2, k, 0, start + block - 1] = outgoing[k]
    size = basis.shape[-1]
    parts = [basis[1, :, :inputs].reshape(width * inputs, size)]
    parts += [basis[2, :, 0]] if biased else []
    return np.concatenate([*parts, basis[0, :, 0]])


def _formula(network: TwoLayer | ConvTwoLayer, dense: TwoLayer) -> tuple[int, int, int, str]:
    if isinstance(network, ConvTwoLayer) and network.shared:
        kernels = network.kernels.reshape(network.width, int(np.prod(network.size)))
        rows = kernels if network.biases is None else jnp.concatenate([kernels, network.biases[:, None]], axis=1)
        outgoing = np.asarray(network.output_weights)[0].reshape(network.width, int(np.prod(network.positions)))
        own, positions = np.asarray(rows), outgoing.shape[1]
    else:
        own, outgoing, positions = _rows(dense), np.asarray(dense.output_weights).T, 1
    biased = dense.biases is not None
    alive = np.any(own[:, : own.shape[1] - biased] != 0, axis=1)
    classes, _ = _classes(own)
    labels = np.unique(classes[alive])
    independent = sum(int(np.linalg.matrix_rank(outgoing[alive & (classes == c)])) for c in labels)
    if isinstance(network, TwoLayer) and not biased:  # all neurons with w = 0 and an output weight span the x_j once
        independent += bool(np.any(outgoing[~alive]))
    entries = own.shape[1]
    if isinstance(network, ConvTwoLayer) and not network.shared:
        entries = int(np.prod(network.size)) + biased
    formula = independent * entries + len(labels) * positions
    dead = ~alive & (np.any(outgoing != 0, axis=1) | np.any(own != 0, axis=1))
    return formula, len(labels), independent, _objection(network, dense, bool(np.any(dead)))


def _objection(network: TwoLayer | ConvTwoLayer, dense: TwoLayer, dead: bool) -> str:
    if dead and (isinstance(network, ConvTwoLayer) or dense.biases is not None):
        return (
            "an input-ineffective unit (w = 0 with an output weight or a bias) has tangents of its own, constants and "
            "linear functions, which the formula does not count"
        )
    if isinstance(network, ConvTwoLayer) and _shifted(network, dense):
        return (
            "a kernel is a shift of another or of itself inside the image (up to sign), so padded kernels coincide and "
            "tangents of different positions depend on each other"
        )
    return ""


def _shifted(network: ConvTwoLayer, dense: TwoLayer) -> bool:
    """Returns whether padded kernels of different positions coincide up to sign."""
    positions = int(np.prod(network.positions))
    classes, _ = _classes(_rows(dense))
    place = np.arange(len(classes)) % positions
    alive = np.any(np.asarray(dense.input_weights) != 0, axis=1)
    return any(len(np.unique(place[alive & (classes == c)])) > 1 for c in np.unique(classes[alive]))


def _rows(network: TwoLayer) -> np.ndarray:
    weights = np.asarray(network.input_weights)
    return weights if network.biases is None else np.concatenate([weights, np.asarray(network.biases)[:, None]], axis=1)


def _classes(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns the number of each row's class (equal up to sign) and its sign relative to the first of the class."""
    classes, signs, firsts = np.zeros(len(rows), dtype=np.int64), np.ones(len(rows)), []
    for k, row in enumerate(rows):
        for label, first in enumerate(firsts):
            tolerance = _SAME * np.abs(first).max(initial=0.0)
            if found := [sign for sign in (1.0, -1.0) if np.all(np.abs(row - sign * first) <= tolerance)]:
                classes[k], signs[k] = label, found[0]
                break
        else:
            classes[k] = len(firsts)
            firsts.append(row)
    return classes, signs
