"""Trains networks of one depth on the three-tanh data and measures along the run how linear their layers are."""

from collections.abc import Sequence

import jax.numpy as jnp
import numpy as np

from condenslab import measures, networks, tasks, training
from condenslab.risk import EmpiricalRisk
from condenslab.studies.contract import train
from condenslab.studies.embedding_depth.cases import PlateauCase
from condenslab.studies.shared.frames import logarithmic_steps, networks_at
from condenslab.sweeps import Outcome, Progress
from condenslab.training import Trajectory, Until

_RECORD = {"risk": training.record_risk, "parameters": training.record_parameters}
_RATE, _RECORDS = 0.01, 120
_ENOUGH = 5e-4
"""The source calls a network trained below 1e-3; a run ends at half of that."""


def run_plateaus(cases: Sequence[PlateauCase], progress: Progress) -> list[Outcome]:
    """Returns risk and linearity of every layer at some hundred moments, one outcome a case.

    Args:
        cases: Cases that differ in their seeds.
        progress: Called with (fraction, text).
    """
    first, task = cases[0], tasks.task("three_tanh")
    widths = (1, *[first.width] * first.depth, 1)
    runs = train.ensemble(
        training.descend,
        EmpiricalRisk(jnp.asarray(task.inputs), jnp.asarray(task.targets)),
        [networks.mlp(case.seed, widths=widths, activation="tanh", std=case.std, output_bias=True) for case in cases],
        training.GradientDescent(rate=_RATE),
        steps=first.steps,
        until=Until(risk=_ENOUGH),
        at=logarithmic_steps(first.steps, _RECORDS),
        record=_RECORD,
        progress=progress,
    )
    return train.outcomes(cases, runs, lambda _, run: _outcome(run, task.inputs))


def _outcome(run: Trajectory, inputs: np.ndarray) -> Outcome:
    moments = networks_at(run.records["parameters"], run.network)
    linearity = [[layer.value or 0.0 for layer in measures.linearisation(moment, inputs)] for moment in moments]
    arrays = {"times": run.times, "risk": run.records["risk"], "linearity": np.array(linearity)}
    return Outcome({"final_risk": float(run.records["risk"][-1])}, arrays)
