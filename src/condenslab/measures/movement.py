"""JAX's operations that move numbers without computing, on numpy arrays of any numbers."""

from collections.abc import Callable, Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from condenslab.measures.fixed_point import BeyondPrecisionError


def moved(equation: Any, inputs: list[np.ndarray]) -> list[np.ndarray]:
    """Carries out an operation that moves numbers.

    Args:
        equation: Of a traced program, its operation one of `MOVES`.
        inputs: Its inputs.

    Raises:
        BeyondPrecisionError: An index points outside of an array.
    """
    rule = MOVES[equation.primitive.name]
    if rule is None:
        return _by_places(equation, inputs)
    return rule(equation.params, *inputs)


def bind(equation: Any, inputs: Sequence[Any]) -> list[np.ndarray]:
    """Carries out an operation as JAX does, on numbers that JAX has."""
    found = equation.primitive.bind(*(jnp.asarray(value) for value in inputs), **equation.params)
    return [np.asarray(part) for part in (found if equation.primitive.multiple_results else [found])]


def _by_places(equation: Any, inputs: list[np.ndarray]) -> list[np.ndarray]:
    """Carries the operation out on the places of the numbers, and looks them up."""
    places, pool, start = [], [np.empty(0, dtype=object)], 0
    for value in inputs:
        if value.dtype == object:
            places.append(np.arange(start, start + value.size, dtype=np.float64).reshape(value.shape))
            pool.append(value.reshape(-1))
            start += value.size
        else:
            places.append(value)
    flat = np.concatenate(pool)
    found = bind(equation, places)
    if not all(np.all((part >= 0) & (part < flat.size)) for part in found):
        raise BeyondPrecisionError("an index points outside of an array.")
    return [flat[part.astype(np.int64)] for part in found]


def _broadcast(params: Any, value: np.ndarray) -> list[np.ndarray]:
    shape = [1] * len(params["shape"])
    for axis, own in zip(params["broadcast_dimensions"], value.shape, strict=True):
        shape[axis] = own
    return [np.broadcast_to(value.reshape(shape), params["shape"])]


def _reshaped(params: Any, value: np.ndarray) -> list[np.ndarray]:
    order = params.get("dimensions")  # in which the axes are read
    return [(value if order is None else value.transpose(order)).reshape(params["new_sizes"])]


def _sliced(params: Any, value: np.ndarray) -> list[np.ndarray]:
    steps = params["strides"] or (1,) * value.ndim
    bounds = zip(params["start_indices"], params["limit_indices"], steps, strict=True)
    return [value[tuple(slice(*bound) for bound in bounds)]]


def _split(params: Any, value: np.ndarray) -> list[np.ndarray]:
    return np.split(value, np.cumsum(params["sizes"])[:-1], axis=params["axis"])


def _padded(params: Any, value: np.ndarray, filling: np.ndarray) -> list[np.ndarray]:
    config = list(zip(params["padding_config"], value.shape, strict=True))
    lengths = [own + max(own - 1, 0) * inner for (_, _, inner), own in config]
    ends = [(max(low, 0), max(high, 0)) for (low, high, _), _ in config]
    shape = [low + length + high for (low, high), length in zip(ends, lengths, strict=True)]
    found = np.full(shape, filling.item() if value.dtype == object else filling, dtype=value.dtype)
    inside = zip(ends, lengths, config, strict=True)
    found[tuple(slice(low, low + length, inner + 1) for (low, _), length, ((_, _, inner), _) in inside)] = value
    cut = zip(config, shape, strict=True)  # a negative padding leaves numbers out
    return [found[tuple(slice(max(-low, 0), size - max(-high, 0)) for ((low, high, _), _), size in cut)]]


def _same(params: Any, value: np.ndarray) -> list[np.ndarray]:
    return [value]


MOVES: dict[str, Callable[..., list[np.ndarray]] | None] = {
    "reshape": _reshaped,
    "transpose": lambda params, value: [value.transpose(params["permutation"])],
    "squeeze": lambda params, value: [np.squeeze(value, axis=tuple(params["dimensions"]))],
    "expand_dims": lambda params, value: [np.expand_dims(value, tuple(params["dimensions"]))],
    "rev": lambda params, value: [np.flip(value, axis=tuple(params["dimensions"]))],
    "concatenate": lambda params, *values: [np.concatenate(values, axis=params["dimension"])],
    "stack": lambda params, *values: [np.stack(values, axis=params["axis"])],
    "unstack": lambda params, value: list(np.moveaxis(value, params["axis"], 0)),
    "tile": lambda params, value: [np.tile(value, params["reps"])],
    "broadcast_in_dim": _broadcast,
    "slice": _sliced,
    "split": _split,
    "pad": _padded,
    "copy": _same,
    "copy_p": _same,
    "stop_gradient": _same,
    "reduce_precision": _same,
    "gather": None,
    "dynamic_slice": None,
    "dynamic_update_slice": None,
    "scatter": None,
}
"""What is moved how; None for what JAX does on the places of the numbers."""
