"""The mean loss over samples: predict + data + loss → residuals, value, gradient, Jacobian, Hessian, its products."""

import dataclasses
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

from condenslab.losses import CrossEntropy, Loss, SquaredLoss, checked_loss, has_exact_root
from condenslab.memory import shortage
from condenslab.networks.conversion import floating, numbers
from condenslab.networks.dense import MLP, TwoLayer, apply
from condenslab.networks.structured import dense_gradient, dense_hessian, dense_jacobian, many_samples
from condenslab.risk.derivatives import require_slopes


class EmpiricalRisk(eqx.Module):
    """R(θ) = Σ_i p_i ℓ(f_θ(x_i), y_i), p_i the sample weights over their sum: 1/n each by default.

    Attributes:
        inputs: x, shape (sample, input) ((sample, channel, height, width) for images; any batch that `predict` takes).
            Data of any real type become floating-point numbers; only for a `predict` of your own integers stay integers
            (they may be tokens), of JAX's default width. Single precision is chosen by JAX arrays of float32.
        targets: y, shape (sample, output).
        weights: Non-negative sample weights, shape (sample,), or None for equal ones. A weight of 0 pads a sample away,
            so that data sets of different sizes share one compiled program.
        loss: `SquaredLoss()`, `CrossEntropy()`, or one of your own, an instance of a subclass of `losses.Loss`.
        predict: (params, inputs) → outputs (sample, output), for any pytree; by default this package's networks.
        scale: A number c, scalar array or None for 1: the outputs are f_θ = c·predict(θ, ·). It is data like the
            targets, so that members with different scales (1/α or κ of the theory) share one compiled program.

    Raises:
        ValueError: No samples, NaN or infinity, shapes that do not fit, negative weights, or (cross-entropy) targets
            that are not probability vectors, or no real numbers. Checked where the arrays are known, not inside
            compiled programs.
        TypeError: `loss` is no loss, or `predict` no function.
    """

    inputs: Shaped[Array, "sample ..."]
    targets: Float[Array, "sample output"]
    weights: Float[Array, " sample"] | None
    loss: SquaredLoss | CrossEntropy | Loss
    predict: Callable[..., Array] = eqx.field(static=True)
    scale: Float[Array, ""] | None

    def __init__(
        self,
        inputs: Any,
        targets: Any,
        weights: Any = None,
        loss: SquaredLoss | CrossEntropy | Loss = SquaredLoss(),
        predict: Callable[..., Array] = apply,
        scale: Any = None,
    ) -> None:
        """Converts the data, once and for all who read them."""
        self.inputs = floating("inputs", inputs) if predict is apply else numbers("inputs", inputs)
        self.targets = floating("targets", targets)
        self.weights = None if weights is None else floating("weights", weights)
        self.loss, self.predict = checked_loss(loss), predict
        self.scale = None if scale is None else floating("scale", scale)
        if not callable(predict):
            raise TypeError(f"predict must be a function (params, inputs) → outputs. Got {predict!r}.")

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
        if isinstance(self.loss, Loss):
            _check_loss(self.loss, self.targets)
        if self.weights is not None:
            _check_weights(self.weights, self.inputs)
        if self.scale is not None:
            _check_scale(self.scale)

    def matching(self, params: PyTree) -> "EmpiricalRisk":
        """Returns the risk with its data in the precision of the parameters, where that is the wider one.

        All methods do so themselves, so that data in single precision cost a network in double precision no digits.
        """
        held = [self.inputs, self.targets, *([] if self.weights is None else [self.weights])]
        real = [leaf.dtype for leaf in (*jax.tree.leaves(params), *held) if eqx.is_inexact_array(leaf)]
        wide = jnp.result_type(*real)
        if all(leaf.dtype == wide or not eqx.is_inexact_array(leaf) for leaf in held):
            return self
        return jax.tree.map(lambda leaf: leaf.astype(wide) if eqx.is_inexact_array(leaf) else leaf, self)

    def counted(self) -> "EmpiricalRisk":
        """Returns the risk on the samples that count, those of positive weight; itself where all do.

        The value and the derivatives are the same; what looks at the data otherwise (their extent, which neurons are
        dead on them) must not look at padding. Weights inside compiled programs are not known, and all samples stay.
        """
        if self.weights is None or isinstance(self.weights, Tracer) or bool(jnp.all(self.weights > 0)):
            return self
        kept = np.flatnonzero(np.asarray(self.weights) > 0)
        parts = {"inputs": self.inputs[kept], "targets": self.targets[kept], "weights": self.weights[kept]}
        return dataclasses.replace(self, **parts)

    def outputs(self, params: PyTree) -> Float[Array, "sample output"]:
        """Returns f_θ(x_i) = scale·predict(θ, x_i) on the data, shape (sample, output)."""
        outputs = self.predict(params, self.matching(params).inputs)
        if outputs.shape != self.targets.shape:
            raise ValueError(
                f"predict must return the targets' shape, {self.targets.shape}. Got shape {outputs.shape}."
            )
        return self._scaled(outputs)

    def residuals(self, params: PyTree) -> Float[Array, "sample output"]:
        """Returns f_θ(x_i) − y_i (softmax(f) − y for cross-entropy), shape (sample, output)."""
        return self.loss.residuals(self.outputs(params), self.matching(params).targets)

    def value(self, params: PyTree) -> Float[Array, ""]:
        """Returns R(θ), a scalar."""
        risk = self.matching(params)
        return jnp.sum(risk.probabilities * risk.loss.value(risk.outputs(params), risk.targets))

    def gradient(self, params: PyTree) -> PyTree:
        """Returns ∇R(θ) as a pytree of the shape of the parameters."""
        return self.value_and_gradient(params)[1]

    def value_and_gradient(self, params: PyTree) -> tuple[Float[Array, ""], PyTree]:
        """Returns (R(θ), ∇R(θ)) from one evaluation."""
        risk = self.matching(params)
        if self._structured(params) and many_samples(params, len(self.inputs)):
            jax.eval_shape(self.outputs, params)
            return dense_gradient(params, risk.inputs, (risk.targets, risk.probabilities), self._first_order)
        outputs, pull = jax.vjp(risk.outputs, params)
        value = jnp.sum(risk.probabilities * risk.loss.value(outputs, risk.targets))
        return value, pull(risk.cotangent(outputs))[0]

    def jacobian(self, params: PyTree) -> Float[Array, "sample output param"]:
        """Returns ∂f_o(x_i)/∂θ, the gradients of the outputs (not of the residuals' norm), dense."""
        if self._structured(params):
            outputs = jax.eval_shape(self.outputs, params)
            ones = self._scaled(jnp.eye(outputs.shape[1], dtype=outputs.dtype))
            inputs = self.matching(params).inputs
            return dense_jacobian(params, inputs, jnp.broadcast_to(ones[None], (*outputs.shape, outputs.shape[1])))
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
        risk = self.matching(params)
        require_room(params, 3)
        if self._structured(params) and has_exact_root(self.loss):
            jax.eval_shape(self.outputs, params)
            params = jax.tree.map(lambda leaf: leaf.astype(jnp.result_type(leaf, risk.targets, risk.inputs)), params)
            return dense_hessian(params, risk.inputs, (risk.targets, risk.probabilities), self._second_order)
        theta, unravel = ravel_pytree(params)
        return jax.hessian(lambda t: self.value(unravel(t)))(theta)

    def hessian_product(self, params: PyTree, direction: PyTree) -> PyTree:
        """Returns ∇²R(θ)·v for a direction v of the structure of the parameters, without forming the Hessian."""
        return jax.jvp(self.gradient, (params,), (direction,))[1]

    @property
    def probabilities(self) -> Float[Array, " sample"]:
        """p_i, the normalised sample weights, shape (sample,)."""
        return self._probabilities(self.targets.dtype)

    def cotangent(self, outputs: Float[Array, "sample output"]) -> Float[Array, "sample output"]:
        """Returns ∂R/∂f_io = p_i ∂ℓ/∂f_o at the given outputs."""
        return self._probabilities(outputs.dtype)[:, None] * self.loss.slope(outputs, self.targets)

    def gauss_newton_root(self, outputs: Float[Array, "sample output"]) -> Float[Array, "sample output output"]:
        """Returns G with ∂²R/∂f_i² = G_i·G_iᵀ (its part that is not negative): the Gauss–Newton part is (GᵀJ)ᵀ(GᵀJ)."""
        return jnp.sqrt(self._probabilities(outputs.dtype))[:, None, None] * self.loss.curvature_root(
            outputs, self.targets
        )

    def _probabilities(self, needed: Any) -> Array:
        """Returns p in the widest of the precisions of the data and of what it is to be multiplied with."""
        real = [leaf.dtype for leaf in (self.inputs, self.targets) if eqx.is_inexact_array(leaf)]
        wide = jnp.result_type(needed, *real)
        if self.weights is None:
            return jnp.full(self.inputs.shape[0], 1.0 / self.inputs.shape[0], dtype=wide)
        weights = self.weights.astype(jnp.result_type(wide, self.weights.dtype))
        return weights / jnp.sum(weights)

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
        root = jnp.sqrt(probabilities)[:, None, None] * self.loss.curvature_root(f, targets)
        return self._scaled(slope), self._scaled(root)


def require_room(params: PyTree, copies: int) -> None:
    """Refuses a dense Hessian that does not fit into memory.

    Args:
        params: θ.
        copies: How many matrices of that size are needed.

    Raises:
        ValueError: As said.
    """
    size = sum(leaf.size for leaf in jax.tree.leaves(params) if eqx.is_array(leaf))
    needed = 8 * copies * size * size
    missing = shortage(needed) if needed > _SMALL else None
    if missing:
        raise ValueError(
            f"a dense Hessian must fit into memory: for {size} parameters {missing}. Use products with it "
            "(`hessian_product`, measures.inertia_bounds_at), or fewer parameters."
        )


_SMALL = 2**28
"""Bytes that are asked for without looking how many are free."""


def _check_weights(weights: Any, inputs: Any) -> None:
    _check_data("weights", weights, inputs)
    if weights.ndim != 1:
        raise ValueError(f"weights must have shape (sample,). Got shape {weights.shape}.")
    if not isinstance(weights, Tracer) and (np.any(np.asarray(weights) < 0) or not np.any(np.asarray(weights) > 0)):
        raise ValueError("weights must not be negative, and one of them must be positive. Got other ones.")


def _check_loss(loss: Loss, targets: Any) -> None:
    shape = jax.eval_shape(loss.value, targets, targets).shape
    if shape != targets.shape[:1]:
        raise ValueError(
            f"loss.value must return one number a sample, shape {targets.shape[:1]}; sum over outputs. Got {shape}."
        )
    if not isinstance(targets, Tracer):
        require_slopes(loss, np.asarray(targets))


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
