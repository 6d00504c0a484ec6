"""The vector field of gradient flow, −∇(R + l2·‖θ‖²), and the solves with its linearisation that implicit methods need.

Each takes (risk, l2) as one argument, the way diffrax hands the constants of an equation on.
"""

from collections.abc import Callable
from typing import Any

import jax
from jax import Array

from condenslab.networks.dense import TwoLayer
from condenslab.risk import EmpiricalRisk, Risk
from condenslab.training.linearise import Solver, dense_solver, two_layer_solver


def negative_gradient(time: Any, params: Any, args: tuple[Risk, Array]) -> Any:
    """Returns −∇(R + l2·‖θ‖²) at θ, a pytree like θ.

    Args:
        time: Not used: the flow is autonomous.
        params: θ.
        args: (risk, l2).
    """
    risk, l2 = args
    return jax.tree.map(lambda slope, value: -slope - 2.0 * l2 * value, risk.gradient(params), params)


def two_layer_linearised(params: TwoLayer, args: tuple[EmpiricalRisk, Array]) -> Callable[[Array], Solver]:
    """Returns shift → (b → (shift·I + ∇²(R + l2·‖θ‖²))⁻¹ b) for a two-layer network, by the Woodbury identity.

    Args:
        params: θ.
        args: (risk, l2).
    """
    factor = two_layer_solver(args[0], params)
    return lambda shift: factor(shift + 2.0 * args[1])


def dense_linearised(params: Any, args: tuple[Risk, Array]) -> Callable[[Array], Solver]:
    """Returns shift → (b → (shift·I + ∇²(R + l2·‖θ‖²))⁻¹ b) by a dense factorisation.

    Args:
        params: θ.
        args: (risk, l2).
    """
    factor = dense_solver(args[0], params)
    return lambda shift: factor(shift + 2.0 * args[1])
