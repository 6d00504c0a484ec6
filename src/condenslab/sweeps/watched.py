"""Trainings that were watched: a record a step, which holds some numbers of each layer."""

from collections.abc import Iterable, Mapping

from condenslab.sweeps.grid import case_id
from condenslab.sweeps.records import Record

STUDY = "watch"
"""Under which name the records are stored."""

History = list[tuple[int, dict[str, dict[str, float]]]]
"""Steps in order, each with the numbers of every layer by name."""


def record(
    run: str, step: int, layers: Mapping[str, Mapping[str, float]], *, sample: int, seed: int, groups_by: str
) -> Record:
    """Returns the record of a step.

    Args:
        run: Name of the training.
        step: Number of the step.
        layers: The same numbers of each layer, at least one layer.
        sample: Most neurons of a layer that were looked at.
        seed: Of their choice.
        groups_by: In words, what makes two neurons one direction.
    """
    case = {"run": run, "step": int(step), "sample": sample, "seed": seed}
    columns = {key: [row[key] for row in layers.values()] for key in next(iter(layers.values()))}
    values = {"layers": [*layers], "groups_by": groups_by, **columns}
    return Record(STUDY, case_id(STUDY, 1, case, "float32"), case, "done", values=values)


def histories(records: Iterable[Record]) -> dict[str, History]:
    """Returns what was recorded of each training, by its name; of a step that was recorded again the newest counts.

    Args:
        records: Records of a store, those of studies among them or not.

    Example:
        >>> row = {"fc": {"directions": 3.0}}
        >>> made = [record("mine", step, row, sample=9, seed=0, groups_by="direction") for step in (10, 0)]
        >>> histories(made)
        {'mine': [(0, {'fc': {'directions': 3.0}}), (10, {'fc': {'directions': 3.0}})]}
    """
    runs: dict[str, dict[int, dict[str, dict[str, float]]]] = {}
    for found in records:
        if found.study == STUDY:
            columns = {key: column for key, column in found.values.items() if key not in ("layers", "groups_by")}
            layers = {
                name: {key: column[place] for key, column in columns.items()}
                for place, name in enumerate(found.values["layers"])
            }
            runs.setdefault(found.case["run"], {})[found.case["step"]] = layers
    return {run: sorted(steps.items()) for run, steps in runs.items()}
