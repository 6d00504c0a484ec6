"""Computes the cases: a search, certificates, embeddings, and gradient flows after a kick downhill."""

from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import Array

from condenslab import landscape, measures, networks, tasks, training
from condenslab.landscape import CriticalPoint, Fate
from condenslab.networks import TwoLayer
from condenslab.risk import EmpiricalRisk
from condenslab.studies.contract import train
from condenslab.studies.contract.endings import as_asked
from condenslab.studies.critical_functions.cases import SearchCase
from condenslab.sweeps import Outcome, Progress
from condenslab.training import Stop, Until

_KICK = 1e-3
_FLAT = 1e-10
_ENDINGS = ("GRADIENT_REACHED", "FINISHED", "STEPS_EXHAUSTED", "NO_PROGRESS", "SLIDING")
"""A neuron that steepens towards a step between two samples does so for ever: such flows end where they may."""
_GRID = np.linspace(-20.0, 20.0, 401)


def run_search(case: SearchCase, progress: Progress) -> Outcome:
    """Returns the functions of a search, and where gradient flows from those of its own width lead.

    Args:
        case: The case.
        progress: Called with (fraction, text).
    """
    task = tasks.task("three_tanh")
    risk = EmpiricalRisk(jnp.asarray(task.inputs), jnp.asarray(task.targets))
    search = train.critical_points(risk, width=case.width, starts=case.starts, key=case.seed)
    atlas = landscape.critical_atlas(risk, [search])
    progress(0.5, f"{len(atlas.entries)} critical functions of width {case.width}")
    points = [entry.point for entry in atlas.entries]
    estimate = atlas.estimate(case.width)
    values: dict[str, Any] = {
        "risks": [point.risk for point in points],
        "widths": [point.width for point in points],
        "hits": [point.hits for point in points],
        "orbits": [entry.orbit for entry in atlas.entries],
        "symmetric": [bool(entry.symmetric) for entry in atlas.entries],
        "inertia": [list(point.inertia.counts) for point in points],
        "inertia_decided": [point.inertia.decided for point in points],
        "gradients": [point.gradient_norm for point in points],
        "certified": [_certified(risk, point) for point in points],
        "fates": {fate.name.lower(): count for fate, count in search.fate_counts.items()},
        "missed": estimate.missed,
        "missed_error": estimate.standard_error,
        "parameters": 3 * case.width,
    }
    if case.width == 3:
        values["midpoint_risk"] = _midpoint_risk(risk)
    arrays = {
        "grid": _GRID,
        "inputs": task.inputs[:, 0],
        "targets": task.targets[:, 0],
        "outputs": np.array([_column(point.network, task.inputs) for point in points]).reshape(len(points), -1),
        "functions": np.array([_column(point.network, _GRID[:, None]) for point in points]).reshape(len(points), -1),
    }
    if case.kicked:
        kicked_values, kicked_arrays = _kicks(case, risk, points)
        values, arrays = values | kicked_values, arrays | kicked_arrays
    return Outcome(values, arrays)


def _column(network: TwoLayer, inputs: np.ndarray) -> np.ndarray:
    return np.asarray(network(jnp.asarray(inputs)))[:, 0]


def _certified(risk: EmpiricalRisk, point: CriticalPoint) -> bool | None:
    """Returns whether the Newton–Kantorovich test holds; None for the network without neurons."""
    return landscape.certificate(risk, point.network).holds if point.width else None


def _midpoint_risk(risk: EmpiricalRisk) -> float:
    """Returns R halfway between the target network and the same with two neurons exchanged: both have R = 0."""
    centres = np.array([[7.0, 0.0, -7.0], [0.0, 7.0, -7.0]])
    ones = jnp.ones((3, 1))
    ends = [
        TwoLayer(ones, jnp.asarray(row), ones.T, None, networks.activation("tanh"))
        for row in (*centres, centres.mean(0))
    ]
    values = [float(risk.value(end)) for end in ends]
    return values[2] - max(values[:2])


def _kicks(case: SearchCase, risk: EmpiricalRisk, points: list[CriticalPoint]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Embeds by splitting every neuron in two, kicks along the lowest eigenvector, and follows the gradient flow."""
    lowest = [k for k, point in enumerate(points) if point.width == case.width][: case.kicked]
    sources: dict[int, list[tuple[int, TwoLayer, float]]] = {}
    if case.width == 1:
        empty = [k for k, point in enumerate(points) if point.width == 0]
        sources[1] = [(k, _zero_network(), 1.0) for k in empty]
    saddles = [k for k in lowest if points[k].inertia.negative and points[k].inertia.decided]
    sources.setdefault(case.width, [])
    sources[case.width] += [(k, points[k].network, sign) for k in saddles for sign in (1.0, -1.0)]
    if case.width < 3:
        sources[case.width + 1] = [
            (k, landscape.split(points[k].network, neuron), 1.0) for k in lowest for neuron in range(case.width)
        ]
    rows, ends = [], []
    for width, chosen in sources.items():
        if chosen:
            new_rows, new_ends = _flows(case, risk, width, chosen)
            rows, ends = rows + new_rows, ends + new_ends
    names = ("from", "width", "eigenvalue", "negative", "gradient", "risk_before", "risk", "stop", "finite", "settled")
    values = {f"kick_{name}": [row[name] for row in rows] for name in names}
    return values, {"kick_outputs": np.array(ends).reshape(len(ends), risk.inputs.shape[0])}


def _zero_network() -> TwoLayer:
    return TwoLayer(jnp.zeros((1, 1)), jnp.zeros(1), jnp.zeros((1, 1)), None, networks.activation("tanh"))


def _flows(
    case: SearchCase, risk: EmpiricalRisk, width: int, chosen: list[tuple[int, TwoLayer, float]]
) -> tuple[list[dict[str, Any]], list[np.ndarray]]:
    starts, rows = [], []
    for number, network, sign in chosen:
        lowest, direction, counts = _lowest(risk, network)
        starts.append(networks.unravel(networks.ravel(network) + sign * _KICK * direction, network))
        about = {"from": number, "width": width, "eigenvalue": lowest, "negative": counts.negative}
        rows.append(about | {"gradient": counts.gradient_norm, "risk_before": float(risk.value(network))})
    runs = train.ensemble(
        training.flow,
        risk,
        starts,
        until=[Until(time=case.time, gradient=_FLAT)] * len(starts),
        max_steps=case.max_steps,
        chunk=1,
    )
    ends = []
    for row, run in zip(rows, runs, strict=True):
        as_asked(run, _ENDINGS)
        end = _settled(risk, run.network)
        steepest = float(jnp.abs(run.network.input_weights).max()) * float(risk.inputs[1, 0] - risk.inputs[0, 0])
        row |= {"risk": float(risk.value(end)), "stop": run.stop.value, "finite": steepest <= 3.0}
        row["settled"] = run.stop is Stop.GRADIENT_REACHED
        ends.append(_column(end, np.asarray(risk.inputs)))
    return rows, ends


def _lowest(risk: EmpiricalRisk, network: TwoLayer) -> tuple[float, Array, measures.Inertia]:
    values, vectors = np.linalg.eigh(np.asarray(risk.hessian(network)))
    return float(values[0]), jnp.asarray(vectors[:, 0]), measures.inertia_at(risk, network)


def _settled(risk: EmpiricalRisk, network: TwoLayer) -> TwoLayer:
    """Returns the critical point at the end of a flow, or the end itself where none is close."""
    point, report = landscape.polish(risk, network, descend=False)
    near = report.receipt.output_difference <= 0.02 * max(report.receipt.output_scale, 1e-3)
    return point if report.fate is Fate.CRITICAL and near else network
