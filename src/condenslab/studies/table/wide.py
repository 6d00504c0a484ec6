"""Gradient flow of a wide network from small weights, one fold left out: when is it best, and what is it then?"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import jax.numpy as jnp
import numpy as np

from condenslab import measures, networks, training
from condenslab.losses import CrossEntropy, SquaredLoss
from condenslab.networks import initial
from condenslab.risk import EmpiricalRisk
from condenslab.studies.contract import train
from condenslab.studies.contract.endings import as_asked
from condenslab.studies.contract.parts import guarded
from condenslab.studies.shared.frames import networks_at
from condenslab.studies.table.cases import WideCase
from condenslab.studies.table.problem import Problem, cut, make_problem
from condenslab.sweeps import Outcome, Progress
from condenslab.training import Trajectory, Until

if TYPE_CHECKING:
    from condenslab.tasks import Table

_RECORD = {
    "risk": training.record_risk,
    "outputs": training.record_outputs,
    "parameters": training.record_parameters,
}
_TIMES = 120
_FILTER = 0.1
"""A group counts with at least this fraction of the largest amplitude."""
_THRESHOLD = 0.1
_ASKED = ("FINISHED", "RISK_REACHED", "GRADIENT_REACHED", "STEPS_EXHAUSTED")


def run_wide(cases: Sequence[WideCase], progress: Progress, *, data: "Table | None" = None) -> list[Outcome]:
    """Returns one outcome a fold; all are members of one ensemble, in which left-out samples have the weight 0.

    Args:
        cases: The cases.
        progress: Called with (fraction, text).
        data: The user's own table, or None for the built-in one.
    """
    problem = make_problem(data, cases[0].noise)
    kept = [cut(len(problem.inputs), case.folds, case.seed) != case.fold for case in cases]
    loss = CrossEntropy() if problem.labels else SquaredLoss()
    risks = [EmpiricalRisk(problem.inputs, problem.targets, own.astype(float), loss) for own in kept]
    runs = train.ensemble(
        training.flow,
        risks,
        [_start(case, problem) for case in cases],
        until=Until(time=cases[0].time, risk=1e-9),
        max_steps=cases[0].max_steps,
        record=_RECORD,
        chunk=1,
        progress=lambda fraction, text: progress(0.9 * fraction, f"flow of the wide network, {text}"),
    )
    return [guarded(_outcome, *own, problem) for own in zip(cases, runs, kept, strict=True)]


def _start(case: WideCase, problem: Problem) -> networks.TwoLayer:
    """Every parameter is N(0, width⁻³): deep in the condensed regime."""
    return networks.two_layer(
        case.seed,
        width=case.width,
        inputs=problem.inputs.shape[1],
        outputs=problem.targets.shape[1],
        activation=case.activation,
        scale=initial.from_variance_exponent(3, case.width),
        output_bias=True,
    )


def _outcome(case: WideCase, run: Trajectory, kept: np.ndarray, problem: Problem) -> Outcome:
    """Returns held-out and training error along the flow at common times, and the groups of neurons there."""
    times = np.geomspace(0.1, case.time, _TIMES)
    places = np.clip(np.searchsorted(run.times, times), 0, len(run.times) - 1)
    outputs = run.records["outputs"][places]
    shown = networks_at(run.records["parameters"][places], run.network)
    errors = np.stack([_losses(one, problem) for one in outputs])
    groups = [
        measures.condensation(one, threshold=_THRESHOLD, amplitude_filter=_FILTER).effective_width for one in shown
    ]
    arrays = {
        "times": times,
        "train": errors[:, kept].mean(axis=1),
        "held": errors[:, ~kept].mean(axis=1),
        "groups": np.array(groups),
    }
    values = {"steps": run.steps, "reached": float(run.times[-1]), "samples_left_out": int((~kept).sum())}
    as_asked(run, _ASKED, values=values, arrays=arrays)
    return Outcome(values, arrays)


def _losses(outputs: np.ndarray, problem: Problem) -> np.ndarray:
    loss = CrossEntropy() if problem.labels else SquaredLoss()
    return np.asarray(loss.value(jnp.asarray(outputs), jnp.asarray(problem.targets)))
