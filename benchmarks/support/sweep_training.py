"""A case of about 10 ms, alone and in a batch: gradient descent on a tanh network of width 20."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from condenslab.sweeps import Outcome
from support.sweep_cases import Case

_STEPS, _WIDTH = 2000, 20
_X = jnp.linspace(-1.0, 1.0, 20)
_Y = jnp.sin(3 * _X)


def _trained(key: Any) -> Any:
    def risk(theta: Any) -> Any:
        return jnp.mean((jnp.tanh(_X[:, None] * theta[0] + theta[1]) @ theta[2] - _Y) ** 2)

    start = 0.5 * jax.random.normal(key, (3, _WIDTH), jnp.float32)
    end = jax.lax.fori_loop(0, _STEPS, lambda _, theta: theta - 0.05 * jax.grad(risk)(theta), start)
    return risk(end)


_one, _many = jax.jit(_trained), jax.jit(jax.vmap(_trained))


def alone(seed: int) -> float:
    """Returns the final risk of one case.

    Args:
        seed: Of the start.
    """
    return float(_one(jax.random.key(seed)))


class Together:
    """Computes a batch in one program."""

    def __call__(self, cases: list[Case], /, *, progress: Any = None) -> list[Outcome]:
        """Returns one outcome a case."""
        keys = jax.vmap(jax.random.key)(jnp.array([case.seed for case in cases]))
        return [Outcome({"risk": float(risk)}) for risk in np.asarray(_many(keys))]
