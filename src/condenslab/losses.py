"""The losses ℓ(f, y) of a risk: value, residuals, slope and a root of the curvature in the outputs."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Float

_LOSS = ("value", "residuals", "slope", "check", "curvature_root")


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
        terms = targets * jax.nn.log_softmax(outputs, axis=1)
        return -jnp.sum(jnp.where(targets == 0, 0.0, terms), axis=1)  # 0·log 0 = 0: a class that is masked out

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


def checked_loss(loss: Any) -> Any:
    """Returns the loss.

    Raises:
        TypeError: It is none: a name, say, or a class instead of an instance.
    """
    if isinstance(loss, type) or not all(callable(getattr(loss, name, None)) for name in _LOSS):
        raise TypeError(f"loss must be SquaredLoss() or CrossEntropy(), a module with their methods. Got {loss!r}.")
    return loss
