"""Activations, with what the theory needs to know of each: multiplicity, parity, homogeneity.

Multiplicity p (Zhou et al., NeurIPS 2022, Definition 1): the derivatives of order 1 … p−1 vanish at 0 and that of order
p does not; σ(0) itself is free. It is undefined (None) for activations that are not smooth at 0.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import jax
import jax.numpy as jnp
from jax import Array

from condenslab.errors import unknown


@dataclass(frozen=True)
class Activation:
    """An activation σ: ℝ → ℝ, applied to every entry, and its symmetries.

    Attributes:
        name: Its name in the registry; two activations are equal when their names are.
        function: σ, elementwise on arrays.
        multiplicity: p as above, or None where σ is not smooth at 0.
        parity: "odd" if σ(−z) = −σ(z), "even" if σ(−z) = σ(z), else None.
        homogeneity: q if σ(βz) = β^q·σ(z) for every β > 0, else None.
    """

    name: str
    function: Callable[[Array], Array] = field(compare=False)
    multiplicity: int | None = None
    parity: Literal["odd", "even"] | None = None
    homogeneity: int | None = None

    def __call__(self, preactivation: Array) -> Array:
        """Returns σ of every entry."""
        return self.function(preactivation)

    def derivatives(self, preactivation: Array, order: int) -> tuple[Array, ...]:
        """Returns (σ, σ′, …) up to the given order, each of the shape of the preactivation.

        Args:
            preactivation: Where to evaluate, any shape.
            order: The highest derivative, at least 0.
        """
        if order == 0:
            return (self.function(preactivation),)

        def lower(z: Array) -> tuple[Array, ...]:
            return self.derivatives(z, order - 1)

        values, tangents = jax.jvp(lower, (preactivation,), (jnp.ones_like(preactivation),))
        return (*values, tangents[-1])


def _gelu(z: Array) -> Array:
    return jax.nn.gelu(z, approximate=False)


ACTIVATIONS: dict[str, Activation] = {
    a.name: a
    for a in (
        Activation("tanh", jnp.tanh, multiplicity=1, parity="odd"),
        Activation("relu", jax.nn.relu, homogeneity=1),
        Activation("leaky_relu", jax.nn.leaky_relu, homogeneity=1),
        Activation("sigmoid", jax.nn.sigmoid, multiplicity=1),
        Activation("softplus", jax.nn.softplus, multiplicity=1),
        Activation("gelu", _gelu, multiplicity=1),
        Activation("swish", jax.nn.swish, multiplicity=1),
        Activation("exp", jnp.exp, multiplicity=1),
        Activation("x_tanh", lambda z: z * jnp.tanh(z), multiplicity=2, parity="even"),
        Activation("x2_tanh", lambda z: z * z * jnp.tanh(z), multiplicity=3, parity="odd"),
    )
}


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
