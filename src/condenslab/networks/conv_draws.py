"""Random convolution networks, drawn as the dense ones are: every parameter independent, of mean 0 and a stated std."""

from collections.abc import Sequence
from itertools import pairwise
from math import prod

import numpy as np

from condenslab.networks.activations import Activation
from condenslab.networks.checks import Real, count
from condenslab.networks.conv import CNN, Padding, Pooling
from condenslab.networks.conv_two_layer import ConvTwoLayer
from condenslab.networks.conversion import Key, as_activation
from condenslab.networks.draws import as_std, scaled, unit_draws
from condenslab.networks.initial import SCHEMES, input_exponent_stds, scheme_stds
from condenslab.networks.scale import Law, Scale


def conv_two_layer(
    key: Key,
    *,
    kernels: int,
    size: int | Sequence[int],
    inputs: int | Sequence[int],
    outputs: int = 1,
    activation: Activation | str,
    scale: Scale,
    biases: bool = True,
    shared: bool = True,
) -> ConvTwoLayer:
    """Draws a two-layer convolution network.

    Args:
        key: A JAX key or an integer seed.
        kernels: N, number of kernels of a position.
        size: s on a line, (rows, columns) in a plane.
        inputs: Pixels of an input: d on a line, (rows, columns) in a plane.
        outputs: Number of outputs.
        activation: σ, or its name.
        scale: Standard deviations; biases have that of the kernels (`input_std`).
        biases: Whether kernels have biases.
        shared: Whether all positions share their kernels.

    Raises:
        UserError: No such activation or law.
        ValueError: A count is not a positive whole number, the kernel is larger than the input or has other axes, a
            standard deviation is no scalar or vanishes in jax's precision, or the scale has an output_scale.

    Example:
        >>> from condenslab.networks import parameter_count
        >>> draw = dict(kernels=1, size=3, inputs=5, activation="tanh", scale=Scale(1.0, 1.0))
        >>> parameter_count(conv_two_layer(0, **draw)), parameter_count(conv_two_layer(0, shared=False, **draw))
        (7, 15)
    """
    sizes = _extent("size", size)
    pixels = _extent("inputs", inputs)
    if len(sizes) != len(pixels) or len(sizes) > 2 or any(s > d for s, d in zip(sizes, pixels, strict=True)):
        raise ValueError(
            f"kernels must fit into the inputs, both on a line or both in a plane. Got size {size} and inputs {inputs}."
        )
    if np.any(np.asarray(scale.output_scale) != 1.0):
        raise ValueError(f"a network's parameters carry no output_scale 1/α. Got {scale.output_scale}: use .unscaled.")
    positions = tuple(d + 1 - s for s, d in zip(sizes, pixels, strict=True))
    own = (count("kernels", kernels), *(() if shared else positions))
    shapes = (*own, *sizes), own, (count("outputs", outputs), kernels, *positions)
    k, b, a = unit_draws(key, scale.law, *shapes)
    inner, outer = as_std(scale.input_std), as_std(scale.output_std)
    return ConvTwoLayer(
        scaled(inner, k), scaled(inner, b) if biases else None, scaled(outer, a), as_activation(activation)
    )


def cnn(
    key: Key,
    *,
    inputs: Sequence[int],
    channels: Sequence[int],
    size: int | Sequence[int],
    hidden: Sequence[int] = (),
    outputs: int,
    activation: Activation | str,
    std: Real | Sequence[Real] | None = None,
    scheme: str | None = None,
    exponent: Real | None = None,
    law: Law = "normal",
    biases: bool = True,
    output_bias: bool = True,
    strides: int | Sequence[int] = 1,
    pools: int | Sequence[int] = 1,
    pooling: Pooling = "max",
    padding: Padding = "valid",
) -> CNN:
    """Draws a convolution network with square kernels.

    Args:
        key: A JAX key or an integer seed.
        inputs: (channels, height, width) of an image.
        channels: Number of kernels of every convolution layer.
        size: Side of the kernels, one for all convolution layers or one each.
        hidden: Widths of the hidden layers of the dense head.
        outputs: Number of outputs.
        activation: σ, or its name.
        std: One standard deviation for all parameters, or one a layer, convolution layers first; the biases of a layer
            have that of its weights.
        scheme: Instead of std: lecun, he, xavier or pytorch, by the fans of each layer (channels × kernel entries).
        exponent: Instead of std: the std of each layer is (its fan-in)^−exponent.
        law: The law for std and exponent; a scheme brings its own.
        biases: Whether kernels and hidden neurons have biases.
        output_bias: Whether the outputs have one.
        strides: As in `CNN`, one for all or one each.
        pools: As in `CNN`, one for all or one each.
        pooling: "max" or "mean".
        padding: "valid" or "same".

    Raises:
        UserError: No such activation, law or scheme for a deep network.
        ValueError: A count is not a positive whole number, sequences of the wrong length, images smaller than a kernel
            or a pooling window, not exactly one of std, scheme and exponent, or a standard deviation that is no scalar
            or vanishes in jax's precision.
    """
    image = tuple(count("every entry of inputs", n) for n in inputs)
    if len(image) != 3 or not channels:
        raise ValueError(
            f"inputs must be (channels, height, width), with at least one convolution layer. Got {inputs} and channels "
            f"{tuple(channels)}."
        )
    layers = len(channels)
    sides, steps, pool = (
        _each(name, v, layers) for name, v in (("size", size), ("strides", strides), ("pools", pools))
    )
    planes = [image[0], *(count("every number of channels", n) for n in channels)]
    convs = [(o, i, s, s) for (i, o), s in zip(pairwise(planes), sides, strict=True)]
    features = planes[-1] * _pixels(image[1:], sides, steps, pool, padding)
    dense = [features, *(count("every hidden width", n) for n in hidden), count("outputs", outputs)]
    heads = [(o, i) for i, o in pairwise(dense)]
    shapes = [*convs, *heads]
    stds, law = _stds(shapes, std, scheme, exponent, law)
    units = unit_draws(key, law, *shapes, *[shape[:1] for shape in shapes])
    drawn = [scaled(as_std(s), unit) for s, unit in zip([*stds, *stds], units, strict=True)]
    weights, offsets = drawn[: len(shapes)], drawn[len(shapes) :]
    wanted = [biases] * (len(shapes) - 1) + [output_bias]
    terms = [b if want else None for b, want in zip(offsets, wanted, strict=True)]
    return CNN(
        tuple(weights[:layers]),
        tuple(terms[:layers]),
        tuple(weights[layers:]),
        tuple(terms[layers:]),
        as_activation(activation),
        steps,
        pool,
        pooling,
        padding,
    )


def _extent(name: str, value: int | Sequence[int]) -> tuple[int, ...]:
    values = value if isinstance(value, Sequence) else (value,)
    return tuple(count(f"every entry of {name}", entry) for entry in values)


def _each(name: str, value: int | Sequence[int], layers: int) -> tuple[int, ...]:
    values = tuple(value) if isinstance(value, Sequence) else (value,) * layers
    if len(values) != layers:
        raise ValueError(f"{name} must be one number, or one for each of the {layers} layers. Got {values}.")
    return tuple(count(f"every entry of {name}", entry) for entry in values)


def _pixels(
    image: Sequence[int], sides: Sequence[int], steps: Sequence[int], pools: Sequence[int], padding: Padding
) -> int:
    """Returns the number of positions of the last convolution layer, after its pooling."""
    extent = tuple(image)
    for layer, (side, step, pool) in enumerate(zip(sides, steps, pools, strict=True)):
        fits = [n if padding == "same" else n - side + 1 for n in extent]
        extent = tuple(-(-n // step) // pool for n in fits)
        if min(extent) < 1:
            raise ValueError(
                f"images of {tuple(image)} pixels are too small: convolution layer {layer} (side {side}, stride {step},"
                f" pool {pool}) leaves nothing of them."
            )
    return prod(extent)


def _stds(
    shapes: Sequence[tuple[int, ...]],
    std: Real | Sequence[Real] | None,
    scheme: str | None,
    exponent: Real | None,
    law: Law,
) -> tuple[list[Real], Law]:
    fans = [(shape[1] * prod(shape[2:]), shape[0] * prod(shape[2:])) for shape in shapes]
    if sum(choice is not None for choice in (std, scheme, exponent)) != 1:
        raise ValueError(f"give exactly one of std, scheme and exponent. Got {std}, {scheme!r} and {exponent}.")
    if scheme is not None:
        return [scheme_stds(scheme, pair)[0] for pair in fans], SCHEMES[scheme].law
    if exponent is not None:
        return list(input_exponent_stds(exponent, [*(fan for fan, _ in fans), 1])), law
    if std is not None and not isinstance(std, Sequence):
        return [std] * len(shapes), law
    std = [] if std is None else std
    if len(std) != len(shapes):
        raise ValueError(f"std must be one number, or one for each of the {len(shapes)} layers. Got {len(std)}.")
    return list(std), law
