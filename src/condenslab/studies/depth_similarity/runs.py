"""Trains ReLU networks of one depth on Iris."""

from collections.abc import Sequence

import jax.numpy as jnp
import numpy as np

from condenslab import networks, training
from condenslab.risk import EmpiricalRisk
from condenslab.studies.contract import train
from condenslab.studies.depth_similarity.cases import DepthCase
from condenslab.studies.shared.frames import logarithmic_steps
from condenslab.studies.shared.iris import MISSING, iris
from condenslab.sweeps import Outcome, Progress
from condenslab.training import Trajectory

_OUTPUTS, _RECORDS = 3, 200


def run(cases: Sequence[DepthCase], progress: Progress) -> list[Outcome]:
    """Returns risk and accuracy along training, one outcome a case.

    Args:
        cases: Cases that differ in start and rate.
        progress: Called with (fraction, text).
    """
    table = iris()
    if table is None:
        return [MISSING for _ in cases]
    (inputs, classes), first = table, cases[0]
    widths = (inputs.shape[1], *[first.width] * first.depth, _OUTPUTS)
    runs = train.ensemble(
        training.descend,
        EmpiricalRisk(jnp.asarray(inputs), jnp.asarray(np.eye(_OUTPUTS)[classes])),
        [networks.mlp(c.seed, widths=widths, activation="relu", std=c.std, output_bias=True) for c in cases],
        # Our risk sums over outputs; the source's is a mean, so that its gradient is a third of ours.
        [training.GradientDescent(rate=case.rate / _OUTPUTS) for case in cases],
        steps=first.steps,
        at=logarithmic_steps(first.steps, _RECORDS),
        record={"risk": training.record_risk, "outputs": training.record_outputs},
        progress=progress,
    )
    return train.outcomes(cases, runs, lambda _, run: _outcome(run, classes))


def _outcome(run: Trajectory, classes: np.ndarray) -> Outcome:
    risk = np.asarray(run.records["risk"]) / _OUTPUTS
    accuracy = (np.argmax(run.records["outputs"], axis=2) == classes[None, :]).mean(axis=1)
    arrays = {"times": run.times, "risk": risk, "accuracy": accuracy}
    return Outcome({"final_risk": float(risk[-1]), "final_accuracy": float(accuracy[-1])}, arrays)
