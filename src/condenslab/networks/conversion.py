"""What people have becomes what the theory computes with, once, where it enters: arrays, keys, activations.

Real numbers of any type become floating-point numbers: bytes, integers, booleans, half precision and NumPy's float32
take JAX's default precision (float64 where x64 is enabled), in which every one of them is exact up to 2⁵³. Single
precision is a choice, made by giving JAX arrays of float32.
"""

from typing import Any, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.core import Tracer

from condenslab.networks.activations import Activation
from condenslab.networks.activations import activation as named_activation

Key: TypeAlias = Array | int | np.integer

_KEPT = (jnp.dtype("float32"), jnp.dtype("float64"))


def floating(name: str, values: Any) -> Array:
    """Returns real numbers as a JAX array of floating-point numbers; JAX arrays of float32 or float64 as they are.

    Args:
        name: The argument's name, for the message.
        values: Anything that NumPy takes for an array of real numbers, in any byte order.

    Raises:
        ValueError: No array of real numbers (complex ones, words, objects, rows of unequal length).
    """
    array = _array(name, values)
    return array if isinstance(array, Array) and array.dtype in _KEPT else jnp.asarray(array, jnp.result_type(float))


def real_array(name: str, values: Any) -> np.ndarray:
    """Returns real numbers as an array of float64 on the host, whatever the precision of jax.

    Raises:
        ValueError: No array of real numbers (complex ones, words, objects, rows of unequal length).
    """
    return np.asarray(_array(name, values), np.float64)


def numbers(name: str, values: Any) -> Array:
    """Returns real numbers as `floating` does, but integers as integers of JAX's default width.

    For data that a function of the user's own takes, which may be numbers of tokens or of entries.

    Raises:
        ValueError: No array of real numbers.
    """
    array = _array(name, values)
    if jnp.issubdtype(array.dtype, jnp.integer):
        return jnp.asarray(array, jnp.result_type(int))
    return floating(name, array)


def batch(inputs: Any) -> Any:
    """Returns a batch that a network can take: arrays of JAX and native floats as they are, others as `floating` does.

    JAX reads NumPy's arrays of foreign byte order as if they were of its own.

    Args:
        inputs: Any array or tracer.

    Raises:
        ValueError: No array of real numbers.
    """
    if isinstance(inputs, np.ndarray) and not (inputs.dtype in _KEPT and inputs.dtype.isnative):
        return floating("inputs", inputs)
    return inputs


def parameter(values: Any) -> Any:
    """Returns parameters of a network in floating point, on the host or device where they are.

    What is no array (None, and the marks by which JAX and Equinox select leaves) is returned as it is; lists of numbers
    become arrays.

    Raises:
        ValueError: Complex numbers, words or objects.
    """
    if isinstance(values, Tracer) or not isinstance(values, list | np.ndarray | Array):
        return values
    array = _array("parameters", values)
    if array.dtype in _KEPT or jnp.issubdtype(array.dtype, jnp.floating):
        return array
    return jnp.asarray(array, jnp.result_type(float))


def parameters(values: Any) -> Any:
    """Returns a sequence of parameters as a tuple, each as `parameter` returns it."""
    return tuple(map(parameter, values)) if isinstance(values, list | tuple) else values


def as_activation(given: Any) -> Activation:
    """Returns an activation, which may be given by its name.

    Raises:
        TypeError: Neither; the message says how to wrap a function.
        UserError: No activation of that name.
    """
    if isinstance(given, str):
        return named_activation(given)
    if not isinstance(given, Activation):
        name = getattr(given, "__name__", "mine")
        raise TypeError(
            f"activation must be an Activation or the name of one, because its symmetries are used. Got "
            f"{given!r}; wrap a function of your own: networks.Activation({name!r}, {name})."
        )
    return given


def as_key(key: Key, name: str = "key") -> Array:
    """Returns a typed JAX key: the convention for every `key` of this package.

    Args:
        key: A JAX key, typed or as the two words of `jax.random.PRNGKey`, or an integer seed; 0 is an ordinary seed.
        name: The argument's name, for the message.

    Raises:
        TypeError: Something else, or an array of keys.
        ValueError: A seed outside of −2⁶³ … 2⁶³ − 1.
    """
    if isinstance(key, int | np.integer) and not isinstance(key, bool):
        return jax.random.key(_seed(int(key), name))
    if isinstance(key, np.ndarray) and key.dtype.kind in "iu":
        key = jnp.asarray(key)
    if isinstance(key, Array) and jnp.issubdtype(key.dtype, jax.dtypes.prng_key) and key.ndim == 0:
        return key
    if isinstance(key, Array) and jnp.issubdtype(key.dtype, jnp.integer):
        if key.ndim == 0:
            return jax.random.key(key)
        if key.dtype == jnp.uint32 and key.shape == (2,):
            return jax.random.wrap_key_data(key)
    got = f"keys of shape {key.shape}" if isinstance(key, Array) else repr(key)
    raise TypeError(
        f"{name} must be one JAX key, jax.random.key(0) say, or an integer seed; there is no default. Got {got}."
    )


def as_seed(seed: Any, name: str = "seed") -> int:
    """Returns a whole number of at least 0 that seeds NumPy's generators: an integer as it is, a key by its words.

    Args:
        seed: An integer of at least 0, or a JAX key.
        name: The argument's name, for the message.

    Raises:
        TypeError: Neither of them, or an array of keys.
        ValueError: A negative number.
    """
    if isinstance(seed, int | np.integer) and not isinstance(seed, bool):
        if seed < 0:
            raise ValueError(f"{name} must be at least 0. Got {seed}.")
        return int(seed)
    words = np.asarray(jax.random.key_data(as_key(seed, name)), np.uint64)
    return int(words[0]) << 32 | int(words[-1])


def _seed(seed: int, name: str) -> int:
    if not -(2**63) <= seed < 2**63:
        raise ValueError(f"{name} must be a seed of at most 64 bits. Got {seed}.")
    return seed


def _array(name: str, values: Any) -> Any:
    """Returns a JAX array, or a NumPy array in native byte order."""
    if isinstance(values, Array):
        real = jnp.issubdtype(values.dtype, jnp.floating) or jnp.issubdtype(values.dtype, jnp.integer)
        if not real and values.dtype != jnp.bool_:
            raise ValueError(f"{name} must be real numbers. Got an array of {values.dtype}.")
        return values
    try:
        array = np.asarray(values)
    except ValueError:
        raise ValueError(f"{name} must be an array of numbers. Got rows of unequal length.") from None
    if array.dtype.kind not in "biuf" and not jnp.issubdtype(array.dtype, jnp.floating):
        raise ValueError(f"{name} must be real numbers. Got an array of {array.dtype}.")
    return array.astype(array.dtype.newbyteorder("="), copy=False)
