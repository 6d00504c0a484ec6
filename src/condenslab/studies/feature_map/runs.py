"""Runs of the study of the feature map: normalised flows whose neurons are looked at."""

import numpy as np

from condenslab import tasks, training
from condenslab.networks import initial
from condenslab.studies.contract import train
from condenslab.studies.feature_map.cases import FeatureCase
from condenslab.studies.feature_map.spread import spread
from condenslab.sweeps import Outcome, Progress

_SHOWN = 400


def run(case: FeatureCase, progress: Progress) -> Outcome:
    """Returns the spread of one flow and a choice of its neurons; one case's neurons are in memory at a time.

    Args:
        case: The case.
        progress: Called with (fraction, text).
    """
    task = tasks.task("square_on_four_points")
    runs = train.normalised_flow(
        task.inputs,
        task.targets,
        [initial.from_gamma(case.gamma, case.gamma_prime, case.width)],
        width=case.width,
        seeds=[case.seed],
        risk=case.risk,
        max_steps=case.max_steps,
        tolerance=case.tolerance,
        features=range(case.width),
        progress=progress,
    )
    (outcome,) = train.outcomes([case], runs, _measured, keep=True)
    return outcome


def _measured(case: FeatureCase, run: training.NormalisedRun) -> Outcome:
    neurons = run.features
    assert neurons is not None, "features were asked for"
    angle = np.arctan2(neurons.inner[:, 1], neurons.inner[:, 0])
    amplitude = np.abs(neurons.outer) * np.linalg.norm(neurons.inner, axis=1)
    before = np.arctan2(neurons.initial_inner[:, 1], neurons.initial_inner[:, 0])
    first = np.abs(neurons.initial_outer) * np.linalg.norm(neurons.initial_inner, axis=1)
    # The largest ones and an even choice of the others: a scatter of 10⁶ points says no more.
    order = np.argsort(amplitude)[::-1]
    chosen = np.unique(np.concatenate([order[: _SHOWN // 2], order[:: max(1, case.width // (_SHOWN // 2))]]))
    values = {
        "converged": run.stop is training.Stop.RISK_REACHED,
        "risk": run.risk,
        "input_distance": run.input_distance,
        "spread": spread(angle, amplitude),
        "initial_spread": spread(before, first),
        "tried": run.tried,
    }
    return Outcome(values, {"angle": angle[chosen], "amplitude": amplitude[chosen] / amplitude.max()})
