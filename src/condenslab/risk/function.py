"""A risk of the user's own: any scalar function of the parameters, with derivatives by automatic differentiation."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.flatten_util import ravel_pytree
from jax.tree_util import Partial
from jaxtyping import Float, PyTree

from condenslab.networks.conversion import floating
from condenslab.risk.derivatives import require_derivatives
from condenslab.risk.empirical import require_room


class Function(eqx.Module):
    """R(θ), any twice differentiable scalar function: a population risk, a penalty, an energy, a sum of these.

    Search and polishing of critical points, inertia, certificates, embeddings, the local test matrix, gradient flow and
    descent take it. What looks at samples or at a loss (Jacobians of outputs, proofs, one-sided derivatives, dropout)
    refuses it in one sentence. Units are the user's: write R so that parameters and values are of order 1.

    Attributes:
        function: What computes R. A function of arrays of its own (an `eqx.Module`, `jax.tree_util.Partial`) keeps them
            as data, so that new numbers compile nothing anew.
        inputs: Points x where networks are drawn by a search and their outputs compared, shape (point, input), or None.
            They do not enter R.
        outputs: Output dimension of the networks that a search draws.

    Raises:
        TypeError: `value` is no function.
        ValueError: Inputs are no finite matrix, or outputs no positive whole number.

    Example:
        >>> import jax.numpy as jnp
        >>> bowl = Function(lambda theta: jnp.sum((theta - 1.0) ** 2))
        >>> bowl.gradient(jnp.array([1.5, 1.0])).tolist()
        [1.0, 0.0]
    """

    function: Partial
    inputs: Array | None
    outputs: int = eqx.field(static=True)

    def __init__(self, value: Any, *, inputs: Any = None, outputs: Any = 1) -> None:
        """Takes the function.

        Args:
            value: θ → R(θ), one real number, written with jax.numpy. θ is any pytree of arrays: a network of this
                package, a vector, a dictionary.
            inputs: As above.
            outputs: As above.
        """
        if isinstance(value, type) or not callable(value):
            raise TypeError(f"value must be a function θ → R(θ). Got {value!r:.80}.")
        if isinstance(outputs, bool) or not isinstance(outputs, int | np.integer) or outputs < 1:
            raise ValueError(f"outputs must be a positive whole number. Got {outputs!r}.")
        arrays, rest = eqx.partition(value, eqx.is_array)
        self.function = Partial(_Joined(rest), arrays)
        self.inputs, self.outputs = None if inputs is None else floating("inputs", inputs), int(outputs)
        if self.inputs is not None and (self.inputs.ndim != 2 or not self.inputs.size):
            raise ValueError(f"inputs must have shape (point, input). Got shape {self.inputs.shape}.")
        if self.inputs is not None and not bool(jnp.all(jnp.isfinite(self.inputs))):
            raise ValueError("inputs must be finite. Got NaN or infinity.")

    def value(self, params: PyTree) -> Float[Array, ""]:
        """Returns R(θ), a scalar.

        Raises:
            ValueError: The function returned no single real number, or fails at parameters of these shapes.
            TypeError: It is written with NumPy, or branches on numbers, and cannot be differentiated; or parameters are
                no real arrays.
        """
        self.require_real(params)
        try:
            found = jnp.asarray(self.function(params))
        except jax.errors.JAXTypeError as error:
            raise TypeError(
                "the risk's function must be written with jax.numpy, without branches on numbers (jnp.where), so that "
                f"it can be differentiated. JAX says: {str(error).splitlines()[0]}"
            ) from error
        except Exception as error:
            raise _failed(params, error) from error
        if found.shape != () or not jnp.issubdtype(found.dtype, jnp.floating):
            kind = f"{found.dtype}, shape {found.shape}"
            raise ValueError(f"the risk's function must return one real number, a scalar. Got {kind}.")
        return found

    def gradient(self, params: PyTree) -> PyTree:
        """Returns ∇R(θ) as a pytree of the shape of the parameters."""
        return self.value_and_gradient(params)[1]

    def value_and_gradient(self, params: PyTree) -> tuple[Float[Array, ""], PyTree]:
        """Returns (R(θ), ∇R(θ)) from one evaluation."""
        self.require_real(params)
        theta, unravel = ravel_pytree(params)
        value, gradient = jax.value_and_grad(lambda t: self.value(unravel(t)))(theta)
        return value, unravel(gradient)

    def hessian(self, params: PyTree) -> Float[Array, "param param"]:
        """Returns ∇²R(θ), dense, in the order of the ravelled parameters.

        Raises:
            ValueError: It does not fit into memory.
        """
        self.require_real(params)
        require_room(params, 3)
        theta, unravel = ravel_pytree(params)
        return jax.hessian(lambda t: self.value(unravel(t)))(theta)

    def hessian_product(self, params: PyTree, direction: PyTree) -> PyTree:
        """Returns ∇²R(θ)·v for a direction v of the structure of the parameters, without forming the Hessian."""
        self.require_real(params)
        return jax.jvp(self.gradient, (params,), (direction,))[1]

    @staticmethod
    def require_real(params: PyTree) -> None:
        """Refuses whole, complex and truth numbers, text, functions: what has no derivative of real numbers.

        Raises:
            TypeError: As said.
        """
        leaves = jax.tree.leaves(params)
        if leaves and all(eqx.is_array_like(leaf) and _is_real(leaf) for leaf in leaves):
            return
        raise TypeError(
            "parameters must be real arrays (floats), or networks of them: what else a module holds belongs into the "
            f"function (eqx.partition). Got {' '.join(repr(params).split()):.80}."
        )

    def require_defined(self, params: PyTree) -> None:
        """Refuses parameters at which the function cannot be evaluated or differentiated, and wrong derivatives.

        Raises:
            TypeError: There are no real arrays among the parameters, or as in `value`.
            ValueError: The function fails at parameters of these shapes, or as in `value`; or a derivative of the
                user's own (custom_vjp, custom_jvp, stop_gradient) is not that of the values.
        """
        self.require_real(params)
        theta, unravel = ravel_pytree(params)
        try:
            jax.eval_shape(jax.grad(lambda t: self.value(unravel(t))), theta)
        except Exception as error:
            if "the risk's function" in str(error):
                raise
            raise _failed(params, error) from error
        require_derivatives(self, params)


def _is_real(leaf: Any) -> bool:
    return bool(jnp.issubdtype(leaf.dtype if hasattr(leaf, "dtype") else np.asarray(leaf).dtype, jnp.floating))


def _failed(params: PyTree, error: Exception) -> ValueError:
    shapes = ", ".join(str(jnp.shape(leaf)) for leaf in jax.tree.leaves(params))
    said = (str(error) or "-").splitlines()[0]
    return ValueError(
        f"the risk's function fails at parameters of the shapes {shapes}: {type(error).__name__}: {said:.200}"
    )


class _Joined(eqx.Module):
    """A function without its arrays, which are handed in: so it can be compared, and the arrays are data."""

    rest: Any = eqx.field(static=True)

    def __call__(self, arrays: Any, params: PyTree) -> Any:
        return eqx.combine(arrays, self.rest)(params)
