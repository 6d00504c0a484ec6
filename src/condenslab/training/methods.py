"""The two methods of descent whose numbers are data, so that another rate compiles nothing."""

import inspect
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import optax
from jax import Array

from condenslab.risk import Risk
from condenslab.training.checks import check_number, check_rate


class GradientDescent(eqx.Module):
    """v ← momentum·v + ∇R(θ) + decay·θ, θ ← θ − rate·v: the conventions of PyTorch's SGD.

    Attributes:
        rate: Learning rate, at least 0.
        momentum: Heavy-ball momentum, in [0, 1), or None for none.
        decay: Weight decay, that is the gradient of (decay/2)·‖θ‖², or None for none; at least 0.

    Raises:
        ValueError: A number is NaN, infinite or out of range.
    """

    rate: float | Array
    momentum: float | Array | None = None
    decay: float | Array | None = None

    def __check_init__(self) -> None:
        check_rate(self.rate)
        check_number("momentum", self.momentum, below=1.0)
        check_number("decay", self.decay)

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
        rate: Learning rate, at least 0.
        b1: Decay of the first moment, in [0, 1).
        b2: Decay of the second moment, in [0, 1).
        eps: Added to the root of the second moment, at least 0.
        decay: Decoupled weight decay, at least 0: θ shrinks by rate·decay·θ a step.

    Raises:
        ValueError: A number is NaN, infinite or out of range.
    """

    rate: float | Array
    b1: float | Array = 0.9
    b2: float | Array = 0.999
    eps: float | Array = 1e-8
    decay: float | Array = 0.0

    def __check_init__(self) -> None:
        check_rate(self.rate)
        check_number("b1", self.b1, below=1.0)
        check_number("b2", self.b2, below=1.0)
        check_number("eps", self.eps)
        check_number("decay", self.decay)

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
    if isinstance(method, optax.MultiSteps):
        return method.gradient_transformation()
    if isinstance(method, optax.GradientTransformation):
        return method
    raise TypeError(
        f"method must be GradientDescent(rate=…), Adam(rate=…) or an optax gradient transformation. Got {method!r}."
    )


def step(method: Any, risk: Risk, factor: Array | None, params: Any, carried: Any) -> tuple[Any, Any]:
    """Returns the parameters and the optimiser's state after one step.

    Optimisers with extra arguments (line searches, Polyak's step, schedules that watch the risk, sharpness-aware ones)
    get `value`, `grad`, `value_fn`, `grad_fn` and `obj_fn`, all of this step's own risk.

    Args:
        method: As in `optimiser`.
        risk: The risk of this step: on its minibatch, with its dropout.
        factor: What risk and gradient are multiplied with, or None for 1.
        params: θ.
        carried: The optimiser's state.
    """
    chosen = optimiser(method)
    times = (lambda leaf: leaf) if factor is None else (lambda leaf: factor.astype(leaf.dtype) * leaf)

    # A line search wants every argument that is not its own to be one of `value_fn`.
    def value_fn(params: Any, grad_fn: Any = None, obj_fn: Any = None) -> Array:
        return times(risk.value(params))

    def grad_fn(params: Any, *_: Any) -> Any:
        return jax.tree.map(times, risk.gradient(params))

    value, slope = risk.value_and_gradient(params)
    value, slope = times(value), jax.tree.map(times, slope)
    extras = {"value": value, "grad": slope, "value_fn": value_fn, "grad_fn": grad_fn, "obj_fn": value_fn}
    updates, after = chosen.update(slope, carried, params, **_wanted(chosen.update, extras))
    moved = optax.apply_updates(params, updates)
    return moved, jax.tree.map(_like, after, carried)


def _wanted(update: Callable[..., Any], extras: dict[str, Any]) -> dict[str, Any]:
    """Returns those of the extra arguments that an optimiser takes."""
    parameters = inspect.signature(update).parameters
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values()):
        return extras
    return {name: value for name, value in extras.items() if name in parameters}


def _like(new: Any, old: Any) -> Any:
    """Returns a number of an optimiser's state in the type that it began with, so that it can be carried on."""
    if not eqx.is_array(new) or jnp.issubdtype(new.dtype, jax.dtypes.prng_key):
        return new
    return jnp.asarray(new, old.dtype)


def require_runnable(method: Any, risk: Risk, params: Any) -> None:
    """Refuses an optimiser that needs more than the risk, its gradient, and both as functions.

    Raises:
        TypeError: As said; with the optimiser's own words.
    """
    if isinstance(method, GradientDescent | Adam):
        return
    chosen = optimiser(method)
    try:
        carried = eqx.filter_eval_shape(chosen.init, params)
        after = eqx.filter_eval_shape(lambda p, c: step(method, risk, None, p, c), params, carried)
        shapes = [jax.tree.map(lambda leaf: leaf.shape, tree) for tree in ((params, carried), after)]
        if shapes[0] != shapes[1]:
            raise TypeError("its state or the parameters change their shape from step to step")
    except Exception as error:
        raise TypeError(
            "method must be an optax optimiser that works with the risk, its gradient, and both as functions (value, "
            f"grad, value_fn, grad_fn, obj_fn); this one does not: {type(error).__name__}: {str(error)[:200]}"
        ) from error
