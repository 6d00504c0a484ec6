"""The cases of a sweep of one's own, and how a batch of them is computed: by the user's function, or the library."""

import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from condenslab.errors import ACCIDENTS, UserError, told
from condenslab.imports import imported
from condenslab.studies.work import JaxSettings, JaxWork, spare_programs
from condenslab.sweeps import Outcome, Progress

_LABORATORY = "condenslab.studies.own.laboratory:run"


@dataclass(frozen=True)
class Point:
    """One case.

    Attributes:
        function: What computes it, as "module:function".
        point: Its fields by name.
    """

    function: str
    point: dict[str, Any]


@dataclass(frozen=True)
class PointWork(JaxWork):
    """Computes batches of points, in this process or in another.

    Attributes:
        function: As "module:function".
        together: Whether the function takes a list of points.
        settings: Of JAX.
    """

    function: str
    together: bool
    settings: JaxSettings

    def __call__(self, cases: Sequence[Point], /, *, progress: Progress | None = None) -> list[Outcome]:
        """Computes a batch."""
        spare_programs()
        function = imported(self.function)
        if self.together:
            answers = function([case.point for case in cases])
            if len(answers) != len(cases):
                raise ValueError(f"{self.function} must return one dictionary a point. Got {len(answers)}.")
            return [outcome(answer) for answer in answers]
        found = []
        for number, case in enumerate(cases, start=1):
            try:
                found.append(outcome(function(**case.point)))
            except UserError:
                raise
            except ACCIDENTS as error:
                found.append(Outcome({}, {}, "failed", told(error), traceback.format_exc()))
            if progress is not None:
                progress(number / len(cases), f"{number} of {len(cases)}")
        return found


def laboratory() -> str:
    """Returns the function that computes with the library's parts."""
    return _LABORATORY


def outcome(answer: Any) -> Outcome:
    """Returns what a function answered as an outcome: arrays apart from numbers and texts.

    Args:
        answer: A dictionary, or an `Outcome`.

    Raises:
        TypeError: It is neither.
    """
    if isinstance(answer, Outcome):
        return answer
    if not isinstance(answer, Mapping) or not all(isinstance(name, str) for name in answer):
        raise TypeError(
            f"the function must return a dictionary of numbers, texts and arrays. Got {type(answer).__name__}."
        )
    values: dict[str, Any] = {}
    arrays: dict[str, np.ndarray] = {}
    for name, value in answer.items():
        if hasattr(value, "__array__"):
            array = np.asarray(value)
            if array.ndim:
                arrays[name] = array
            else:
                values[name] = array.item()
        else:
            values[name] = value
    return Outcome(values, arrays)
