"""Computes experiments with the library's parts: all cases of one program in one ensemble."""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from condenslab import measures, networks, tasks, training
from condenslab.networks import initial
from condenslab.risk import EmpiricalRisk
from condenslab.studies.contract import train
from condenslab.studies.own.library import Experiment, NetworkPart, TaskPart, experiment
from condenslab.sweeps import Outcome
from condenslab.tasks import Task
from condenslab.training import Trajectory, Until

_ENDINGS = ("FINISHED", "RISK_REACHED", "GRADIENT_REACHED", "STEPS_EXHAUSTED", "NO_PROGRESS", "SLIDING")
"""Endings after which there is something to measure; the ending is stored as `stop`."""


def run(points: Sequence[dict[str, Any]]) -> list[Outcome]:
    """Returns one outcome a point.

    Args:
        points: Their fields by dotted names; they differ in numbers only.
    """
    cases = [experiment(point) for point in points]
    first = cases[0].training
    data = [task_of(case.task, case.seed) for case in cases]
    risks = [EmpiricalRisk(jnp.asarray(task.inputs), jnp.asarray(task.targets)) for task in data]
    starts = [_start(case.network, case.seed, task) for case, task in zip(cases, data, strict=True)]
    until = [_until(case) for case in cases]
    if first.method == "flow":
        decays = [case.training.decay for case in cases]
        runs = train.ensemble(training.flow, risks, starts, until=until, l2=decays, max_steps=first.steps)
    else:
        make = training.Adam if first.method == "adam" else training.GradientDescent
        methods = [make(rate=case.training.rate, decay=case.training.decay) for case in cases]
        options: dict[str, Any] = {}
        if first.dropout or first.batch:
            options["key"] = [jax.random.key(case.seed) for case in cases]
        if any(case.training.dropout for case in cases):
            options |= {"dropout": [case.training.dropout for case in cases]}
            options["key"] = [jax.random.key(case.seed) for case in cases]
        if first.batch:
            options["batch"] = first.batch
        runs = train.ensemble(training.descend, risks, starts, methods, steps=first.steps, until=until, **options)
    places = {id(case): number for number, case in enumerate(cases)}
    return train.outcomes(
        cases, runs, lambda case, run: _measured(case, run, data[places[id(case)]], risks[places[id(case)]]), _ENDINGS
    )


def task_of(part: TaskPart, seed: int) -> Task:
    """Returns the task of an experiment.

    Args:
        part: As the file describes it.
        seed: Of the experiment, which random samples take where the task has none of its own.
    """
    if part.name == "file":
        table = tasks.read_table(str(part.file))
        count = part.samples or len(table.inputs)
        held = (table.inputs[count:], table.targets[count:]) if count < len(table.inputs) else (None, None)
        return Task(table.name, table.inputs[:count], table.targets[:count], *held, tasks.Facts(source=table.name))
    own = seed if part.seed is None else part.seed
    if part.name == "teacher":
        teacher = tasks.random_teacher(own, width=part.width, inputs=part.inputs, activation=part.activation)
        count = part.samples or 50
        points = tasks.designs.normal(own, count + 1000, inputs=part.inputs)
        return tasks.from_teacher("teacher", teacher, points[1000:], points[:1000], source="drawn at random")
    options = {"samples": part.samples, "grid": part.grid, "seed": part.seed}
    return tasks.task(part.name, **{name: value for name, value in options.items() if value is not None})


def _start(part: NetworkPart, seed: int, task: Task) -> Any:
    inputs, outputs = task.inputs.shape[1], task.targets.shape[1]
    if isinstance(part.width, list):
        widths = (inputs, *part.width, outputs)
        return networks.mlp(
            seed, widths=widths, activation=part.activation, std=part.std, scheme=part.scheme, biases=part.biases
        )
    if part.exponent is not None:
        scale = initial.from_std_exponent(part.exponent, part.width)
    elif part.std is not None:
        scale = initial.Scale(part.std, part.std)
    elif part.scheme is not None:
        scale = initial.scheme(part.scheme, part.width, inputs, outputs=outputs)
    else:
        assert part.gamma is not None and part.gamma_prime is not None
        scale = initial.from_gamma(part.gamma, part.gamma_prime, part.width)
    return networks.two_layer(
        seed,
        width=part.width,
        inputs=inputs,
        outputs=outputs,
        activation=part.activation,
        scale=scale,
        biases=part.biases,
    )


def _until(case: Experiment) -> Until:
    level = case.training.risk if case.training.risk > 0 else -np.inf
    return Until(risk=level, time=case.training.time) if case.training.method == "flow" else Until(risk=level)


def _measured(case: Experiment, run: Trajectory, task: Task, risk: EmpiricalRisk) -> Outcome:
    network, names = run.network, case.measure.names
    values: dict[str, Any] = {"risk": float(risk.value(network)), "stop": run.stop.name, "steps": run.steps}
    if task.heldout_inputs is not None and task.heldout_targets is not None:
        held = EmpiricalRisk(jnp.asarray(task.heldout_inputs), jnp.asarray(task.heldout_targets))
        values["heldout_risk"] = float(held.value(network))
    if "condensation" in names:
        found = measures.condensation(network, threshold=case.measure.threshold)
        values["effective_width"] = found.effective_width
    if "orientations" in names:
        values["orientations"] = measures.orientation_count(measures.hidden_neurons(network).incoming).count
    if "gradient" in names or "inertia" in names:
        slope = networks.ravel(risk.gradient(network))
        values["gradient_norm"] = float(jnp.linalg.norm(slope))
        if "inertia" in names:
            inertia = measures.inertia_at(risk, network)
            values |= {"inertia": list(inertia.counts), "inertia_decided": inertia.decided}
    if "rank" in names:
        probes = task.inputs if task.heldout_inputs is None else np.vstack([task.inputs, task.heldout_inputs])
        rank = measures.model_rank(network, jnp.asarray(probes[: 2 * networks.parameter_count(network)]))
        values |= {"rank": rank.value, "rank_decided": rank.decided}
    arrays = {"times": run.times, "risks": run.records["risk"]} if case.measure.curve else {}
    if case.measure.weights:
        arrays["parameters"] = np.asarray(networks.ravel(network))
    return Outcome(values, arrays)
