"""Runs of the study of convolution networks: minibatch Adam on real images, kernels compared before and after."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from condenslab import measures, networks, tasks, training
from condenslab.errors import UserError
from condenslab.networks import CNN
from condenslab.risk import CrossEntropy, EmpiricalRisk
from condenslab.studies.cnn_condensation.cases import Case
from condenslab.studies.contract import train
from condenslab.studies.shared.frames import logarithmic_steps
from condenslab.sweeps import Outcome, Progress
from condenslab.tasks.images import Images
from condenslab.training import Trajectory

_CLASSES = 10
_SIZES, _STRIDES = (5, 3), (3, 2)
_POINTS = 15


def load(data: str) -> Images:
    """Returns the images of a name, with their labels.

    Args:
        data: "digits" or "fashion_mnist".

    Raises:
        UserError: They are not installed.
    """
    if data == "digits":
        return tasks.images.digits()
    folder = Path(tasks.FASHION_MNIST)
    if not folder.is_dir():
        raise UserError(f"there is no folder {folder}: install Debian's package dataset-fashion-mnist, or use digits.")
    return tasks.labelled_images(folder / "train-images-idx3-ubyte.gz", folder / "train-labels-idx1-ubyte.gz")


def accuracy(risk: EmpiricalRisk, network: Any) -> Array:
    """Returns the share of samples whose largest output is that of their class, a scalar.

    Args:
        risk: The samples.
        network: The network.
    """
    return jnp.mean(jnp.argmax(risk.outputs(network), axis=1) == jnp.argmax(risk.targets, axis=1))


def predict(network: CNN, images: Array) -> Array:
    """Returns the outputs on a batch of images, shape (sample, class).

    Args:
        network: A convolution network.
        images: Shape (sample, channel, height, width).
    """
    return network(images)


_RECORD = {"risk": training.record_risk, "accuracy": accuracy}


def run(cases: Sequence[Case], progress: Progress) -> list[Outcome]:
    """Returns one outcome a case; cases share everything that decides the program.

    Args:
        cases: The cases.
        progress: Called with (fraction, text).

    Raises:
        UserError: There are fewer images than asked for, or none are installed.
    """
    first, data = cases[0], load(cases[0].data)
    if first.samples + first.heldout > len(data.labels) or first.batch > first.samples:
        raise UserError(
            f"{first.data} has {len(data.labels)} images: samples and heldout together must not exceed that, nor batch "
            f"samples. Got samples={first.samples}, heldout={first.heldout}, batch={first.batch}"
        )
    parts = [_split(case, data) for case in cases]
    starts = [_start(case, data) for case in cases]
    runs = train.ensemble(
        training.descend,
        [train for train, _ in parts],
        starts,
        [training.Adam(rate=case.rate) for case in cases],
        steps=first.steps,
        batch=first.batch,
        key=[jax.random.key(case.seed) for case in cases],
        record=_RECORD,
        at=logarithmic_steps(first.steps, _POINTS),
        progress=progress,
    )
    begun = dict(zip(cases, zip(starts, (test for _, test in parts), strict=True), strict=True))
    return train.outcomes(cases, runs, lambda case, run: _outcome(run, *begun[case]))


def _split(case: Case, data: Images) -> tuple[EmpiricalRisk, EmpiricalRisk]:
    """Returns the risks on the training and the test images of a seed, in single precision."""
    order = np.random.default_rng(case.seed).permutation(len(data.labels))
    targets = np.eye(_CLASSES, dtype=np.float32)[data.labels]

    def risk(chosen: np.ndarray) -> EmpiricalRisk:
        images = jnp.asarray(data.images[chosen], jnp.float32)
        return EmpiricalRisk(images, jnp.asarray(targets[chosen]), loss=CrossEntropy(), predict=predict)

    return risk(order[: case.samples]), risk(order[case.samples : case.samples + case.heldout])


def _start(case: Case, data: Images) -> CNN:
    network = networks.cnn(
        case.seed,
        inputs=data.images.shape[1:],
        channels=(case.kernels, case.kernels),
        outputs=_CLASSES,
        activation="tanh",
        exponent=case.exponent,
        size=_SIZES,
        strides=_STRIDES,
    )
    return jax.tree.map(lambda leaf: leaf.astype(jnp.float32), network)


def _outcome(run: Trajectory, start: CNN, test: EmpiricalRisk) -> Outcome:
    values: dict[str, Any] = {
        "train_accuracy": float(run.records["accuracy"][-1]),
        "test_accuracy": float(jax.jit(accuracy)(test, run.network)),
        "final_risk": float(run.records["risk"][-1]),
    }
    arrays = {"times": run.times, "risk": run.records["risk"], "accuracy": run.records["accuracy"]}
    for moment, network in (("start", start), ("end", run.network)):
        for name, rows in kernel_rows(network).items():
            values[f"{name}_{moment}"] = measures.effective_ratio(rows).value
            arrays[f"{name}_{moment}"] = rows
    return Outcome(values, {name: np.asarray(array) for name, array in arrays.items()})


def kernel_rows(network: CNN) -> dict[str, np.ndarray]:
    """Returns the kernels as rows, in three ways; biases are left out, as on the slide.

    Args:
        network: A network of two convolution layers.

    Returns:
        "first": the filters of the first layer (one input channel, so filters are kernels); "filters": those of the
        second layer, all input channels flattened, shape (out, in·rows·columns); "pairs": its kernels one by one, shape
        (out·in, rows·columns).
    """
    first, second = (np.asarray(kernel, dtype=np.float64) for kernel in network.kernels)
    entries = second.shape[2] * second.shape[3]
    return {
        "first": first.reshape(len(first), -1),
        "filters": second.reshape(len(second), -1),
        "pairs": second.reshape(-1, entries),
    }
