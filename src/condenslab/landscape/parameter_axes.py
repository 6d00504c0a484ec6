"""Axes of the arrays of a pytree, and edits of their slices: what symmetries act on."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import PyTree

from condenslab.networks.conversion import Key
from condenslab.networks.draws import unit_draws


class Axis(NamedTuple):
    """An axis of a parameter array, or a part of one.

    Attributes:
        leaf: Path of the array in the pytree, such as ".input_weights".
        axis: Which of its axes.
        blocks: The axis is read as (blocks, within) with this many blocks, in row-major order; equal to its size as a
            rule. A flattened channel axis, (channel · position), is one with blocks.
        whole: Whether every block has one entry.
    """

    leaf: str
    axis: int
    blocks: int
    whole: bool = True


def generic(params: PyTree, key: Key) -> PyTree:
    """Returns parameters of the same shapes, N(0, 1) over the root of the last axis (N(0, 1) for vectors)."""
    leaves, structure = jax.tree.flatten(params)
    units = unit_draws(key, "normal", *[leaf.shape for leaf in leaves])
    drawn = [np.asarray(unit) / np.sqrt(unit.shape[-1] if unit.ndim > 1 else 1.0) for unit in units]
    return jax.tree.unflatten(structure, [jnp.array(array, jnp.result_type(float)) for array in drawn])


def axes_by_size(params: PyTree) -> dict[int, list[Axis]]:
    """Returns, for every number of units, the axes that have it; longer axes are read in blocks where they divide."""
    shapes = {jax.tree_util.keystr(path): leaf.shape for path, leaf in jax.tree_util.tree_leaves_with_path(params)}
    sizes = {size for shape in shapes.values() for size in shape}
    found: dict[int, list[Axis]] = {}
    for leaf, shape in shapes.items():
        for axis, length in enumerate(shape):
            found.setdefault(length, []).append(Axis(leaf, axis, length))
            for size in sizes:
                if 1 < size < length and length % size == 0:
                    found.setdefault(size, []).append(Axis(leaf, axis, size, whole=False))
    return found


def slices_of(params: PyTree, axes: Sequence[Axis]) -> list[Array]:
    """Returns, for every axis, its array with the units first."""
    leaves = {jax.tree_util.keystr(path): leaf for path, leaf in jax.tree_util.tree_leaves_with_path(params)}
    return [_forward(leaves[axis.leaf], axis) for axis in axes]


def _forward(leaf: Array, axis: Axis) -> Array:
    """Returns the leaf with the units first."""
    moved = jnp.moveaxis(leaf, axis.axis, 0)
    return moved.reshape(axis.blocks, -1, *moved.shape[1:])


def edited(params: PyTree, edits: Mapping[Axis, Callable[[Array], Array]]) -> PyTree:
    """Returns the parameters with slices edited, axis after axis."""

    def change(path: Any, leaf: Array) -> Array:
        name = jax.tree_util.keystr(path)
        for axis, edit in edits.items():
            if axis.leaf == name:
                slices = edit(_forward(leaf, axis))
                moved = slices.reshape(-1, *slices.shape[2:])
                leaf = jnp.moveaxis(moved, 0, axis.axis)
        return leaf

    return jax.tree_util.tree_map_with_path(change, params)
