"""Solves with shift·I + ∇²R, as implicit methods for gradient flow need them.

For a two-layer network ∇²R is one small block per neuron plus a Gauss–Newton part whose rank is at most samples × outputs,
so the Woodbury identity reduces the solve to small blocks and one matrix of that size, however wide the network.
"""

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import jax.scipy.linalg as jsl
from jax import Array
from jax.flatten_util import ravel_pytree

from condenslab.networks.dense import TwoLayer
from condenslab.networks.structure import from_neurons, neuron_tangents, to_neurons
from condenslab.risk import EmpiricalRisk

Solver = Callable[[Array], Array]


def dense_solver(risk: EmpiricalRisk, params: Any) -> Callable[[Array], Solver]:
    """Returns shift → (b → (shift·I + ∇²R(θ))⁻¹ b) by a dense factorisation: O(parameters³), for small networks."""
    hessian = risk.hessian(params)

    def factor(shift: Array) -> Solver:
        factors = jsl.lu_factor(hessian + shift * jnp.eye(hessian.shape[0], dtype=hessian.dtype))
        return lambda b: jsl.lu_solve(factors, b)

    return factor


def two_layer_solver(risk: EmpiricalRisk, network: TwoLayer) -> Callable[[Array], Solver]:
    """Returns shift → (b → (shift·I + ∇²R(θ))⁻¹ b) for a two-layer network by the Woodbury identity.

    With ∇²R = B + GᵀG, B block diagonal over neurons (and zero for the output bias), G of shape
    (samples·outputs, parameters): (A + GᵀG)⁻¹ = A⁻¹ − A⁻¹Gᵀ(I + G A⁻¹ Gᵀ)⁻¹ G A⁻¹ with A = shift·I + B.
    """
    outputs = risk.outputs(network)
    tangents = neuron_tangents(network, risk.inputs, risk.cotangent(outputs))
    roots = risk.gauss_newton_root(outputs)
    rows = jnp.einsum("nop,nomq->npmq", roots, tangents.jacobian)
    rows = rows.reshape(-1, *rows.shape[2:])
    bias_rows = None if network.output_bias is None else jnp.swapaxes(roots, 1, 2).reshape(-1, outputs.shape[1])
    unravel = ravel_pytree(network)[1]

    def factor(shift: Array) -> Solver:
        inverses = invert_shifted(tangents.blocks, shift)
        spread = jnp.einsum("mij,rmj->rmi", inverses, rows)
        small = jnp.eye(rows.shape[0], dtype=rows.dtype) + jnp.tensordot(rows, spread, axes=((1, 2), (1, 2)))
        if bias_rows is not None:
            small = small + bias_rows @ bias_rows.T / shift
        factors = jsl.lu_factor(small)

        def solve(b: Array) -> Array:
            split = unravel(b)
            neurons = to_neurons(split)
            direct = jnp.einsum("mij,mj->mi", inverses, neurons)
            seen = jnp.tensordot(rows, direct, axes=((1, 2), (0, 1)))
            if bias_rows is not None:
                seen = seen + bias_rows @ (split.output_bias / shift)
            inner = jsl.lu_solve(factors, seen)
            neurons = direct - jnp.tensordot(inner, spread, axes=1)
            bias = None if bias_rows is None else (split.output_bias - bias_rows.T @ inner) / shift
            return ravel_pytree(from_neurons(neurons, bias, network))[0]

        return solve

    return factor


def invert_shifted(blocks: Array, shift: Array) -> Array:
    """Returns (shift·I + B_k)⁻¹ for every block, shape (block, size, size).

    Args:
        blocks: Symmetric blocks, shape (block, size, size).
        shift: A scalar that leaves no block singular.
    """
    return jnp.linalg.inv(blocks + shift * jnp.eye(blocks.shape[-1], dtype=blocks.dtype))
