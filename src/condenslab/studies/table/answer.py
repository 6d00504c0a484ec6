"""What a run found out about a table: how many neurons, how well they predict, whether more data are needed."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from condenslab.studies.contract.evidence import of_records
from condenslab.sweeps import Record

CLEAN = 1e-6
"""Mean squared errors below this part of the targets' variance count as none: 0.1 % of their spread."""
ENOUGH = 10
"""Samples a parameter at which the error of the parameters adds a tenth to the noise variance."""


@dataclass(frozen=True, eq=False)
class Stage:
    """The flow of the wide network where its held-out error is least.

    Attributes:
        width: Neurons of the wide network.
        time: When that is.
        error: The mean held-out error there, in standard units.
        final: The same at the end of the flow.
        groups: Groups of neurons there, one number a fold.
        times, held, train, courses: The whole course: times, mean held-out and training error, groups of each fold.
    """

    width: int
    time: float
    error: float
    final: float
    groups: tuple[int, ...]
    times: np.ndarray
    held: np.ndarray
    train: np.ndarray
    courses: np.ndarray


@dataclass(frozen=True, eq=False)
class Answer:
    """What is said of a table.

    Attributes:
        neurons: The narrowest width whose held-out error is within one standard error of the least.
        votes: The same of every cut into folds by itself.
        best: The width of least held-out error in each fold of each cut.
        errors: Mean held-out error of each width: squared in standard units and summed over outputs, or nats.
        standard: Standard error of its difference from the least, of each width.
        noise: Estimated noise variance in standard units (mean squared residual over the degrees of freedom), None
            for classes or where there are none left.
        rank: Model rank at that width, the parameters that the function uses.
        rank_decided: Whether it is decided.
        right: Share of held-out samples in the right class, for each width; None where targets are numbers.
        samples, outputs: Of the table.
        most: Largest width that was tried.
        height: Spread of each target in the table's units.
        stage: What the wide network did, or None.
    """

    neurons: int
    votes: tuple[int, ...]
    best: tuple[int, ...]
    errors: np.ndarray
    standard: np.ndarray
    noise: float | None
    rank: int
    rank_decided: bool
    right: np.ndarray | None
    samples: int
    outputs: int
    most: int
    height: np.ndarray
    stage: Stage | None

    @property
    def error(self) -> float:
        """Held-out error of the answer."""
        return float(self.errors[self.neurons])


def answer(records: Sequence[Record]) -> Answer | None:
    """Reads the records of one run; None where what is needed is not finished.

    Args:
        records: The records, in any order.
    """
    cuts = finished(records, "folds")
    whole = next(iter(finished(records, "fits")), None)
    if not cuts or whole is None:
        return None
    held = np.stack([record.arrays["held"] for record in cuts])  # cut, width, sample
    neurons, standard = simplest(held.mean(axis=0))
    outputs = 1 if whole.values["labels"] else len(whole.values["height"])
    count, rank = whole.values["samples"] * outputs, whole.values["ranks"][neurons]
    free = count - rank
    return Answer(
        neurons=neurons,
        votes=tuple(simplest(one)[0] for one in held),
        best=tuple(width for record in cuts for width in _best(record)),
        errors=held.mean(axis=(0, 2)),
        standard=standard,
        noise=None
        if whole.values["labels"] or free <= 0
        else whole.values["losses"][neurons] * whole.values["samples"] / free,
        rank=rank,
        rank_decided=whole.values["ranks_decided"][neurons],
        right=np.mean([record.arrays["right"] for record in cuts], axis=(0, 2)) if whole.values["labels"] else None,
        samples=whole.values["samples"],
        outputs=outputs,
        most=len(held[0]) - 1,
        height=np.array(whole.values["height"]),
        stage=_stage(finished(records, "wide")),
    )


def finished(records: Sequence[Record], kind: str) -> list[Record]:
    """Returns the records of a kind of case, none where one of them is not finished: an answer leaves out no fold.

    Args:
        records: All records of a run.
        kind: "folds", "fits" or "wide".
    """
    return of_records(records).where(kind=kind).all(list) or []


def simplest(held: np.ndarray) -> tuple[int, np.ndarray]:
    """Returns the narrowest width whose loss is within one standard error of the least, and these errors.

    The standard error is that of the difference of the two widths, sample by sample: samples that all predict badly
    count for neither. Errors below 0.1 % of the targets' spread are taken for equal.

    Args:
        held: Held-out loss of each width on each sample, shape (width, sample).

    References:
        The one-standard-error rule of Breiman et al., Classification and Regression Trees, 1984, with paired errors.
    """
    means = held.mean(axis=1)
    least = int(np.argmin(means))
    apart = held - held[least]
    standard = apart.std(axis=1, ddof=1) / np.sqrt(held.shape[1])
    near = (means - means[least] <= standard) | (means <= CLEAN)
    return int(np.flatnonzero(near)[0]), standard


def _best(record: Record) -> list[int]:
    """Returns the width of least error on each fold of a cut."""
    folds, held = record.arrays["folds"], record.arrays["held"]
    return [int(np.argmin(held[:, folds == fold].mean(axis=1))) for fold in np.unique(folds)]


def _stage(records: Sequence[Record]) -> Stage | None:
    if not records:
        return None
    sizes = np.array([record.values["samples_left_out"] for record in records], dtype=float)
    held = np.average([record.arrays["held"] for record in records], axis=0, weights=sizes)
    place = int(np.argmin(held))
    courses = np.stack([record.arrays["groups"] for record in records])
    return Stage(
        width=records[0].case["width"],
        time=float(records[0].arrays["times"][place]),
        error=float(held[place]),
        final=float(held[-1]),
        groups=tuple(int(own[place]) for own in courses),
        times=records[0].arrays["times"],
        held=held,
        train=np.mean([record.arrays["train"] for record in records], axis=0),
        courses=courses,
    )


def spread(numbers: Sequence[int]) -> str:
    """Says which numbers occur: "3", or "2 to 4".

    Example:
        >>> spread([3, 2, 4, 3])
        '2 to 4'
    """
    return str(min(numbers)) if min(numbers) == max(numbers) else f"{min(numbers)} to {max(numbers)}"


def share(votes: Sequence[int], chosen: int) -> str:
    """Says how many of some votes are for a number.

    Example:
        >>> share([3, 2, 3], 3)
        '2 of 3'
    """
    return f"{Counter(votes)[chosen]} of {len(votes)}"
