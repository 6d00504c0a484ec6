"""Gradient flows between and around samples: what is left where there is none."""

from functools import cache

import jax.numpy as jnp
import numpy as np

from condenslab import measures, networks, tasks
from condenslab.networks import initial
from condenslab.risk import EmpiricalRisk
from condenslab.studies.contract import train
from condenslab.studies.generalization.cases import HOLE, FlowCase
from condenslab.sweeps import Outcome, Progress
from condenslab.tasks import Task, Teacher, designs
from condenslab.training import Until

_FINE = 41
"""Points a side of the square on which the function is drawn, and held out in the disc."""


@cache
def make_task(name: str, samples: int) -> Task:
    """Returns the samples of a task, and held-out ones.

    Args:
        name: "two_tanh" or "missing_spot".
        samples: n, or the points a side.
    """
    if name == "two_tanh":
        return tasks.task("two_tanh", samples=samples)
    teacher = Teacher(np.array([[3.0, 1.0], [-1.0, 3.0]]), None, np.ones((1, 2)), "tanh")
    coarse, fine = (designs.grid(-1.0, 1.0, points, inputs=2) for points in (samples, _FINE))
    given, hidden = (np.linalg.norm(points, axis=1) for points in (coarse, fine))
    source = "deck 001, 'How to infer the missing spot?' (target and samples not stated)"
    return tasks.from_teacher(name, teacher, coarse[given > HOLE], fine[hidden <= HOLE], source=source)


def run(case: FlowCase, progress: Progress) -> Outcome:
    """Returns errors on and between the samples, and what has condensed, where a flow came to its risk.

    Args:
        case: The case.
        progress: Called with (fraction, text).
    """
    task = make_task(case.task, case.samples)
    risk = EmpiricalRisk(jnp.asarray(task.inputs), jnp.asarray(task.targets))
    scale = initial.from_variance_exponent(case.exponent, case.width)
    inputs = task.inputs.shape[1]
    start = networks.two_layer(case.seed, width=case.width, inputs=inputs, activation="tanh", scale=scale)
    flow = train.flow(risk, start, until=Until(risk=case.risk), progress=progress)
    network = flow.network
    assert task.heldout_inputs is not None and task.heldout_targets is not None, "both tasks have held-out samples"
    between = np.asarray(network(jnp.asarray(task.heldout_inputs))) - task.heldout_targets
    values = {
        "final_risk": float(risk.value(network)),
        "test_error": float(np.mean(between**2)),
        "groups": int(measures.condensation(network, threshold=0.1, amplitude_filter=0.05).effective_width),
        "steps": flow.steps,
        "time": float(flow.times[-1]),
    }
    if inputs == 1:
        return Outcome(values)
    plane = np.asarray(network(jnp.asarray(designs.grid(-1.0, 1.0, _FINE, inputs=2)))).reshape(_FINE, _FINE)
    return Outcome(values, {"plane": plane, "inputs": task.inputs, "targets": task.targets[:, 0]})
