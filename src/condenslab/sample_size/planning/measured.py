"""A request measured: a random target of the intrinsic size, and the smallest model rank found on its target set.

Only where a dense Jacobian is small; otherwise a sentence says why not.
"""

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from condenslab import networks as nets
from condenslab.measures import cell_probes
from condenslab.sample_size import points
from condenslab.sample_size.optimistic import OptimisticSize
from condenslab.sample_size.planning.closed import SHARINGS
from condenslab.sample_size.planning.request import PlanRequest
from condenslab.sample_size.target_set import TargetSetMinimum, minimum_rank

MOST_PARAMETERS = 5_000
MOST_ENTRIES = 3_000_000
"""Entries of the Jacobian, rows × parameters; for images times a tenth of the patches, which tangents take too."""
MOST_DEGREE = 8
"""The condition number of a B-spline basis grows like 2 to the degree, that of two layers like its square."""
_ALL_POINTS = 200
"""Up to so many parameters every point of the target set that can be made is measured, else the first three."""
_SCALE = nets.Scale(1.0, 1.0)


def measure(request: PlanRequest, closed: OptimisticSize, seed: int = 0) -> TargetSetMinimum | str:
    """Measures the minimum over the target set of a random target.

    Args:
        request: A checked request.
        closed: Its closed form, which says how many probes are needed.
        seed: Of target, points and probes.

    Returns:
        The minimum, or one sentence that says why it was not measured.
    """
    rows = 3 * closed.parameters
    if closed.value is not None and closed.parameters > _ALL_POINTS:
        rows = min(rows, 3 * closed.value + 20)
    entries = rows * closed.parameters
    if request.size("axes") == 2:
        entries *= max(1, (request.size("inputs") + 1 - request.size("kernel")) ** 2 // 10)
    if closed.parameters > MOST_PARAMETERS or entries > MOST_ENTRIES:
        return (
            f"not measured: {closed.parameters} parameters and {rows} probes are more than a dense Jacobian should have"
        )
    if request.kind == "kan" and request.size("degree", 3) > MOST_DEGREE:
        return (
            f"not measured: B-splines of degree {request.size('degree')} are so nearly dependent that float64 decides "
            f"no rank of them; up to degree {MOST_DEGREE} it may"
        )
    if request.kind != "linear" and not request.intrinsic:
        return "not measured: the target is the zero function"
    candidates, probes = _BUILDERS[request.kind](request, rows, seed)
    if closed.parameters > _ALL_POINTS:
        candidates = dict(list(candidates.items())[:3])
    return minimum_rank(candidates, probes, complete=request.kind == "matrix")


def _normal(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape)


def _dense(request: PlanRequest, rows: int, seed: int) -> tuple[Mapping[str, Any], np.ndarray]:
    d, k = request.size("inputs"), request.size("intrinsic")
    target = nets.two_layer(seed, width=k, inputs=d, activation="tanh", scale=_SCALE, biases=request.bias)
    return points.dense_points(target, request.size("width"), jax.random.key(seed)), _normal(seed, rows, d)


def _deep(request: PlanRequest, rows: int, seed: int) -> tuple[Mapping[str, Any], np.ndarray]:
    d, m, k, layers = request.size("inputs"), request.size("width"), request.size("intrinsic"), request.size("depth", 2)
    target = nets.mlp(seed, widths=(d, *(k,) * layers, 1), activation="tanh", std=1.0, biases=request.bias)
    return points.deep_points(target, (d, *(m,) * layers, 1)), _normal(seed, rows, d)


def _convolution(request: PlanRequest, rows: int, seed: int) -> tuple[Mapping[str, Any], np.ndarray]:
    axes, k = request.size("axes", 1), request.size("intrinsic")
    pixels, size = (request.size("inputs"),) * axes, (request.size("kernel"),) * axes
    target = nets.conv_two_layer(
        seed, kernels=k, size=size, inputs=pixels, activation="tanh", scale=_SCALE, biases=request.bias
    )
    weights = np.array(target.output_weights[0].reshape(k, -1)).T.reshape(-1)  # position first: one a kernel stays
    weights[: request.size("null_weights")] = 0.0
    outgoing = jnp.asarray(weights.reshape(-1, k).T.reshape(target.output_weights.shape))
    target = nets.ConvTwoLayer(target.kernels, target.biases, outgoing, target.activation)
    sharing = SHARINGS[request.kind]
    made = points.convolution_points(target, request.size("width"), jax.random.key(seed), sharing=sharing)
    probes = _normal(seed, rows, *pixels)
    return made, probes.reshape(rows, -1) if sharing == "full" else probes


def _attention(request: PlanRequest, rows: int, seed: int) -> tuple[Mapping[str, Any], np.ndarray]:
    d_model, k, d = request.size("inputs"), request.size("intrinsic"), request.size("head_size")
    target = nets.multi_head_attention(seed, heads=k, d_model=d_model, d=d, d_v=request.value_size, std=1.0)
    more, tokens = request.size("width") - k, d_model + 1
    made = {"null heads": nets.attention.add_null_heads(target, more)}
    copied = target
    for _ in range(more):
        copied = nets.attention.duplicate_head(copied)
    return made | ({"copied heads": copied} if more else {}), _normal(seed, 2 + rows // d_model, tokens, d_model)


def _kan(request: PlanRequest, rows: int, seed: int) -> tuple[Mapping[str, Any], np.ndarray]:
    d, k, grid = request.size("inputs"), request.size("intrinsic"), request.size("grid")
    target = nets.kan(seed, widths=(d, k, 1), intervals=grid, degree=request.size("degree", 3), std=0.5)
    more = request.size("width") - k
    made = {"null neurons": nets.spline.add_null_splines(target, 0, more)}
    copied = target
    for _ in range(more):
        copied = nets.spline.copy_spline(copied, 0, 0)
    probes = cell_probes(seed, [np.linspace(-1, 1, grid + 1)] * d, rows)
    return made | ({"copied neurons": copied} if more else {}), probes


def _matrix(request: PlanRequest, rows: int, seed: int) -> tuple[Mapping[str, Any], np.ndarray]:
    m, r = request.size("inputs"), request.size("intrinsic")
    n = request.size("columns", m)
    target = _normal(seed, m, r) @ _normal(seed + 1, r, n)
    return points.factorisation_points(target, request.width), nets.index_pairs(m, n)


def _sparse(request: PlanRequest, rows: int, seed: int) -> tuple[Mapping[str, Any], np.ndarray]:
    d = request.size("inputs")
    coefficients = np.zeros(d)
    coefficients[: request.size("intrinsic")] = _normal(seed, request.size("intrinsic"))
    if request.kind == "diagonal":
        return points.diagonal_points(coefficients), _normal(seed, rows, d)
    return points.deep_diagonal_points(coefficients, request.size("depth", 3)), _normal(seed, rows, d)


def _linear(request: PlanRequest, rows: int, seed: int) -> tuple[Mapping[str, Any], np.ndarray]:
    d = request.size("inputs")
    return {"only": nets.linear(seed, inputs=d, std=1.0, offset=request.bias)}, _normal(seed, rows, d)


_Builder = Callable[[PlanRequest, int, int], tuple[Mapping[str, Any], np.ndarray]]
_BUILDERS: dict[str, _Builder] = {
    "two-layer": _dense,
    "deep": _deep,
    "conv": _convolution,
    "conv-unshared": _convolution,
    "fully-connected": _convolution,
    "attention": _attention,
    "kan": _kan,
    "matrix": _matrix,
    "diagonal": _sparse,
    "deep-diagonal": _sparse,
    "linear": _linear,
}
