"""Activations, with what the theory needs to know of each: multiplicity, parity, homogeneity.

Multiplicity p (Zhou et al., NeurIPS 2022, Definition 1): the derivatives of order 1 … p−1 vanish at 0 and that of order
p does not; σ(0) itself is free. It is undefined (None) for activations that are not smooth at 0.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, Literal

import jax
import jax.numpy as jnp
from jax import Array
from jax.core import Tracer

from condenslab.errors import unknown
from condenslab.networks.checks import check_number, count


@dataclass(frozen=True)
class Activation:
    """An activation σ: ℝ → ℝ, applied to every entry, and its symmetries.

    Attributes:
        name: Its name, of the registry or one's own. Two activations are equal when all their fields are, the function
            included: a function edited under an old name is another activation, with compiled code of its own.
        function: σ, elementwise on arrays.
        multiplicity: p as above, or None where σ is not smooth at 0.
        parity: "odd" if σ(−z) = −σ(z), "even" if σ(−z) = σ(z), else None.
        homogeneity: q if σ(βz) = β^q·σ(z) for every β > 0, else None.
        lipschitz: A number that |σ(y) − σ(z)| / |y − z| never exceeds, or None where there is or is known none.
        supremum: A number that |σ(z)| never exceeds, or None.

    Raises:
        TypeError: `function` is none.
        ValueError: A property that no function can have: a parity other than these, a multiplicity below 1, a degree or
            a bound that is negative or no number.
    """

    name: str
    function: Callable[[Array], Array]
    multiplicity: int | None = None
    parity: Literal["odd", "even"] | None = None
    homogeneity: int | None = None
    lipschitz: float | None = None
    supremum: float | None = None

    def __post_init__(self) -> None:
        if not callable(self.function):
            raise TypeError(f"an activation needs a function of arrays, jnp.sin say. Got {self.function!r}.")
        if self.parity not in ("odd", "even", None):
            raise ValueError(f"parity must be 'odd', 'even' or None. Got {self.parity!r}.")
        if self.multiplicity is not None:
            count("multiplicity", self.multiplicity)
        for name in ("homogeneity", "lipschitz", "supremum"):
            if getattr(self, name) is not None:
                check_number(name, getattr(self, name), least=0.0)

    def __call__(self, preactivation: Array) -> Array:
        """Returns σ of every entry."""
        return self.function(preactivation)

    def __reduce__(self) -> tuple[Callable[..., "Activation"], tuple[Any, ...]]:
        """Sends an activation of the registry to another process by its name: functions of JAX cannot be pickled."""
        if ACTIVATIONS.get(self.name) == self:
            return activation, (self.name,)
        return Activation, tuple(getattr(self, field.name) for field in fields(self))

    def derivatives(self, preactivation: Array, order: int) -> tuple[Array, ...]:
        """Returns (σ, σ′, …) up to the given order, each of the shape of the preactivation.

        Args:
            preactivation: Where to evaluate, any shape.
            order: The highest derivative, at least 0.

        Raises:
            ValueError: Another order, or a preactivation that is no array of real numbers.
        """
        count("order", order, least=0)
        if not isinstance(preactivation, Tracer):
            preactivation = jnp.asarray(preactivation, jnp.result_type(preactivation, float))
        if order == 0:
            return (self.function(preactivation),)

        def lower(z: Array) -> tuple[Array, ...]:
            return self.derivatives(z, order - 1)

        values, tangents = jax.jvp(lower, (preactivation,), (jnp.ones_like(preactivation),))
        return (*values, tangents[-1])


def _gelu(z: Array) -> Array:
    return jax.nn.gelu(z, approximate=False)


def _x_tanh(z: Array) -> Array:
    return z * jnp.tanh(z)


def _x2_tanh(z: Array) -> Array:
    return z * z * jnp.tanh(z)


_TERMS = 17


@jax.custom_jvp
def _softplus(z: Array) -> Array:
    """Returns log(1 + eᶻ) = max(z, 0) + log(1 + e^−|z|), correct to a few units in the last place, four times as fast.

    With e = e^−|z| and s = e/(2 + e) ≤ 1/3, log(1 + e) = 2·artanh(s) = 2s·Σ_k s²ᵏ/(2k + 1), of which 17 terms suffice
    in double precision: arithmetic that the compiler vectorises, while its log1p is a branch a number. Derivatives use
    the same exponential.
    """
    small = jnp.exp(-jnp.abs(z))
    s = small / (2.0 + small)
    square, series = s * s, jnp.zeros_like(s)
    for k in reversed(range(_TERMS)):
        series = series * square + 1.0 / (2 * k + 1)
    return jnp.maximum(z, 0.0) + 2.0 * s * series


@jax.custom_jvp
def _logistic(z: Array) -> Array:
    """Returns 1/(1 + e⁻ᶻ); its derivative is written as a product, so that it keeps its digits for large z."""
    small = jnp.exp(-jnp.abs(z))
    return jnp.where(z >= 0.0, 1.0, small) / (1.0 + small)


_softplus.defjvps(lambda tangent, _, z: _logistic(z) * tangent)
_logistic.defjvps(lambda tangent, _, z: _logistic(z) * _logistic(-z) * tangent)


ACTIVATIONS: dict[str, Activation] = {
    a.name: a
    for a in (
        Activation("tanh", jnp.tanh, multiplicity=1, parity="odd", lipschitz=1.0, supremum=1.0),
        Activation("relu", jax.nn.relu, homogeneity=1, lipschitz=1.0),
        Activation("leaky_relu", jax.nn.leaky_relu, homogeneity=1, lipschitz=1.0),
        Activation("sigmoid", jax.nn.sigmoid, multiplicity=1, lipschitz=0.25, supremum=1.0),
        Activation("softplus", _softplus, multiplicity=1, lipschitz=1.0),
        Activation("gelu", _gelu, multiplicity=1, lipschitz=1.129),
        Activation("swish", jax.nn.swish, multiplicity=1, lipschitz=1.1),
        Activation("exp", jnp.exp, multiplicity=1),
        Activation("x_tanh", _x_tanh, multiplicity=2, parity="even", lipschitz=1.2),
        Activation("x2_tanh", _x2_tanh, multiplicity=3, parity="odd"),
    )
}
"""The activations by name."""


def activation(name: str) -> Activation:
    """Returns the activation of that name.

    Args:
        name: One of `ACTIVATIONS`: tanh, relu, leaky_relu (slope 0.01), sigmoid, softplus, gelu (exact), swish, exp,
            x_tanh (x·tanh x), x2_tanh (x²·tanh x).

    Raises:
        UserError: No such activation; the message suggests the nearest name.

    Example:
        >>> activation("x_tanh").multiplicity
        2
    """
    if name not in ACTIVATIONS:
        raise unknown("activation", name, ACTIVATIONS)
    return ACTIVATIONS[name]
