"""Computes the cases of the phase diagram: normalised flows of one width, and descents from equivalent scales."""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from condenslab import measures, networks, tasks, training
from condenslab.errors import UserError
from condenslab.networks import initial
from condenslab.risk import EmpiricalRisk
from condenslab.studies.contract import train
from condenslab.studies.phase_diagram.cases import ChoiceCase, PointCase
from condenslab.studies.phase_diagram.diagram import OUTPUTS, PORTRAIT, spaced
from condenslab.sweeps import Outcome, Progress

GRID = 201


def run_points(cases: Sequence[PointCase], progress: Progress) -> list[Outcome]:
    """Returns distances, fate and cost of flows of one width on one data set.

    Args:
        cases: The cases, of one compile key.
        progress: Called with (fraction, text).
    """
    first = cases[0]
    inputs, targets = load(first)
    options: dict[str, Any] = {}
    if inputs.shape[1] == 1:  # of which neurons have an orientation and the function a graph
        grid = np.linspace(inputs.min(), inputs.max(), GRID if first.keep else OUTPUTS)[:, None]
        chosen = range(first.width) if first.keep else spaced(first.width, PORTRAIT).tolist()
        options = {"features": chosen, "outputs_at": grid}
    runs = train.normalised_flow(
        inputs,
        targets,
        [initial.from_gamma(case.gamma, case.gamma_prime, case.width) for case in cases],
        width=first.width,
        seeds=[case.seed for case in cases],
        risk=first.risk,
        max_steps=first.max_steps,
        tolerance=first.tolerance,
        anti_symmetric=first.data == "square",
        progress=progress,
        **options,
    )
    return train.outcomes(cases, runs, _outcome, keep=True)


def load(case: PointCase) -> tuple[np.ndarray, np.ndarray]:
    """Returns inputs, shape (sample, input), and targets, shape (sample,), of a case.

    Args:
        case: The case.

    Raises:
        UserError: The images are asked for and scikit-learn is missing.
    """
    if case.data == "square":
        task = tasks.task("square_on_four_points")
        return task.inputs, task.targets[:, 0]
    try:
        from sklearn.datasets import load_digits
    except ImportError as error:
        raise UserError(
            "the images need scikit-learn: pip install condenslab[data], or --set image_samples=0"
        ) from error
    pixels, labels = load_digits(return_X_y=True)
    return np.asarray(pixels)[: case.samples] / 16.0, np.asarray(labels)[: case.samples].astype(np.float64)


def _outcome(case: PointCase, run: training.NormalisedRun) -> Outcome:
    values = {
        "converged": run.stop is training.Stop.RISK_REACHED,
        "risk": run.risk,
        "input_distance": run.input_distance,
        "largest_input_distance": float(run.input_distances.max()),
        "output_distance": run.output_distance,
        "steps": run.steps,
        "tried": run.tried,
    }
    arrays: dict[str, np.ndarray] = {}
    if run.features is not None and run.outputs is not None:
        neurons = run.features
        arrays = {
            "initial_angle": _angle(neurons.initial_inner),
            "initial_amplitude": np.abs(neurons.initial_outer) * np.linalg.norm(neurons.initial_inner, axis=1),
            "angle": _angle(neurons.inner),
            "amplitude": np.abs(neurons.outer) * np.linalg.norm(neurons.inner, axis=1),
            "function": run.outputs,
        }
    return Outcome(values, arrays)


def _angle(inner: np.ndarray) -> np.ndarray:
    return np.arctan2(inner[:, 1], inner[:, 0])


def run_choice(case: ChoiceCase, progress: Progress) -> Outcome:
    """Returns the distance after a plain descent from one choice of (α, β₁, β₂).

    The rate is β₁β₂·h for one h at all choices, so that all take the same steps of the normalised time.

    Args:
        case: The case.
        progress: Called with (fraction, text).
    """
    task = tasks.task("square_on_four_points")
    std = float(case.width) ** -case.std_exponent
    point = initial.from_gamma(case.gamma, case.gamma_prime, case.width)
    scale = initial.from_kappa(point.kappa, point.kappa_prime, input_std=std)
    start = networks.anti_symmetric(
        networks.two_layer(
            jax.random.key(case.seed), width=case.width, inputs=1, activation="relu", scale=scale.unscaled
        )
    )
    risk = EmpiricalRisk(jnp.asarray(task.inputs), jnp.asarray(task.targets), scale=jnp.asarray(scale.output_scale))
    unit = float(scale.input_std * scale.output_std)
    method = training.GradientDescent(rate=unit * _step(case))
    run = train.descend(risk, start, method, steps=case.steps, progress=progress)
    m = case.width
    distance = measures.relative_distance(_first(run.network, m), _first(start, m))
    return Outcome({"input_distance": distance, "risk": float(risk.value(run.network))})


def _step(case: ChoiceCase) -> float:
    """Returns a stable step of the normalised time: a quarter of 2/λ at the start, at most 1/20 of 1/κ."""
    kappa = float(case.width) ** -case.gamma
    balance = float(case.width) ** abs(case.gamma_prime)
    curvature = 2.0 * case.width * kappa**2 * balance
    return 0.5 * min(1.0 / curvature, 0.1 / kappa)


def _first(network: networks.TwoLayer, width: int) -> networks.TwoLayer:
    assert network.biases is not None
    return networks.TwoLayer(
        network.input_weights[:width],
        network.biases[:width],
        network.output_weights[:, :width],
        None,
        network.activation,
    )
