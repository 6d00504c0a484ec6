"""Trains decoders, and records along the way what they answer and how their first block condenses."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from condenslab import measures, training
from condenslab.studies.anchor_transformer.cases import Case, make_task
from condenslab.studies.contract import train
from condenslab.studies.shared.decoders import train_decoders
from condenslab.sweeps import Outcome, Progress
from condenslab.tasks.anchors import ANSWERS, AnchorTask

_RECORDS = 8
_SHARES = tuple(f"withheld_{name}" for name in ANSWERS)


def train_all(cases: Sequence[Case], progress: Progress) -> list[Outcome]:
    """Returns the outcome of every case of one program.

    Args:
        cases: Cases of one design.
        progress: Called with the finished fraction and a few words.
    """
    first = cases[0]
    task = make_task(first.design)
    data = training.FreshSequences.of(task)
    options = {"steps": first.steps, "batch": first.batch, "records": _RECORDS, "progress": progress}
    runs = train_decoders(
        cases, task, first.model, data, measure=lambda members: answered(task, members, first.seed), **options
    )
    return train.outcomes(cases, runs, lambda _, run: _outcome(run))


def answered(task: AnchorTask, members: Any, seed: int) -> dict[str, np.ndarray]:
    """Returns accuracies and shares of answers of every member.

    Args:
        task: The task.
        members: Members as one network.
        seed: Of the tests.
    """
    found = measures.mechanisms(task, lambda tokens: training.predicted(members, tokens), seed=seed)
    shares = {f"withheld_{name}": np.array([one.share(name) for one in found]) for name in ANSWERS}
    accuracies = {
        "trained_worst": [min(one.trained.values()) for one in found],
        "trained": [np.mean(list(one.trained.values())) for one in found],
        "heldout": [np.mean(list(one.heldout.values())) for one in found],
    }
    labels = {"label": np.array([_LABELS.index(one.label) for one in found])}
    return shares | {name: np.array(values) for name, values in accuracies.items()} | labels


_LABELS = ("inferential", "symmetric", "memorised", "not fitted", "undecided")


def _outcome(run: Any) -> Outcome:
    condensed = measures.decoder_condensation(run.network, 0)
    rows, product = condensed["queries"], condensed["query-key"]
    names = (*_SHARES, "trained_worst", "trained", "heldout", "loss")
    values: dict[str, Any] = {name: float(run.records[name][-1]) for name in names}
    values["label"] = _LABELS[int(run.records["label"][-1])]
    values["labels"] = [_LABELS[int(label)] for label in run.records["label"]]
    values |= {"aligned": rows.aligned, "chance": rows.chance, "groups": rows.groups}
    values |= {"product_rank": product.effective_rank / product.rank, "tokens_aligned": condensed["tokens"].aligned}
    courses = {name: np.nan_to_num(run.records[name], nan=-1.0) for name in names}
    return Outcome(values, {"steps": run.times, "cosines": rows.cosines, **courses})
