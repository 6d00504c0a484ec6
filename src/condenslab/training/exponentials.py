"""Functions of exponential integrators that stay accurate near 0."""

import jax.numpy as jnp
from jax import Array


def hyperbolic(square: Array, length: Array) -> tuple[Array, Array]:
    """Returns sinh(r)/r and (cosh(r) − 1)/r², by their series (to 1e-13) below r = 1/2.

    Args:
        square: r², any shape.
        length: r, of the same shape.
    """
    large = square > 0.25
    safe = jnp.where(large, length, 1.0)
    grown = jnp.exp(safe)
    shrunk = 1 / grown
    q = square
    sine = 1 + q / 6 * (1 + q / 20 * (1 + q / 42 * (1 + q / 72 * (1 + q / 110))))
    cosine = 0.5 * (1 + q / 12 * (1 + q / 30 * (1 + q / 56 * (1 + q / 90 * (1 + q / 132)))))
    return (
        jnp.where(large, (grown - shrunk) / (2 * safe), sine),
        jnp.where(large, ((grown + shrunk) / 2 - 1) / (safe * safe), cosine),
    )


def phi(z: Array) -> tuple[Array, Array]:
    """Returns φ₁(−z) = (1 − e⁻ᶻ)/z and 2φ₃(−z), φ₂ = (1 − φ₁)/z and φ₃ = (½ − φ₂)/z: shares of a step.

    Args:
        z: Not negative, any shape.
    """
    small = z < 1e-2
    safe = jnp.where(small, 1.0, z)
    first = -jnp.expm1(-safe) / safe
    third = (0.5 - (1 - first) / safe) / safe
    return (
        jnp.where(small, 1 - z / 2 + z * z / 6 - z**3 / 24, first),
        jnp.where(small, 1 / 3 - z / 12 + z * z / 60, 2 * third),
    )
