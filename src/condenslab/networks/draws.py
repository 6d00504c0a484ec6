"""Random networks: every parameter drawn independently from a law of mean 0 with a stated standard deviation.

A key is a JAX key or an integer seed, always given by the caller; 0 is an ordinary seed. The same key gives the same
network alone and inside `jax.vmap`. Numbers have jax's default precision: float64 where x64 is enabled.
"""

import math
from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.core import Tracer

from condenslab.errors import unknown
from condenslab.networks.activations import Activation
from condenslab.networks.checks import Real, check_not_negative, count, library
from condenslab.networks.conversion import Key, as_activation, as_key
from condenslab.networks.dense import MLP, TwoLayer
from condenslab.networks.initial import SCHEMES, scheme_stds
from condenslab.networks.scale import Law, Scale

_ROOT3 = math.sqrt(3.0)
_LEAST_DRAW, _MOST_PADDED = 64, 8192
_UNIT: dict[str, Callable[..., Array]] = {
    "normal": jax.random.normal,
    "uniform": partial(jax.random.uniform, minval=-_ROOT3, maxval=_ROOT3),
}


def two_layer(
    key: Key,
    *,
    width: int,
    inputs: int,
    outputs: int = 1,
    activation: Activation | str,
    scale: Scale,
    biases: bool = True,
    output_bias: bool = False,
) -> TwoLayer:
    """Draws a network with one hidden layer.

    Args:
        key: A JAX key or an integer seed.
        width: m, number of neurons.
        inputs: d, input dimension.
        outputs: Number of outputs.
        activation: σ, or its name.
        scale: Standard deviations; hidden biases have that of the input weights, an output bias that of the output
            weights.
        biases: Whether the neurons have biases.
        output_bias: Whether the outputs have one.

    Raises:
        UserError: No such activation or law.
        ValueError: A dimension is not a positive whole number; a standard deviation is not a scalar, or vanishes in
            jax's precision; or the scale has an output_scale 1/α other than 1. That factor is no parameter, and folding
            it into the output weights would change the dynamics: draw with `scale.unscaled` and multiply the prediction
            by 1/α, or use `initial.from_gamma`, the equivalent scale with α = 1 for homogeneous activations.
    """
    m, d, o = count("width", width), count("inputs", inputs), count("outputs", outputs)
    if not isinstance(scale, Scale):
        raise TypeError(f"scale must be networks.Scale(input_std, output_std), one a layer. Got {scale!r}.")
    if not isinstance(scale.output_scale, Tracer) and np.any(np.asarray(scale.output_scale) != 1.0):
        raise ValueError(
            f"a network's parameters carry no output_scale 1/α. Got {scale.output_scale}: draw with scale.unscaled and "
            "multiply the prediction by it, or use initial.from_gamma, which has α = 1."
        )
    inner, outer = as_std(scale.input_std), as_std(scale.output_std)
    w, b, a, c = unit_draws(key, scale.law, (m, d), (m,), (o, m), (o,))
    return TwoLayer(
        scaled(inner, w),
        scaled(inner, b) if biases else None,
        scaled(outer, a),
        scaled(outer, c) if output_bias else None,
        as_activation(activation),
    )


def mlp(
    key: Key,
    *,
    widths: Sequence[int],
    activation: Activation | str,
    std: Real | Sequence[Real] | None = None,
    scheme: str | None = None,
    law: Law = "normal",
    biases: bool = True,
    output_bias: bool = False,
    residual: bool = False,
) -> MLP:
    """Draws a dense network of any depth.

    Args:
        key: A JAX key or an integer seed.
        widths: (m_0, …, m_L), input and output dimension included.
        activation: σ, or its name.
        std: One standard deviation for all parameters, or one a layer; the biases of a layer have that of its weights.
        scheme: Instead of std: lecun, he, xavier or pytorch, by the fan of each matrix.
        law: The law for `std`; a scheme brings its own.
        biases: Whether hidden neurons have biases.
        output_bias: Whether the outputs have one.
        residual: Whether hidden layers of equal width add their input.

    Raises:
        UserError: No such activation or law, or no such scheme for a deep network.
        ValueError: Fewer than two widths, a width that is not a positive whole number, not exactly one of std and
            scheme, or a standard deviation that is no scalar or vanishes in jax's precision.
    """
    sizes = [] if isinstance(widths, int) else [count("every width", width) for width in widths]
    if len(sizes) < 2:
        raise ValueError(f"widths must hold at least the input and the output dimension, (1, 5, 1) say. Got {widths}.")
    stds, law = _layer_stds(sizes, std, scheme, law)
    matrices = [(fan_out, fan_in) for fan_in, fan_out in pairwise(sizes)]
    units = unit_draws(key, law, *matrices, *[(fan_out,) for fan_out in sizes[1:]])
    weights, offsets = units[: len(matrices)], units[len(matrices) :]
    wanted = [biases] * (len(matrices) - 1) + [output_bias]
    return MLP(
        tuple(scaled(as_std(s), weight) for s, weight in zip(stds, weights, strict=True)),
        tuple(scaled(as_std(s), b) if want else None for s, b, want in zip(stds, offsets, wanted, strict=True)),
        as_activation(activation),
        residual,
    )


def anti_symmetric(network: TwoLayer) -> TwoLayer:
    """Returns f − f as a network of twice the width, whose output is exactly 0 until it is trained.

    Anti-symmetrical initialisation (Luo et al., JMLR 2021): neurons m + 1 … 2m repeat neurons 1 … m with output weights
    of the other sign, all are trained, and distances and features are those of the first m. An output bias starts at 0.
    """
    return TwoLayer(
        jnp.concatenate([network.input_weights, network.input_weights]),
        None if network.biases is None else jnp.concatenate([network.biases, network.biases]),
        jnp.concatenate([network.output_weights, -network.output_weights], axis=1),
        None if network.output_bias is None else jnp.zeros_like(network.output_bias),
        network.activation,
    )


def _layer_stds(
    sizes: list[int], std: Real | Sequence[Real] | None, scheme: str | None, law: Law
) -> tuple[Sequence[Real], Law]:
    if scheme is not None and std is None:
        return scheme_stds(scheme, sizes), SCHEMES[scheme].law
    if scheme is not None or std is None:
        raise ValueError(f"give exactly one of std and scheme. Got std={std} and scheme={scheme!r}.")
    if not isinstance(std, Sequence):
        return [std] * (len(sizes) - 1), law
    if len(std) != len(sizes) - 1:
        raise ValueError(f"std must be one number, or one for each of the {len(sizes) - 1} layers. Got {len(std)}.")
    return std, law


def unit_draws(key: Key, law: Law, *shapes: tuple[int, ...]) -> list[Array]:
    """Returns draws of variance 1 of these shapes, cut from one draw (which compiles faster than many).

    Small draws are made in sizes that are powers of 2, and cut in NumPy, so that networks of many shapes share a few
    programs: number i of a draw does not depend on how many follow it (jax's partitionable threefry).
    """
    if law not in _UNIT:
        raise unknown("law", law, _UNIT)
    sizes = [math.prod(shape) for shape in shapes]
    total = sum(sizes)
    drawn = max(_LEAST_DRAW, 1 << (total - 1).bit_length()) if total <= _MOST_PADDED else total
    flat = _UNIT[law](as_key(key), (drawn,), jnp.result_type(float))
    xp = library(flat)
    parts = xp.split(xp.asarray(flat)[:total], np.cumsum(sizes)[:-1].tolist())
    return [jnp.array(part.reshape(shape)) for part, shape in zip(parts, shapes, strict=True)]


def scaled(std: Array, unit: Array) -> Array:
    """Returns std·unit, where both are known without a program for each shape."""
    xp = library(std, unit)
    return jnp.array(xp.asarray(std) * xp.asarray(unit))  # asarray would compile a program for each shape


def as_std(std: Real) -> Array:
    """Returns a standard deviation as a scalar array in jax's precision.

    Raises:
        ValueError: It is negative, not finite, no scalar, or vanishes in that precision.
    """
    dtype = jnp.result_type(float)
    check_not_negative("std", std)
    if np.ndim(std):
        raise ValueError(f"a std must be a scalar. Got shape {np.shape(std)}: map over stds with jax.vmap.")
    if not isinstance(std, Tracer) and 0 < std < jnp.finfo(dtype).tiny:
        raise ValueError(f"std {std:g} vanishes in {dtype.name}. Enable x64 in jax, or choose a larger one.")
    return jnp.asarray(std, dtype)
