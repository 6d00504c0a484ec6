"""Trains networks with two hidden layers with and without batch normalisation before the activations."""

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
from jax import Array

from condenslab import networks, tasks, training
from condenslab.networks import MLP
from condenslab.risk import EmpiricalRisk
from condenslab.studies.contract import train
from condenslab.studies.embedding_depth.cases import NormCase
from condenslab.studies.shared.frames import logarithmic_steps
from condenslab.sweeps import Outcome, Progress
from condenslab.training import Trajectory, Until

_RECORD = {"risk": training.record_risk}
_RATE, _RECORDS, _ENOUGH = 0.01, 120, 5e-4
_EPSILON = 1e-5
"""Added to the variance, as in PyTorch's BatchNorm1d."""


def run_normed(cases: Sequence[NormCase], progress: Progress) -> list[Outcome]:
    """Returns the risk along training, one outcome a case.

    Args:
        cases: Cases that differ in their seeds and in γ, all with batch normalisation or all without.
        progress: Called with (fraction, text).
    """
    first, task = cases[0], tasks.task("three_tanh")
    data = jnp.asarray(task.inputs), jnp.asarray(task.targets)
    risk = EmpiricalRisk(*data) if first.gamma is None else EmpiricalRisk(*data, predict=normed)
    runs = train.ensemble(
        training.descend,
        risk,
        [_start(case) for case in cases],
        training.GradientDescent(rate=_RATE),
        steps=first.steps,
        until=Until(risk=_ENOUGH),
        at=logarithmic_steps(first.steps, _RECORDS),
        record=_RECORD,
        progress=progress,
    )
    return train.outcomes(cases, runs, _outcome)


def _outcome(_: NormCase, run: Trajectory) -> Outcome:
    return Outcome({"final_risk": float(run.records["risk"][-1])}, {"times": run.times, "risk": run.records["risk"]})


def normed(params: dict[str, Any], inputs: Array) -> Array:
    """Returns f with h_l = σ(γ_l·(z_l − mean)/√(variance + ε) + β_l), mean and variance over the batch.

    Args:
        params: "network" (an `MLP`), "gammas" and "betas" (one vector a hidden layer).
        inputs: The batch, shape (sample, input).
    """
    network: MLP = params["network"]
    hidden = inputs
    layers = zip(network.weights[:-1], network.biases[:-1], params["gammas"], params["betas"], strict=True)
    for weight, bias, gamma, beta in layers:
        z = hidden @ weight.T + (0.0 if bias is None else bias[None, :])
        spread = jnp.sqrt(jnp.var(z, axis=0, keepdims=True) + _EPSILON)
        hidden = network.activation(gamma[None, :] * (z - jnp.mean(z, axis=0, keepdims=True)) / spread + beta[None, :])
    outputs = hidden @ network.weights[-1].T
    bias = network.biases[-1]
    return outputs if bias is None else outputs + bias[None, :]


def _start(case: NormCase) -> Any:
    widths = (1, case.width, case.width, 1)
    network = networks.mlp(case.seed, widths=widths, activation="tanh", std=case.std, output_bias=True)
    if case.gamma is None:
        return network
    gammas = tuple(jnp.full(case.width, case.gamma) for _ in range(2))
    return {"network": network, "gammas": gammas, "betas": tuple(jnp.zeros(case.width) for _ in range(2))}
