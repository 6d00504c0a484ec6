"""Any point made critical by a choice of targets: exact test cases for every architecture, without training."""

from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.flatten_util import ravel_pytree
from jaxtyping import PyTree

from condenslab.networks import apply
from condenslab.networks.conversion import Key, as_key, floating, numbers
from condenslab.numerics import rounding_floor
from condenslab.risk import EmpiricalRisk


def make_critical(
    network: PyTree,
    inputs: np.ndarray | Array,
    key: Key,
    *,
    predict: Callable[..., Array] = apply,
    weights: np.ndarray | Array | None = None,
    value: float = 1.0,
) -> EmpiricalRisk:
    """Returns a risk with squared loss of which the given parameters are a critical point that is no global minimum.

    The targets are y = f_θ(x) − r with Σ_i p_i r_io ∂f_o(x_i)/∂θ = 0, p the normalised sample weights: then ∇R(θ) = 0
    up to rounding and R(θ) = Σ p_i‖r_i‖² = `value`. The residuals r are a Gaussian draw projected on the orthogonal
    complement of the Jacobian's range. The Hessian is generically indefinite; spread the inputs, for where the network
    is nearly linear on them the point is numerically degenerate.

    Args:
        network: θ: a network of this package, or any pytree that `predict` takes.
        inputs: x, shape (sample, input) or whatever `predict` takes.
        key: A JAX key or an integer seed for the residuals.
        predict: (params, inputs) → outputs (sample, output).
        weights: Non-negative sample weights, shape (sample,), or None for equal ones; samples of weight 0 get r = 0.
        value: The risk R(θ) to arrive at, positive.

    Raises:
        ValueError: The value is not positive, the outputs or the Jacobian are not finite, or the samples with positive
            weight times outputs are not more than the Jacobian's rank, so that only r = 0 is critical.

    References:
        After Zhang et al., arXiv 2505.13582, Theorem 4.2.1.
    """
    if not (np.isfinite(value) and value > 0):
        raise ValueError(f"value must be positive: with R(θ) = 0 every point is a global minimum. Got {value}.")
    samples = floating("inputs", inputs) if predict is apply else numbers("inputs", inputs)
    outputs = predict(network, samples)
    fitted = EmpiricalRisk(samples, outputs, weights, predict=predict)
    jacobian = np.asarray(_jacobian(fitted, network), dtype=np.float64)
    if not np.all(np.isfinite(jacobian)):
        raise ValueError("the Jacobian must be finite. Got NaN or infinity: the point is out of range.")
    root = np.repeat(np.sqrt(np.asarray(fitted.probabilities, dtype=np.float64)), outputs.shape[1])
    draw = np.asarray(jax.random.normal(as_key(key), (root.size,)), dtype=np.float64)
    scaled = _orthogonal(root[:, None] * jacobian.reshape(root.size, -1), np.where(root > 0, draw, 0.0), root > 0)
    scaled *= np.sqrt(value) / np.linalg.norm(scaled)
    residuals = np.divide(scaled, root, out=np.zeros_like(scaled), where=root > 0)
    targets = outputs - jnp.asarray(residuals.reshape(outputs.shape)).astype(outputs.dtype)
    return EmpiricalRisk(samples, targets, weights, predict=predict)


def _orthogonal(matrix: np.ndarray, vector: np.ndarray, live: np.ndarray) -> np.ndarray:
    """Projects a vector on the orthogonal complement of the range, twice, so that rounding does not bring it back."""
    left, values, _ = np.linalg.svd(matrix[live], full_matrices=False)
    rank = int(np.count_nonzero(values > rounding_floor(float(values.max(initial=0.0)), matrix.shape)))
    if len(left) <= rank:
        raise ValueError(
            f"a critical point with positive risk needs more samples × outputs (of positive weight) than the rank of "
            f"the Jacobian. Got {len(left)} and rank {rank} with {matrix.shape[1]} parameters; give more inputs."
        )
    basis, found = left[:, :rank], vector[live]
    for _ in range(2):
        found = found - basis @ (basis.T @ found)
    result = np.zeros_like(vector)
    result[live] = found
    return result


@eqx.filter_jit
def _jacobian(risk: EmpiricalRisk, network: PyTree) -> Array:
    if ravel_pytree(network)[0].size == 0:
        return jnp.zeros((*risk.targets.shape, 0))
    return risk.jacobian(network)
