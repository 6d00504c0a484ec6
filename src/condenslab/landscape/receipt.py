"""An edit comes with a receipt: what it did to the output, the risk, the gradient and the number of parameters."""

from collections.abc import Callable
from dataclasses import dataclass

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.flatten_util import ravel_pytree
from jaxtyping import PyTree
from scipy.stats import qmc

from condenslab.networks import MLP, TwoLayer, apply
from condenslab.networks.conversion import floating
from condenslab.networks.layered import widths
from condenslab.risk import Function, Risk, require_risk, require_samples

RANDOM_LAW = "1,024 points of a Halton sequence in the bounding box of the data, widened by half its size on every side"
IMAGE_LAW = RANDOM_LAW.replace("1,024", "64")
_PROBES = 1024
_IMAGE_PROBES = 64

Predict = Callable[[PyTree, Array], Array]


@dataclass(frozen=True)
class Receipt:
    """What an edit of a network changed. Risks and gradients are None where no risk was given.

    Attributes:
        output_difference: Largest |f′ − f| on the data, over samples and outputs.
        output_difference_random: The same on quasi-random inputs, off the data as well.
        random_law: How those inputs are distributed.
        output_scale: Largest |f| on the data before the edit.
        risk_before: R(θ).
        risk_after: R(θ′).
        gradient_norm_before: L1 norm of ∇R(θ).
        gradient_norm_after: L1 norm of ∇R(θ′).
        parameters_before: Number of parameters of θ.
        parameters_after: Number of parameters of θ′.
    """

    output_difference: float
    output_difference_random: float
    random_law: str
    output_scale: float
    risk_before: float | None
    risk_after: float | None
    gradient_norm_before: float | None
    gradient_norm_after: float | None
    parameters_before: int
    parameters_after: int

    @property
    def relative_difference(self) -> float:
        """Largest |f′ − f| on the data over the largest |f|; 0 if neither differs from 0, infinite if only f is 0."""
        if self.output_difference == 0:
            return 0.0
        return self.output_difference / self.output_scale if self.output_scale > 0 else float("inf")


def make_receipt(before: PyTree, after: PyTree, *, inputs: np.ndarray | Array) -> Receipt:
    """Compares two networks of this package on inputs, where no risk is at hand.

    Args:
        before: The network before the edit.
        after: The network after it.
        inputs: The data, shape (sample, input), or images as the network takes them; at least one sample.

    Raises:
        ValueError: There are no inputs, or they are not a finite batch.
    """
    inputs = floating("inputs", inputs)
    if inputs.ndim < 2 or len(inputs) == 0 or not np.all(np.isfinite(inputs)):
        raise ValueError(f"inputs must be a finite matrix (sample, input) with samples. Got shape {inputs.shape}.")
    return _compare(before, after, apply, inputs, None)


def risk_receipt(risk: Risk, before: PyTree, after: PyTree) -> Receipt:
    """Compares two networks on the data of a risk: outputs, risk and gradient.

    Args:
        risk: R; its inputs are vectors, shape (sample, input), or images. Samples of weight 0 are padding and not
            looked at. Outputs for a `risk.Function` are those of dense networks on its inputs, or on [−1, 1]^d where it
            has none; of other parameters no outputs are known, and what they differ by is NaN.
        before: The network before the edit.
        after: The network after it.
    """
    require_risk(risk)
    if isinstance(risk, Function):
        return _function_receipt(risk, before, after)
    require_samples(risk)
    risk = risk.counted()
    return _compare(before, after, risk.predict, risk.inputs, risk)


def _function_receipt(risk: Function, before: PyTree, after: PyTree) -> Receipt:
    if isinstance(before, TwoLayer | MLP):
        corners = np.stack([-np.ones(widths(before)[0]), np.ones(widths(before)[0])])
        return _compare(before, after, apply, jnp.asarray(corners) if risk.inputs is None else risk.inputs, risk)
    (old, old_norm), (new, new_norm) = (_levels(risk, params) for params in (before, after))
    sizes = (ravel_pytree(before)[0].size, ravel_pytree(after)[0].size)
    levels = float(old), float(new), float(old_norm), float(new_norm)
    return Receipt(np.nan, np.nan, "none: no outputs are known", np.nan, *levels, *sizes)


def surroundings(inputs: np.ndarray | Array, count: int | None = None, margin: float = 0.5) -> np.ndarray:
    """Returns Halton points in the bounding box of the inputs, widened by `margin` of its size on every side.

    The sequence is not scrambled, so that a receipt depends on nothing but its networks and data.

    Args:
        inputs: The data, shape (sample, input), or images, whose pixels are the coordinates of the box.
        count: How many points; by default 1,024, and 64 images.
        margin: What is added on each side, relative to the side of the box (to 1 where the data have no extent).
    """
    given = np.asarray(inputs, dtype=np.float64)
    data = given.reshape(len(given), -1)
    if count is None:
        count = _PROBES if given.ndim == 2 else _IMAGE_PROBES
    low, high = data.min(axis=0), data.max(axis=0)
    size = np.where(high > low, high - low, 1.0)
    points = qmc.Halton(data.shape[1], scramble=False).random(count)
    return (low - margin * size + (1 + 2 * margin) * size * points).reshape(count, *given.shape[1:])


def _compare(before: PyTree, after: PyTree, predict: Predict, inputs: Array, risk: Risk | None) -> Receipt:
    nearby = _nearby(predict, before, inputs)
    old, old_nearby, old_risk, old_norm = _evaluate(predict, before, inputs, nearby, risk)
    new, new_nearby, new_risk, new_norm = _evaluate(predict, after, inputs, nearby, risk)
    return Receipt(
        output_difference=_difference(new, old),
        output_difference_random=_difference(new_nearby, old_nearby),
        random_law=RANDOM_LAW if inputs.ndim == 2 else IMAGE_LAW,
        output_scale=_largest(jnp.where(jnp.isfinite(old), old, 0.0)),
        risk_before=None if old_risk is None else float(old_risk),
        risk_after=None if new_risk is None else float(new_risk),
        gradient_norm_before=None if old_norm is None else float(old_norm),
        gradient_norm_after=None if new_norm is None else float(new_norm),
        parameters_before=ravel_pytree(before)[0].size,
        parameters_after=ravel_pytree(after)[0].size,
    )


@eqx.filter_jit
def _evaluate(predict: Predict, network: PyTree, inputs: Array, nearby: Array, risk: Risk | None):
    outputs, elsewhere = predict(network, inputs), predict(network, nearby)
    return outputs, elsewhere, *((None, None) if risk is None else _levels(risk, network))


@eqx.filter_jit
def _levels(risk: Risk, params: PyTree) -> tuple[Array, Array]:
    """Returns R and the L1 norm of its gradient."""
    value, gradient = risk.value_and_gradient(params)
    return value, jnp.abs(ravel_pytree(gradient)[0]).sum()


def _nearby(predict: Predict, network: PyTree, inputs: Array) -> Array:
    """Returns the quasi-random inputs; whole numbers where the prediction takes no others (tokens, entries)."""
    points = jnp.asarray(surroundings(inputs), jnp.result_type(float))
    if jnp.issubdtype(inputs.dtype, jnp.floating):
        return points.astype(inputs.dtype)
    try:
        jax.eval_shape(predict, network, points)
    except (TypeError, IndexError):
        return jnp.clip(points, inputs.min(axis=0), inputs.max(axis=0)).astype(inputs.dtype)
    return points


def _difference(new: Array, old: Array) -> float:
    """Returns the largest |f′ − f|; equal infinities (a class that is masked out) differ by 0."""
    return _largest(jnp.where(new == old, 0.0, new - old))


def _largest(values: Array) -> float:
    return float(np.abs(np.asarray(values)).max(initial=0.0))
