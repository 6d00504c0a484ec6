"""Which matrices belong together: what reads a neuron, the two halves of a gate, the gates of a recurrent unit."""

import itertools
from collections.abc import Mapping

import numpy as np

from condenslab.interop.neurons import names

_NEXT = (
    ("intermediate.dense", "output.dense"),
    ("gate_proj", "down_proj"),
    ("up_proj", "down_proj"),
    ("fc1", "fc2"),
    ("c_fc", "c_proj"),
    ("lin1", "lin2"),
    ("linear1", "linear2"),
    ("dense_h_to_4h", "dense_4h_to_h"),
    ("wi_0", "wo"),
    ("wi_1", "wo"),
    ("wi", "wo"),
    ("w1", "w2"),
    ("w3", "w2"),
    ("input_weights", "output_weights"),
)
_GATES = (("gate_proj", "up_proj"), ("wi_0", "wi_1"), ("w1", "w3"), ("linear_gate", "linear_up"))


def _renamed(name: str, old: str, new: str, arrays: Mapping[str, np.ndarray]) -> str | None:
    parts, size = name.split("."), old.count(".") + 1
    for place in range(len(parts) - size + 1):
        if ".".join(parts[place : place + size]) == old:
            other = ".".join([*parts[:place], new, *parts[place + size :]])
            return other if other in arrays else None
    other = name.replace(old, new)
    return other if "/" in name and other != name and other in arrays else None


def successors(arrays: Mapping[str, np.ndarray]) -> dict[str, str]:
    """Returns for each matrix the next one in the file.

    Args:
        arrays: All matrices, in the order of the file.
    """
    return dict(itertools.pairwise(arrays))


def outgoing(name: str, array: np.ndarray, arrays: Mapping[str, np.ndarray], after: Mapping[str, str]) -> str | None:
    """Returns the matrix that reads the neurons of another one, or None.

    It is found by the customary names of feed-forward blocks; else it is the next matrix in the file, if that has an
    input for each neuron (or, behind a convolution, several for each channel).

    Args:
        name: The matrix.
        array: Its numbers, neurons first.
        arrays: All matrices, neurons first.
        after: Their `successors`.
    """
    count = len(array)
    for old, new in _NEXT:
        other = _renamed(name, old, new, arrays)
        if other and arrays[other].shape[1] == count:
            return other
    following = after.get(name)
    if following is None or names.is_embedding(following):
        return None
    inputs = arrays[following].shape[1]
    flattened = array.ndim > 2 and arrays[following].ndim == 2 and inputs % count == 0
    return following if inputs == count or flattened else None


def gate_partner(name: str, arrays: Mapping[str, np.ndarray]) -> str | None:
    """Returns the other half of a gated layer, or None.

    Args:
        name: The gate.
        arrays: All matrices.
    """
    for gate, other in _GATES:
        partner = _renamed(name, gate, other, arrays)
        if partner and arrays[partner].shape == arrays[name].shape:
            return partner
    return None


def gates_of_recurrence(name: str, arrays: Mapping[str, np.ndarray]) -> int:
    """Returns how many rows in turn belong to one recurrent unit: 4 for LSTM, 3 for GRU, 1 for other layers.

    Args:
        name: The matrix.
        arrays: All matrices.
    """
    for kind in ("weight_ih", "weight_hh"):
        if kind in names.plain(name):
            hidden = arrays.get(name.replace("weight_ih", "weight_hh"))
            if hidden is not None and hidden.ndim == 2 and len(hidden) % hidden.shape[1] == 0:
                ratio = len(hidden) // hidden.shape[1]
                return ratio if len(arrays[name]) % ratio == 0 else 1
    return 1
