"""Which arrays of a checkpoint are weights of neurons, and which are not, with the reason."""

import fnmatch
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from condenslab.interop.neurons import names
from condenslab.interop.neurons.pairing import gate_partner, gates_of_recurrence, outgoing, successors
from condenslab.interop.neurons.rows import SMALLEST, Rows, UnmeasurableError, as_float, scale_of
from condenslab.interop.reading.dtypes import is_number

Skipped = list[tuple[str, str]]


@dataclass(frozen=True)
class Layer:
    """The neurons of a weight matrix or the filters of a convolution.

    Attributes:
        name: The array's name in the file; of a gated pair that of the gate.
        kind: "dense", "convolution", "gated" or "recurrent".
        shape: The array's shape.
        rows: Input weights, with biases where there are any.
        bias: Name of the biases, or None.
        with_: Name of the other half of a gated pair, or None.
        outgoing: Name of the next matrix, which has a column for each neuron, or None.
        out: Norm of what leaves each neuron, or None where that is not known.
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    rows: Rows
    bias: str | None
    with_: str | None
    outgoing: str | None
    out: np.ndarray | None


def weights_of(tensors: Mapping[str, np.ndarray], skipped: Skipped) -> dict[str, np.ndarray]:
    """Returns the arrays that are weights: at least two axes, real numbers, of the model and not of its optimiser.

    Args:
        tensors: All arrays.
        skipped: Takes name and reason of the others.
    """
    found: dict[str, np.ndarray] = {}
    models = {names.stripped(name) for name in tensors if not names.of_average(name) and not names.of_optimiser(name)}
    for name, array in tensors.items():
        if reason := _no_weight(name, array, models):
            skipped.append((name, reason))
        else:
            found[name] = array
    return found


def _no_weight(name: str, array: np.ndarray, models: set[str]) -> str | None:
    if names.of_optimiser(name):
        return "state of the optimiser or of training, no weight"
    if names.of_average(name) and names.stripped(name) in models:
        return "moving average of a weight that is measured itself"
    if array.ndim < 2:
        return "one axis or none: a bias (counted with its weights), a scale or a statistic"
    if not is_number(array.dtype):
        packed = array.dtype.kind in "iu" and any(
            w in names.plain(name) for w in ("qweight", "weight", "packed", "zeros")
        )
        return f"{array.dtype} numbers{', packed or quantised' if packed else ''}: no weights"
    if not array.size:
        return "it is empty"
    return None


def layers_of(
    tensors: Mapping[str, np.ndarray],
    weights: Mapping[str, np.ndarray],
    skipped: Skipped,
    *,
    layers: str,
    every: bool,
    follow: bool = True,
) -> list[Layer]:
    """Returns the layers whose rows are neurons.

    Args:
        tensors: All arrays, for the biases.
        weights: The candidates, in the order of the file.
        skipped: Takes name and reason of the others.
        layers: A pattern with * and ?; others are left out.
        every: Whether embeddings and output layers count too.
        follow: Whether to look at what leaves the neurons.
    """
    oriented = {name: _neurons_first(name, array, tensors) for name, array in weights.items()}
    last = next((name for name in reversed(oriented) if not names.is_embedding(name)), None)
    after = successors(oriented)
    found: list[Layer] = []
    halves: set[str] = set()
    for name, array in oriented.items():
        reason = None if every else _no_neurons(name, array, last, oriented, after)
        if not fnmatch.fnmatchcase(name, layers):
            skipped.append((name, f"not asked for: its name does not match {layers}"))
        elif reason:
            skipped.append((name, reason))
        elif name not in halves:
            partner = gate_partner(name, oriented)
            if partner:
                halves.add(partner)
            found.append(_layer(name, array, partner, oriented, tensors, after if follow else None))
    return found


def _no_neurons(
    name: str,
    array: np.ndarray,
    last: str | None,
    oriented: Mapping[str, np.ndarray],
    after: Mapping[str, str],
) -> str | None:
    if names.is_embedding(name):
        return "embedding: its rows are tokens or positions, not neurons"
    if names.is_output(name):
        return "output layer: its rows are outputs, not neurons"
    ends = name == last and len(oriented) > 1 and array.ndim == 2 and "pool" not in names.plain(name)
    if ends and outgoing(name, array, oriented, after) is None and len(array) < array.shape[1]:
        return "output layer (the last matrix): its rows are outputs, not neurons"
    if len(array) < 2:
        return "it has one neuron, and a neuron alone has no neighbour"
    return None


def _neurons_first(name: str, array: np.ndarray, tensors: Mapping[str, np.ndarray]) -> np.ndarray:
    """Turns a matrix so that its first axis is the neuron: JAX's kernels and GPT-2's Conv1D have it last."""
    leaf = names.plain(name).rpartition(".")[2]
    bias = bias_of(name, tensors)
    length = len(tensors[bias]) if bias else None
    last = leaf == "kernel" or (length is not None and length == array.shape[-1] != array.shape[0])
    if array.ndim == 2 and leaf == "weight" and any(f".{part}." in name for part in ("c_proj", "c_fc", "c_attn")):
        last = last or any(".c_attn.weight" in other and a.shape[1] == 3 * len(a) for other, a in tensors.items())
    return np.moveaxis(array, -1, 0) if last else array


def bias_of(name: str, tensors: Mapping[str, Any]) -> str | None:
    """Returns the name of the biases of a weight, or None.

    Args:
        name: The weight.
        tensors: All arrays.
    """
    head, dot, leaf = name.rpartition(".") if "." in name else name.rpartition("/")
    options = (
        [f"{head}{dot}{word}" for word in ("bias", "b", "biases")] if leaf in ("weight", "kernel", "w", "W") else []
    )
    options += [f"{head}{dot}{leaf.replace('weight', 'bias')}"] if leaf.startswith("weight_") else []
    if leaf == "input_weights":
        options.append(f"{head}{dot}biases")
    if head.rpartition("/")[2] in ("weights", "kernels") and leaf.isdigit():
        start = head.rpartition("/")[0]
        options.append(f"{start}/{'kernel_biases' if head.endswith('kernels') else 'biases'}/{leaf}")
    if head == "leaf" and leaf.isdigit():
        options += _bias_behind(int(leaf), tensors)
    return next((o for o in options if o in tensors and tensors[o].ndim == 1 and is_number(tensors[o].dtype)), None)


def _bias_behind(place: int, tensors: Mapping[str, Any]) -> list[str]:
    """Returns what follows a weight among the numbered leaves of Equinox, if it is its bias.

    A bias has a number for each row; so have the scale and the shift of a normalisation, which come in pairs.
    """
    count, length = 0, len(tensors[f"leaf.{place}"])
    while (after := tensors.get(f"leaf.{place + count + 1}")) is not None and after.shape == (length,):
        count += 1
    return [f"leaf.{place + 1}"] if count % 2 else []


def _layer(
    name: str,
    array: np.ndarray,
    partner: str | None,
    oriented: Mapping[str, np.ndarray],
    tensors: Mapping[str, np.ndarray],
    after: Mapping[str, str] | None,
) -> Layer:
    follower = outgoing(name, array, oriented, after) if after is not None else None
    out = _norms_out(len(array), oriented[follower]) if follower else None
    shape = tuple(array.shape)
    if partner:
        return Layer(
            name, "gated", shape, Rows((array, oriented[partner]), balanced=True), None, partner, follower, out
        )
    gates = gates_of_recurrence(name, oriented)
    if gates > 1:
        units = len(array) // gates
        stacked = array.reshape(gates, units, -1)
        return Layer(name, "recurrent", shape, Rows(tuple(stacked)), None, None, None, None)
    bias = bias_of(name, tensors)
    parts = [array]
    if bias and len(tensors[bias]) == len(array):
        parts.append(tensors[bias][:, None])
    kind = "convolution" if array.ndim > 2 else "dense"
    return Layer(name, kind, shape, Rows(tuple(parts)), bias if len(parts) > 1 else None, None, follower, out)


def _norms_out(count: int, following: np.ndarray) -> np.ndarray | None:
    """Returns the norm of the column of each neuron in the next layer; a flattened channel has several columns."""
    squares = _column_squares(following, 1.0)
    if not np.all(np.isfinite(squares)) or squares.max() < SMALLEST**2:
        try:
            squares = _column_squares(following, scale_of(following))
        except UnmeasurableError:
            return None
    return np.sqrt(squares.reshape(count, -1).sum(axis=1))


def _column_squares(following: np.ndarray, scale: float) -> np.ndarray:
    squares = np.zeros(following.shape[1])
    for begin in range(0, len(following), 1024):
        block = as_float(following[begin : begin + 1024], scale)
        block = block.reshape(-1, following.shape[1], following[0, 0].size)
        with np.errstate(over="ignore", invalid="ignore"):
            squares += np.einsum("ijk,ijk->j", block, block)
    return squares
