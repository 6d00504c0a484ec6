"""Computes the slices of the landscape_slices study."""

from collections.abc import Sequence
from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from condenslab import landscape, networks, tasks, training
from condenslab.networks import TwoLayer, initial
from condenslab.risk import EmpiricalRisk
from condenslab.studies.contract import train
from condenslab.studies.landscape_slices.cases import NEAR, CriticalCase, TrajectoryCase
from condenslab.sweeps import Outcome, Progress
from condenslab.training import Trajectory, Until

_STEP = 1e-3
_STENCIL = np.array([-1.0, 16.0, -30.0, 16.0, -1.0]) / 12
"""Coefficients of the second derivative on five points, of fourth order."""

_LINE = np.linspace(-3.0, 3.0, 241)
_SHALLOW = 1e-9
_SHARES = np.linspace(-1.0, 2.0, 25)
_TIMES = 200
_L2 = 1e-6
_MARGIN = 0.25


@cache
def _risk() -> EmpiricalRisk:
    task = tasks.task("three_tanh")
    return EmpiricalRisk(jnp.asarray(task.inputs), jnp.asarray(task.targets))


def run_critical(case: CriticalCase, progress: Progress) -> Outcome:
    """Returns lines and a plane through an embedded minimum.

    Args:
        case: The case.
        progress: Called with (fraction, text).
    """
    risk, table = _risk(), np.array(NEAR[case.width])
    near = TwoLayer(
        jnp.asarray(table[:, 1:2]),
        jnp.asarray(table[:, 2]),
        jnp.asarray(table[:, :1].T),
        None,
        networks.activation("tanh"),
    )
    point, polished = train.polish(risk, near)
    subspace = landscape.critical_subspace(point, [(0, 0)] * case.copies)
    shares = np.full(case.copies, 1.0 / (1 + case.copies))
    wide = subspace.at(shares)
    ranks = (0, case.copies - 1, -1)
    eigenvalues, vectors = landscape.hessian_directions(risk, wide, ranks)
    stencil = _STEP * np.arange(-2, 3)
    lines = np.stack([landscape.risk_slice(risk, wide, row[None], [stencil]).risk for row in vectors])
    axis = np.linspace(-1.0, 1.0, case.points)
    reach = _reach(risk, wide, vectors[0], eigenvalues[-1])
    plane = landscape.risk_slice(risk, wide, reach[:, None] * vectors[[0, -1]], [axis, axis])
    progress(0.8, f"plane through the minimum of width {case.width}")
    pair = [_SHARES - shares[0], _SHARES - shares[1]]
    flat = landscape.risk_slice(risk, wide, subspace.basis[:2], pair).risk
    value = float(risk.value(wide))
    values: dict[str, Any] = {
        "risk": value,
        "gradient": polished.receipt.gradient_norm_after,
        "eigenvalues": eigenvalues.tolist(),
        "curvatures": (lines @ _STENCIL / _STEP**2).tolist(),
        "flat_deviation": float(np.abs(flat - value).max()),
        "start_risk": float(np.mean(np.asarray(risk.targets) ** 2)),
    }
    arrays = {"axis": axis, "reach": reach, "plane": plane.risk, "shares": _SHARES, "flat": flat}
    return Outcome(values, arrays)


def _reach(risk: EmpiricalRisk, wide: TwoLayer, lowest: np.ndarray, highest: float) -> np.ndarray:
    """Returns how far the plane extends along both eigenvectors: beyond the valley, and up as far as it is deep."""
    line = landscape.risk_slice(risk, wide, lowest[None], [_LINE]).risk
    bottom = int(line.argmin())
    depth = float(risk.value(wide)) - line[bottom]
    if depth <= _SHALLOW:
        return np.array([0.5, np.sqrt(2 * 0.05 / highest)])
    return np.array([1.6 * abs(_LINE[bottom]), np.sqrt(2 * depth / highest)])


def run_trajectories(cases: Sequence[TrajectoryCase], progress: Progress) -> list[Outcome]:
    """Returns trajectories seen in the plane of their principal directions, and slices through their ends.

    Args:
        cases: Cases that differ in their seeds only.
        progress: Called with (fraction, text).
    """
    first = cases[0]
    scale = initial.from_variance_exponent(3, first.width)
    starts = [networks.two_layer(c.seed, width=c.width, inputs=1, activation="tanh", scale=scale) for c in cases]
    runs = train.ensemble(
        training.flow,
        _risk(),
        starts,
        until=Until(time=first.time),
        l2=_L2,
        record={"risk": training.record_risk, "parameters": training.record_parameters},
        chunk=1,
        progress=progress,
    )
    return train.outcomes(cases, runs, _trajectory)


def _trajectory(case: TrajectoryCase, run: Trajectory) -> Outcome:
    risk, end = _risk(), run.network
    chosen = _evenly(run.times)
    parameters = run.records["parameters"][chosen]
    seen = landscape.trajectory_plane(parameters)
    axes = [_around(column, case.points) for column in seen.coordinates.T]
    plane = landscape.risk_slice(risk, end, seen.directions, axes).risk
    axis = np.linspace(-1.0, 1.0, case.points)
    random = landscape.random_directions(jax.random.key(case.seed), end)
    across = landscape.risk_slice(risk, end, random, [axis, axis]).risk
    steps, line = _permutation_line(risk, end, case.seed)
    values = {
        "final_risk": float(run.records["risk"][-1]),
        "explained": seen.explained,
        "explained_by_one": float(seen.singular_values[0] ** 2 / np.sum(seen.singular_values**2)),
        "asymmetry": float(np.abs(line - line[::-1]).max() / line.max()),
    }
    arrays = {
        "times": run.times[chosen],
        "risk": run.records["risk"][chosen],
        "coordinates": seen.coordinates,
        "first": axes[0],
        "second": axes[1],
        "plane": plane,
        "axis": axis,
        "across": across,
        "steps": steps,
        "line": line,
    }
    return Outcome(values, arrays)


def _evenly(times: np.ndarray) -> np.ndarray:
    """Returns indices of records evenly spaced in the logarithm of time from t = 0.1 on, the last included."""
    wanted = np.geomspace(min(0.1, times[-1]), times[-1], _TIMES)
    return np.unique(np.append(np.clip(np.searchsorted(times, wanted), 0, len(times) - 1), len(times) - 1))


def _around(coordinates: np.ndarray, points: int) -> np.ndarray:
    low, high = coordinates.min(), coordinates.max()
    margin = _MARGIN * (high - low or 1.0)
    return np.linspace(low - margin, high + margin, points)


def _permutation_line(risk: EmpiricalRisk, end: TwoLayer, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Returns the risk on the line from θ to the network with its neurons swapped in pairs, and beyond both.

    Swapping twice changes nothing, so that the swap maps the line to itself, one end to the other.
    """
    shuffled = np.random.default_rng(seed).permutation(end.width)
    order, half = np.arange(end.width), end.width // 2
    order[shuffled[:half]], order[shuffled[half : 2 * half]] = shuffled[half : 2 * half], shuffled[:half]
    assert end.biases is not None, "the study trains biases"
    other = TwoLayer(end.input_weights[order], end.biases[order], end.output_weights[:, order], None, end.activation)
    direction = np.asarray(networks.ravel(other) - networks.ravel(end))
    steps = np.linspace(-0.5, 1.5, 81)
    return steps, landscape.risk_slice(risk, end, direction[None], [steps]).risk
