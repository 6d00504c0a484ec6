"""The losses ℓ(f, y) of a risk: value, residuals, slope and curvature in the outputs; one's own by subclassing `Loss`.

`SquaredLoss` and `CrossEntropy` are what the theory is about, and come with roots of their curvature in closed form.
"""

from abc import abstractmethod
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

    def curvature_root(self, outputs: Float[Array, "sample output"], targets: Float[Array, "sample output"]) -> Array:
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

    def curvature_root(self, outputs: Float[Array, "sample output"], targets: Float[Array, "sample output"]) -> Array:
        """Returns L = diag(√p) − p·√pᵀ, p = softmax(f), with L·Lᵀ = diag(p) − p·pᵀ; shape (sample, output, output)."""
        p = jax.nn.softmax(outputs, axis=1)
        eye = jnp.eye(outputs.shape[1], dtype=outputs.dtype)
        return jnp.sqrt(p)[:, None, :] * (eye[None] - p[:, :, None])


class Loss(eqx.Module):
    """A loss of one's own: a subclass that defines `value`; slope and curvature follow by differentiation.

    Training, flows, search and polishing of critical points, inertia, embeddings, local tests and directional
    derivatives take it. Overwrite `slope` and `curvature` where closed forms are better, and `check` to refuse targets.
    What needs ‖f − y‖² itself (certificates, proofs, dropout's penalty) refuses it in one sentence.

    Example:
        >>> import jax.numpy as jnp
        >>> class Absolute(Loss):
        ...     def value(self, outputs, targets):
        ...         return jnp.sum(jnp.sqrt(1 + (outputs - targets) ** 2), axis=1)
        >>> Absolute().slope(jnp.ones((1, 1)), jnp.ones((1, 1))).tolist()
        [[0.0]]
    """

    @abstractmethod
    def value(self, outputs: Float[Array, "sample output"], targets: Float[Array, "sample output"]) -> Array:
        """Returns ℓ of every sample, shape (sample,); a sample's own outputs and targets alone enter its loss."""

    def slope(self, outputs: Float[Array, "sample output"], targets: Float[Array, "sample output"]) -> Array:
        """Returns ∂ℓ/∂f, shape (sample, output)."""
        return jax.grad(lambda f: jnp.sum(self.value(f, targets)))(outputs)

    def curvature(self, outputs: Float[Array, "sample output"], targets: Float[Array, "sample output"]) -> Array:
        """Returns ∂²ℓ/∂f², shape (sample, output, output)."""

        def one(f: Array, y: Array) -> Array:
            return self.value(f[None], y[None])[0]

        return jax.vmap(jax.hessian(one))(outputs, targets)

    def residuals(self, outputs: Float[Array, "sample output"], targets: Float[Array, "sample output"]) -> Array:
        """Returns what is left to learn, ∂ℓ/∂f, shape (sample, output)."""
        return self.slope(outputs, targets)

    def check(self, targets: np.ndarray) -> None:
        """Accepts any targets; a subclass may raise ValueError."""

    def curvature_root(self, outputs: Float[Array, "sample output"], targets: Float[Array, "sample output"]) -> Array:
        """Returns a root of the part of ∂²ℓ/∂f² that is not negative, by which searches go downhill."""
        values, vectors = jnp.linalg.eigh(self.curvature(outputs, targets))
        return vectors * jnp.sqrt(jnp.maximum(values, 0.0))[:, None, :]


class Huber(Loss):
    """ℓ = Σ_o r_o² where |r_o| ≤ δ, and δ·(2|r_o| − δ) beyond, r = f − y: the squared loss with outliers cut down.

    Its curvature jumps at |r| = δ; a critical point with a residual just there has no Hessian.

    Attributes:
        width: δ, positive.

    References:
        P. J. Huber, Ann. Math. Statist. 35 (1964) 73–101 (with a factor 1/2).
    """

    width: float = 1.0

    def __check_init__(self) -> None:
        real = isinstance(self.width, int | float | np.number) and not isinstance(self.width, bool)
        if not (real and 0 < self.width < np.inf):
            raise ValueError(f"width must be one positive, finite number. Got {self.width!r}.")

    def value(self, outputs: Float[Array, "sample output"], targets: Float[Array, "sample output"]) -> Array:
        """Returns ℓ of every sample, shape (sample,)."""
        size = jnp.abs(outputs - targets)
        inner = jnp.minimum(size, self.width)
        return jnp.sum(inner * (2.0 * size - inner), axis=1)

    def slope(self, outputs: Float[Array, "sample output"], targets: Float[Array, "sample output"]) -> Array:
        """Returns ∂ℓ/∂f, shape (sample, output)."""
        return 2.0 * jnp.clip(outputs - targets, -self.width, self.width)


class Quartic(Loss):
    """ℓ = Σ_o (f_o − y_o)⁴: flat where it is small, so that minima of risk 0 have the Hessian 0."""

    def value(self, outputs: Float[Array, "sample output"], targets: Float[Array, "sample output"]) -> Array:
        """Returns ℓ of every sample, shape (sample,)."""
        return jnp.sum((outputs - targets) ** 4, axis=1)


class Logistic(Loss):
    """ℓ = Σ_o log(1 + exp(−y_o·f_o)) for labels y_o = ±1, in nats; two classes a column."""

    def value(self, outputs: Float[Array, "sample output"], targets: Float[Array, "sample output"]) -> Array:
        """Returns ℓ of every sample, shape (sample,)."""
        margin = targets * outputs
        return jnp.sum(jnp.log1p(jnp.exp(-jnp.abs(margin))) + jnp.maximum(-margin, 0.0), axis=1)

    def slope(self, outputs: Float[Array, "sample output"], targets: Float[Array, "sample output"]) -> Array:
        """Returns ∂ℓ/∂f, shape (sample, output)."""
        return -targets * jax.nn.sigmoid(-targets * outputs)

    def curvature(self, outputs: Float[Array, "sample output"], targets: Float[Array, "sample output"]) -> Array:
        """Returns ∂²ℓ/∂f², shape (sample, output, output)."""
        p = jax.nn.sigmoid(targets * outputs)
        eye = jnp.eye(outputs.shape[1], dtype=outputs.dtype)
        return (targets**2 * p * (1.0 - p))[:, None, :] * eye[None]

    def check(self, targets: np.ndarray) -> None:
        """Refuses targets that are no labels."""
        if not np.all(np.abs(targets) == 1):
            raise ValueError("targets must be labels −1 and 1 for the logistic loss. Got other numbers.")


def has_exact_root(loss: Any) -> bool:
    """Whether L·Lᵀ is the whole curvature of a loss, whatever the outputs."""
    return isinstance(loss, SquaredLoss | CrossEntropy)


def checked_loss(loss: Any) -> Any:
    """Returns the loss.

    Raises:
        TypeError: It is none: a name, say, or a class instead of an instance.
    """
    if isinstance(loss, type) or not all(callable(getattr(loss, name, None)) for name in _LOSS):
        raise TypeError(
            "loss must be SquaredLoss(), CrossEntropy() or one of your own, an instance of a subclass of losses.Loss. "
            f"Got {loss!r}."
        )
    return loss
