"""AdamW with warm-up, cosine decay and clipping, its numbers data: members of an ensemble may differ in all of them."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.core import Tracer

from condenslab.networks.checks import Real


class AdamW(eqx.Module):
    """AdamW: θ ← θ − η(t)·(m̂/(√v̂ + ε) + λθ), after clipping the gradient's norm.

    η rises linearly from start·rate at step 0 to rate at step `warm_up`, then falls as a cosine to floor·rate at step
    `horizon`, where it stays.

    Attributes:
        rate: The largest η.
        decay: λ, decoupled weight decay, of all parameters.
        warm_up: Steps of the rise; 0 for none.
        horizon: Step at which the cosine ends; infinity for a constant rate after the rise.
        start: Share of the rate at step 0.
        floor: Share of the rate at the end.
        clip: The largest norm of the gradient; infinity for no clipping.
        beta1: Of the mean of gradients.
        beta2: Of the mean of squares.
        epsilon: ε.

    References:
        Loshchilov & Hutter, ICLR 2019; the schedule of Zhang et al., arXiv 2405.05409, is start = floor = 1/25 there.
    """

    rate: Real
    decay: Real = 0.01
    warm_up: Real = 0.0
    horizon: Real = np.inf
    start: Real = 0.04
    floor: Real = 0.04
    clip: Real = 1.0
    beta1: Real = 0.9
    beta2: Real = 0.999
    epsilon: Real = 1e-8

    def __check_init__(self) -> None:
        bounds = {"rate": (0, np.inf), "decay": (0, np.inf), "warm_up": (0, np.inf), "horizon": (1, np.inf)}
        bounds |= {"start": (0, 1), "floor": (0, 1), "clip": (0, np.inf), "beta1": (0, 1), "beta2": (0, 1)}
        for name, (low, high) in bounds.items():
            value = getattr(self, name)
            if not isinstance(value, float | int | np.number) or isinstance(value, Tracer):
                continue
            if not low <= value <= high or (name in ("rate", "decay") and not np.isfinite(value)):
                raise ValueError(f"{name} of AdamW must be a number from {low} to {high}. Got {value}.")

    def rate_at(self, step: Any) -> Array:
        """Returns η before a step, counted from 0."""
        t = jnp.asarray(step, jnp.result_type(self.rate, jnp.float32))
        rising = self.start + (1 - self.start) * t / jnp.maximum(self.warm_up, 1)
        gone = jnp.clip((t - self.warm_up) / jnp.maximum(self.horizon - self.warm_up, 1), 0, 1)
        falling = self.floor + (1 - self.floor) * 0.5 * (1 + jnp.cos(jnp.pi * gone))
        return jnp.asarray(self.rate * jnp.where(t < self.warm_up, rising, falling))

    def begin(self, params: Any) -> tuple[Any, Any]:
        """Returns the means of gradients and of their squares before the first step: zeros."""
        zeros = jax.tree.map(jnp.zeros_like, params)
        return zeros, zeros

    def step(self, params: Any, slope: Any, means: tuple[Any, Any], step: Any) -> tuple[Any, tuple[Any, Any], Array]:
        """Returns parameters and means after a step, and the norm of the gradient before clipping.

        Args:
            params: θ.
            slope: ∇R(θ), of the same structure.
            means: As `begin` or the last step returned them.
            step: Its number, counted from 0.
        """
        norm = jnp.sqrt(sum(jnp.vdot(leaf, leaf) for leaf in jax.tree.leaves(slope)))
        factor = jnp.minimum(1.0, self.clip / jnp.maximum(norm, jnp.finfo(norm.dtype).tiny)).astype(norm.dtype)
        t = jnp.asarray(step, norm.dtype) + 1
        one, two, rate = (jnp.asarray(v, norm.dtype) for v in (self.beta1, self.beta2, self.rate_at(step)))
        first = jax.tree.map(lambda m, g: one * m + (1 - one) * factor * g, means[0], slope)
        second = jax.tree.map(lambda v, g: two * v + (1 - two) * (factor * g) ** 2, means[1], slope)
        shrink = (1 - rate * self.decay).astype(norm.dtype)
        scales = rate / (1 - one**t), 1 / (1 - two**t)
        epsilon = jnp.asarray(self.epsilon, norm.dtype)

        def moved(w: Array, m: Array, v: Array) -> Array:
            return w * shrink - scales[0] * m / (jnp.sqrt(v * scales[1]) + epsilon)

        return jax.tree.map(moved, params, first, second), (first, second), norm
