"""Networks and training runs in files: one safetensors file each, written atomically, read without executing anything.

A network is stored exactly (every bit of every parameter), with its class, its activation by name and its residual flag.
A trajectory is stored with its internal state, so that `resume=` continues a loaded one as if it had stayed in memory. The
parameters of a network must be finite, in the file as in memory: from NaN nothing can be continued or measured. Records
and state may hold NaN and infinity, which are answers there.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from condenslab.errors import UserError, unknown
from condenslab.interop.container import (
    REPAIR,
    Content,
    NetworkHeader,
    RunHeader,
    Tensors,
    damaged,
    read_header,
    read_tensors,
    write,
)
from condenslab.networks import ACTIVATIONS, MLP, TwoLayer
from condenslab.training import Stop, Trajectory

Shapes = dict[str, tuple[int, ...]]

_PARAMETERS = ("float32", "float64")
_STORABLE = {
    *("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
    *("bfloat16", "float16", "float32", "float64", "complex64"),
}


def save_network(path: str | os.PathLike[str], network: TwoLayer | MLP) -> None:
    """Writes a network to one safetensors file, which is replaced if it exists.

    Args:
        path: The file, by custom `….safetensors`. Its folder must exist.
        network: The network; float32 or float64, finite, its activation one of `networks.ACTIVATIONS`.

    Raises:
        UserError: The network is of another class, has another activation, has a parameter that is not a finite float32
            or float64 number, or shapes that do not fit together (a stack of members, say); or the file cannot be
            written, and then what was there before is untouched.

    Example:
        >>> import jax, tempfile
        >>> from condenslab import networks
        >>> network = networks.two_layer(jax.random.key(0), input=1, width=3, output=1, activation="tanh")
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     save_network(f"{folder}/small.safetensors", network)
        ...     load_network(f"{folder}/small.safetensors").width
        3
    """
    header, tensors = _disassembled(Path(path), network)
    write(Path(path), Content(header, None), tensors)


def load_network(path: str | os.PathLike[str]) -> TwoLayer | MLP:
    """Reads a network that `save_network` has written.

    Args:
        path: The file.

    Returns:
        The network, equal to the saved one in class, activation and every bit; a warm start for `descend` and `flow`.

    Raises:
        UserError: The file is missing, truncated, damaged, of another program, of a newer version of the format, or a
            trajectory; its tensors do not fit together or are not finite; it names an unknown activation; or it holds
            float64 numbers and JAX is set to float32.
    """
    content, tensors = _checked(Path(path))
    if content.run is not None:
        raise UserError(f"{path} holds a trajectory: load it with load_trajectory, whose result has the network")
    return _assembled(Path(path), content.network, tensors)


def save_trajectory(path: str | os.PathLike[str], trajectory: Trajectory) -> None:
    """Writes a training run to one safetensors file, which is replaced if it exists.

    Args:
        path: The file, by custom `….safetensors`. Its folder must exist.
        trajectory: What `descend` or `flow` returned, or a member of what `ensemble` returned. Its network is as in
            `save_network`; its records and state may hold any real numbers, NaN and infinity included.

    Raises:
        UserError: As `save_network`; or the records do not have one entry a time, or an array is of a type that
            safetensors cannot hold.
    """
    file = Path(path)
    if not isinstance(trajectory, Trajectory):
        raise UserError(f"{file} cannot hold a {type(trajectory).__name__} as a trajectory: give what descend returned")
    header, tensors = _disassembled(file, trajectory.network)
    if not np.isfinite(trajectory.seconds):
        raise UserError(f"{file} is not written because the wall time is {trajectory.seconds}: give finite seconds")
    run = RunHeader(
        stop=trajectory.stop.name,
        steps=int(trajectory.steps),
        seconds=float(trajectory.seconds),
        records=list(trajectory.records),
        state=len(trajectory.state),
    )
    values = (trajectory.times, *trajectory.records.values(), *trajectory.state)
    for name, value in zip(_run_names(run), values, strict=True):
        array = np.asarray(value)
        if array.dtype.name not in _STORABLE:
            raise UserError(f"{file} cannot hold {name} of type {array.dtype}: convert it to one of {_listed(_STORABLE)}")
        tensors[name] = array
    misfit = _misfit_of_records(run, _shapes(tensors))
    if misfit:
        raise UserError(f"{file} is not written because {misfit}: give a trajectory as descend or flow returned it")
    write(file, Content(header, run), tensors)


def load_trajectory(path: str | os.PathLike[str]) -> Trajectory:
    """Reads a training run that `save_trajectory` has written.

    Args:
        path: The file.

    Returns:
        The trajectory; `resume=` continues it to the same bits as the one that was saved.

    Raises:
        UserError: As `load_network`; or the file holds a network alone.
    """
    file = Path(path)
    content, tensors = _checked(file)
    run = content.run
    if run is None:
        raise UserError(f"{file} holds a network without a training run: load it with load_network")
    if run.stop not in Stop.__members__:
        raise damaged(file, f"it gives the unknown reason {run.stop!r} why the run stopped")
    times, *rest = (tensors[name] for name in _run_names(run))
    return Trajectory(
        times=times,
        records=dict(zip(run.records, rest, strict=False)),
        network=_assembled(file, content.network, tensors),
        stop=Stop[run.stop],
        steps=run.steps,
        seconds=run.seconds,
        state=tuple(rest[len(run.records) :]),
    )


def _layer_names(header: NetworkHeader) -> list[tuple[str, str]]:
    """Returns the names of the weights and of the biases of every layer."""
    if header.kind == "TwoLayer":
        names = [("input_weights", "biases"), ("output_weights", "output_bias")]
    else:
        names = [(f"weights/{layer}", f"biases/{layer}") for layer in range(len(header.biases))]
    return [(f"network/{weights}", f"network/{bias}") for weights, bias in names]


def _network_names(header: NetworkHeader) -> list[str]:
    """Returns the names of the parameters, layer by layer."""
    layers = zip(_layer_names(header), header.biases, strict=True)
    return [name for (weights, bias), has_bias in layers for name in ((weights, bias) if has_bias else (weights,))]


def _run_names(run: RunHeader) -> list[str]:
    """Returns the names of times, records and state."""
    return ["times", *(f"records/{name}" for name in run.records), *(f"state/{leaf}" for leaf in range(run.state))]


def _disassembled(file: Path, network: Any) -> tuple[NetworkHeader, Tensors]:
    """Returns the header and the parameters of a network, or refuses it."""
    if type(network) is TwoLayer:
        weights: Sequence[Any] = (network.input_weights, network.output_weights)
        biases: Sequence[Any] = (network.biases, network.output_bias)
        residual = False
    elif type(network) is MLP:
        weights, biases, residual = network.weights, network.biases, network.residual
    else:
        raise UserError(
            f"{file} cannot hold a network of class {type(network).__name__}: give a networks.TwoLayer or networks.MLP"
        )
    name = network.activation.name
    known = ACTIVATIONS.get(name)
    if known != network.activation or known.function is not network.activation.function:
        raise UserError(
            f"{file} is not written because the activation {name!r} is not the one of that name in networks.ACTIVATIONS, "
            "and a file holds only a name: add it there under its own name, here and where the file will be loaded"
        )
    header = NetworkHeader(type(network).__name__, name, [bias is not None for bias in biases], bool(residual))
    arrays = [leaf for layer in zip(weights, biases, strict=True) for leaf in (layer if layer[1] is not None else layer[:1])]
    tensors: Tensors = {}
    for name, array in zip(_network_names(header), arrays, strict=True):
        if not isinstance(array, np.ndarray | jax.Array):
            raise UserError(f"{file} is not written because {name} is no array but {array!r}: give a whole network")
        tensors[name] = np.asarray(array)
    misfit = _misfit_of_network(header, _shapes(tensors)) or _misfit_of_values(tensors)
    if misfit:
        raise UserError(f"{file} is not written because {misfit}: save one sound network (of an ensemble, one member)")
    return header, tensors


def _assembled(file: Path, header: NetworkHeader, tensors: Tensors) -> TwoLayer | MLP:
    """Returns the network, or refuses values that are not finite or that JAX would round."""
    names = _layer_names(header)
    own = {name: tensors[name] for name in _network_names(header)}
    misfit = _misfit_of_values(own)
    if misfit:
        raise UserError(f"{file} is not loaded because {misfit}: {REPAIR}")
    if header.activation not in ACTIVATIONS:
        raise UserError(f"{file} has an {unknown('activation', header.activation, ACTIVATIONS)}; add it there first")
    for array in own.values():
        if jax.dtypes.canonicalize_dtype(array.dtype) != array.dtype:
            raise UserError(
                f"{file} holds float64 numbers, which JAX would round to float32: call "
                "jax.config.update('jax_enable_x64', True) before loading"
            )
    activation = ACTIVATIONS[header.activation]
    parameters = {name: jnp.asarray(array) for name, array in own.items()}
    weights = tuple(parameters[name] for name, _ in names)
    biases = tuple(parameters.get(name) for _, name in names)
    if header.kind == "TwoLayer":
        return TwoLayer(weights[0], biases[0], weights[1], biases[1], activation)
    return MLP(weights, biases, activation, header.residual)


def _checked(file: Path) -> tuple[Content, Tensors]:
    """Reads a file; its tensors are those that its header needs, and their shapes fit together."""
    content, shapes = read_header(file)
    header, run = content.network, content.run
    least = max(1, len(header.biases))
    if len(header.biases) != (2 if header.kind == "TwoLayer" else least) or (header.kind, header.residual) == ("TwoLayer", True):
        raise damaged(file, f"its header describes no {header.kind}")
    needed = {*_network_names(header), *(() if run is None else _run_names(run))}
    missing, extra = needed - set(shapes), set(shapes) - needed
    for names, word in ((missing, "lacks"), (extra, "has the unexpected")):
        if names:
            raise damaged(file, f"it {word} {_listed(names)}")
    misfit = _misfit_of_network(header, shapes) or (run and _misfit_of_records(run, shapes))
    if misfit:
        raise damaged(file, misfit)
    return content, read_tensors(file)


def _misfit_of_network(header: NetworkHeader, shapes: Shapes) -> str | None:
    """Returns what does not fit together in the shapes of a network, or None."""
    before = None
    for (weights, bias), has_bias in zip(_layer_names(header), header.biases, strict=True):
        shape = shapes[weights]
        if len(shape) != 2:
            return f"{weights} has shape {shape} and must have two axes"
        if before is not None and shape[1] != before:
            return f"{weights} has shape {shape} and must have {before} columns, the width of the layer below"
        if has_bias and shapes[bias] != shape[:1]:
            return f"{bias} has shape {shapes[bias]} and must have shape {shape[:1]}, that of the rows of {weights}"
        before = shape[0]
    return None


def _misfit_of_records(run: RunHeader, shapes: Shapes) -> str | None:
    """Returns what does not fit together in the shapes of times and records, or None."""
    times = shapes["times"]
    if len(times) != 1:
        return f"times has shape {times} and must have one axis"
    for name in run.records:
        shape = shapes[f"records/{name}"]
        if shape[:1] != times:
            return f"records/{name} has shape {shape} and must have one entry for each of {times[0]} times"
    return None


def _misfit_of_values(tensors: Tensors) -> str | None:
    """Returns what is wrong with the values of parameters, or None."""
    for name, array in tensors.items():
        if array.dtype.name not in _PARAMETERS:
            return f"{name} has type {array.dtype} and must have one of {_listed(_PARAMETERS)}"
        if not np.all(np.isfinite(array)):
            return f"{name} has NaN or infinite entries, from which nothing can be continued or measured"
    return None


def _shapes(tensors: Tensors) -> Shapes:
    return {name: array.shape for name, array in tensors.items()}


def _listed(names: Any) -> str:
    return ", ".join(sorted(names))
