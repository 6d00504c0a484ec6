"""Runs of the study of trajectories: descent from small weights, recorded often enough to follow the groups."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import jax.numpy as jnp
import numpy as np

from condenslab import measures, networks, tasks, training
from condenslab.networks import Scale
from condenslab.risk import EmpiricalRisk
from condenslab.studies.shared.frames import logarithmic_steps, networks_at
from condenslab.sweeps import Outcome, Progress
from condenslab.training import Stop, Trajectory

if TYPE_CHECKING:
    from condenslab.studies.trajectory.study import Case

TRACKED_FROM = 20
"""Before this epoch every neuron still has the direction that it was drawn with."""

_RECORD = {"risk": training.record_risk, "parameters": training.record_parameters}
_POINTS = 300
_FRAMES = 40
_GRID = 200
_DOMINANT = 0.05


def run(cases: "Sequence[Case]", progress: Progress | None) -> list[Outcome]:
    """Returns one outcome a case; cases share their task and sizes.

    Args:
        cases: The cases.
        progress: Called with (fraction, text).
    """
    first = cases[0]
    task = tasks.task(first.task)
    risk = EmpiricalRisk(jnp.asarray(task.inputs), jnp.asarray(task.targets))
    starts = [
        networks.two_layer(c.seed, width=c.width, inputs=1, activation="relu", scale=Scale(c.std, c.std)) for c in cases
    ]
    runs = training.ensemble(
        training.descend,
        risk,
        starts,
        training.GradientDescent(rate=first.rate),
        steps=first.steps,
        record=_RECORD,
        at=logarithmic_steps(first.steps, _POINTS if first.task == "four_relu" else _FRAMES),
        progress=progress,
    )
    if any(one.stop is Stop.INTERRUPTED for one in runs):
        raise KeyboardInterrupt
    return [_outcome(one, task) for one in runs]


def _outcome(run: Trajectory, task: tasks.Task) -> Outcome:
    if run.stop is not Stop.FINISHED:
        return Outcome({"final_risk": None}, {}, "diverged", run.stop.value)
    found = _groups(run) if task.name == "four_relu" else ({}, {})
    values, arrays = _end(run)
    return Outcome(values | found[0], arrays | _film(run, task) | found[1])


def _end(run: Trajectory) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Returns the groups of the last moment: every neuron counts, groups from 5 % of the largest are dominant."""
    found = measures.condensation(run.network, threshold=0.05, amplitude_filter=0.0)
    strong = [group for group in found.groups if group.amplitude >= _DOMINANT * found.groups[0].amplitude]
    angles = [float(np.arctan2(group.representative[1], group.representative[0])) for group in strong]
    values = {
        "final_risk": float(run.records["risk"][-1]),
        "dominant_groups": len(strong),
        "dominant_angles": angles,
        "dominant_amplitudes": [group.amplitude for group in strong],
        "total_amplitude": found.total_amplitude,
    }
    return values, {"times": run.times, "risk": run.records["risk"]}


def _film(run: Trajectory, task: tasks.Task) -> dict[str, np.ndarray]:
    chosen = np.unique(np.linspace(0, len(run.times) - 1, _FRAMES).round().astype(int))
    shown = networks_at(run.records["parameters"][chosen], run.network)
    grid = np.linspace(task.inputs.min(), task.inputs.max(), _GRID)
    teacher = task.facts.teacher
    assert teacher is not None, "both targets are teachers"
    neurons = [measures.hidden_neurons(network) for network in shown]
    functions = [
        np.maximum(np.column_stack([grid, np.ones(_GRID)]) @ one.incoming.T, 0.0) @ one.outgoing[0] for one in neurons
    ]
    return {
        "frame_times": run.times[chosen],
        "frame_risk": run.records["risk"][chosen],
        "frame_angles": np.stack([measures.orientations(network) for network in shown]),
        "frame_amplitudes": np.stack([measures.amplitudes(network) for network in shown]),
        "frame_functions": np.stack(functions),
        "grid": grid,
        "target": teacher(grid[:, None])[:, 0],
        "inputs": task.inputs[:, 0],
        "targets": task.targets[:, 0],
    }


def _groups(run: Trajectory) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Follows the groups; tracks and events are stored as columns of equal length."""
    chosen = np.flatnonzero(run.times >= TRACKED_FROM)
    moments = networks_at(run.records["parameters"][chosen], run.network)
    found = measures.track_groups(moments, run.times[chosen])
    values = {f"{kind}s": found.count(kind) for kind in ("birth", "merge", "split", "fade")}
    values |= {
        "threshold": found.threshold,
        "amplitude_filter": found.amplitude_filter,
        "group_filter": found.group_filter,
    }
    kinds = ("birth", "merge", "split", "fade")
    return values, {
        "group_times": found.times,
        "group_counts": found.counts,
        "track_number": np.concatenate([np.full(len(t.frames), t.number) for t in found.tracks]),
        "track_frame": np.concatenate([t.frames for t in found.tracks]),
        "track_angle": np.concatenate([t.angles for t in found.tracks]),
        "track_amplitude": np.concatenate([t.amplitudes for t in found.tracks]),
        "event_kind": np.array([kinds.index(event.kind) for event in found.events], dtype=np.int64),
        "event_time": np.array([event.time for event in found.events], dtype=np.float64),
        "event_track": np.array([event.track for event in found.events], dtype=np.int64),
    }
