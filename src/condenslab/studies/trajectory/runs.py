"""Runs of the study of trajectories: descent from small weights, recorded often enough to follow the groups."""

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from condenslab import measures, networks, tasks, training
from condenslab.networks import Scale
from condenslab.risk import EmpiricalRisk
from condenslab.studies.contract import train
from condenslab.studies.shared.frames import logarithmic_steps, networks_at
from condenslab.studies.trajectory.cases import Case
from condenslab.sweeps import Outcome, Progress
from condenslab.training import Trajectory

TRACKED_FROM = 20
"""Before this epoch every neuron still has the direction that it was drawn with."""

_RECORD = {"risk": training.record_risk, "parameters": training.record_parameters}
_POINTS = 300
_FRAMES = 40
_GRID = 200
_DOMINANT = 0.05


def run(cases: Sequence[Case], progress: Progress) -> list[Outcome]:
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
    runs = train.ensemble(
        training.descend,
        risk,
        starts,
        training.GradientDescent(rate=first.rate),
        steps=first.steps,
        record=_RECORD,
        at=logarithmic_steps(first.steps, _POINTS if first.task == "four_relu" else _FRAMES),
        progress=progress,
    )
    return train.outcomes(cases, runs, lambda _, run: _outcome(run, task))


def _outcome(run: Trajectory, task: tasks.Task) -> Outcome:
    counts, tracks = _groups(run) if task.name == "four_relu" else ({}, {})
    values, arrays = _end(run)
    return Outcome(values | counts, arrays | _film(run, task) | tracks)


def _end(run: Trajectory) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Returns the groups of the last moment: every neuron counts, groups from 5 % of the largest are dominant."""
    condensed = measures.condensation(run.network, threshold=0.05, amplitude_filter=0.0)
    strong = [group for group in condensed.groups if group.amplitude >= _DOMINANT * condensed.groups[0].amplitude]
    angles = [float(np.arctan2(group.representative[1], group.representative[0])) for group in strong]
    values = {
        "final_risk": float(run.records["risk"][-1]),
        "dominant_groups": len(strong),
        "dominant_angles": angles,
        "dominant_amplitudes": [group.amplitude for group in strong],
        "total_amplitude": condensed.total_amplitude,
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
        np.maximum(np.column_stack([grid, np.ones(_GRID)]) @ hidden.incoming.T, 0.0) @ hidden.outgoing[0]
        for hidden in neurons
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
    tracked = measures.track_groups(moments, run.times[chosen])
    values = {f"{kind}s": tracked.count(kind) for kind in ("birth", "merge", "split", "fade")}
    values |= {
        "threshold": tracked.threshold,
        "amplitude_filter": tracked.amplitude_filter,
        "group_filter": tracked.group_filter,
    }
    kinds = ("birth", "merge", "split", "fade")
    return values, {
        "group_times": tracked.times,
        "group_counts": tracked.counts,
        "track_number": np.concatenate([np.full(len(t.frames), t.number) for t in tracked.tracks]),
        "track_frame": np.concatenate([t.frames for t in tracked.tracks]),
        "track_angle": np.concatenate([t.angles for t in tracked.tracks]),
        "track_amplitude": np.concatenate([t.amplitudes for t in tracked.tracks]),
        "event_kind": np.array([kinds.index(event.kind) for event in tracked.events], dtype=np.int64),
        "event_time": np.array([event.time for event in tracked.events], dtype=np.float64),
        "event_track": np.array([event.track for event in tracked.events], dtype=np.int64),
    }
