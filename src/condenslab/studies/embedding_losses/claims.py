"""What is claimed of embedded points at any depth and for any loss, and how it is read from records; no JAX."""

from collections.abc import Callable
from typing import Any

from condenslab.studies.contract.criteria import at_least, at_most
from condenslab.studies.contract.evidence import Evidence
from condenslab.studies.contract.statements import Measured, Statement
from condenslab.studies.embedding_losses.cases import (
    GENERAL,
    SPLIT,
    STILL,
    THREE_FOLD,
    LossName,
    Settings,
)
from condenslab.studies.shared.columns import rows
from condenslab.sweeps import Record

GRADIENTS, SIGNS = "Gradients of embedded points", "Signs of curvature of embedded points"
"""Titles of drawings."""

_ANY = "for any depth, data, loss and activation"
_ONE_STEP = f"deck 000, theorem on one-step embedding; EP21, Theorem 1 and EP22, Theorems 4.1 and 4.2: {_ANY}"
_GENERAL = f"deck 000, remark on multi-step embedding; EP22, Theorems 4.3 and 5.1: {_ANY}"
_INERTIA = "deck 000, 'Transition to strict saddle points is irreversible'; EP22, Theorem 6.2"
_SOFT = "; one-hot labels have no finite critical points in general (EP21, section 6), so that labels are soft"


def statements(settings: Settings) -> list[Statement]:
    """Returns what is claimed, loss by loss.

    Args:
        settings: The settings.
    """
    where = f"{', '.join(map(str, dict.fromkeys(settings.depths)))} hidden layers"

    return [
        *(statement for loss in dict.fromkeys(settings.losses) for statement in _of_loss(loss, where)),
        Statement(
            "embedded networks have the function of the narrow one",
            "deck 000, key to the proof: output preserving; EP21, Proposition 1",
            lambda evidence: evidence.each(lambda record: max(row["output_difference"] for row in rows(record))),
            at_most(1e-13),
            f"largest difference of outputs on fresh inputs, relative to the largest output; {where}",
            "points",
        ),
        Statement(
            "three copies with shares 1, 1, −1 make every point with residuals a strict saddle",
            "EP22, Theorem 6.3 with Lemmas 6.1 and 6.2",
            lambda evidence: evidence.each(
                lambda record: min(row["negative"] for row in rows(record, point="critical", kind=THREE_FOLD))
            ),
            at_least(1),
            f"negative eigenvalues above the noise; {where}",
            "points",
            figure=SIGNS,
        ),
    ]


def _of_loss(loss: LossName, where: str) -> list[Statement]:
    soft = _SOFT if loss == "cross-entropy" else ""

    def read(value: Callable[[Record], Any]) -> Callable[[Evidence], list[Any]]:
        return lambda evidence: evidence.where(loss=loss).each(value)

    note = "largest L1 norm of ∇R, relative to that with the targets of other samples"
    return [
        Statement(
            "a critical point of a narrow network stays critical when a neuron of any layer is split",
            _ONE_STEP + soft,
            read(lambda record: _largest(record, (SPLIT,))),
            at_most(STILL),
            f"{loss} loss, {where}; {note}",
            "points",
            label=f"a critical point stays critical when a neuron is split: {loss} loss",
            figure=GRADIENTS,
        ),
        Statement(
            "a critical point of a narrow network stays critical under general compatible embeddings",
            _GENERAL + soft,
            read(lambda record: _largest(record, GENERAL)),
            at_most(STILL),
            f"{loss} loss, {where}; steps in every layer, two mixed copies, three copies; {note}",
            "points",
            label=f"a critical point stays critical under general embeddings: {loss} loss",
            figure=GRADIENTS,
        ),
        Statement(
            "no number of positive, zero or negative eigenvalues of the Hessian decreases at any point",
            _INERTIA + soft,
            lambda evidence: _gains(evidence.where(loss=loss)),
            at_least(0),
            f"{loss} loss, {where}; least gain over embeddings and signs, at a critical point and another; unknown "
            "where an eigenvalue of the narrow network has the size of rounding",
            "points",
            label=f"no count of positive, zero or negative eigenvalues decreases: {loss} loss",
            figure=SIGNS,
        ),
    ]


def _largest(record: Record, kinds: tuple[str, ...]) -> float | None:
    """Returns the largest gradient over embeddings; None where the narrow point itself is not critical to rounding."""
    if not record.values["narrow_gradient"] <= STILL:
        return None
    return max(row["gradient"] for row in rows(record, point="critical") if row["kind"] in kinds)


def _gains(evidence: Evidence) -> Measured:
    """Returns the least gain of every point, and in words why some are not known where no other is negative."""
    done = evidence.each(lambda record: record.values["narrow_decided"])
    gains, small = evidence.each(_least_gain), done.count(False)
    known = [gain for gain in gains if gain is not None]
    rounded = (
        f"At {small} of {len(gains)} points an eigenvalue of the narrow network has the size of rounding, so that its "
        f"sign is not known; elsewhere the least gain is {min(known, default='unknown')}."
    )
    return Measured(gains, unsettled=rounded if small and None not in done else "")


def _least_gain(record: Record) -> int | None:
    """Returns the least gain at a critical point and another; None where a count of the narrow network is undecided.

    In the wide network what is above the noise is counted as positive or negative, and all else as zero: there are at
    least so many of the first two.
    """
    if not record.values["narrow_decided"]:
        return None
    before = {"critical": record.values["narrow_counts"], "any": record.values["other_counts"]}
    signs = ("positive", "zero", "negative")
    return min(row[sign] - before[row["point"]][k] for row in rows(record) for k, sign in enumerate(signs))
