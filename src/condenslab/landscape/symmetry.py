"""Symmetry discovery: which permutations, sign flips and scalings of parameter axes leave a network's output unchanged.

Nothing is known of the network but predict(params, inputs). A symmetry acts on the slices of some axes of some arrays
at once: to swap two hidden neurons is to swap two rows of W₁, two entries of b₁ and two columns of W₂. So the question
is which SETS of axes of equal size belong together, and it is answered by trying: at generic parameters every set of
axes is swapped and the outputs are compared. Hidden units, channels, attention heads, the attention dimension and
d_model are found like this, not listed.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import combinations, product
from typing import Any, Literal, get_args

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import scipy.linalg
from jax import Array
from jaxtyping import PyTree

from condenslab.landscape.output_changes import Comparison, comparison
from condenslab.landscape.parameter_axes import Axis, axes_by_size, edited, generic, slices_of
from condenslab.networks import apply
from condenslab.networks.checks import check_number
from condenslab.networks.conversion import Key, as_key, floating, numbers

Kind = Literal["permutation", "sign", "scaling"]
_KINDS = get_args(Kind)
_MOST_AXES = 16
_DRAWS = 4
_NO_RESPONSE = 1e-10


@dataclass(frozen=True)
class AxisSymmetry:
    """A set of axes whose slices can be permuted, negated or scaled together without changing the output.

    Attributes:
        kind: "permutation": any permutation of the units; "sign": the slices of a unit change sign; "scaling": the
            slices of a unit are multiplied by c^exponent for any c > 0.
        axes: The axes.
        exponents: One an axis: 1 for permutations and signs.
        size: Number of units.
        deviation: Largest change of an output under the symmetries that were tried, relative to the largest output.
    """

    kind: Kind
    axes: tuple[Axis, ...]
    exponents: tuple[float, ...]
    size: int
    deviation: float

    def swapped(self, params: PyTree, first: int, second: int) -> PyTree:
        """Returns the parameters with two units exchanged (of a permutation symmetry)."""
        order = np.arange(self.size)
        order[[first, second]] = second, first
        return edited(params, {axis: lambda slices: slices[order] for axis in self.axes})

    def scaled(self, params: PyTree, unit: int, factor: float) -> PyTree:
        """Returns the parameters with the slices of a unit multiplied by factor^exponent; −1 flips signs."""
        return edited(
            params,
            {
                axis: lambda slices, power=power: slices.at[unit].multiply(factor**power)
                for axis, power in zip(self.axes, self.exponents, strict=True)
            },
        )

    def conserved(self, params: PyTree, unit: int) -> Array:
        """Returns Σ exponent·‖slice of the unit‖², which gradient flow conserves for a scaling symmetry.

        Because Σ exponent·⟨slice, ∂R/∂slice⟩ = 0 for every risk R of the outputs.
        """
        parts = slices_of(params, self.axes)
        return jnp.asarray(sum(p * jnp.sum(s[unit] ** 2) for p, s in zip(self.exponents, parts, strict=True)))


def discover_symmetries(
    params: PyTree,
    inputs: np.ndarray | Array,
    key: Key,
    *,
    predict: Callable[[PyTree, Array], Array] = apply,
    kinds: Sequence[Kind] = ("permutation", "sign", "scaling"),
    tolerance: float = 1e-9,
) -> tuple[AxisSymmetry, ...]:
    """Finds the permutation, sign and scaling symmetries of parameter axes of any network.

    Only the shapes of `params` matter: values are drawn anew, N(0, 1) over the root of the last axis, because at
    special values (zero biases, equal neurons) there are symmetries that the network as such does not have. One draw is
    not enough: a ReLU unit that is off on all inputs may change its sign. So a set of axes counts if no output changes
    for any unit at any of four draws, and what is returned was tried once more at a fifth one, on all units at once.
    Sets of axes are minimal: products of what is returned are symmetries too. Scalings are found without trying sets,
    as exponents with Σ exponent·⟨slice, ∂f/∂slice⟩ = 0 for every unit on all inputs; one basis of them is returned.
    What permutes inputs or outputs as well is no symmetry of the function.

    Args:
        params: A pytree of floating-point arrays.
        inputs: Inputs on which outputs are compared, whatever `predict` takes; a few dozen random ones.
        key: A JAX key or an integer seed for the values of the parameters.
        predict: (params, inputs) → outputs.
        kinds: What to look for.
        tolerance: Largest relative change of the outputs that counts as none.

    Raises:
        TypeError: The outputs are not float64: small changes would not be told from rounding.
        ValueError: The outputs are not finite, or more than 16 axes have the same size, so that there are too many sets
            to try: build the network with sizes that differ (symmetries do not depend on them).
    """
    inputs = floating("inputs", inputs) if predict is apply else numbers("inputs", inputs)
    kinds = tuple(kinds)
    if isinstance(kinds, str) or not kinds or not all(kind in _KINDS for kind in kinds):
        raise ValueError(f"kinds must be some of {', '.join(_KINDS)}, at least one. Got {kinds!r}.")
    check_number("tolerance", tolerance, least=0.0)
    sizes = {size: tuple(axes) for size, axes in sorted(axes_by_size(params).items())}
    if not sizes:
        raise ValueError("params must hold at least one parameter with an axis: there is nothing to permute or scale.")
    every = tuple(axis for axes in sizes.values() for axis in axes)
    draws = [generic(params, own) for own in jax.random.split(as_key(key), _DRAWS + 1)]
    *compared, fresh = (comparison(draw, inputs, predict, every) for draw in draws)
    _require_outputs([one.outputs for one in (*compared, fresh)])
    found: list[AxisSymmetry] = []
    for size, axes in sizes.items():
        units = np.arange(size)
        if "permutation" in kinds and size > 1:
            swaps = [(_swapped(size, k), np.ones(size)) for k in range(size - 1)]
            found += [_member("permutation", axes, *mask) for mask in _minimal(compared, axes, swaps, tolerance)]
        if "sign" in kinds:
            flips = [(units, np.where(units == k, -1.0, 1.0)) for k in range(size)]
            found += [_member("sign", axes, *mask) for mask in _minimal(compared, axes, flips, tolerance)]
        if "scaling" in kinds:
            found += _scalings(compared, axes, tolerance)
    checked = [replace(s, deviation=max(s.deviation, _all_at_once(fresh, s))) for s in found]
    return tuple(s for s in checked if s.deviation <= tolerance)


def _require_outputs(outputs: Sequence[Array]) -> None:
    if any(one.dtype != jnp.float64 for one in outputs):
        raise TypeError(
            f"symmetries must be looked for in float64. Got outputs of {outputs[0].dtype}; enable x64 in jax."
        )
    if not all(bool(jnp.all(jnp.isfinite(one))) for one in outputs):
        raise ValueError("the outputs at random parameters must be finite. Got NaN or infinity; choose smaller inputs.")
    if not any(bool(jnp.any(one != 0)) for one in outputs):
        raise ValueError("the outputs must not vanish at random parameters. Got zeros alone; choose other inputs.")


def _minimal(
    compared: Sequence[Comparison],
    axes: tuple[Axis, ...],
    edits: Sequence[tuple[np.ndarray, np.ndarray]],
    tolerance: float,
) -> list[tuple[np.ndarray, float]]:
    """Returns the minimal sets of axes for which no edit of a unit is noticed at any draw, and how unnoticed.

    A set of nothing but axes read in blocks is left out: it is part of a symmetry of the whole axes, or of none.
    """
    count = len(axes)
    if count > _MOST_AXES:
        raise ValueError(
            f"at most {_MOST_AXES} axes can have the same size, because every set of them is tried. Got {count}: "
            f"{', '.join(f'{a.leaf}[{a.axis}]' for a in axes)}. Build the network with sizes that differ."
        )
    chosen = [set(c) for size in range(1, count + 1) for c in combinations(range(count), size)]
    whole = np.array([axis.whole for axis in axes])
    masks = np.array([[k in c for k in range(count)] for c in chosen]).reshape(-1, count)
    masks = masks[(masks & whole).any(axis=1)]
    worst = np.zeros(len(masks))
    for (order, factors), compare in product(edits, compared):
        if not len(masks):
            break
        worst = np.maximum(worst, compare.changes(axes, masks, order, factors))
        masks, worst = masks[worst <= tolerance], worst[worst <= tolerance]
    found: list[tuple[np.ndarray, float]] = []
    for mask, change in zip(masks, worst, strict=True):
        if not any(np.all(mask >= other) for other, _ in found):
            found.append((mask, float(change)))
    return found


def _swapped(size: int, first: int) -> np.ndarray:
    """Returns the order in which a unit and the next are exchanged; such swaps generate all permutations."""
    order = np.arange(size)
    order[[first, first + 1]] = first + 1, first
    return order


def _all_at_once(fresh: Comparison, found: AxisSymmetry) -> float:
    """Returns the largest change when all units are moved together: reversed, negated in part, scaled differently."""
    units, mask = np.arange(found.size), np.ones((1, len(found.axes)), dtype=bool)
    if found.kind == "permutation":
        return float(fresh.changes(found.axes, mask, units[::-1], np.ones(found.size))[0])
    if found.kind == "sign":
        return float(fresh.changes(found.axes, mask, units, np.where(units % 2 == 0, -1.0, 1.0))[0])
    params = fresh.params
    for unit in units:
        params = found.scaled(params, int(unit), 0.6 + 0.3 * (unit % 5))
    return fresh.difference(params)


def _member(kind: Kind, axes: tuple[Axis, ...], mask: np.ndarray, change: float) -> AxisSymmetry:
    used = tuple(axis for axis, use in zip(axes, mask, strict=True) if use)
    return AxisSymmetry(kind, used, (1.0,) * len(used), axes[0].blocks, change)


def _scalings(compared: Sequence[Comparison], axes: tuple[Axis, ...], tolerance: float) -> list[AxisSymmetry]:
    """Returns a sparse basis of the exponents e with Σ e·⟨slice, ∂f/∂slice⟩ = 0, without those of blocks alone."""
    own = [axis in axes for axis in compared[0].axes]
    slopes = np.concatenate(
        [np.asarray(_responses(one, jnp.asarray(unit)))[:, own] for one in compared for unit in range(axes[0].blocks)]
    )
    # What the equation leaves open is a candidate; whether it is a symmetry is decided by scaling.
    _, sizes, vectors = scipy.linalg.svd(slopes, full_matrices=len(slopes) < len(axes))
    sizes = np.append(sizes, np.zeros(len(vectors) - len(sizes)))
    symmetries = []
    for row in _sparse(vectors[sizes <= _NO_RESPONSE * sizes.max(initial=0.0)]):
        used = np.abs(row) > 1e-6
        chosen = tuple(axis for axis, use in zip(axes, used, strict=True) if use)
        found = AxisSymmetry("scaling", chosen, tuple(np.round(row[used], 9).tolist()), axes[0].blocks, 0.0)
        tries = product(compared, range(found.size))
        change = max(one.difference(found.scaled(one.params, unit, 1.7)) for one, unit in tries)
        if change <= tolerance and any(axis.whole for axis in chosen):
            symmetries.append(replace(found, deviation=change))
    return symmetries


@eqx.filter_jit
def _responses(compare: Comparison, unit: Any) -> Array:
    """Returns Σ slice·∂f/∂slice for one unit of every axis (modulo its size), shape (output, axis)."""

    def outputs(steps: Array) -> Array:
        def edit(slices: Array, step: Array) -> Array:
            return slices.at[unit % len(slices)].multiply(1.0 + step)

        edits = {axis: partial(edit, step=step) for axis, step in zip(compare.axes, steps, strict=True)}
        return compare.predict(edited(compare.params, edits), compare.inputs).reshape(-1)

    return jax.jacfwd(outputs)(jnp.zeros(len(compare.axes)))


def _sparse(null: np.ndarray) -> np.ndarray:
    """Returns the reduced row echelon form, in which every basis vector has a 1 where the others have 0."""
    rows = null.copy()
    for k in range(len(rows)):
        pivot = int(np.argmax(np.abs(rows[k])))
        rows[k] /= rows[k, pivot]
        for other in range(len(rows)):
            if other != k:
                rows[other] -= rows[other, pivot] * rows[k]
    return rows
