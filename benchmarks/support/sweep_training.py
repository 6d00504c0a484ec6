"""A case of about 10 ms, alone and in a batch: gradient descent of the library on a tanh network of width 20."""

from typing import Any

import jax
import jax.numpy as jnp

from condenslab import networks, training
from condenslab.networks import initial
from condenslab.risk import EmpiricalRisk
from condenslab.sweeps import Outcome
from support.sweep_cases import Case

_STEPS, _WIDTH = 200, 20
_X = jnp.linspace(-1.0, 1.0, 20)[:, None]
_RISK, _METHOD = EmpiricalRisk(_X, jnp.sin(3 * _X)), training.GradientDescent(0.05)


def _start(seed: Any) -> networks.TwoLayer:
    scale = initial.Scale(0.5, 0.5)
    return networks.two_layer(seed, width=_WIDTH, inputs=1, outputs=1, activation="tanh", scale=scale)


def alone(seed: int) -> float:
    """Returns the final risk of one case.

    Args:
        seed: Of the start.
    """
    run = training.descend(_RISK, _start(jax.random.key(seed)), _METHOD, steps=_STEPS)
    return float(run.records["risk"][-1])


class Together:
    """Computes a batch in one program."""

    def __call__(self, cases: list[Case], /, *, progress: Any = None) -> list[Outcome]:
        """Returns one outcome a case."""
        seeds = jnp.array([case.seed for case in cases])
        starts = training.Stack(jax.vmap(lambda seed: _start(jax.random.key(seed)))(seeds))
        runs = training.ensemble(training.descend, _RISK, starts, _METHOD, steps=_STEPS)
        return [Outcome({"risk": float(run.records["risk"][-1])}) for run in runs]
