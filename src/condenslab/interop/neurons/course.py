"""Condensation over training: the layers of several checkpoints of one network, beside each other."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from condenslab.errors import UserError
from condenslab.interop.neurons.measurement import Measurement
from condenslab.interop.neurons.names import stripped


@dataclass(frozen=True)
class Course:
    """One layer over several checkpoints.

    Attributes:
        name: Its name without what wrappers put before it.
        twins: Share of neurons nearer than in a rotation.
        directions: Groups at cosine 0.95.
        effective_width: The same without faint neurons.
        nearest: Median |cosine| of nearest neighbours.
        verdicts: Verdicts.
    """

    name: str
    twins: list[float]
    directions: list[int]
    effective_width: list[int]
    nearest: list[float]
    verdicts: list[str]

    def as_dict(self) -> dict[str, Any]:
        """Returns the course as plain values for JSON."""
        return {key: getattr(self, key) for key in self.__dataclass_fields__}


def course(measured: Sequence[Measurement]) -> list[Course]:
    """Returns the layers that all checkpoints have, in the order of the first.

    Args:
        measured: Measurements, earliest first.

    Raises:
        UserError: They have no layer in common.
    """
    tables = [{stripped(layer.name): layer for layer in found.layers} for found in measured]
    common = [name for name in tables[0] if all(name in table for table in tables)]
    if not common:
        files = " and ".join(found.file for found in measured)
        raise UserError(f"{files} have no layer of one name in common: give checkpoints of one network")
    return [
        Course(
            name,
            [layer.nulls["rotation"].share if layer.nulls else 0.0 for layer in layers],
            [next(row["groups"] for row in layer.directions if row["threshold"] == 0.95) for layer in layers],
            [layer.effective_width for layer in layers],
            [layer.nearest["median"] for layer in layers],
            [layer.verdict for layer in layers],
        )
        for name in common
        for layers in [[table[name] for table in tables]]
    ]
