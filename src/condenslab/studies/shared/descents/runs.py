"""Runs that five studies share: a descent of a tanh network, with what has condensed at some forty moments."""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from condenslab import measures, networks, tasks, training
from condenslab.networks import initial
from condenslab.risk import EmpiricalRisk
from condenslab.studies.contract import train
from condenslab.studies.shared.descents.cases import PLACES, STRONG, DescentCase
from condenslab.studies.shared.frames import logarithmic_steps, networks_at
from condenslab.sweeps import Outcome, Progress
from condenslab.tasks import Facts, Task, Teacher, designs
from condenslab.training import Trajectory, Until

_RECORD = {"parameters": training.record_parameters}
_POINTS = 40
_GRID = 400
_HELDOUT = 1000


def make_task(case: DescentCase) -> Task:
    """Returns the samples of a case, and held-out ones.

    Args:
        case: The case.
    """
    if case.task == "two_tanh":
        return tasks.task("two_tanh", samples=case.samples)
    if case.task == "three_tanh":
        return tasks.task("three_tanh", grid="shifted", samples=case.samples)
    if case.task in ("random_labels", "planted_labels"):
        return _labels(case)
    teacher = Teacher(np.ones((1, 10)), None, np.ones((1, 1)), "tanh")
    total = _HELDOUT + case.samples
    normal = case.task == "teacher_normal"
    points = (
        designs.normal(case.seed, total, inputs=10)
        if normal
        else designs.uniform(case.seed, -1.0, 1.0, total, inputs=10)
    )
    source = "Zhang & Xu, TPAMI 2024, Fig. 7a, b"
    return tasks.from_teacher(case.task, teacher, points[_HELDOUT:], points[:_HELDOUT], source=source)


def _labels(case: DescentCase) -> Task:
    random = np.random.default_rng([case.seed, 29])
    points, order = designs.grid(-15.0, 15.0, PLACES), random.permutation(PLACES)
    planted = np.sign(np.tanh(points - 7) - np.tanh(points) + np.tanh(points + 7))
    labels = planted if case.task == "planted_labels" else random.choice([-1.0, 1.0], (PLACES, 1))
    given, other = order[: case.samples], order[case.samples :]
    facts = Facts(source="deck 001, 'No Free Lunch Theorem'; the labels are the study's own")
    return Task(case.task, points[given], labels[given], points[other], labels[other], facts)


def run(cases: Sequence[DescentCase], progress: Progress) -> list[Outcome]:
    """Returns one outcome a case; cases share everything that decides the program.

    Args:
        cases: The cases.
        progress: Called with (fraction, text).
    """
    first = cases[0]
    data = [make_task(case) for case in cases]
    plain = [EmpiricalRisk(jnp.asarray(task.inputs), jnp.asarray(task.targets)) for task in data]
    risks = [training.dropout_risk(r, c.width, c.drop) if c.penalty else r for r, c in zip(plain, cases, strict=True)]
    options: dict[str, Any] = {}
    if first.drop > 0 and not first.penalty:
        options = {"dropout": [c.drop for c in cases], "key": [jax.random.key(c.seed) for c in cases]}
    starts = [_start(case, task.inputs.shape[1]) for case, task in zip(cases, data, strict=True)]
    runs = train.ensemble(
        training.descend,
        risks,
        starts,
        [_method(case, risk, start) for case, risk, start in zip(cases, risks, starts, strict=True)],
        steps=first.steps,
        until=[Until(risk=case.risk if case.risk > 0 else -np.inf) for case in cases],
        record=_RECORD,
        at=logarithmic_steps(first.steps, _POINTS),
        progress=progress,
        **options,
    )
    task_of = dict(zip(cases, data, strict=True))
    return train.outcomes(cases, runs, lambda case, run: _outcome(task_of[case], run))


def _method(case: DescentCase, risk: Any, start: networks.TwoLayer) -> Any:
    if not case.descent:
        return training.Adam(rate=case.rate, decay=case.decay)
    steepest = float(np.linalg.eigvalsh(np.asarray(risk.hessian(start)))[-1])
    return training.GradientDescent(rate=case.descent * 2 / steepest)


def _start(case: DescentCase, inputs: int) -> networks.TwoLayer:
    scale = initial.from_variance_exponent(case.exponent, case.width)
    return networks.two_layer(case.seed, width=case.width, inputs=inputs, activation="tanh", scale=scale)


def _outcome(task: Task, run: Trajectory) -> Outcome:
    moments = networks_at(run.records["parameters"], run.network)
    strong = [_strong(moment) for moment in moments]
    orientations = np.array(
        [measures.orientation_count(_incoming(n)[k]).count for n, k in zip(moments, strong, strict=True)]
    )
    condensed = [measures.condensation(n, threshold=0.1, amplitude_filter=STRONG) for n in moments]
    groups = np.array([moment.effective_width for moment in condensed])
    risk = np.array([_error(moment, task.inputs, task.targets) for moment in moments])
    assert task.heldout_inputs is not None and task.heldout_targets is not None, "both tasks have held-out samples"
    values = {
        "final_risk": float(risk[-1]),
        "test_error": _error(moments[-1], task.heldout_inputs, task.heldout_targets),
        "groups": int(groups[-1]),
        "orientations": int(orientations[-1]),
        "orientations_at_start": int(orientations[0]),
        "strong": int(strong[-1].sum()),
        "steps": run.steps,
    }
    if np.all(np.abs(task.targets) == 1):
        values["right"] = _right(moments[-1], task.inputs, task.targets)
        values["test_right"] = _right(moments[-1], task.heldout_inputs, task.heldout_targets)
    arrays = {"times": run.times, "risk": risk, "groups": groups, "orientations": orientations}
    return Outcome(values, arrays | _pictures(moments, strong[-1], task))


def _pictures(moments: list[Any], strong: np.ndarray, task: Task) -> dict[str, np.ndarray]:
    arrays = {"weights": _incoming(moments[-1])[strong], "start_weights": _incoming(moments[0])[_strong(moments[0])]}
    if task.inputs.shape[1] == 1:
        grid = np.linspace(task.inputs.min(), task.inputs.max(), _GRID)
        arrays |= {
            "grid": grid,
            "function": _outputs(moments[-1], grid[:, None]),
            "inputs": task.inputs[:, 0],
            "targets": task.targets[:, 0],
            "angles": measures.orientations(moments[-1]),
            "amplitudes": measures.amplitudes(moments[-1]),
            "start_angles": measures.orientations(moments[0]),
            "start_amplitudes": measures.amplitudes(moments[0]),
        }
    return arrays


def _incoming(network: Any) -> np.ndarray:
    return measures.hidden_neurons(network).incoming


def _strong(network: Any) -> np.ndarray:
    amplitude = measures.amplitudes(network)
    return amplitude >= STRONG * amplitude.max()


def _outputs(network: Any, inputs: np.ndarray) -> np.ndarray:
    neurons = measures.hidden_neurons(network)
    augmented = np.column_stack([inputs, np.ones(len(inputs))])
    return np.tanh(augmented @ neurons.incoming.T) @ neurons.outgoing[0]


def _error(network: Any, inputs: np.ndarray, targets: np.ndarray) -> float:
    return float(np.mean((_outputs(network, inputs) - targets[:, 0]) ** 2))


def _right(network: Any, inputs: np.ndarray, targets: np.ndarray) -> float:
    """Returns the share of labels ±1 of which the output has the sign."""
    return float(np.mean(_outputs(network, inputs) * targets[:, 0] > 0))
