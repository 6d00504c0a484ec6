"""Solves with shift·I + ∇²R, as implicit methods for gradient flow need them.

For a two-layer network ∇²R is one small block per neuron plus a Gauss–Newton part whose rank is at most
samples × outputs, so the Woodbury identity reduces the solve to small blocks and one matrix of that size, however wide
the network.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import jax.scipy.linalg as jsl
from jax import Array
from jax.flatten_util import ravel_pytree

from condenslab.losses import has_exact_root
from condenslab.memory import shortage
from condenslab.networks.dense import TwoLayer, apply, parameter_count
from condenslab.networks.structure import from_neurons, neuron_tangents, to_neurons
from condenslab.risk import EmpiricalRisk, Function, Risk

Solver = Callable[[Array], Array]

_UNROLLED = 4
"""Blocks up to this size are inverted by elimination written out over all neurons at once: 7 times faster for 3 × 3."""


def dense_solver(risk: Risk, params: Any) -> Callable[[Array], Solver]:
    """Returns shift → (b → (shift·I + ∇²R(θ))⁻¹ b) by a dense factorisation: O(parameters³), for small networks."""
    hessian = risk.hessian(params)

    def factor(shift: Array) -> Solver:
        factors = jsl.lu_factor(hessian + shift * jnp.eye(hessian.shape[0], dtype=hessian.dtype))
        return lambda b: jsl.lu_solve(factors, b)

    return factor


def two_layer_solver(risk: EmpiricalRisk, network: TwoLayer) -> Callable[[Array], Solver]:
    """Returns shift → (b → (shift·I + ∇²R(θ))⁻¹ b) for a two-layer network by the Woodbury identity.

    The identity trades a solve of the size of the parameters for one of samples × outputs; where there are not fewer of
    these, the dense solver is the cheaper one and is returned.

    With ∇²R = B + GᵀG, B block diagonal over neurons (and zero for the output bias), G of shape
    (samples·outputs, parameters): (A + GᵀG)⁻¹ = A⁻¹ − A⁻¹Gᵀ(I + G A⁻¹ Gᵀ)⁻¹ G A⁻¹ with A = shift·I + B.
    Arrays have the neurons last, (…, coordinate, neuron), so that loops run along them.
    """
    risk = risk.matching(network)
    if risk.targets.size >= parameter_count(network) or not has_exact_root(risk.loss):
        return dense_solver(risk, network)
    return _woodbury(risk, network)


def _woodbury(risk: EmpiricalRisk, network: TwoLayer) -> Callable[[Array], Solver]:
    outputs = risk.outputs(network)
    tangents = neuron_tangents(network, risk.inputs, risk.cotangent(outputs), risk.scale)
    roots = risk.gauss_newton_root(outputs)
    G = jnp.einsum("nop,nomq->npqm", roots, tangents.jacobian)
    size = G.shape[2]
    G = G.reshape(-1, size * network.width)
    G_bias = None if network.output_bias is None else jnp.swapaxes(roots, 1, 2).reshape(-1, outputs.shape[1])
    if G_bias is not None and risk.scale is not None:
        G_bias = risk.scale.astype(G_bias.dtype) * G_bias
    unravel = ravel_pytree(network)[1]

    def factor(shift: Array) -> Solver:
        inverses = invert_shifted(tangents.blocks, shift)

        def invert(rows: Array) -> Array:
            split = rows.reshape(-1, size, network.width)
            parts = [sum(inverses[i, j][None, :] * split[:, j] for j in range(size)) for i in range(size)]
            return jnp.stack(parts, axis=1).reshape(rows.shape)

        spread = invert(G)
        small = jnp.eye(G.shape[0], dtype=G.dtype) + G @ spread.T
        if G_bias is not None:
            small = small + G_bias @ G_bias.T / shift
        factors, _, order = jax.lax.linalg.lu(small)

        def solve(b: Array) -> Array:
            split = unravel(b)
            direct = invert(to_neurons(split).T.reshape(1, -1))[0]
            seen = G @ direct
            if G_bias is not None:
                seen = seen + G_bias @ (split.output_bias / shift)
            lower = jsl.solve_triangular(factors, seen[order], lower=True, unit_diagonal=True)
            inner = jsl.solve_triangular(factors, lower)
            neurons = (direct - inner @ spread).reshape(size, -1).T
            bias = None if G_bias is None else (split.output_bias - G_bias.T @ inner) / shift
            return ravel_pytree(from_neurons(neurons, bias, network))[0]

        return solve

    return factor


def require_room(risk: Risk, params: Any) -> None:
    """Refuses a risk of which one step of an implicit solver does not fit into memory.

    Args:
        risk: R.
        params: θ.

    Raises:
        ValueError: As said; with what is needed and what is free.
    """
    size = sum(leaf.size for leaf in jax.tree.leaves(params) if hasattr(leaf, "size"))
    own = isinstance(risk, Function)
    rows = 0 if own else risk.targets.size
    by_samples = isinstance(params, TwoLayer) and not own and risk.predict is apply and rows < size
    missing = shortage(8 * (4 * rows * size + 2 * rows * rows) if by_samples else 8 * 4 * size * size)
    if missing:
        raise ValueError(
            f"a step of the implicit solver must fit into memory: {missing}. Take fewer samples or neurons, or an "
            "explicit solver: solver=diffrax.Tsit5()."
        )


def invert_shifted(blocks: Array, shift: Array) -> Array:
    """Returns (shift·I + B_k)⁻¹ for every block, with the block last: shape (size, size, block).

    Args:
        blocks: Square blocks, shape (block, size, size).
        shift: A scalar that leaves no block singular.
    """
    size = blocks.shape[-1]
    shifted = blocks + shift * jnp.eye(size, dtype=blocks.dtype)[None]
    if size > _UNROLLED:
        return jnp.moveaxis(jnp.linalg.inv(shifted), 0, -1)
    unit, zero = jnp.ones_like(blocks[:, 0, 0]), jnp.zeros_like(blocks[:, 0, 0])
    rows = [
        [shifted[:, i, j] for j in range(size)] + [unit if i == j else zero for j in range(size)] for i in range(size)
    ]
    for column in range(size):
        for other in range(column + 1, size):
            larger = jnp.abs(rows[other][column]) > jnp.abs(rows[column][column])
            pairs = list(zip(rows[column], rows[other], strict=True))
            rows[column] = [jnp.where(larger, low, high) for high, low in pairs]
            rows[other] = [jnp.where(larger, high, low) for high, low in pairs]
        rows[column] = [entry / rows[column][column] for entry in rows[column]]
        for other in range(size):
            if other != column:
                times = rows[other][column]
                rows[other] = [low - times * high for low, high in zip(rows[other], rows[column], strict=True)]
    return jnp.stack([jnp.stack(row[size:]) for row in rows])
