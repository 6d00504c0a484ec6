"""How linearly a layer acts on the data: the linearisation measure of the embedding principle in depth."""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from condenslab.measures.condensation import amplitudes
from condenslab.networks import MLP, TwoLayer
from condenslab.networks.checks import check_number
from condenslab.networks.dense import LayerState, forward
from condenslab.networks.layered import widths

LINEAR = 0.99
"""A layer above this correlation is effectively linear (Bai et al., arXiv 2205.13283)."""

_ROUNDING = 64 * float(np.finfo(np.float64).eps)


@dataclass(frozen=True, eq=False)
class LayerLinearity:
    """How nearly affine the units of one hidden layer are on the data, σ(z_j) ≈ λ_j·z_j + μ_j.

    Attributes:
        value: MPC, the smallest |Pearson correlation| over the units that count; None where none does.
        threshold: A layer above it is effectively linear.
        correlations: |Pearson correlation| of preactivation and activation over the inputs, NaN for units whose
            preactivation or activation does not vary, shape (unit,).
        constant: Units that do not vary: they are affine with slope 0, but have no correlation.
        dropped: Units whose amplitude is below the filter.
        slopes: λ of the least-squares line of every unit, 0 where the preactivation does not vary, shape (unit,).
        offsets: μ of that line, shape (unit,).
        errors: Largest |σ(z) − λz − μ| over the inputs, shape (unit,).
    """

    value: float | None
    threshold: float
    correlations: np.ndarray
    constant: np.ndarray
    dropped: np.ndarray
    slopes: np.ndarray
    offsets: np.ndarray
    errors: np.ndarray

    @property
    def linear(self) -> bool:
        """Whether the layer is effectively linear; not where no unit counts."""
        return self.value is not None and self.value > self.threshold


def linearisation(
    network: TwoLayer | MLP, inputs: np.ndarray | Array, *, threshold: float = LINEAR, drop: float = 0.0
) -> tuple[LayerLinearity, ...]:
    """Returns for every hidden layer how nearly affine it is on the inputs: MPC and each unit's least-squares line.

    MPC(layer) = min_j |corr_i(z_j(x_i), σ(z_j(x_i)))| over the inputs x_i, 1 exactly where every unit is affine on the
    data. Units that do not vary have no correlation and do not count.

    Args:
        network: A dense network.
        inputs: The data, shape (sample, input), at least two samples.
        threshold: A layer above it is effectively linear, in (0, 1).
        drop: Units whose amplitude ‖a‖·‖(w, b)‖ is below this fraction of the layer's largest do not count, in [0, 1);
            the source does so for ReLU, whose small units are arbitrary, without a number.

    Raises:
        TypeError: The network is neither a `TwoLayer` nor an `MLP`.
        ValueError: Fewer than two samples, a shape that does not fit, numbers that are not finite, or a threshold or
            filter out of range.

    References:
        Bai et al., "Embedding Principle in Depth", arXiv 2205.13283, section 5 (minimal Pearson correlation).

    Example:
        >>> from condenslab.networks import activation
        >>> relu = TwoLayer(jnp.ones((1, 1)), jnp.ones(1), jnp.ones((1, 1)), None, activation("relu"))
        >>> round(linearisation(relu, jnp.array([[0.0], [1.0], [3.0]]))[0].value, 12)
        1.0
    """
    check_number("threshold", threshold)
    check_number("drop", drop)
    if not 0 < threshold < 1 or not 0 <= drop < 1:
        raise ValueError(f"threshold must be in (0, 1) and drop in [0, 1). Got {threshold} and {drop}.")
    states = layer_states(network, inputs)
    if len(states[0].inputs) < 2:
        raise ValueError(f"a correlation needs at least two samples. Got {len(states[0].inputs)}.")
    return tuple(_linearity(network, layer, states[layer], threshold, drop) for layer in range(len(states) - 1))


def layer_states(network: TwoLayer | MLP, inputs: np.ndarray | Array) -> tuple[LayerState, ...]:
    """Returns what every layer sees and does on a batch, in float64 on the host.

    Args:
        network: A dense network.
        inputs: A batch, shape (sample, input).

    Raises:
        TypeError: The network is neither a `TwoLayer` nor an `MLP`.
        ValueError: The shape does not fit, or inputs or activations are not finite.
    """
    needed, data = widths(network)[0], np.asarray(inputs, dtype=np.float64)
    if data.ndim != 2 or data.shape[1] != needed or len(data) == 0:
        raise ValueError(f"inputs must have shape (sample, {needed}), with samples. Got {data.shape}.")

    def activate(preactivations: np.ndarray, _: int) -> np.ndarray:
        # The activation alone compiles in a moment, a whole network of every new shape does not.
        return np.asarray(network.activation(jnp.asarray(preactivations)), np.float64)

    host = jax.tree.map(lambda array: np.asarray(array, np.float64), network)
    states = tuple(forward(host, data, activate))
    if not all(np.isfinite(array).all() for state in states for array in state):
        raise ValueError("inputs and activations must be finite. Got NaN or infinity: is the network diverged?")
    return states


def _linearity(network: TwoLayer | MLP, layer: int, state: LayerState, threshold: float, drop: float) -> LayerLinearity:
    _, z, a = state
    centred, response = z - z.mean(axis=0), a - a.mean(axis=0)
    variance, still = np.mean(centred**2, axis=0), _still(z)
    covariance = np.mean(centred * response, axis=0)
    slopes = np.divide(covariance, variance, out=np.zeros_like(variance), where=~still)
    offsets = a.mean(axis=0) - slopes * z.mean(axis=0)
    constant = still | _still(a)
    spread = np.sqrt(variance * np.mean(response**2, axis=0))
    unknown = np.full_like(variance, np.nan)
    correlations = np.minimum(np.abs(np.divide(covariance, spread, out=unknown, where=~constant)), 1.0)
    sizes = amplitudes(network, layer) if drop > 0 else np.ones(z.shape[1])
    small = sizes < drop * sizes.max(initial=0.0)
    counted = correlations[~constant & ~small]
    return LayerLinearity(
        value=float(counted.min()) if counted.size else None,
        threshold=threshold,
        correlations=correlations,
        constant=np.flatnonzero(constant),
        dropped=np.flatnonzero(small),
        slopes=slopes,
        offsets=offsets,
        errors=np.abs(a - slopes * z - offsets).max(axis=0),
    )


def _still(values: np.ndarray) -> np.ndarray:
    """Returns which columns do not vary by more than rounding."""
    return np.ptp(values, axis=0) <= _ROUNDING * np.abs(values).max(axis=0, initial=0.0)
