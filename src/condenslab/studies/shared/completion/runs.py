"""Gradient descent from small initialisation on observed entries."""

from collections.abc import Sequence

import jax.numpy as jnp
import numpy as np
from jax import Array

from condenslab import training
from condenslab.risk import EmpiricalRisk
from condenslab.studies.contract import train
from condenslab.studies.shared.completion import targets
from condenslab.studies.shared.completion.cases import TrainCase
from condenslab.sweeps import Outcome, Progress
from condenslab.training import Trajectory

_LEVEL = 1e-9
"""Training error that ends a run (LSH, App. C)."""


def descend(cases: Sequence[TrainCase], progress: Progress) -> list[Outcome]:
    """Trains all cases in one program: the entries that are not observed have weight 0.

    Args:
        cases: The cases.
        progress: Called with (fraction, text).
    """
    starts = [_start(case) for case in cases]
    runs = train.ensemble(
        training.descend,
        [_risk(case) for case in cases],
        starts,
        [training.GradientDescent(case.rate) for case in cases],
        steps=cases[0].steps,
        until=[training.Until(risk=_LEVEL)] * len(cases),
        at=(),
        progress=progress,
    )
    return train.outcomes(cases, runs, _outcome)


def _outcome(case: TrainCase, run: Trajectory) -> Outcome:
    product = np.asarray(run.network[0] @ run.network[1])
    errors = product - targets.numbers(case.target)
    seen = errors.reshape(-1)[list(case.observed)]
    values = {
        "test_error": float(np.mean(errors**2)),
        "train_error": float(np.mean(seen**2)),
        "steps": run.steps,
        "stop": run.stop.value,
    }
    return Outcome(values, {"matrix": product})


def _start(case: TrainCase) -> list[Array]:
    random = np.random.default_rng([case.seed, 0])
    return [jnp.asarray(case.std * random.standard_normal((4, 4))) for _ in range(2)]


def _risk(case: TrainCase) -> EmpiricalRisk:
    weights = np.zeros(16)
    weights[list(case.observed)] = 1.0
    return EmpiricalRisk(np.zeros((16, 1)), targets.numbers(case.target).reshape(-1, 1), weights, predict=_entries)


def _entries(factors: Sequence[Array], inputs: Array) -> Array:
    """Returns all sixteen entries of A·B: as fast as the observed ones, and every design is one program."""
    return jnp.reshape(factors[0] @ factors[1], (16, 1))
