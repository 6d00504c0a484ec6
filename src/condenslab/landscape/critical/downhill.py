"""Downhill for any risk: damped steps by the part of the Hessian that is known not to be negative."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.flatten_util import ravel_pytree
from jaxtyping import PyTree

from condenslab.landscape.critical.rounds import Derivatives, take_derivatives
from condenslab.risk import Risk

_DAMPING, _EASIER, _HARDER = 1.0, 0.3, 3.0
_LEAST, _MOST = 1e-12, 1e10
_TIGHT = 1e-13


def downhill(risk: Risk, like: PyTree, theta: np.ndarray, steps: int) -> np.ndarray:
    """Lowers R by damped Newton-like steps −D(D·B·D + λ)⁻¹D·∇R until it falls no further.

    B is the Gauss–Newton part of the Hessian with the part of ∂²ℓ/∂f² that is not negative, or |∇²R| for a scalar risk
    of the user's own, D = diag(B)^(−1/2). λ is multiplied by 0.3 after a step that lowers R, by 3 after one that does
    not and is undone.

    Args:
        risk: R.
        like: Parameters of the shapes of θ.
        theta: The start, shape (param,).
        steps: At most so many trials.

    References:
        Dauphin et al., NeurIPS 2014 (arXiv 1406.2572), for steps by |∇²R|.
    """
    damping = _DAMPING
    here = _at(risk, like, jnp.asarray(theta))
    for _ in range(steps):
        if damping >= _MOST or not all(np.all(np.isfinite(part)) for part in here):
            break
        trial = theta + _step(here, damping)
        there = _at(risk, like, jnp.asarray(trial))
        if not there.value < here.value:
            damping *= _HARDER
            continue
        near = np.all(np.abs(trial - theta) <= _TIGHT * (1 + np.abs(theta)))
        theta, here, damping = trial, there, max(_EASIER * damping, _LEAST)
        if near:
            break
    return theta


def _step(here: Derivatives, damping: float) -> np.ndarray:
    matrix, gradient = np.asarray(here.gauss_newton), np.asarray(here.gradient)
    diagonal = np.abs(np.diagonal(matrix))
    scale = 1 / np.sqrt(np.maximum(diagonal, 1e-8 * diagonal.max(initial=0.0)) + np.finfo(float).tiny)
    values, vectors = np.linalg.eigh(scale[:, None] * matrix * scale)
    return -scale * (vectors @ (vectors.T @ (scale * gradient) / (np.abs(values) + damping)))


@eqx.filter_jit
def _at(risk: Risk, like: PyTree, theta: Array) -> Derivatives:
    return take_derivatives(risk, ravel_pytree(like)[1](theta))
