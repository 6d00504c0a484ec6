"""Trains decoders and looks at the parts of their first block along the way."""

from collections.abc import Sequence
from typing import Any

import jax
import numpy as np

from condenslab import measures, training
from condenslab.studies.attention_condensation.cases import Case, make_task
from condenslab.studies.contract import train
from condenslab.studies.shared.decoders import train_decoders
from condenslab.sweeps import Outcome, Progress

PARTS = ("queries", "keys", "values", "query-key", "value-output", "forward", "tokens")
"""What is looked at in the first block; see `measures.decoder_condensation`."""


def run(cases: Sequence[Case], progress: Progress) -> list[Outcome]:
    """Returns how every part of the first block condenses along training, for all cases of one program.

    Args:
        cases: Cases of one program.
        progress: Called with the finished fraction and a few words.
    """
    task, first = make_task(), cases[0]
    test = task.sample(min(200, len(task.triples("test"))), first.seed, "test")

    def measure(members: Any) -> dict[str, np.ndarray]:
        host = jax.device_get(members)
        each = [
            measures.decoder_condensation(jax.tree.map(lambda leaf, k=k: leaf[k], host), 0) for k in range(len(cases))
        ]
        found = {f"{part}_aligned": np.array([one[part].aligned for one in each]) for part in PARTS}
        found |= {f"{part}_rank": np.array([one[part].effective_rank for one in each]) for part in PARTS}
        found |= {f"{part}_cosines": np.stack([_small(one[part].cosines) for one in each]) for part in PARTS}
        answers = training.predicted(members, test.tokens)
        return found | {"test_accuracy": (answers == test.targets).mean(axis=1)}

    options = {"steps": first.steps, "batch": first.batch, "records": 6, "progress": progress}
    data = training.FreshSequences.of(task)
    runs = train_decoders(cases, task, first.model, data, measure=measure, **options)
    return train.outcomes(cases, runs, lambda _, run: _outcome(run))


def _small(cosines: np.ndarray) -> np.ndarray:
    """Returns at most the first 64 rows and columns: what a picture shows."""
    return cosines[:64, :64].astype(np.float32)


def _outcome(run: Any) -> Outcome:
    courses = {name: values for name, values in run.records.items() if values.ndim == 1}
    values = {name: float(course[-1]) for name, course in courses.items()}
    values |= {name.replace("_rank", "_first_rank"): float(c[0]) for name, c in courses.items() if "_rank" in name}
    pictures = {
        f"{part}_{when}": run.records[f"{part}_cosines"][k]
        for part in PARTS
        for when, k in (("first", 0), ("last", -1))
    }
    arrays = {name: course for name, course in courses.items() if name != "loss"}
    return Outcome(values, {"steps": run.times, **arrays, **pictures})
