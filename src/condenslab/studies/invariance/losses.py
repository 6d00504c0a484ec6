"""Gradients of four losses on random data, at points of invariant manifolds and of a set that is none."""

from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

from condenslab import landscape, networks
from condenslab.landscape.manifolds import InvariantManifold
from condenslab.losses import CrossEntropy, Logistic, Quartic, SquaredLoss
from condenslab.networks import TwoLayer
from condenslab.risk import EmpiricalRisk
from condenslab.studies.invariance.manifold_cases import AFFINE, LossCase
from condenslab.studies.invariance.runs import manifold_maps, unit_symmetries, with_equal_inputs
from condenslab.sweeps import Outcome, Progress

_INPUTS, _OUTPUTS = 2, 3
_LOSSES: dict[str, Any] = {
    "squared": SquaredLoss(),
    "quartic": Quartic(),
    "logistic": Logistic(),
    "cross-entropy": CrossEntropy(),
}


def measure(case: LossCase, progress: Progress) -> Outcome:
    """Returns the smallest and the largest normal part of the gradient, relative to the gradient, over data sets.

    Args:
        case: The case.
        progress: Not called: a case takes a moment.
    """
    scale = networks.Scale(input_std=0.7, output_std=0.7)
    start = networks.two_layer(
        case.seed, width=case.width, inputs=_INPUTS, outputs=_OUTPUTS, activation="tanh", scale=scale
    )
    if case.manifold in AFFINE:
        manifold = landscape.invariant_manifold(manifold_maps(case.manifold, unit_symmetries(start)), start)
        point = manifold.project(start)
    else:
        manifold, point = _equal_inputs(start), with_equal_inputs(start)
    keys = jax.random.split(jax.random.key(2000 + case.seed), case.sets)
    parts = [landscape.escaping_gradient(_risk(case, key), manifold, point) for key in keys]
    return Outcome({"largest": max(parts), "smallest": min(parts)})


def _risk(case: LossCase, key: Array) -> EmpiricalRisk:
    keys = jax.random.split(key, 2)
    inputs = jax.random.normal(keys[0], (case.samples, _INPUTS))
    drawn = jax.random.normal(keys[1], (case.samples, _OUTPUTS))
    targets = {
        "squared": drawn,
        "quartic": drawn,
        "logistic": jnp.where(drawn < 0, -1.0, 1.0),
        "cross-entropy": jax.nn.softmax(drawn, axis=1),
    }[case.loss]
    return EmpiricalRisk(inputs, targets, loss=_LOSSES[case.loss])


def _equal_inputs(start: TwoLayer) -> InvariantManifold:
    """Returns the linear space of networks whose first two neurons have equal input weights and biases."""

    def mean(network: TwoLayer) -> TwoLayer:
        weights, biases = network.input_weights, network.biases
        assert biases is not None, "the start is drawn with biases"
        return TwoLayer(
            weights.at[:2].set(jnp.mean(weights[:2], axis=0)),
            biases.at[:2].set(jnp.mean(biases[:2])),
            network.output_weights,
            network.output_bias,
            network.activation,
        )

    return landscape.invariant_manifold([mean], start)
