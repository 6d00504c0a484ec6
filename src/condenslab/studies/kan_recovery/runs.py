"""Trains spline networks from small starts, and measures the rank of their targets."""

from collections.abc import Sequence

import jax.numpy as jnp
import numpy as np

from condenslab import networks, training
from condenslab.networks import KAN
from condenslab.risk import EmpiricalRisk
from condenslab.studies.contract import train
from condenslab.studies.kan_recovery.cases import TARGET_GRID, RankCase, TrainCase
from condenslab.studies.shared import splines
from condenslab.studies.shared.ranks import rank_values
from condenslab.sweeps import Outcome, Progress
from condenslab.training import Trajectory, Until

_HELDOUT = 1000


def measure(case: RankCase, progress: Progress) -> Outcome:
    """Returns the rank of the target as a point of the network.

    Args:
        case: The case.
        progress: Not called: a case takes a moment.
    """
    wide = splines.grown(_target(case.seed), "null", case.width - 1)
    network = splines.grown(wide, "grid", case.refinements)
    _, found = splines.probed(network, TARGET_GRID * 2**case.refinements, case.seed)
    return Outcome(rank_values(found) | {"parameters": networks.parameter_count(network)})


def run(cases: Sequence[TrainCase], progress: Progress) -> list[Outcome]:
    """Returns how well each run predicts its target.

    Args:
        cases: Cases of one network.
        progress: Called with (fraction, text).
    """
    first = cases[0]
    targets = {case.seed: _target(case.seed) for case in cases}
    runs = train.ensemble(
        training.descend,
        [_risk(case, targets[case.seed]) for case in cases],
        [_start(case) for case in cases],
        [training.Adam(rate=case.rate) for case in cases],
        steps=first.steps,
        until=[Until(risk=case.risk) for case in cases],
        progress=progress,
    )
    return train.outcomes(cases, runs, lambda case, done: _outcome(case, targets[case.seed], done))


def stratified(seed: int, samples: int) -> np.ndarray:
    """Returns points of [−1, 1]² of which each coordinate has one in each of n equal intervals, shape (sample, 2).

    A coefficient is seen by samples in the few cells of its spline alone, so that independent points would leave some
    unseen by bad luck (Latin hypercube sampling; McKay, Beckman & Conover, Technometrics 21, 1979).

    Args:
        seed: Of the draw.
        samples: n.
    """
    random = np.random.default_rng([seed, samples])
    columns = [(random.permutation(samples) + random.random(samples)) / samples for _ in range(2)]
    return 2 * np.stack(columns, axis=1) - 1


def _target(seed: int) -> KAN:
    return splines.spline_target(seed, 1, TARGET_GRID)


def _risk(case: TrainCase, target: KAN) -> EmpiricalRisk:
    inputs = np.zeros((case.most, 2))
    inputs[: case.samples] = stratified(case.seed, case.samples)
    weights = (np.arange(case.most) < case.samples).astype(float)
    return EmpiricalRisk(inputs, target(jnp.asarray(inputs)), weights)


def _start(case: TrainCase) -> KAN:
    intervals = TARGET_GRID * 2**case.refinements
    key = np.random.default_rng([case.seed, case.samples, 1]).integers(2**31)  # not the key of the target
    return networks.kan(key, widths=(2, case.width, 1), intervals=intervals, std=case.std)


def _outcome(case: TrainCase, target: KAN, run: Trajectory) -> Outcome:
    inputs = np.random.default_rng([case.seed, 2]).uniform(-1, 1, (_HELDOUT, 2))
    truth, found = (np.asarray(network(jnp.asarray(inputs))) for network in (target, run.network))
    error = float(np.mean((found - truth) ** 2) / np.var(truth))
    return Outcome(
        {"test_error": error, "final_risk": float(_risk(case, target).value(run.network)), "steps": run.steps}
    )
