"""Runs of the study of initial condensation: networks from small weights, looked at before the risk has fallen much."""

from collections.abc import Callable, Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from condenslab import measures, networks, tasks, training
from condenslab.networks import Scale
from condenslab.risk import EmpiricalRisk
from condenslab.studies.contract import train
from condenslab.studies.initial_condensation.cases import MULTIPLICITY, PLANE, Case, plane_target
from condenslab.studies.shared.frames import networks_at
from condenslab.sweeps import Outcome, Progress
from condenslab.tasks import designs
from condenslab.training import Trajectory, Until

_RECORD = {"risk": training.record_risk, "parameters": training.record_parameters}
_DIRECTION_RATIO = 0.999
"""The direction is looked at when the risk has fallen by a thousandth: a statement on the leading order."""

_FLOW_TIME = 1e4
_HIDDEN = 5

Samples = tuple[np.ndarray, np.ndarray]
Values = tuple[dict[str, Any], dict[str, np.ndarray]]
Measure = Callable[[Case, Trajectory, np.ndarray, np.ndarray], Values]


def samples(case: Case) -> Samples:
    """Returns inputs (sample, input) and targets (sample, 1) of a case, the tasks of IC Figs 3 to 6."""
    if case.kind == "plane":
        x = designs.grid(*PLANE) if case.design == "grid" else designs.uniform(case.seed, *PLANE)
        return x, plane_target(x)
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


def run_plane(cases: Sequence[Case], progress: Progress) -> list[Outcome]:
    """Returns orientations and the directions of the theory, with one input; cases share a program.

    Args:
        cases: The cases.
        progress: Called with (fraction, text).
    """
    return _begin(cases, progress, _plane)


def run_five(cases: Sequence[Case], progress: Progress) -> list[Outcome]:
    """Returns orientations with five inputs; cases share a program.

    Args:
        cases: The cases.
        progress: Called with (fraction, text).
    """
    return _begin(cases, progress, _wide)


def run_deep(cases: Sequence[Case], progress: Progress) -> list[Outcome]:
    """Returns the orientations of every layer of six; cases share a program.

    Args:
        cases: The cases.
        progress: Called with (fraction, text).
    """
    return _begin(cases, progress, _deep)


def run_direction(cases: Sequence[Case], progress: Progress) -> list[Outcome]:
    """Returns how far neurons point along ±Σ y x when the risk has fallen by a thousandth; cases share a program.

    Args:
        cases: The cases.
        progress: Called with (fraction, text).
    """
    first = cases[0]
    data, risks, starts = _problems(cases)
    levels = [_DIRECTION_RATIO * float(risk.value(start)) for risk, start in zip(risks, starts, strict=True)]
    options: dict[str, Any] = {
        "record": _RECORD,
        "until": [Until(risk=level, time=_FLOW_TIME) for level in levels],
        "progress": progress,
    }
    if first.method == "flow":
        runs = train.ensemble(training.flow, risks, starts, **options)
    else:
        steps = {"steps": first.steps, "at": range(first.steps + 1)}
        runs = train.ensemble(training.descend, risks, starts, training.Adam(rate=first.rate), **steps, **options)
    return _measured(cases, runs, data, _direction, asked=("RISK_REACHED",))


def _begin(cases: Sequence[Case], progress: Progress, measure: Measure) -> list[Outcome]:
    """Trains by Adam for the steps of the cases, with some twenty records."""
    first = cases[0]
    data, risks, starts = _problems(cases)
    at = range(0, first.steps + 1, max(1, first.steps // 20))
    method, options = training.Adam(rate=first.rate), {"record": _RECORD, "progress": progress}
    runs = train.ensemble(training.descend, risks, starts, method, steps=first.steps, at=at, **options)
    return _measured(cases, runs, data, measure, asked=("FINISHED",))


def _problems(cases: Sequence[Case]) -> tuple[list[Samples], list[EmpiricalRisk], list[Any]]:
    data = [samples(case) for case in cases]
    risks = [EmpiricalRisk(jnp.asarray(x), jnp.asarray(y)) for x, y in data]
    return data, risks, [draw_network(case, x.shape[1]) for case, (x, _) in zip(cases, data, strict=True)]


def _measured(
    cases: Sequence[Case], runs: list[Trajectory], data: list[Samples], measure: Measure, asked: tuple[str, ...]
) -> list[Outcome]:
    samples_of = dict(zip(cases, data, strict=True))

    def make(case: Case, run: Trajectory) -> Outcome:
        values, arrays = measure(case, run, *samples_of[case])
        ratio = float(run.records["risk"][-1] / run.records["risk"][0])
        return Outcome(values | {"ratio": ratio}, arrays)

    return train.outcomes(cases, runs, make, asked)


def _count(case: Case, network: Any, layer: int = 0) -> measures.Orientations:
    weights = measures.hidden_neurons(network, layer).incoming
    return measures.orientation_count(weights, cosine=case.cosine, strays=case.strays)


def _wide(case: Case, run: Trajectory, x: np.ndarray, y: np.ndarray) -> Values:
    seen = _count(case, run.network)
    moments = networks_at(run.records["parameters"], run.network)
    values = {"orientations": seen.count, "strays": seen.strays}
    return values, {
        "times": run.times,
        "risk": run.records["risk"],
        "counts": np.array([_count(case, moment).count for moment in moments]),
        "weights": measures.hidden_neurons(run.network).incoming,
        "amplitudes": measures.amplitudes(run.network),
        "sizes": seen.sizes,
    }


def _plane(case: Case, run: Trajectory, x: np.ndarray, y: np.ndarray) -> Values:
    values, arrays = _wide(case, run, x, y)
    arrays["angles"] = measures.orientations(run.network)
    if case.activation in MULTIPLICITY:
        seen = measures.layer_inputs(run.network, x)
        theory = measures.condensed_directions(seen, -y[:, 0], MULTIPLICITY[case.activation])
        arrays["predicted"] = np.arctan2(theory.directions[:, 1], theory.directions[:, 0])
        arrays["growing"] = theory.growing
        values["predicted"] = len(theory.directions)
    return values, arrays


def _direction(case: Case, run: Trajectory, x: np.ndarray, y: np.ndarray) -> Values:
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


def _deep(case: Case, run: Trajectory, x: np.ndarray, y: np.ndarray) -> Values:
    counts, arrays = [], {}
    for layer in range(_HIDDEN):
        counts.append(_count(case, run.network, layer).count)
        arrays[f"weights_{layer}"] = measures.hidden_neurons(run.network, layer).incoming
    return {"layer_orientations": counts}, arrays
