"""Searches critical points of small ReLU networks and lifts them by one layer and by two, in both ways."""

from typing import Any

import jax.numpy as jnp
import numpy as np

from condenslab import landscape, measures, networks, tasks
from condenslab.landscape import CriticalPoint
from condenslab.risk import EmpiricalRisk
from condenslab.studies.contract import train
from condenslab.studies.embedding_depth.cases import LiftCase
from condenslab.studies.shared.columns import columns
from condenslab.studies.shared.iris import MISSING, iris
from condenslab.sweeps import Outcome, Progress

_WIDTH, _POINTS, _APART, _STILL = 2, 3, 1e-4, 1e-6


def run_lift(case: LiftCase, progress: Progress) -> Outcome:
    """Returns what lifting does to critical points of different risk with two neurons, a row a lift.

    The new layers have two neurons like those of the source: 7, 13 and 19 parameters on the three-tanh data, and 19, 25
    and 31 on Iris.

    Args:
        case: The case.
        progress: Called with (fraction, text).
    """
    risk = _three_tanh() if case.problem == "three_tanh" else _iris()
    if risk is None:
        return MISSING
    search = train.critical_points(
        risk,
        width=_WIDTH,
        starts=case.starts,
        key=case.seed,
        activation=networks.activation("relu"),
        output_bias=True,
    )
    progress(0.9, f"{len(search.points)} critical functions of {case.problem}")
    decided = [point for point in search.of_width(_WIDTH) if point.inertia.decided]
    points = _different([point for point in decided if _varies(risk, point)])
    rows: list[dict[str, Any]] = []
    arrays = {f"narrow_eigenvalues_{number}": point.inertia.eigenvalues for number, point in enumerate(points)}
    for number, point in enumerate(points):
        outputs = risk.targets.shape[1]
        for carried in ("activations", "preactivations") if outputs <= _WIDTH else ("activations",):
            for count in (1, 2):
                made = landscape.lift(point.network, layer=1, width=_WIDTH, count=count, carried=carried, risk=risk)
                signs = measures.inertia_at(risk, made.network)
                arrays[f"row_eigenvalues_{len(rows)}"] = signs.eigenvalues
                rows.append({"point": number, "carried": carried, "count": count} | _row(signs, made.receipt))
    values = {
        "risks": [point.risk for point in points],
        "gradients": [point.gradient_norm for point in points],
        "narrow": [list(point.inertia.counts) for point in points],
        "narrow_tolerances": [point.inertia.tolerance for point in points],
    }
    return Outcome(values | columns(rows), arrays)


def _varies(risk: EmpiricalRisk, point: CriticalPoint) -> bool:
    """Returns whether the function at a point is more than a constant: with all neurons dead nothing is lifted."""
    return float(np.ptp(np.asarray(risk.outputs(point.network)), axis=0).max()) > _STILL


def _row(signs: measures.Inertia, receipt: landscape.Receipt) -> dict[str, Any]:
    return {
        "counts": list(signs.counts),
        "decided": signs.decided,
        "gap": float(min(signs.gap, 99.0)),
        "gradient": signs.gradient_norm,
        "tolerance": signs.tolerance,
        "parameters": receipt.parameters_after,
        "output_difference": receipt.relative_difference,
        "output_difference_away": receipt.output_difference_random / max(receipt.output_scale, 1e-300),
    }


def _different(points: list[CriticalPoint]) -> list[CriticalPoint]:
    """Returns points whose risks differ, from the smallest to the largest found."""
    chosen: list[CriticalPoint] = []
    for point in sorted(points, key=lambda point: point.risk):
        if all(abs(point.risk - other.risk) > _APART * other.risk for other in chosen):
            chosen.append(point)
    spread = np.unique(np.linspace(0, len(chosen) - 1, min(_POINTS, len(chosen))).round().astype(int))
    return [chosen[k] for k in spread]


def _three_tanh() -> EmpiricalRisk:
    task = tasks.task("three_tanh")
    return EmpiricalRisk(jnp.asarray(task.inputs), jnp.asarray(task.targets))


def _iris() -> EmpiricalRisk | None:
    table = iris()
    if table is None:
        return None
    inputs, classes = table
    return EmpiricalRisk(jnp.asarray(inputs), jnp.asarray(np.eye(3)[classes]))
