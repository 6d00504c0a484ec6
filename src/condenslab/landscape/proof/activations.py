"""Activations in ball arithmetic: σ, σ′ and σ″ over a ball, each written so that the ball enters few times."""

import math
from collections.abc import Callable
from typing import Any

from condenslab.errors import UserError
from condenslab.landscape.proof.exact import ball, flint

Derivatives = tuple[Any, Any, Any]


def _tanh(z: Any) -> Derivatives:
    t, s = z.tanh(), z.sech()
    return t, s * s, -2 * t * s * s


def _logistic(z: Any) -> Derivatives:
    half = z / 2
    d = half.sech() * half.sech() / 4
    return 1 / (1 + (-z).exp()), d, -d * half.tanh()


def _softplus(z: Any) -> Derivatives:
    s, d, _ = _logistic(z)
    return z.exp().log1p(), s, d


def _gelu(z: Any) -> Derivatives:
    density = (-z * z / 2).exp() / (2 * flint.arb.pi()).sqrt()
    below = (-z / flint.arb(2).sqrt()).erfc() / 2
    return z * below, below + z * density, density * (2 - z * z)


def _swish(z: Any) -> Derivatives:
    s, d, c = _logistic(z)
    return z * s, s + z * d, 2 * d + z * c


def _exp(z: Any) -> Derivatives:
    e = z.exp()
    return e, e, e


def _x_tanh(z: Any) -> Derivatives:
    t, d, c = _tanh(z)
    return z * t, t + z * d, 2 * d + z * c


def _x2_tanh(z: Any) -> Derivatives:
    t, d, c = _tanh(z)
    return z * z * t, 2 * z * t + z * z * d, 2 * t + 4 * z * d + z * z * c


def _polynomial(coefficients: list[Any], z: Any) -> Derivatives:
    """Horner's scheme; each derivative by its own coefficients."""
    found = []
    for order in range(3):
        own = [c * math.perm(k, order) for k, c in enumerate(coefficients)][order:]
        value = flint.arb(0)
        for c in reversed(own):
            value = value * z + c
        found.append(value)
    return found[0], found[1], found[2]


BALL_ACTIVATIONS: dict[str, Callable[[Any], Derivatives]] = {
    "tanh": _tanh,
    "sigmoid": _logistic,
    "softplus": _softplus,
    "gelu": _gelu,
    "swish": _swish,
    "exp": _exp,
    "x_tanh": _x_tanh,
    "x2_tanh": _x2_tanh,
}
"""(σ, σ′, σ″) of a ball by the name of the activation: the smooth ones of the registry."""

ODD = ("tanh", "x2_tanh")
EVEN = ("x_tanh",)


def ball_activation(name: str) -> Callable[[Any], Derivatives]:
    """Returns the enclosures of an activation and its first two derivatives.

    Args:
        name: As in `networks.ACTIVATIONS`, or "polynomial" and its coefficients, that of 1 first.

    Raises:
        UserError: It has a kink, where there is no Hessian, or no enclosure is known.
    """
    if isinstance(name, str) and name.startswith("polynomial "):
        return lambda z: _polynomial([ball(text) for text in name.split()[1:]], z)
    if not isinstance(name, str) or name not in BALL_ACTIVATIONS:
        raise UserError(
            f"a proof needs an activation with two continuous derivatives, one of {', '.join(BALL_ACTIVATIONS)}. Got "
            f"{name}: at a kink the Hessian does not exist; landscape.directional_stationarity treats such networks."
        )
    return BALL_ACTIVATIONS[name]
