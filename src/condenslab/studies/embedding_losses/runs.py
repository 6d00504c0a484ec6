"""Makes points critical for a loss, embeds them, and measures gradients, outputs and signs of curvature."""

from collections.abc import Iterator
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.flatten_util import ravel_pytree

from condenslab import landscape, losses, measures, networks
from condenslab.landscape import CompatibleEmbedding
from condenslab.networks import MLP
from condenslab.numerics import rounding_floor
from condenslab.risk import EmpiricalRisk
from condenslab.studies.embedding_losses.cases import (
    COPIES,
    INPUTS,
    LOSSES,
    OUTPUTS,
    SHARES,
    SPLIT,
    STEPS,
    THREE_FOLD,
    WIDTH,
    Case,
    LossName,
)
from condenslab.studies.shared.columns import columns
from condenslab.sweeps import Outcome, Progress

_STD, _SPREAD, _PROBES = 1.2, 2.0, 50
_MARGIN = 16.0
"""How often the rounding floor counts as noise of an eigenvalue."""


class SmoothAbsolute(losses.Loss):
    """ℓ = Σ_o √(1 + (f_o − y_o)²): a loss of one's own, neither quadratic nor a power."""

    def value(self, outputs: Array, targets: Array) -> Array:
        """Returns ℓ of every sample, shape (sample,)."""
        return jnp.sum(jnp.sqrt(1.0 + (outputs - targets) ** 2), axis=1)


def measure(case: Case, progress: Progress) -> Outcome:
    """Returns a row for every embedding of a critical point, and of a point that is not critical.

    Args:
        case: The case.
        progress: Called with (fraction, text).
    """
    random = np.random.default_rng([case.seed, case.depth, LOSSES.index(case.loss)])
    narrow, other = (_network(seed, case.depth) for seed in (case.seed, case.seed + 10_000))
    inputs = _SPREAD * random.standard_normal((case.samples, INPUTS))
    risk = made_critical(narrow, inputs, case.loss, random)
    probes = jnp.asarray(random.standard_normal((_PROBES, INPUTS)))
    shares, table = random.uniform(-0.5, 1.5, (3, case.depth)), []
    for point, network in (("critical", narrow), ("any", other)):
        before = np.asarray(network(probes))
        for kind, embedding in embeddings(network, shares):
            wide = embedding(network)
            difference = float(np.abs(np.asarray(wide(probes)) - before).max() / np.abs(before).max())
            row = {"point": point, "kind": kind, "output_difference": difference}
            table.append(row | _row(risk, wide))
        progress(0.5 if point == "critical" else 1.0, f"{point} point embedded")
    (size, hessian), (_, another) = (derivatives(risk, network) for network in (narrow, other))
    signs = [measures.inertia(matrix, gradient_norm=0.0) for matrix in (hessian, another)]
    values = {
        "risk": float(risk.value(narrow)),
        "narrow_gradient": size,
        "narrow_decided": all(one.decided for one in signs),
        "narrow_counts": list(signs[0].counts),
        "other_counts": list(signs[1].counts),
    }
    return Outcome(values | columns(table))


def _network(seed: int, depth: int) -> MLP:
    widths = (INPUTS, *[WIDTH] * depth, OUTPUTS)
    return networks.mlp(seed, widths=widths, activation="tanh", std=_STD, output_bias=True)


def made_critical(network: MLP, inputs: np.ndarray, loss: LossName, random: np.random.Generator) -> EmpiricalRisk:
    """Returns a risk of which a network is a critical point: targets that leave slopes normal to its tangents.

    ∇R = 0 where Σ_i Σ_o s_io ∂f_o/∂θ(x_i) = 0 for the slopes s of the loss. Such slopes are drawn at random; those of
    the cross-entropy also sum to zero over the outputs, for they are differences of probabilities.

    Args:
        network: The network.
        inputs: Inputs, shape (sample, input).
        loss: Which loss.
        random: Draws the slopes.
    """
    outputs = np.asarray(network(jnp.asarray(inputs)))
    tangents = np.asarray(measures.output_jacobian(network, jnp.asarray(inputs))).reshape(outputs.size, -1)
    if loss == "cross-entropy":
        tangents = np.concatenate([tangents, np.kron(np.eye(len(inputs)), np.ones((OUTPUTS, 1)))], axis=1)
    basis, sizes, _ = np.linalg.svd(tangents, full_matrices=False)
    basis = basis[:, sizes > rounding_floor(float(sizes[0]), tangents.shape)]
    slopes = random.standard_normal(outputs.size)
    for _ in range(2):  # the second time takes away what rounding left
        slopes = slopes - basis @ (basis.T @ slopes)
    slopes = slopes.reshape(outputs.shape) / np.abs(slopes).max()
    if loss == "squared":
        return EmpiricalRisk(inputs, outputs - slopes, loss=losses.SquaredLoss())
    if loss == "quartic":
        return EmpiricalRisk(inputs, outputs - np.cbrt(slopes), loss=losses.Quartic())
    if loss == "smooth absolute":
        half = 0.9 * slopes  # of a loss whose slopes are r/√(1 + r²), below 1
        return EmpiricalRisk(inputs, outputs - half / np.sqrt(1 - half**2), loss=SmoothAbsolute())
    probabilities = np.asarray(jax.nn.softmax(jnp.asarray(outputs), axis=1))
    size = 0.5 * np.min(np.abs(probabilities / slopes))
    return EmpiricalRisk(inputs, probabilities - size * slopes, loss=losses.CrossEntropy())


def embeddings(network: MLP, shares: np.ndarray) -> Iterator[tuple[str, CompatibleEmbedding]]:
    """Yields the embeddings of a network with their kinds: splits of every layer, then those of all layers at once.

    Args:
        network: The narrow network.
        shares: Random shares, shape (3, hidden layer).
    """
    depth = len(network.weights) - 1
    for layer in range(depth):
        for share in SHARES:
            split = landscape.splitting(WIDTH, 0, share=share, layer=layer)
            yield SPLIT, landscape.as_compatible(split, network)
    steps = [  # a neuron, the copy that this gives, and a null neuron: as wide as two copies
        step
        for layer in range(depth)
        for step in ((layer, 0, shares[0, layer]), (layer, WIDTH, shares[1, layer]), (layer, -1, shares[2, layer]))
    ]
    yield STEPS, landscape.k_step(network, [(layer, neuron, float(share)) for layer, neuron, share in steps])
    yield COPIES, mixed_copies(depth, shares)
    yield THREE_FOLD, landscape.three_fold(network)


def mixed_copies(depth: int, shares: np.ndarray) -> CompatibleEmbedding:
    """Returns two copies of every hidden layer, each of which reads both copies of the layer before, in own shares.

    Args:
        depth: Hidden layers.
        shares: Random shares, shape (3, hidden layer).
    """
    between = [
        np.kron([[p, 1 - p], [q, 1 - q]], np.ones((WIDTH, WIDTH)))
        for p, q in zip(shares[0, 1:], shares[1, 1:], strict=True)
    ]
    last = np.kron([[shares[2, 0], 1 - shares[2, 0]]], np.ones((OUTPUTS, WIDTH)))
    factors = (np.ones((2 * WIDTH, INPUTS)), *between, last)
    sources = (tuple(range(WIDTH)) * 2,) * depth
    return CompatibleEmbedding(sources, factors, tuple(np.zeros(len(factor)) for factor in factors))


def derivatives(risk: EmpiricalRisk, network: MLP) -> tuple[float, np.ndarray]:
    """Returns the relative size of ∇R, and ∇²R.

    The size is the L1 norm, relative to that with each sample's target given to the next one.

    Args:
        risk: R.
        network: θ.
    """
    gradient, exchanged, hessian = _derivatives(risk, jnp.roll(risk.targets, 1, axis=0), network)
    return float(jnp.abs(gradient).sum() / jnp.abs(exchanged).sum()), np.asarray(hessian)


def _row(risk: EmpiricalRisk, network: MLP) -> dict[str, Any]:
    size, hessian = derivatives(risk, network)
    eigenvalues = np.linalg.eigvalsh(hessian)
    noise = _MARGIN * rounding_floor(float(np.abs(eigenvalues).max()), hessian.shape)
    positive, negative = int(np.sum(eigenvalues > noise)), int(np.sum(eigenvalues < -noise))
    zero = len(eigenvalues) - positive - negative
    return {"gradient": size, "positive": positive, "zero": zero, "negative": negative}


@eqx.filter_jit
def _derivatives(risk: EmpiricalRisk, exchanged: Array, network: MLP) -> tuple[Array, Array, Array]:
    """Returns ∇R, that with other targets, and ∇²R, in one program a shape and loss."""
    theta, unravel = ravel_pytree(network)

    def value(parameters: Array, targets: Array) -> Array:
        outputs = risk.outputs(unravel(parameters))
        return jnp.mean(risk.loss.value(outputs, targets))

    gradient = jax.grad(value)
    return gradient(theta, risk.targets), gradient(theta, exchanged), jax.hessian(value)(theta, risk.targets)
