"""A network taken apart into a header and named parameters, and put together again, with the checks of both ways.

The parameters of layer k of an `MLP` are called `network/weights/k` and `network/biases/k` (k counts from 0); those of
a `TwoLayer` have the names of its fields after `network/`.
"""

from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from condenslab.errors import UserError, unknown
from condenslab.interop.container import REPAIR, NetworkHeader, Shapes, Tensors
from condenslab.networks import ACTIVATIONS, MLP, Activation, TwoLayer

_PRECISIONS = ("float32", "float64")


def take_apart(file: Path, network: Any) -> tuple[NetworkHeader, Tensors]:
    """Returns the header and the parameters of a network.

    Args:
        file: Where they are to be written, for the message.
        network: The network.

    Raises:
        UserError: It is of another class, has an unknown activation, or its parameters are no sound set of arrays.
    """
    if type(network) is TwoLayer:
        kind, residual = "TwoLayer", False
        layers = [(network.input_weights, network.biases), (network.output_weights, network.output_bias)]
    elif type(network) is MLP:
        kind, residual = "MLP", bool(network.residual)
        layers = list(zip(network.weights, network.biases, strict=True))
    else:
        raise UserError(
            f"{file} cannot hold a network of class {type(network).__name__}: give a networks.TwoLayer or networks.MLP"
        )
    _check_registered(file, network.activation)
    header = NetworkHeader(kind, network.activation.name, [bias is not None for _, bias in layers], residual)
    tensors: Tensors = {}
    for names, layer in zip(layer_names(header), layers, strict=True):
        for name, array in zip(names, layer, strict=False):
            if not isinstance(array, np.ndarray | jax.Array):
                raise UserError(f"{file} is not written because {name} is no array but {array!r}: give a whole network")
            tensors[name] = np.asarray(array)
    reason = misfit_of_network(header, {name: array.shape for name, array in tensors.items()}) or _unsound(tensors)
    if reason:
        raise UserError(f"{file} is not written because {reason}: save one sound network (of an ensemble, one member)")
    return header, tensors


def put_together(file: Path, header: NetworkHeader, tensors: Tensors) -> TwoLayer | MLP:
    """Returns the network of a header and its parameters, whose shapes have been checked.

    Args:
        file: Where they come from, for the message.
        header: The header.
        tensors: The parameters by name, perhaps among others.

    Raises:
        UserError: A parameter is not a finite float32 or float64 number, JAX would round one, or the activation is
            unknown.
    """
    layers = [{name: tensors[name] for name in names} for names in layer_names(header)]
    reason = _unsound({name: array for layer in layers for name, array in layer.items()})
    if reason:
        raise UserError(f"{file} is not loaded because {reason}: {REPAIR}")
    if header.activation not in ACTIVATIONS:
        error = unknown("activation", header.activation, ACTIVATIONS)
        raise UserError(f"{file} has an {error} (one of your own must be in networks.ACTIVATIONS before loading)")
    doubles = any(array.dtype == np.float64 for layer in layers for array in layer.values())
    if doubles and jnp.result_type(float) != np.float64:
        raise UserError(
            f"{file} holds float64 numbers, which JAX would round to float32: call "
            "jax.config.update('jax_enable_x64', True) before loading"
        )
    activation = ACTIVATIONS[header.activation]
    parameters = [[jnp.asarray(array) for array in layer.values()] for layer in layers]
    weights = tuple(layer[0] for layer in parameters)
    biases = tuple(layer[1] if len(layer) > 1 else None for layer in parameters)
    if header.kind == "TwoLayer":
        return TwoLayer(weights[0], biases[0], weights[1], biases[1], activation)
    return MLP(weights, biases, activation, header.residual)


def layer_names(header: NetworkHeader) -> list[tuple[str, ...]]:
    """Returns the names of the parameters of each layer: of its weights and, where it has them, of its biases."""
    if header.kind == "TwoLayer":
        pairs = [("input_weights", "biases"), ("output_weights", "output_bias")]
    else:
        pairs = [(f"weights/{layer}", f"biases/{layer}") for layer in range(len(header.biases))]
    return [
        tuple(f"network/{name}" for name in (pair if has_bias else pair[:1]))
        for pair, has_bias in zip(pairs, header.biases, strict=True)
    ]


def misfit_of_header(header: NetworkHeader) -> str | None:
    """Returns what in a header cannot be, or None."""
    count = len(header.biases)
    if header.kind == "TwoLayer" and (count != 2 or header.residual):
        return f"its header gives a TwoLayer {count} layers and residual={header.residual}"
    return None if count else "its header gives an MLP no layers"


def misfit_of_network(header: NetworkHeader, shapes: Shapes) -> str | None:
    """Returns what does not fit together in the shapes of the parameters, or None."""
    below = None
    for names in layer_names(header):
        shape = shapes[names[0]]
        if len(shape) != 2:
            return f"{names[0]} has shape {shape} and must have two axes"
        if below is not None and shape[1] != below:
            return f"{names[0]} has shape {shape} and must have {below} columns, the width of the layer below"
        for bias in names[1:]:
            if shapes[bias] != shape[:1]:
                return f"{bias} has shape {shapes[bias]} and must have {shape[:1]}, one entry a row of {names[0]}"
        below = shape[0]
    return None


def _unsound(parameters: Tensors) -> str | None:
    """Returns what is wrong with the values of parameters, or None."""
    for name, array in parameters.items():
        if array.dtype.name not in _PRECISIONS:
            return f"{name} has type {array.dtype} and must have type {' or '.join(_PRECISIONS)}"
        if not np.all(np.isfinite(array)):
            return f"{name} has NaN or infinite entries, from which nothing can be continued or measured"
    return None


def _check_registered(file: Path, activation: Activation) -> None:
    known = ACTIVATIONS.get(activation.name)
    if known is None or known != activation or known.function is not activation.function:
        raise UserError(
            f"{file} is not written because the activation {activation.name!r} is not the one of that name in "
            "networks.ACTIVATIONS, and a file holds only a name: add it there under a name of its own, here and where "
            "the file will be loaded"
        )
