"""Slices: the risk over a line, a plane or a box through a point."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Literal

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.flatten_util import ravel_pytree
from jaxtyping import Float, PyTree

from condenslab.networks import TwoLayer, apply
from condenslab.networks.checks import count
from condenslab.processors import available_threads, wide_vectors
from condenslab.risk import EmpiricalRisk, require_samples

_TOGETHER = 8
_LANE = 2**14
_FEW_INPUTS = 3
_PROBES = 16


@dataclass(frozen=True, eq=False)
class RiskSlice:
    """The risk on a grid in the space that some directions span at a point.

    Attributes:
        axes: Coordinates along each direction, shapes (k,), (l,), …
        risk: R(θ + Σ_j t_j·v_j) at every grid point, shape (k, l, …).
        rounding: For a slice in float32, the largest |R₃₂ − R₆₄| over the largest R₆₄ among at most sixteen grid points
            spread over the slice; None in the precision of the parameters.
    """

    axes: tuple[np.ndarray, ...]
    risk: np.ndarray
    rounding: float | None


def risk_slice(
    risk: EmpiricalRisk,
    center: PyTree,
    directions: Float[np.ndarray | Array, "direction param"],
    axes: Sequence[np.ndarray],
    *,
    precision: Literal["float32"] | None = None,
    threads: int | None = None,
    progress: Callable[[float, str], None] | None = None,
) -> RiskSlice:
    """Evaluates R(θ + Σ_j t_j·v_j) on a grid of t, in one compiled program of bounded memory, on all processors.

    At most eight grid points a thread are under way at a time. For two-layer networks with more than three inputs the
    preactivations, which are affine in t, are combined from those of θ and of the directions, so that no product with
    the inputs is repeated.

    Args:
        risk: R.
        center: θ, any pytree that `risk.predict` takes.
        directions: v_1, v_2, … in the order of the ravelled parameters; of any length, they need not be orthogonal.
        axes: Coordinates t_j along each direction.
        precision: "float32" to evaluate in single precision, about three times as fast; its error is measured.
        threads: How many chunks run at a time; by default one a processor on a CPU, else one.
        progress: Called with (fraction, text).

    Raises:
        ValueError: Directions of another length than θ, another number of axes than of directions, an empty axis, or
            numbers that are not finite.

    References:
        Li et al., Visualizing the loss landscape of neural nets, NeurIPS 2018 (arXiv 1712.09913).

    Example:
        >>> line = EmpiricalRisk(jnp.ones((1, 1)), jnp.zeros((1, 1)), predict=lambda theta, x: theta[0] * x)
        >>> risk_slice(line, jnp.zeros(2), np.eye(2), [np.array([1.0, 3.0]), np.zeros(1)]).risk.tolist()
        [[1.0], [9.0]]
    """
    require_samples(risk)
    if precision not in (None, "float32"):
        raise ValueError(f"precision must be None or 'float32'. Got {precision!r}.")
    if threads is not None:
        count("threads", threads)
    spanned, grid = _checked(center, directions, axes)
    shape = tuple(len(axis) for axis in grid)
    points = np.stack([part.ravel() for part in np.meshgrid(*grid, indexing="ij")], axis=1)
    values = _evaluate(risk, center, spanned, points, precision, threads, progress)
    rounding = None
    if precision is not None:
        some = np.unique(np.linspace(0, len(points) - 1, _PROBES).round()).astype(int)
        exact = _evaluate(risk, center, spanned, points[some], None, 1, None)
        rounding = float(np.abs(values[some] - exact).max() / max(exact.max(), np.finfo(float).tiny))
    return RiskSlice(grid, values.reshape(shape), rounding)


def _checked(center: PyTree, directions: Any, axes: Sequence[np.ndarray]) -> tuple[np.ndarray, tuple[np.ndarray, ...]]:
    size = ravel_pytree(center)[0].size
    spanned, grid = np.asarray(directions), tuple(np.asarray(axis, np.float64) for axis in axes)
    if spanned.ndim != 2 or spanned.shape[1] != size:
        raise ValueError(f"directions must have shape (direction, {size}), one entry a parameter. Got {spanned.shape}.")
    if len(grid) != len(spanned) or any(axis.ndim != 1 or axis.size == 0 for axis in grid):
        shapes = [axis.shape for axis in grid]
        raise ValueError(f"axes must be one vector of coordinates for each of {len(spanned)} directions. Got {shapes}.")
    if not all(np.all(np.isfinite(part)) for part in (spanned, *grid)):
        raise ValueError("directions and axes must be finite. Got NaN or infinity.")
    return spanned, grid


def _evaluate(
    risk: EmpiricalRisk,
    center: PyTree,
    directions: np.ndarray,
    points: np.ndarray,
    precision: str | None,
    threads: int | None,
    progress: Callable[[float, str], None] | None,
) -> np.ndarray:
    """Returns R at the points, shape (point,), cut into lanes of one size that run in threads."""
    if precision is not None:
        risk, center = _cast((risk, center), precision)
    kind = ravel_pytree(center)[0].dtype
    workers = threads or (available_threads() if jax.default_backend() == "cpu" else 1)
    size = min(_LANE, -(-len(points) // workers))
    size += -size % _TOGETHER
    padded = np.concatenate([points, np.repeat(points[-1:], -len(points) % size, axis=0)]).astype(kind)
    lanes = padded.reshape(-1, size, points.shape[1])
    spanned = jnp.asarray(directions, kind)
    compiled = _program().lower(risk, center, spanned, lanes[0]).compile()
    wide = jnp.result_type(float) == jnp.float64
    done: list[int] = []

    def run(lane: np.ndarray) -> np.ndarray:
        with jax.enable_x64(wide):  # a context manager of JAX holds in one thread only
            values = np.asarray(compiled(risk, center, spanned, lane), np.float64)
        done.append(1)
        if progress is not None:
            progress(len(done) / len(lanes), f"{len(done) * size} grid points")
        return values

    with ThreadPoolExecutor(workers, thread_name_prefix="condenslab") as pool:
        return np.concatenate(list(pool.map(run, lanes)))[: len(points)]


def _cast(tree: Any, precision: str) -> Any:
    return jax.tree.map(lambda leaf: leaf.astype(precision) if eqx.is_inexact_array(leaf) else leaf, tree)


@cache
def _program() -> Any:
    """Returns `_values` as a program, made once."""
    return eqx.filter_jit(_values, **wide_vectors())


def _values(risk: EmpiricalRisk, center: PyTree, directions: Array, points: Array) -> Array:
    """Returns R at every point, shape (point,), eight at a time."""
    if isinstance(center, TwoLayer) and risk.predict is apply and center.input_weights.shape[1] > _FEW_INPUTS:
        evaluate = _two_layer(risk, center, directions)
    else:
        theta, unravel = ravel_pytree(center)
        evaluate = lambda point: risk.value(unravel(theta + point @ directions))  # noqa: E731
    return jax.lax.map(evaluate, points, batch_size=_TOGETHER)


def _two_layer(risk: EmpiricalRisk, center: TwoLayer, directions: Array) -> Callable[[Array], Array]:
    """Returns point → R, with preactivations combined from those of the center and of the directions."""
    theta, unravel = ravel_pytree(center)
    base = center.preactivations(risk.inputs)
    moved = jax.vmap(lambda row: unravel(row).preactivations(risk.inputs))(directions)

    def evaluate(point: Array) -> Array:
        own = unravel(theta + point @ directions)
        hidden = center.activation(base + jnp.tensordot(point, moved, axes=1))
        outputs = hidden @ own.output_weights.T
        if own.output_bias is not None:
            outputs = outputs + own.output_bias[None, :]
        return replace(risk, inputs=outputs, predict=_given).value(None)

    return evaluate


def _given(params: None, inputs: Array) -> Array:
    return inputs
