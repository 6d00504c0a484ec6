"""Trains deep tanh networks on digits, merges their effectively linear layers and trains what is left a little."""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from condenslab import landscape, networks, training
from condenslab.networks import MLP
from condenslab.risk import CrossEntropy, EmpiricalRisk
from condenslab.studies.embedding_depth.cases import HIDDEN, MergeCase
from condenslab.sweeps import Outcome, Progress
from condenslab.tasks import images
from condenslab.training import Stop

_TRAINED, _CLASSES, _RATE = 7 / 9, 10, 1e-3
_BATCHES = 7
"""A batch is a seventh of the training images: 199 small digits, 555 of MNIST (the source: 1,000 of 60,000)."""
_METHODS = {"adam": training.Adam(rate=_RATE), "sgd": training.GradientDescent(rate=_RATE)}
_RECORD = {"risk": training.record_risk}


def run_merges(cases: Sequence[MergeCase], progress: Progress | None) -> list[Outcome]:
    """Returns how linear the layers became, and what merging them does to predictions on held-out digits.

    Args:
        cases: Cases of one shape.
        progress: Called with (fraction, text).
    """
    first, data = cases[0], [_split(case) for case in cases]
    widths = (data[0][0].shape[1], *[first.width] * HIDDEN, _CLASSES)
    risks = [EmpiricalRisk(jnp.asarray(x), jnp.asarray(np.eye(_CLASSES)[y]), loss=CrossEntropy()) for x, y, *_ in data]
    runs = training.ensemble(
        training.descend,
        risks,
        [
            networks.mlp(case.seed, widths=widths, activation="tanh", std=case.variance**0.5, output_bias=True)
            for case in cases
        ],
        _METHODS[first.method],
        steps=first.steps,
        key=[jax.random.key(case.seed) for case in cases],
        batch=len(data[0][0]) // _BATCHES,
        record=_RECORD,
        progress=progress,
    )
    if any(run.stop is Stop.INTERRUPTED for run in runs):
        raise KeyboardInterrupt
    return [_outcome(*one) for one in zip(cases, runs, risks, data, strict=True)]


def _split(case: MergeCase) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Returns training images and labels and held-out ones, shuffled."""
    found = images.digits() if case.images == "digits" else images.small_digits()
    count = len(found.images)
    pixels, order = found.images.reshape(count, -1), np.random.default_rng(case.seed).permutation(count)
    trained, held = np.split(order, [round(_TRAINED * count)])
    return pixels[trained], found.labels[trained], pixels[held], found.labels[held]


def _outcome(case: MergeCase, run: training.Trajectory, risk: EmpiricalRisk, data: tuple[np.ndarray, ...]) -> Outcome:
    if run.stop is not Stop.FINISHED:
        return Outcome({}, {}, "diverged", run.stop.value)
    _, _, held, labels = data
    merged = landscape.merge_layers(run.network, risk=risk)
    values: dict[str, Any] = {
        "linearity": [layer.value for layer in merged.linearity],
        "merged": list(merged.merged),
        "risk": merged.receipt.risk_before,
        "merged_risk": merged.receipt.risk_after,
        "accuracy": float(np.mean(_predicted(run.network, held) == labels)),
    }
    if merged.merged:
        again = training.descend(
            risk,
            merged.network,
            _METHODS[case.method],
            steps=case.retrain,
            key=jax.random.key(case.seed),
            batch=len(data[0]) // _BATCHES,
            record=_RECORD,
        )
        values |= {"retrained_risk": float(again.records["risk"][-1])}
        for name, network in (("merged", merged.network), ("retrained", again.network)):
            predicted = _predicted(network, held)
            values[f"{name}_agreement"] = float(np.mean(predicted == _predicted(run.network, held)))
            values[f"{name}_accuracy"] = float(np.mean(predicted == labels))
    return Outcome(values, {"times": run.times, "risk": run.records["risk"]})


def _predicted(network: MLP, images: np.ndarray) -> np.ndarray:
    return np.argmax(np.asarray(network(jnp.asarray(images))), axis=1)
