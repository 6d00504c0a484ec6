"""The two methods of descent whose numbers are data, so that another rate compiles nothing."""

from typing import Any

import equinox as eqx
import optax
from jax import Array


class GradientDescent(eqx.Module):
    """v ← momentum·v + ∇R(θ) + decay·θ, θ ← θ − rate·v: the conventions of PyTorch's SGD.

    Attributes:
        rate: Learning rate.
        momentum: Heavy-ball momentum, or None for none.
        decay: Weight decay, that is the gradient of (decay/2)·‖θ‖², or None for none.
    """

    rate: float | Array
    momentum: float | Array | None = None
    decay: float | Array | None = None

    def transformation(self) -> optax.GradientTransformation:
        """Returns the optax optimiser."""
        parts = [optax.scale(-self.rate)]
        if self.momentum is not None:
            parts.insert(0, optax.trace(decay=self.momentum))  # pyright: ignore[reportArgumentType]
        if self.decay is not None:
            parts.insert(0, optax.add_decayed_weights(self.decay))
        return optax.chain(*parts)


class Adam(eqx.Module):
    """Adam with decoupled weight decay (AdamW), bias-corrected.

    Attributes:
        rate: Learning rate.
        b1: Decay of the first moment.
        b2: Decay of the second moment.
        eps: Added to the root of the second moment.
        decay: Decoupled weight decay: θ shrinks by rate·decay·θ a step.
    """

    rate: float | Array
    b1: float | Array = 0.9
    b2: float | Array = 0.999
    eps: float | Array = 1e-8
    decay: float | Array = 0.0

    def transformation(self) -> optax.GradientTransformation:
        """Returns the optax optimiser."""
        return optax.adamw(self.rate, b1=self.b1, b2=self.b2, eps=self.eps, weight_decay=self.decay)


def optimiser(method: Any) -> optax.GradientTransformation:
    """Returns the optax optimiser of a method; an optax optimiser is returned as it is.

    Raises:
        TypeError: Neither a method of this file nor an optax optimiser.
    """
    if isinstance(method, GradientDescent | Adam):
        return method.transformation()
    if isinstance(method, optax.GradientTransformation):
        return method
    raise TypeError(
        f"method must be GradientDescent(rate=…), Adam(rate=…) or an optax gradient transformation. Got {method!r}."
    )
