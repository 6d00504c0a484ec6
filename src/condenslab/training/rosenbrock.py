"""Rosenbrock methods for gradient flow, as a diffrax solver with a pluggable linear solve.

A Rosenbrock method is linearly implicit: it needs no Newton iteration, only solves with (1/(hγ))·I − J at the start of
the step, where J is the exact Jacobian of the vector field. Methods here are L-stable: directions that relax much
faster than the step are damped at once, so the step follows the slow motion across a plateau. Autonomous problems only.

References:
    Sandu, Verwer, Blom, Spee, Carmichael, Potra: Benchmarking stiff ODE solvers for atmospheric chemistry problems II:
    Rosenbrock solvers. Atmospheric Environment 31 (1997): Rodas3.
    Hairer, Wanner: Solving Ordinary Differential Equations II, section IV.7: the transformed form, and Rodas4.
"""

from collections.abc import Callable
from typing import Any, ClassVar

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
from jax import Array
from jax.flatten_util import ravel_pytree


class Tableau(eqx.Module):
    """Coefficients in the transformed form, in which a stage costs one solve and no product with J.

    (1/(hγ)·I − J)·u_i = f(y + Σ_{j<i} a_ij u_j) + Σ_{j<i} (c_ij/h) u_j, y₁ = y + Σ m_i u_i; the error estimate is the
    last u (the embedded solution leaves it out).

    Attributes:
        gamma: γ.
        a: Rows a_2 …, each with one entry per earlier stage.
        c: Rows c_2 …, likewise.
        m: Weights of the solution.
        order: Order of the solution; the embedded one is of one order less.
    """

    gamma: float
    a: tuple[tuple[float, ...], ...]
    c: tuple[tuple[float, ...], ...]
    m: tuple[float, ...]
    order: int


RODAS3 = Tableau(
    gamma=0.5,
    a=((0.0,), (2.0, 0.0), (2.0, 0.0, 1.0)),
    c=((4.0,), (1.0, -1.0), (1.0, -1.0, -8.0 / 3.0)),
    m=(2.0, 0.0, 1.0, 1.0),
    order=3,
)
"""Four stages, order 3, stiffly accurate (Sandu et al. 1997)."""

_RODAS4_A5 = (1.221224509226641, 6.019134481288629, 12.53708332932087, -0.6878860361058950)
RODAS4 = Tableau(
    gamma=0.25,
    a=(
        (1.544000000000000,),
        (0.9466785280815826, 0.2557011698983284),
        (3.314825187068521, 2.896124015972201, 0.9986419139977817),
        _RODAS4_A5,
        (*_RODAS4_A5, 1.0),
    ),
    c=(
        (-5.668800000000000,),
        (-2.430093356833875, -0.2063599157091915),
        (-0.1073529058151375, -9.594562251023355, -20.47028614809616),
        (7.496443313967647, -10.24680431464352, -33.99990352819905, 11.70890893206160),
        (8.083246795921522, -7.981132988064893, -31.52159432874371, 16.31930543123136, -6.058818238834054),
    ),
    m=(*_RODAS4_A5, 1.0, 1.0),
    order=4,
)
"""Six stages, order 4, stiffly accurate (Hairer and Wanner, Solving ODEs II, section IV.7)."""


class Rosenbrock(diffrax.AbstractAdaptiveSolver):
    """An L-stable Rosenbrock method with a structured linear solve.

    Attributes:
        linearise: (y, args) → a function (shift) → (right-hand side) → solution of (shift·I − J)·u = right-hand side,
            on ravelled vectors; called once a step for y and once for the shift, so a factorisation is made once.
        tableau: The method: `RODAS4` (order 4, six stages) or `RODAS3` (order 3, four stages).
    """

    linearise: Callable[[Any, Any], Callable[[Array], Callable[[Array], Array]]] = eqx.field(static=True)
    tableau: Tableau = eqx.field(static=True, default=RODAS4)

    term_structure: ClassVar = diffrax.ODETerm
    interpolation_cls: ClassVar = diffrax.LocalLinearInterpolation

    def order(self, terms: diffrax.ODETerm) -> int:
        """Returns the order of the method."""
        return self.tableau.order

    def init(self, terms, t0, t1, y0, args) -> None:
        """Returns no state: every step starts afresh."""
        return

    def func(self, terms, t0, y0, args):
        """Returns the vector field at y0."""
        return terms.vf(t0, y0, args)

    def step(self, terms, t0, t1, y0, args, solver_state, made_jump):
        """Makes one step from t0 to t1; returns the new state and the difference to the embedded solution."""
        del solver_state, made_jump
        start, unravel = ravel_pytree(y0)
        length = jnp.asarray(t1 - t0)
        solve = self.linearise(y0, args)(1.0 / (self.tableau.gamma * length))

        def field(at: Array) -> Array:
            return ravel_pytree(terms.vf(t0, unravel(at), args))[0]

        rows = jnp.asarray(_square(self.tableau.a), start.dtype), jnp.asarray(_square(self.tableau.c), start.dtype)

        def stage(stages: Array, item: tuple[Array, Array, Array]) -> tuple[Array, None]:
            number, row_a, row_c = item
            solution = solve(field(start + row_a @ stages) + (row_c / length) @ stages)
            return stages.at[number].set(solution.astype(stages.dtype)), None

        count = len(self.tableau.m)
        stages, _ = jax.lax.scan(stage, jnp.zeros((count, start.size), start.dtype), (jnp.arange(count), *rows))
        end = unravel(start + jnp.asarray(self.tableau.m, start.dtype) @ stages)
        return end, unravel(stages[-1]), {"y0": y0, "y1": end}, None, diffrax.RESULTS.successful


def _square(rows: tuple[tuple[float, ...], ...]) -> list[list[float]]:
    """Returns the rows of a strictly lower triangle, the empty first one left out, as those of a square."""
    size = len(rows) + 1
    return [[0.0] * size, *([*row, *[0.0] * (size - len(row))] for row in rows)]
