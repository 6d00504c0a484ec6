"""Population risks over Gaussian inputs in closed form: two-layer ReLU students of an orthonormal teacher.

E over x ~ N(0, I) of relu(w·x)·relu(v·x) is ‖w‖‖v‖·h(cos φ)/(2π), h(c) = √(1 − c²) + (π − arccos c)·c, the arc-cosine
kernel of order 1 (Cho & Saul, NeurIPS 2009; Safran & Shamir, ICML 2018, eq. 2). Output weights are 1.
"""

import jax
import jax.numpy as jnp
import numpy as np


@jax.custom_jvp
def _angle(c):
    return jnp.arccos(jnp.clip(c, -1.0, 1.0))


@_angle.defjvp
def _angle_derivative(primals, tangents):
    (c,), (dc,) = primals, tangents
    return _angle(c), -dc / jnp.sqrt(jnp.maximum(1.0 - c**2, 1e-30))


@jax.custom_jvp
def _kernel(c):
    return jnp.sqrt(jnp.maximum(1.0 - c**2, 0.0)) + (jnp.pi - _angle(c)) * c


@_kernel.defjvp
def _kernel_derivative(primals, tangents):
    (c,), (dc,) = primals, tangents
    return _kernel(c), (jnp.pi - _angle(c)) * dc


def overlaps(rows, others):
    """Returns E relu(w_i·x)·relu(v_j·x) for rows w and v, shape (row, other)."""
    sizes = [jnp.sqrt(jnp.sum(one**2, axis=1)) for one in (rows, others)]
    norms = sizes[0][:, None] * sizes[1][None, :]
    return norms * _kernel(rows @ others.T / norms) / (2 * jnp.pi)


def student_risk(rows, teacher):
    """Returns E ½(Σ_i relu(w_i·x) − Σ_j relu(v_j·x))²."""
    parts = overlaps(rows, rows).sum() - 2 * overlaps(rows, teacher).sum() + overlaps(teacher, teacher).sum()
    return parts / 2


def hessian_at_teacher(size):
    """Returns the Hessian at w_i = v_i = e_i by hand: E 1(x_i > 0)·1(x_j > 0)·x·xᵀ, shape (size², size²).

    On the diagonal I/2; off it I/4 + (e_i·e_jᵀ + e_j·e_iᵀ)/(2π), for E|x| of half a normal is 1/√(2π).
    """
    unit, matrix = np.eye(size), np.zeros((size, size, size, size))
    for i, j in np.ndindex(size, size):
        mixed = np.outer(unit[i], unit[j]) + np.outer(unit[j], unit[i])
        matrix[i, :, j, :] = unit / 2 if i == j else unit / 4 + mixed / (2 * np.pi)
    return matrix.reshape(size**2, size**2)
