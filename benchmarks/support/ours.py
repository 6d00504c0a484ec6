"""condenslab as a contestant, by its public verbs."""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from condenslab import training
from condenslab.networks import TwoLayer, activation
from condenslab.risk import EmpiricalRisk
from condenslab.training import GradientDescent, Stack
from support.problem import RATE
from support.timing import Contestant


def network(parameters: np.ndarray) -> TwoLayer:
    """Returns the network with these parameters, shape (3, neuron)."""
    w, b, a = (jnp.asarray(row) for row in parameters)
    return TwoLayer(w[:, None], b, a[None, :], None, activation("tanh"))


def rows(net: TwoLayer) -> np.ndarray:
    """Returns the parameters of a network (or the shape of one, a gradient), shape (3, neuron)."""
    return np.stack([np.asarray(part).reshape(-1) for part in (net.input_weights, net.biases, net.output_weights)])


def make_contestant(risk: EmpiricalRisk, members: int) -> Contestant:
    """Returns `descend` for one member, `ensemble` for more.

    Args:
        risk: R.
        members: Size of the ensemble.
    """

    def start(parameters: np.ndarray) -> Any:
        return network(parameters[0]) if members == 1 else Stack(jax.vmap(network)(jnp.asarray(parameters)))

    def advance(nets: Any, steps: int) -> list[Any]:
        # The others record nothing, so one record, at the end, is all that is asked for.
        options = {"steps": steps, "at": (steps,)}
        if members == 1:
            return [training.descend(risk, nets, GradientDescent(RATE), **options)]
        return training.ensemble(training.descend, risk, nets, GradientDescent(RATE), **options)

    def read(runs: Sequence[Any]) -> np.ndarray:
        return np.stack([rows(run.network) for run in runs])

    return Contestant("condenslab", start, advance, read, 5_000 if members == 1 else 120_000)
