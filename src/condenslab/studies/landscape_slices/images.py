"""The risk of a small network on images around where training ends; context, on which nothing is claimed."""

from pathlib import Path

import jax.numpy as jnp
import numpy as np

from condenslab import landscape, networks, tasks, training
from condenslab.errors import UserError
from condenslab.losses import CrossEntropy
from condenslab.networks import Scale
from condenslab.risk import EmpiricalRisk
from condenslab.studies.contract import train
from condenslab.studies.landscape_slices.cases import ImageCase
from condenslab.sweeps import Outcome, Progress

_RATE = 1e-2
_CLASSES = 10
_FILES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte")


def run_images(case: ImageCase, progress: Progress) -> Outcome:
    """Returns the cross-entropy over a plane of two random directions through the end of training.

    Args:
        case: The case.
        progress: Called with (fraction, text).

    Raises:
        UserError: The folder lacks a file, a file is damaged, or there are too few images.
    """
    found = tasks.labelled_images(*(_file(case.folder, name) for name in _FILES), classes=_CLASSES)
    if len(found.images) < case.samples:
        raise UserError(f"{case.folder} has {len(found.images)} images and image_samples asks for {case.samples}.")
    inputs = found.images[: case.samples].reshape(case.samples, -1).astype(float)
    targets = np.eye(_CLASSES)[found.labels[: case.samples]]
    risk = EmpiricalRisk(jnp.asarray(inputs), jnp.asarray(targets), loss=CrossEntropy())
    scale = Scale(inputs.shape[1] ** -0.5, case.width**-0.5)
    start = networks.two_layer(
        case.seed, width=case.width, inputs=inputs.shape[1], outputs=_CLASSES, activation="tanh", scale=scale
    )
    run = train.descend(risk, start, training.Adam(_RATE), steps=case.steps, progress=progress)
    axis = np.linspace(-1.0, 1.0, case.points)
    directions = landscape.random_directions(case.seed, run.network)
    plane = landscape.risk_slice(risk, run.network, directions, [axis, axis]).risk
    right = np.argmax(np.asarray(run.network(risk.inputs)), axis=1) == found.labels[: case.samples]
    values = {
        "risk": float(risk.value(run.network)),
        "accuracy": float(np.mean(right)),
        "parameters": networks.parameter_count(run.network),
    }
    return Outcome(values, {"axis": axis, "plane": plane})


def _file(folder: str, name: str) -> Path:
    """Returns the file of that name, packed or not; what is missing is said by who reads it."""
    packed = Path(folder) / f"{name}.gz"
    return packed if packed.exists() else Path(folder) / name
