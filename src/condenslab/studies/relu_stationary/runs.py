"""Trains the networks of the relu_stationary study and tests where they end."""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from condenslab import landscape, measures, networks, training
from condenslab.networks import initial
from condenslab.risk import EmpiricalRisk
from condenslab.studies.contract import train
from condenslab.studies.contract.endings import as_asked
from condenslab.studies.contract.parts import guarded
from condenslab.studies.relu_stationary.cases import EXPERIMENTS, Experiment, RunCase
from condenslab.sweeps import Outcome, Progress
from condenslab.training import Trajectory

_RECORDS = 1000
_TOGETHER = 8
_KINK = 1e-4
_IDLE = 1e-8
"""Neurons with output weights below this, relative to their input weights, are silent; others measured 0.9996."""
_UNIT = 2.0**-53
"""u, by which float64 rounds a sum or a product of two numbers at most, relative to it."""
_THRESHOLD = 0.05


def run_cases(cases: Sequence[RunCase], progress: Progress) -> list[Outcome]:
    """Returns one outcome a case; the cases are of one experiment and differ in their seeds.

    The source's loss is the mean over samples and outputs, R the mean over samples of the sum over outputs, so that its
    rate is multiplied, and R divided, by the number of outputs.

    Args:
        cases: The cases.
        progress: Called with (fraction, text).
    """
    first, setting = cases[0], EXPERIMENTS[cases[0].experiment]
    outputs = setting.targets.shape[1]
    risk = EmpiricalRisk(jnp.asarray(setting.inputs), jnp.asarray(setting.targets))
    options: dict[str, Any] = {"vectorise": min(_TOGETHER, -(-len(cases) // 2))}
    method = training.GradientDescent(rate=setting.rate / outputs)
    runs = train.ensemble(
        training.descend,
        risk,
        [_start(case, setting) for case in cases],
        method,
        steps=first.steps,
        at=np.unique(np.linspace(0, first.steps, _RECORDS + 1).astype(np.int64)),
        progress=progress,
        **options,
    )
    ends = runs
    if first.end > first.steps:
        networks_then = [run.network for run in runs]
        ends = train.ensemble(
            training.descend, risk, networks_then, method, steps=first.end - first.steps, at=(), **options
        )
    return [guarded(_outcome, case, risk, run, end) for case, run, end in zip(cases, runs, ends, strict=True)]


def _start(case: RunCase, setting: Experiment) -> networks.TwoLayer:
    return networks.two_layer(
        case.seed,
        width=case.width,
        inputs=setting.inputs.shape[1],
        outputs=setting.targets.shape[1],
        activation="relu",
        scale=initial.from_std_exponent(setting.std_exponent, case.width),
        biases=False,
    )


def _outcome(case: RunCase, risk: EmpiricalRisk, run: Trajectory, end: Trajectory) -> Outcome:
    outputs, network = risk.targets.shape[1], end.network
    loss = run.records["risk"] / outputs
    values = {"final_risk": float(loss[-1]), "start_risk": float(loss[0])}
    arrays = {"times": run.times, "risk": loss}
    for part in (run, end):
        as_asked(part, values=values, arrays=arrays)
    dead = landscape.dead_neurons(risk, network)
    inner, outer = np.asarray(network.input_weights), np.asarray(network.output_weights)
    living = np.concatenate([inner[~dead].ravel(), outer[:, ~dead].ravel()])
    amplitude = float(np.abs(living).min(initial=np.inf)) / 10
    changes = landscape.perturbed_changes(
        risk, network, key=jax.random.key(case.seed), count=case.perturbations, amplitude=amplitude
    )
    tested = landscape.directional_stationarity(risk, network, kink=_KINK, idle=_IDLE)
    origin = networks.TwoLayer(
        0 * network.input_weights[:1], None, 0 * network.output_weights[:, :1], None, network.activation
    )
    scale = landscape.directional_stationarity(risk, origin, kink=_KINK).new_neuron
    values |= {
        "end_risk": float(risk.value(network)) / outputs,
        "dead": int(dead.sum()),
        "perturbation": amplitude,
        "lowest_change": float(changes.min()) / outputs,
        "rounding": _rounding(risk, network, amplitude) / outputs,
        "kinks": len(tested.kinks),
        "output_slope": tested.output_slope,
        "lowest_slope": float(tested.lowest.min()),
        "escape": float(tested.escape.max()),
        "rate": float(tested.rates.max()),
        "new_neuron": tested.new_neuron,
        "slope_scale": scale,
    }
    groups = measures.condensation(network, threshold=_THRESHOLD, amplitude_filter=0.01).groups
    arrays |= {
        "input_weights": inner,
        "amplitudes": measures.amplitudes(network),
        "group_directions": np.stack([group.representative for group in groups]),
        "group_amplitudes": np.array([group.amplitude for group in groups]),
    }
    return Outcome(values, arrays)


def _rounding(risk: EmpiricalRisk, network: networks.TwoLayer, amplitude: float) -> float:
    """Returns how far R(θ + δ) − R(θ), of two risks computed in float64, is from the true difference at most.

    γ_k = k·u/(1 − k·u) bounds the relative error of k roundings in any order. The output of m neurons with d inputs is
    within γ_(m+d+1)·S of the true one, S the sum of the absolute values of its terms, and a sum of n squares within
    γ_(n+4) of itself; the difference of the two risks is of their size or far smaller, and its own rounding less.

    Args:
        risk: R, the mean over samples of the sum of squares, of a network without biases.
        network: θ.
        amplitude: The largest entry of δ.

    References:
        Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed. 2002, section 3.1.
    """
    inner, outer = np.abs(np.asarray(network.input_weights)), np.abs(np.asarray(network.output_weights))
    inputs = np.abs(np.asarray(risk.inputs))
    terms = inputs @ (inner + amplitude).T @ (outer + amplitude).T
    moved = terms - inputs @ inner.T @ outer.T
    residuals = np.abs(np.asarray(network(risk.inputs) - risk.targets)) + moved
    errors = _gamma(sum(inner.shape) + 1) * terms + _UNIT * residuals
    each = 2 * residuals * errors + errors**2 + _gamma(residuals.size + 4) * residuals**2
    return 2 * float(np.sum(each)) / len(inputs)


def _gamma(roundings: int) -> float:
    return roundings * _UNIT / (1 - roundings * _UNIT)
