"""Standardised units: critical points are searched where inputs and targets are of order 1, whatever the user's units.

An affine change of the inputs and of the targets is undone by the first and the last layer of a dense network, so the
critical points in one kind of units are those in the other, with the same inertia (Sylvester's law).
"""

from dataclasses import dataclass

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jax import Array

from condenslab.networks import MLP, TwoLayer, apply
from condenslab.networks.dense import skips
from condenslab.networks.layered import Dense, layers, widths, with_layers
from condenslab.risk import EmpiricalRisk, SquaredLoss


@dataclass(frozen=True, eq=False)
class Units:
    """x = shift + scale·x′ and y = lift + height·y′, with scales that are powers of 2, so that most numbers stay exact.

    Attributes:
        shift: Shape (input,); 0 where the first layer has no biases to take it up.
        scale: Shape (input,).
        lift: Shape (output,); 0 where the outputs have no biases.
        height: A number; 1 for cross-entropy, whose outputs have a scale of their own.
    """

    shift: np.ndarray
    scale: np.ndarray
    lift: np.ndarray
    height: float

    def risk(self, risk: EmpiricalRisk) -> EmpiricalRisk:
        """Returns the risk in standardised units: R/height², but for a cross-entropy, which is the same."""
        inputs = (np.asarray(risk.inputs) - self.shift) / self.scale
        targets = (np.asarray(risk.targets) - self.lift) / self.height
        return eqx.tree_at(lambda r: (r.inputs, r.targets), risk, (jnp.asarray(inputs), jnp.asarray(targets)))

    def enter(self, network: Dense, scale: float = 1.0) -> Dense:
        """Returns the network in standardised units.

        Args:
            network: A network in the user's units.
            scale: Factor of the risk's outputs.
        """
        weights, biases = _lists(network)
        if biases[0] is not None:
            biases[0] = biases[0] + weights[0] @ self.shift
        weights[0] = weights[0] * self.scale[None, :]
        weights[-1] = weights[-1] / self.height
        if biases[-1] is not None:
            biases[-1] = (biases[-1] - self.lift / scale) / self.height
        return with_layers(network, weights, biases)

    def leave(self, network: Dense, scale: float = 1.0) -> Dense:
        """Returns the network in the user's units: the inverse of `enter`."""
        weights, biases = _lists(network)
        weights[0] = weights[0] / self.scale[None, :]
        if biases[0] is not None:
            biases[0] = biases[0] - weights[0] @ self.shift
        weights[-1] = weights[-1] * self.height
        if biases[-1] is not None:
            biases[-1] = biases[-1] * self.height + self.lift / scale
        return with_layers(network, weights, biases)


def units_of(risk: EmpiricalRisk, network: TwoLayer | MLP) -> Units:
    """Returns the units in which the samples that count lie in about [−1, 1], inputs and targets alike.

    Args:
        risk: R, of this package's dense networks.
        network: Says which layers have biases, and whether the first adds its input (then inputs keep their units).
    """
    counted = np.asarray(risk.probabilities) > 0
    inputs, targets = np.asarray(risk.inputs)[counted], np.asarray(risk.targets)[counted]
    _, biases = layers(network)
    shift, scale = np.zeros(inputs.shape[-1]), np.ones(inputs.shape[-1])
    if not (isinstance(network, MLP) and network.residual and 0 in skips(widths(network))):
        shift, scale = _frame(inputs, movable=biases[0] is not None)
    lift, height = np.zeros(targets.shape[1]), 1.0
    if isinstance(risk.loss, SquaredLoss):
        # Outputs share one height: their squares are added up.
        movable = biases[-1] is not None and (risk.scale is None or float(risk.scale) != 0.0)
        lift, heights = _frame(targets, movable=movable)
        height = float(heights.max(initial=0.0)) or 1.0
    return Units(shift, scale, lift, height)


def standardises(risk: EmpiricalRisk, network: object) -> bool:
    """Returns whether risk and network are such that units can be changed."""
    return risk.predict is apply and isinstance(network, TwoLayer | MLP) and np.ndim(risk.inputs) == 2


def _lists(network: TwoLayer | MLP) -> tuple[list[Array], list[Array | None]]:
    weights, biases = layers(network)
    return list(weights), list(biases)


def _frame(values: np.ndarray, *, movable: bool) -> tuple[np.ndarray, np.ndarray]:
    """Returns shift and scale of every column; 0 and 1 for one that is 0 throughout."""
    low, high = values.min(axis=0), values.max(axis=0)
    middle, half = low / 2 + high / 2, high / 2 - low / 2
    reach = np.maximum(np.abs(low), np.abs(high))
    size = np.where(half > 0, half, reach) if movable else reach
    scale = 2.0 ** np.round(np.log2(np.where(size > 0, size, 1.0)))
    return (np.round(middle / scale) * scale if movable else np.zeros_like(middle)), scale
