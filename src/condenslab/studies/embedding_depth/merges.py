"""Trains deep tanh networks on digits, merges their effectively linear layers and trains what is left a little."""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from condenslab import landscape, networks, training
from condenslab.networks import MLP
from condenslab.risk import CrossEntropy, EmpiricalRisk
from condenslab.studies.contract import train
from condenslab.studies.contract.endings import Unfinished
from condenslab.studies.embedding_depth.cases import HIDDEN, MergeCase
from condenslab.sweeps import Outcome, Progress
from condenslab.tasks import images
from condenslab.training import Trajectory

_TRAINED, _CLASSES, _RATE = 7 / 9, 10, 1e-3
_BATCHES = 7
"""A batch is a seventh of the training images: 199 small digits, 555 of MNIST (the source: 1,000 of 60,000)."""
_METHODS = {"adam": training.Adam(rate=_RATE), "sgd": training.GradientDescent(rate=_RATE)}
_RECORD = {"risk": training.record_risk}


def run_merges(cases: Sequence[MergeCase], progress: Progress) -> list[Outcome]:
    """Returns how linear the layers became, and what merging them does to predictions on held-out digits.

    Args:
        cases: Cases of one shape.
        progress: Called with (fraction, text).
    """
    first, data = cases[0], [_split(case) for case in cases]
    widths = (data[0][0].shape[1], *[first.width] * HIDDEN, _CLASSES)
    risks = [EmpiricalRisk(jnp.asarray(x), jnp.asarray(np.eye(_CLASSES)[y]), loss=CrossEntropy()) for x, y, *_ in data]
    runs = train.ensemble(
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
    settings = list(zip(cases, risks, data, strict=True))
    return train.outcomes(settings, runs, lambda setting, run: _outcome(setting[0], setting[1], setting[2], run))


def _split(case: MergeCase) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Returns training images and labels and held-out ones, shuffled."""
    digits = images.digits() if case.images == "digits" else images.small_digits()
    count = len(digits.images)
    pixels, order = digits.images.reshape(count, -1), np.random.default_rng(case.seed).permutation(count)
    trained, held = np.split(order, [round(_TRAINED * count)])
    return pixels[trained], digits.labels[trained], pixels[held], digits.labels[held]


def _outcome(case: MergeCase, risk: EmpiricalRisk, data: tuple[np.ndarray, ...], run: Trajectory) -> Outcome:
    _, _, held, labels = data
    merged = landscape.merge_layers(run.network, risk=risk)
    values: dict[str, Any] = {
        "linearity": [layer.value for layer in merged.linearity],
        "merged": list(merged.merged),
        "risk": merged.receipt.risk_before,
        "merged_risk": merged.receipt.risk_after,
        "accuracy": float(np.mean(_predicted(run.network, held) == labels)),
    }
    arrays = {"times": run.times, "risk": run.records["risk"]}
    if not merged.merged:
        return Outcome(values, arrays)
    try:
        again = _retrained(case, risk, merged.network, batch=len(data[0]) // _BATCHES)
    except Unfinished as ending:
        raise Unfinished(ending.stop, values, arrays) from None
    values |= {"retrained_risk": float(again.records["risk"][-1])}
    before = _predicted(run.network, held)
    for name, network in (("merged", merged.network), ("retrained", again.network)):
        predicted = _predicted(network, held)
        values[f"{name}_agreement"] = float(np.mean(predicted == before))
        values[f"{name}_accuracy"] = float(np.mean(predicted == labels))
    return Outcome(values, arrays)


def _retrained(case: MergeCase, risk: EmpiricalRisk, network: MLP, *, batch: int) -> Trajectory:
    method, key = _METHODS[case.method], jax.random.key(case.seed)
    return train.descend(risk, network, method, steps=case.retrain, key=key, batch=batch, record=_RECORD)


def _predicted(network: MLP, images: np.ndarray) -> np.ndarray:
    return np.argmax(np.asarray(network(jnp.asarray(images))), axis=1)
