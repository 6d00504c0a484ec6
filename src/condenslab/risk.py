"""The seam: predict + data + loss → residuals, value, gradient, Jacobian, Hessian, Hessian product.

Everything below this file is about functions x → y, everything above it about θ → R(θ).
"""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.core import Tracer
from jax.flatten_util import ravel_pytree
from jaxtyping import Float, PyTree, Shaped

from condenslab.networks.dense import MLP, TwoLayer, apply
from condenslab.networks.structured import dense_gradient, dense_hessian, dense_jacobian, many_samples


def _floating(values: Any) -> Any:
    """Returns an array of floating-point numbers; None stays None, and so does what is no array (a mask, say)."""
    if values is None or isinstance(values, bool):
        return values
    array = jnp.asarray(values)
    return array if jnp.issubdtype(array.dtype, jnp.floating) else array.astype(jnp.result_type(float))


class SquaredLoss(eqx.Module):
    """ℓ(f, y) = ‖f − y‖², summed over outputs: with it R is the mean over samples, without a factor 1/2."""

    def value(self, outputs: Float[Array, "sample output"], targets: Float[Array, "sample output"]) -> Array:
        """Returns ℓ of every sample, shape (sample,)."""
        return jnp.sum((outputs - targets) ** 2, axis=1)

    def residuals(self, outputs: Float[Array, "sample output"], targets: Float[Array, "sample output"]) -> Array:
        """Returns f − y, shape (sample, output)."""
        return outputs - targets

    def slope(self, outputs: Float[Array, "sample output"], targets: Float[Array, "sample output"]) -> Array:
        """Returns ∂ℓ/∂f = 2(f − y), shape (sample, output)."""
        return 2.0 * (outputs - targets)

    def check(self, targets: np.ndarray) -> None:
        """Accepts any targets."""

    def curvature_root(self, outputs: Float[Array, "sample output"]) -> Array:
        """Returns a root L of ∂²ℓ/∂f² = L·Lᵀ = 2·I, shape (sample, output, output)."""
        eye = jnp.eye(outputs.shape[1], dtype=outputs.dtype)
        return jnp.broadcast_to(jnp.sqrt(2.0).astype(outputs.dtype) * eye, (*outputs.shape, outputs.shape[1]))


class CrossEntropy(eqx.Module):
    """ℓ(f, y) = −Σ_o y_o log softmax(f)_o, in nats; y a probability vector (one-hot for a class label)."""

    def value(self, outputs: Float[Array, "sample output"], targets: Float[Array, "sample output"]) -> Array:
        """Returns ℓ of every sample, shape (sample,)."""
        return -jnp.sum(targets * jax.nn.log_softmax(outputs, axis=1), axis=1)

    def residuals(self, outputs: Float[Array, "sample output"], targets: Float[Array, "sample output"]) -> Array:
        """Returns softmax(f) − y, shape (sample, output)."""
        return jax.nn.softmax(outputs, axis=1) - targets

    def slope(self, outputs: Float[Array, "sample output"], targets: Float[Array, "sample output"]) -> Array:
        """Returns ∂ℓ/∂f = softmax(f) − y, shape (sample, output)."""
        return self.residuals(outputs, targets)

    def check(self, targets: np.ndarray) -> None:
        """Refuses targets that are not probability vectors."""
        if np.any(targets < 0) or np.any(np.abs(targets.sum(axis=1) - 1) > 1e-6):
            raise ValueError(
                "targets must be probability vectors for cross-entropy, non-negative rows that sum to 1; "
                "jax.nn.one_hot turns labels into such rows."
            )

    def curvature_root(self, outputs: Float[Array, "sample output"]) -> Array:
        """Returns L = diag(√p) − p·√pᵀ, p = softmax(f), with L·Lᵀ = diag(p) − p·pᵀ; shape (sample, output, output)."""
        p = jax.nn.softmax(outputs, axis=1)
        eye = jnp.eye(outputs.shape[1], dtype=outputs.dtype)
        return jnp.sqrt(p)[:, None, :] * (eye[None] - p[:, :, None])


class EmpiricalRisk(eqx.Module):
    """R(θ) = Σ_i p_i ℓ(f_θ(x_i), y_i), p_i the sample weights over their sum: 1/n each by default.

    Attributes:
        inputs: x, shape (sample, input) ((sample, channel, height, width) for images; any batch that `predict` takes).
        targets: y, shape (sample, output).
        weights: Non-negative sample weights, shape (sample,), or None for equal ones. A weight of 0 pads a sample away,
            so that data sets of different sizes share one compiled program.
        loss: `SquaredLoss()` or `CrossEntropy()`.
        predict: (params, inputs) → outputs (sample, output), for any pytree; by default this package's networks.
        scale: A number c, scalar array or None for 1: the outputs are f_θ = c·predict(θ, ·). It is data like the
            targets, so that members with different scales (1/α or κ of the theory) share one compiled program.

    Raises:
        ValueError: No samples, NaN or infinity, shapes that do not fit, negative weights, or (cross-entropy) targets
            that are not probability vectors. Checked where the arrays are known, not inside compiled programs.
    """

    inputs: Shaped[Array, "sample ..."] = eqx.field(converter=jnp.asarray)
    targets: Float[Array, "sample output"] = eqx.field(converter=_floating)
    weights: Float[Array, " sample"] | None = eqx.field(default=None, converter=_floating)
    loss: SquaredLoss | CrossEntropy = SquaredLoss()
    predict: Callable[..., Array] = eqx.field(static=True, default=apply)
    scale: Float[Array, ""] | None = eqx.field(default=None, converter=_floating)

    def __check_init__(self) -> None:
        _check_data("inputs", self.inputs, self.inputs)
        _check_data("targets", self.targets, self.inputs)
        if self.predict is apply and self.inputs.ndim < 2:
            raise ValueError(
                f"inputs must have shape (sample, input); x[:, None] makes it so. Got {self.inputs.shape}."
            )
        if self.targets.ndim != 2:
            raise ValueError(
                f"targets must have shape (sample, output); y[:, None] makes it so. Got {self.targets.shape}."
            )
        if not isinstance(self.targets, Tracer):
            self.loss.check(np.asarray(self.targets))
        if self.weights is not None:
            _check_weights(self.weights, self.inputs)
        if self.scale is not None:
            _check_scale(self.scale)

    def outputs(self, params: PyTree) -> Float[Array, "sample output"]:
        """Returns f_θ(x_i) = scale·predict(θ, x_i) on the data, shape (sample, output)."""
        outputs = self.predict(params, self.inputs)
        if outputs.shape != self.targets.shape:
            raise ValueError(
                f"predict must return the targets' shape, {self.targets.shape}. Got shape {outputs.shape}."
            )
        return self._scaled(outputs)

    def residuals(self, params: PyTree) -> Float[Array, "sample output"]:
        """Returns f_θ(x_i) − y_i (softmax(f) − y for cross-entropy), shape (sample, output)."""
        return self.loss.residuals(self.outputs(params), self.targets)

    def value(self, params: PyTree) -> Float[Array, ""]:
        """Returns R(θ), a scalar."""
        return jnp.sum(self.probabilities * self.loss.value(self.outputs(params), self.targets))

    def gradient(self, params: PyTree) -> PyTree:
        """Returns ∇R(θ) as a pytree of the shape of the parameters."""
        return self.value_and_gradient(params)[1]

    def value_and_gradient(self, params: PyTree) -> tuple[Float[Array, ""], PyTree]:
        """Returns (R(θ), ∇R(θ)) from one evaluation."""
        if self._structured(params) and many_samples(params, len(self.inputs)):
            jax.eval_shape(self.outputs, params)
            return dense_gradient(params, self.inputs, (self.targets, self.probabilities), self._first_order)
        outputs, pull = jax.vjp(self.outputs, params)
        value = jnp.sum(self.probabilities * self.loss.value(outputs, self.targets))
        return value, pull(self.cotangent(outputs))[0]

    def jacobian(self, params: PyTree) -> Float[Array, "sample output param"]:
        """Returns ∂f_o(x_i)/∂θ, the gradients of the outputs (not of the residuals' norm), dense."""
        if self._structured(params):
            outputs = jax.eval_shape(self.outputs, params)
            ones = self._scaled(jnp.eye(outputs.shape[1], dtype=outputs.dtype))
            return dense_jacobian(params, self.inputs, jnp.broadcast_to(ones[None], (*outputs.shape, outputs.shape[1])))
        theta, unravel = ravel_pytree(params)
        shape = jax.eval_shape(self.outputs, params).shape
        forward = theta.size <= shape[0] * shape[1]
        differentiate = jax.jacfwd if forward else jax.jacrev
        return differentiate(lambda t: self.outputs(unravel(t)))(theta)

    def hessian(self, params: PyTree) -> Float[Array, "param param"]:
        """Returns ∇²R(θ), dense, in the order of the ravelled parameters.

        For dense networks it is assembled from a few matrix products over chunks of samples, so that memory stays
        bounded; for others by automatic differentiation.
        """
        if self._structured(params):
            jax.eval_shape(self.outputs, params)
            return dense_hessian(params, self.inputs, (self.targets, self.probabilities), self._second_order)
        theta, unravel = ravel_pytree(params)
        return jax.hessian(lambda t: self.value(unravel(t)))(theta)

    def hessian_product(self, params: PyTree, direction: PyTree) -> PyTree:
        """Returns ∇²R(θ)·v for a direction v of the structure of the parameters, without forming the Hessian."""
        return jax.jvp(self.gradient, (params,), (direction,))[1]

    @property
    def probabilities(self) -> Float[Array, " sample"]:
        """p_i, the normalised sample weights, shape (sample,)."""
        if self.weights is None:
            return jnp.full(self.inputs.shape[0], 1.0 / self.inputs.shape[0], dtype=self.targets.dtype)
        return self.weights / jnp.sum(self.weights)

    def cotangent(self, outputs: Float[Array, "sample output"]) -> Float[Array, "sample output"]:
        """Returns ∂R/∂f_io = p_i ∂ℓ/∂f_o at the given outputs."""
        return self.probabilities[:, None] * self.loss.slope(outputs, self.targets)

    def gauss_newton_root(self, outputs: Float[Array, "sample output"]) -> Float[Array, "sample output output"]:
        """Returns G with ∂²R/∂f_i² = G_i·G_iᵀ, so that the Gauss–Newton part of the Hessian is (GᵀJ)ᵀ(GᵀJ)."""
        return jnp.sqrt(self.probabilities)[:, None, None] * self.loss.curvature_root(outputs)

    def _scaled(self, array: Array) -> Array:
        return array if self.scale is None else self.scale.astype(array.dtype) * array

    def _structured(self, params: PyTree) -> bool:
        return isinstance(params, TwoLayer | MLP) and self.predict is apply

    def _first_order(self, outputs: Array, targets: Array, probabilities: Array) -> tuple[Array, Array]:
        """Returns R, and its derivative in what `predict` returns, over a part of the samples."""
        f = self._scaled(outputs)
        value = jnp.sum(probabilities * self.loss.value(f, targets))
        return value, self._scaled(probabilities[:, None] * self.loss.slope(f, targets))

    def _second_order(self, outputs: Array, targets: Array, probabilities: Array) -> tuple[Array, Array]:
        """Returns the first derivative of R in what `predict` returns, and a root of the second."""
        f = self._scaled(outputs)
        slope = probabilities[:, None] * self.loss.slope(f, targets)
        root = jnp.sqrt(probabilities)[:, None, None] * self.loss.curvature_root(f)
        return self._scaled(slope), self._scaled(root)


def _check_weights(weights: Any, inputs: Any) -> None:
    _check_data("weights", weights, inputs)
    if weights.ndim != 1:
        raise ValueError(f"weights must have shape (sample,). Got shape {weights.shape}.")
    if not isinstance(weights, Tracer) and (np.any(np.asarray(weights) < 0) or not np.any(np.asarray(weights) > 0)):
        raise ValueError("weights must not be negative, and one of them must be positive. Got other ones.")


def _check_scale(scale: Any) -> None:
    if scale.ndim != 0:
        raise ValueError(f"scale must be one number, the factor of all outputs. Got shape {scale.shape}.")
    if not isinstance(scale, Tracer) and not np.isfinite(np.asarray(scale)):
        raise ValueError(f"scale must be finite. Got {scale}.")


def _check_data(name: str, array: Any, inputs: Any) -> None:
    if array.ndim == 0 or array.shape[0] != inputs.shape[0]:
        raise ValueError(f"{name} must have one entry a sample, {inputs.shape[0]} here. Got shape {array.shape}.")
    if array.shape[0] == 0:
        raise ValueError(
            f"{name} must hold at least one sample. Got shape {array.shape}: there is nothing to learn from."
        )
    if not isinstance(array, Tracer) and not np.all(np.isfinite(np.asarray(array))):
        bad = int(np.argmax(~np.isfinite(np.asarray(array)).reshape(array.shape[0], -1).all(axis=1)))
        raise ValueError(f"{name} must be finite. Got NaN or infinity in sample {bad}; clean the data first.")
