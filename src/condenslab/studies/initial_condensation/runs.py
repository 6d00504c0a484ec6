"""Runs of the study of initial condensation: networks from small weights, looked at before the risk has fallen much."""

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from condenslab import measures, networks, tasks, training
from condenslab.networks import Scale
from condenslab.risk import EmpiricalRisk
from condenslab.studies.initial_condensation.cases import MULTIPLICITY, Case
from condenslab.studies.shared.frames import networks_at
from condenslab.sweeps import Outcome, Progress
from condenslab.tasks import designs
from condenslab.training import Stop, Trajectory, Until

_RECORD = {"risk": training.record_risk, "parameters": training.record_parameters}
_DIRECTION_RATIO = 0.999
"""The direction is looked at when the risk has fallen by a thousandth: a statement on the leading order."""

_FLOW_TIME = 1e4
_HIDDEN = 5


def samples(case: Case) -> tuple[np.ndarray, np.ndarray]:
    """Returns inputs (sample, input) and targets (sample, 1) of a case, the tasks of IC Figs 3 to 6."""
    if case.kind == "plane":
        x = designs.grid(-1.0, 1.5, 40) if case.design == "grid" else designs.uniform(case.seed, -1.0, 1.5, 40)
        return x, np.sin(3 * x) + np.sin(6 * x) / 2
    if case.kind == "deep":
        x = designs.uniform(case.seed, -4.0, 2.0, 80, inputs=3)
        return x, 4 * np.sin(12 * x + 1).sum(axis=1, keepdims=True)
    task = tasks.task("sine_5d", seed=case.seed, samples=80)
    return task.inputs, task.targets


def draw_network(case: Case, inputs: int) -> networks.TwoLayer | networks.MLP:
    """Returns the initial network of a case: every parameter N(0, std²), the output bias included."""
    if case.kind == "deep":
        widths = (inputs, *[case.width] * _HIDDEN, 1)
        return networks.mlp(
            case.seed,
            widths=widths,
            activation=case.activation,
            std=case.std,
            output_bias=True,
            residual=case.residual,
        )
    return networks.two_layer(
        case.seed,
        width=case.width,
        inputs=inputs,
        activation=case.activation,
        scale=Scale(case.std, case.std),
        output_bias=case.kind != "direction",
    )


def run(cases: Sequence[Case], progress: Progress | None) -> list[Outcome]:
    """Returns one outcome a case; cases share everything that decides the program.

    Args:
        cases: The cases.
        progress: Called with (fraction, text).
    """
    data = [samples(case) for case in cases]
    risks = [EmpiricalRisk(jnp.asarray(x), jnp.asarray(y)) for x, y in data]
    starts = [draw_network(case, x.shape[1]) for case, (x, _) in zip(cases, data, strict=True)]
    runs = _train(cases, risks, starts, progress)
    if any(one.stop is Stop.INTERRUPTED for one in runs):
        raise KeyboardInterrupt
    measure = {"plane": _plane, "five": _wide, "direction": _direction, "deep": _deep}[cases[0].kind]
    outcomes = []
    for case, run, (x, y) in zip(cases, runs, data, strict=True):
        broken = run.stop not in (Stop.FINISHED, Stop.RISK_REACHED)
        values, arrays = ({}, {}) if broken else measure(case, run, x, y)
        values["ratio"] = float(run.records["risk"][-1] / run.records["risk"][0])
        outcomes.append(Outcome(values, arrays, "diverged" if broken else "done", run.stop.value if broken else ""))
    return outcomes


def _train(cases: Sequence[Case], risks: list, starts: list, progress: Progress | None) -> list[Trajectory]:
    first = cases[0]
    options: dict[str, Any] = {"record": _RECORD, "progress": progress}
    if first.kind == "direction":
        levels = [_DIRECTION_RATIO * float(risk.value(start)) for risk, start in zip(risks, starts, strict=True)]
        options["until"] = [Until(risk=level, time=_FLOW_TIME) for level in levels]
    if first.method == "flow":
        return training.ensemble(training.flow, risks, starts, **options)
    every = max(1, first.steps // 20) if first.kind != "direction" else 1
    at = list(range(0, first.steps + 1, every))
    method = training.Adam(rate=first.rate)
    return training.ensemble(training.descend, risks, starts, method, steps=first.steps, at=at, **options)


def _count(case: Case, network: Any, layer: int = 0) -> measures.Orientations:
    weights = measures.hidden_neurons(network, layer).incoming
    return measures.orientation_count(weights, cosine=case.cosine, strays=case.strays)


def _wide(case: Case, run: Trajectory, x: np.ndarray, y: np.ndarray) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    found = _count(case, run.network)
    moments = networks_at(run.records["parameters"], run.network)
    values = {"orientations": found.count, "strays": found.strays}
    return values, {
        "times": run.times,
        "risk": run.records["risk"],
        "counts": np.array([_count(case, moment).count for moment in moments]),
        "weights": measures.hidden_neurons(run.network).incoming,
        "amplitudes": measures.amplitudes(run.network),
        "sizes": found.sizes,
    }


def _plane(case: Case, run: Trajectory, x: np.ndarray, y: np.ndarray) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    values, arrays = _wide(case, run, x, y)
    arrays["angles"] = measures.orientations(run.network)
    if case.activation in MULTIPLICITY:
        seen = measures.layer_inputs(run.network, x)
        theory = measures.condensed_directions(seen, -y[:, 0], MULTIPLICITY[case.activation])
        arrays["predicted"] = np.arctan2(theory.directions[:, 1], theory.directions[:, 0])
        arrays["growing"] = theory.growing
        values["predicted"] = len(theory.directions)
    return values, arrays


def _direction(
    case: Case, run: Trajectory, x: np.ndarray, y: np.ndarray
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    weights = measures.hidden_neurons(run.network).incoming
    theory = measures.condensed_directions(measures.layer_inputs(run.network, x), -y[:, 0], 1)
    cosines = np.abs(weights @ theory.directions[0]) / np.linalg.norm(weights, axis=1)
    amplitudes = measures.amplitudes(run.network)
    values = {
        "mean_cosine": float(cosines @ amplitudes / amplitudes.sum()),
        "least_cosine": float(cosines.min()),
        "orientations": _count(case, run.network).count,
        "time": float(run.times[-1]),
    }
    return values, {"cosines": cosines, "amplitudes": amplitudes}


def _deep(case: Case, run: Trajectory, x: np.ndarray, y: np.ndarray) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    counts, arrays = [], {}
    for layer in range(_HIDDEN):
        counts.append(_count(case, run.network, layer).count)
        arrays[f"weights_{layer}"] = measures.hidden_neurons(run.network, layer).incoming
    return {"layer_orientations": counts}, arrays
