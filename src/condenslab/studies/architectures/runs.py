"""Computes closed forms and ranks of the architectures, and trains them from small initialisation."""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from condenslab import networks, sample_size, training
from condenslab.networks import ConvTwoLayer, Scale
from condenslab.risk import EmpiricalRisk
from condenslab.sample_size import optimistic
from condenslab.studies.architectures.cases import SHARINGS, RankCase, TableCase, TrainCase
from condenslab.studies.contract import train
from condenslab.studies.shared.target_points import KERNEL
from condenslab.sweeps import Outcome, Progress

INPUTS, TEST = 5, 1000
_LEVEL = 1e-10
"""Training error that ends a run; the source states none. Its colour bars end at a test error of 1e-6."""


def run_table(case: TableCase, progress: Progress) -> Outcome:
    """Returns the closed forms of the experiment's target, of the small plane, and of k kernels on MNIST's pixels.

    Args:
        case: The case.
        progress: Not called: a case takes a moment.
    """
    one, plane, mnist = {}, {}, {}
    for sharing in SHARINGS:
        one[sharing] = optimistic.convolution(INPUTS, len(KERNEL), 100, 1, sharing=sharing, bias=True).value
        plane[sharing] = optimistic.convolution(4, 2, 1, 1, axes=2, sharing=sharing).value
        mnist[sharing] = [
            optimistic.convolution(28, 3, case.kernels, k, axes=2, sharing=sharing).value
            for k in range(1, case.kernels + 1)
        ]
    return Outcome({"experiment": one, "plane": plane, "mnist": mnist})


def run_rank(case: RankCase, progress: Progress) -> Outcome:
    """Returns the smallest model rank over the known kinds of points of the target set, and where it is.

    Args:
        case: The case.
        progress: Not called: a case takes a moment.
    """
    random = np.random.default_rng([case.seed, case.axes])
    target = _target() if case.axes == 1 else _plane_target(random)
    points = sample_size.convolution_points(target, case.factor, jax.random.key(case.seed), sharing=case.sharing)
    largest = max(networks.parameter_count(point) for point in points.values())
    shape = (int(np.prod(target.input_shape)),) if case.sharing == "full" else target.input_shape
    found = sample_size.minimum_rank(points, random.standard_normal((3 * largest, *shape)))
    values = {
        "rank": found.value,
        "rank_decided": found.decided,
        "where": None if found.best is None else found.best.name,
        "parameters": largest,
        "points": {point.name: point.rank.value for point in found.points},
    }
    return Outcome(values)


def descend(cases: Sequence[TrainCase], progress: Progress) -> list[Outcome]:
    """Trains all cases in one program: samples beyond n have weight 0. Sets of samples of one seed are nested.

    Args:
        cases: The cases.
        progress: Called with (fraction, text).
    """
    runs = train.ensemble(
        training.descend,
        [_risk(case) for case in cases],
        [_start(case) for case in cases],
        [training.GradientDescent(case.rate) for case in cases],
        steps=cases[0].steps,
        until=[training.Until(risk=_LEVEL)] * len(cases),
        at=(),
        progress=progress,
    )
    return train.outcomes(cases, runs, _outcome)


def target_values(inputs: np.ndarray) -> np.ndarray:
    """Returns f*(x) = Σ_s tanh(0.6x_s + 0.8x_{s+1} + x_{s+2}), shape (sample, 1).

    Args:
        inputs: x, shape (sample, 5).
    """
    windows = np.lib.stride_tricks.sliding_window_view(inputs, len(KERNEL), axis=1)
    return np.tanh(windows @ np.array(KERNEL)).sum(axis=1, keepdims=True)


def _outcome(case: TrainCase, run: training.Trajectory) -> Outcome:
    x = np.random.default_rng([case.seed, 6]).standard_normal((TEST, INPUTS))
    errors = np.asarray(run.network(jnp.asarray(x))) - target_values(x)
    with np.errstate(over="ignore"):
        error = float(np.mean(errors**2))
    values = {
        "test_error": error if np.isfinite(error) else None,
        "train_error": float(run.records["risk"][-1]),
        "steps": run.steps,
        "stop": run.stop.value,
    }
    if values["test_error"] is None:
        return Outcome(values, {}, "diverged", "the test error is not a finite number")
    return Outcome(values)


def _risk(case: TrainCase) -> EmpiricalRisk:
    x = np.random.default_rng([case.seed, 5]).standard_normal((case.padded, INPUTS))
    return EmpiricalRisk(x, target_values(x), (np.arange(case.padded) < case.samples).astype(float))


def _start(case: TrainCase) -> Any:
    scale = Scale(case.std, case.std)
    if case.sharing == "full":
        width = 3 * case.factor
        return networks.two_layer(case.seed, width=width, inputs=INPUTS, activation="tanh", scale=scale)
    return networks.conv_two_layer(
        case.seed,
        kernels=case.factor,
        size=len(KERNEL),
        inputs=INPUTS,
        activation="tanh",
        scale=scale,
        shared=case.sharing == "shared",
    )


def _target() -> ConvTwoLayer:
    return ConvTwoLayer(jnp.array([KERNEL]), jnp.zeros(1), jnp.ones((1, 1, 3)), networks.activation("tanh"))


def _plane_target(random: np.random.Generator) -> ConvTwoLayer:
    """Returns a random kernel of 2 × 2 entries without bias, all output weights random: none is a shift of itself."""
    kernel, outgoing = random.standard_normal((1, 2, 2)), random.standard_normal((1, 1, 3, 3))
    return ConvTwoLayer(jnp.asarray(kernel), None, jnp.asarray(outgoing), networks.activation("tanh"))
