"""How much the outputs of a network change when slices of some axes of its parameters are permuted or scaled."""

from collections.abc import Callable
from functools import partial
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import PyTree

from condenslab.landscape.parameter_axes import Axis, edited

_CHUNK = 64


class Comparison(eqx.Module):
    """Outputs with some axes edited against the outputs without: one program for all axes, whatever their sizes.

    Attributes:
        params: The parameters that are edited.
        inputs: What `predict` takes.
        predict: (params, inputs) → outputs.
        axes: All axes that an edit may name.
        outputs: Without an edit.
    """

    params: PyTree
    inputs: Any
    predict: Callable[..., Array] = eqx.field(static=True)
    axes: tuple[Axis, ...] = eqx.field(static=True)
    outputs: Array

    def changes(self, axes: tuple[Axis, ...], masks: np.ndarray, order: np.ndarray, factors: np.ndarray) -> np.ndarray:
        """Returns the largest change of an output for each set of these axes, relative to the largest output.

        Args:
            axes: Axes with as many units each.
            masks: Which of these axes are edited together, shape (set, axis).
            order: Where each unit of an edited axis is taken from, shape (unit,).
            factors: By which units are multiplied, shape (unit,).
        """
        padded = np.zeros((len(masks) + -len(masks) % _CHUNK, len(self.axes)), dtype=bool)
        padded[: len(masks), [self.axes.index(axis) for axis in axes]] = masks
        orders = tuple(order if axis in axes else np.arange(axis.blocks) for axis in self.axes)
        units = tuple(factors if axis in axes else np.ones(axis.blocks) for axis in self.axes)
        parts = [_changes(self, part, orders, units) for part in padded.reshape(-1, _CHUNK, len(self.axes))]
        return np.concatenate([np.asarray(part) for part in parts] or [np.zeros(0)])[: len(masks)]

    def difference(self, params: PyTree) -> float:
        """Returns the largest change of an output at other parameters, relative to the largest output."""
        change = jnp.abs(_outputs(self.predict, params, self.inputs) - self.outputs).max()
        return float(change / max(float(jnp.abs(self.outputs).max()), np.finfo(float).tiny))


def comparison(params: PyTree, inputs: Any, predict: Callable[..., Array], axes: tuple[Axis, ...]) -> Comparison:
    """Returns the comparison with the outputs at these parameters.

    Args:
        params: A pytree of floating-point arrays.
        inputs: What `predict` takes.
        predict: (params, inputs) → outputs.
        axes: All axes that an edit may name.
    """
    return Comparison(params, inputs, predict, axes, _outputs(predict, params, inputs))


@eqx.filter_jit
def _outputs(predict: Callable[..., Array], params: PyTree, inputs: Array) -> Array:
    return predict(params, inputs)


@eqx.filter_jit
def _changes(compare: Comparison, masks: Any, orders: tuple[Any, ...], factors: tuple[Any, ...]) -> Array:
    def change(mask: Array) -> Array:
        def edit(slices: Array, use: Array, order: Array, factor: Array) -> Array:
            return jnp.where(use, slices[order] * factor.reshape(-1, *[1] * (slices.ndim - 1)), slices)

        edits = {
            axis: partial(edit, use=use, order=order, factor=factor)
            for axis, use, order, factor in zip(compare.axes, mask, orders, factors, strict=True)
        }
        return jnp.abs(compare.predict(edited(compare.params, edits), compare.inputs) - compare.outputs).max()

    scale = jnp.abs(compare.outputs).max()
    return jax.vmap(change)(masks) / jnp.where(scale > 0, scale, 1.0)
