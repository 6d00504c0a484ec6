"""Networks whose activation is a polynomial with exact coefficients: their Jacobian is a matrix of rational numbers.

Its rank is found by elimination over the rationals, which proves both bounds. A finite field proves only one: modulo a
prime, minors may vanish that do not, so the rank modulo it is a lower bound of the rank, and none from above.
"""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import jax.numpy as jnp
import numpy as np

from condenslab.errors import UserError
from condenslab.landscape.proof.exact import exact_text, flint, fraction
from condenslab.landscape.proof.passes import places
from condenslab.landscape.proof.shapes import Shape
from condenslab.networks import Activation

_POINTS = tuple(3 * np.cos(np.sqrt(2) * np.arange(1, 41)))
"""Where an activation is compared with its polynomial: no round numbers, at which sin(2πz) vanishes too."""
_ROUNDING = 1e-13
PREFIX = "polynomial "
"""How the name of a polynomial activation begins in a shape; its coefficients follow, that of 1 first."""


def polynomial_name(activation: Activation, coefficients: Sequence[Any]) -> str:
    """Returns the name under which shapes and certificates hold a polynomial.

    Args:
        activation: The activation, which must be that polynomial.
        coefficients: c_0, c_1, …, exact numbers.

    Raises:
        UserError: The activation is another function, or a coefficient is no exact number.
    """
    texts = [exact_text(value) for value in coefficients]
    z = np.array(_POINTS)
    terms = np.array([float(fraction(text)) * z**k for k, text in enumerate(texts)]).reshape(len(texts), len(z))
    own = np.asarray(activation(jnp.asarray(z)), dtype=float)
    bound = _ROUNDING * (1 + len(texts)) * np.abs(terms).sum(axis=0)
    if not texts or not np.all(np.abs(own - terms.sum(axis=0)) <= bound):
        raise UserError(f"polynomial must hold the coefficients of {activation.name}, that of 1 first. Got {texts}.")
    return PREFIX + " ".join(texts)


def rational_jacobian(shape: Shape, theta: Sequence[str], inputs: Sequence[Sequence[str]]) -> Any:
    """Returns ∂f_o(x_i)/∂θ as an exact matrix, shape (output·sample, param), the samples of output 0 first.

    Args:
        shape: The network's shape, its activation a polynomial.
        theta: θ, exact numbers, layer by layer.
        inputs: x, exact numbers, shape (sample, input).
    """
    numbers = [_exact(fraction(text)) for text in theta]
    coefficients = [_exact(fraction(text)) for text in shape.activation.removeprefix(PREFIX).split()]
    samples = [_sample(shape, numbers, coefficients, [_exact(fraction(text)) for text in row]) for row in inputs]
    return flint.fmpq_mat([sample[o] for o in range(shape.widths[-1]) for sample in samples])


def _exact(value: Fraction) -> Any:
    return flint.fmpq(value.numerator, value.denominator)


def _sample(shape: Shape, theta: list[Any], coefficients: list[Any], x: list[Any]) -> list[list[Any]]:
    """Returns the rows of the outputs at one input, by backpropagation."""
    sigma, layers = flint.fmpq_poly(coefficients), places(shape)
    slope, entering, slopes = sigma.derivative(), [x], []
    for number, layer in enumerate(layers[:-1]):
        hidden = entering[-1]
        z = [
            sum(
                (theta[layer.weight(i, j)] * h for j, h in enumerate(hidden)),
                theta[layer.bias(i)] if layer.biased else 0,
            )
            for i in range(layer.outer)
        ]
        slopes.append([slope(value) for value in z])
        values = [sigma(value) for value in z]
        entering.append([a + b for a, b in zip(values, hidden, strict=True)] if shape.skips(number) else values)
    return [_row(shape, theta, (entering, slopes), o) for o in range(shape.widths[-1])]


def _row(shape: Shape, theta: list[Any], run: tuple[list[list[Any]], list[list[Any]]], output: int) -> list[Any]:
    (entering, slopes), layers = run, places(shape)
    row: list[Any] = [flint.fmpq(0)] * shape.size
    error: list[Any] = [flint.fmpq(int(o == output)) for o in range(shape.widths[-1])]
    delta: list[Any] = error
    for number in reversed(range(len(layers))):
        layer = layers[number]
        for i, e in enumerate(error):
            for j, h in enumerate(entering[number]):
                row[layer.weight(i, j)] = e * h
            if layer.biased:
                row[layer.bias(i)] = e
        if number:
            below = [sum(e * theta[layer.weight(i, j)] for i, e in enumerate(error)) for j in range(layer.inner)]
            delta = [a + b for a, b in zip(below, delta, strict=True)] if shape.skips(number) else below
            error = [d * s for d, s in zip(delta, slopes[number - 1], strict=True)]
    return row
