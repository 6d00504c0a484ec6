"""Inertia layer by layer: of the risk as a function of one layer's parameters, the others held fixed."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jax import Array

from condenslab.measures.curvature import Inertia, inertia
from condenslab.networks import MLP, TwoLayer, ravel, unravel
from condenslab.numerics import require_float64, require_memory
from condenslab.risk import EmpiricalRisk, require_samples


def inertia_by_layer(
    risk: EmpiricalRisk, network: TwoLayer | MLP, *, tolerance: float | None = None
) -> tuple[Inertia, ...]:
    """Returns the inertia of each layer's diagonal block of ∇²R(θ), first layer first, output layer last.

    A block's counts of positive and of negative directions are lower bounds on those of the whole Hessian (its
    eigenvalues interlace); its zeros are none of either kind. Each block is cut by its own spectrum, and its gradient
    level is the L1 norm of the gradient in that layer's parameters. Dense: up to about 5,000 parameters.

    Args:
        risk: R.
        network: θ. A layer's parameters are its weights and, where it has them, biases.
        tolerance: An absolute cut for all blocks, as in `inertia`.

    Raises:
        TypeError: The network is neither a `TwoLayer` nor an `MLP`, or it is not float64 and no tolerance is given.
        ValueError: The Hessian or the gradient is not finite, or does not fit in memory.
    """
    require_samples(risk)
    if not isinstance(network, TwoLayer | MLP):
        raise TypeError(f"network must be a TwoLayer or an MLP, of which the layers are known. Got {type(network)}.")
    require_float64(np.asarray(ravel(network)), "inertia", tolerance)
    size = ravel(network).size
    require_memory(5 * 8 * size**2, f"the Hessian of {size} parameters", "measures.inertia_bounds_at")
    gradient, hessian = (np.asarray(array) for array in _derivatives(risk, network))
    return tuple(
        inertia(hessian[np.ix_(own, own)], gradient_norm=float(np.abs(gradient[own]).sum()), tolerance=tolerance)
        for own in _parameters_of_layers(network)
    )


def _parameters_of_layers(network: TwoLayer | MLP) -> list[np.ndarray]:
    """Returns, for every layer, where its parameters are in θ."""
    places = unravel(jnp.arange(ravel(network).size, dtype=ravel(network).dtype), network)
    if isinstance(places, TwoLayer):
        layers = [(places.input_weights, places.biases), (places.output_weights, places.output_bias)]
    else:
        layers = list(zip(places.weights, places.biases, strict=True))
    return [
        np.concatenate([np.asarray(part).ravel() for part in layer if part is not None]).astype(np.int64)
        for layer in layers
    ]


@eqx.filter_jit
def _derivatives(risk: EmpiricalRisk, network: TwoLayer | MLP) -> tuple[Array, Array]:
    return ravel(risk.gradient(network)), risk.hessian(network)
