"""What the dropout study claims; numbers only, no JAX."""

from collections.abc import Callable
from typing import Any

import numpy as np

from condenslab.studies.contract.criteria import above, at_least, at_most, exactly
from condenslab.studies.contract.evidence import Evidence
from condenslab.studies.contract.statements import Measured, Statement
from condenslab.studies.dropout.cases import TEACHERS, Settings
from condenslab.studies.shared.descents import DescentCase
from condenslab.sweeps import Record

_ENOUGH = {"teacher_uniform": 50_000, "teacher_normal": 50_000, "two_tanh": 10_000}
"""Steps below which nothing can have condensed: claims are then undecided."""

_SOURCE = "Zhang & Xu, TPAMI 2024"
_OURS = "the factor 1/2 is the study's own"


def statements(settings: Settings) -> list[Statement]:
    """Returns what is claimed, of the teacher once for each law of its inputs.

    Args:
        settings: The settings.
    """
    teachers = [f"teacher_{law}" for law in settings.laws]
    claimed = [s for task in teachers for s in (*_teacher(settings, task), *_halved(settings, task))]
    return [*claimed, *_halved(settings, "two_tanh")]


def _runs(evidence: Evidence, task: str, kind: str) -> Evidence:
    """Returns the runs of a task without dropout, with it, or on R + R₁."""
    noisy = kind != "none"
    return evidence.where(DescentCase, task=task, penalty=kind == "penalty", drop=lambda drop: (drop > 0) == noisy)


def _measured(settings: Settings, task: str, values: Callable[[Evidence], Any]) -> Callable[[Evidence], Measured]:
    """Returns a reader of values that decide nothing after too few steps."""
    steps = settings.curve_steps if task == "two_tanh" else settings.teacher_steps
    few = f"After {steps:,} steps nothing can have condensed: that takes {_ENOUGH[task]:,} at least."
    unsettled = few if steps < _ENOUGH[task] else ""
    return lambda evidence: Measured(values(evidence), unsettled=unsettled)


def _orientations(record: Record) -> int:
    return record.values["orientations"]


def _share(record: Record) -> float:
    return _orientations(record) / record.values["strong"]


def _settled(record: Record) -> int | None:
    """Returns the number of orientations, or None where it changes in the second half of the steps."""
    times, counts = record.arrays["times"], record.arrays["orientations"]
    return int(counts[-1]) if np.all(counts[times >= times[-1] / 2] == counts[-1]) else None


def _more(evidence: Evidence, task: str) -> list[int | None]:
    """Returns how many more orientations R + R₁ leaves than dropout, for every seed."""
    mean, noise = (_runs(evidence, task, kind).each(_orientations) for kind in ("penalty", "dropout"))
    return [None if None in pair else pair[0] - pair[1] for pair in zip(mean, noise, strict=True)]


def _teacher(settings: Settings, task: str) -> list[Statement]:
    law = TEACHERS[task]
    shared: dict[str, Any] = {"of": "seeds", "figure": f"Dropout on a teacher of one neuron, {law}"}
    text = "dropout leaves two orientations on the ten-dimensional teacher"
    return [
        Statement(
            text,
            f"{_SOURCE}, Fig. 7a, b (law of the inputs and number of steps not stated: {settings.teacher_steps:,} are "
            "inferred, enough for the count to stay)",
            _measured(settings, task, lambda evidence: _runs(evidence, task, "dropout").each(_settled)),
            exactly(2),
            f"{law}, inferred {settings.teacher_steps:,} steps, cosine 0.95; of runs whose count no longer changes",
            label=f"{text}, {law}" if len(settings.laws) > 1 else "",
            reason="The source states neither the law of the inputs nor the number of steps.",
            **shared,
        ),
        Statement(
            "the mean alone condenses less than the noise: R + R₁ leaves more orientations than dropout",
            f"the study's own finding; of R + R₁ on this teacher {_SOURCE} claims nothing",
            _measured(settings, task, lambda evidence: _more(evidence, task)),
            above(0),
            f"{law}, {settings.teacher_steps:,} steps; how many more",
            reason="It was seen on seeds 0 to 2, where R + R₁ left 6, 7 and 15 orientations after a million steps, and "
            "not on the fresh seeds: the seed decides, not the noise.",
            label=f"R + R₁ leaves more orientations than dropout, {law}",
            **shared,
        ),
        Statement(
            "without dropout the neurons do not condense: at least half of them have a direction of their own",
            f"{_SOURCE}, Fig. 7a; {_OURS}",
            _measured(settings, task, lambda evidence: _runs(evidence, task, "none").each(_share)),
            at_least(0.5),
            law,
            label=f"without dropout at least half of the neurons stand alone, {law}",
            **shared,
        ),
    ]


def _halved(settings: Settings, task: str) -> list[Statement]:
    teacher = task in TEACHERS
    target = "the ten-dimensional teacher" if teacher else "the target of one input"
    figure = f"Dropout on a teacher of one neuron, {TEACHERS[task]}" if teacher else "Dropout on a target of one input"
    where = f", {TEACHERS[task]}" if teacher else f" on {target}"

    def shares(kind: str) -> Callable[[Evidence], list[float | None]]:
        def read(evidence: Evidence) -> list[float | None]:
            kinds = (_runs(evidence, task, kind).each(_orientations) for kind in (kind, "none"))
            return [None if None in pair else pair[0] / pair[1] for pair in zip(*kinds, strict=True)]

        return read

    return [
        Statement(
            f"{subject} at least halves the number of orientations on {target}",
            f"{_SOURCE}, {'Fig. 7a, b' if teacher else 'Figs 4 and 5'}; {_OURS}",
            _measured(settings, task, shares(kind)),
            at_most(0.5),
            TEACHERS.get(task, ""),
            "seeds",
            label=f"{subject} at least halves the orientations{where}",
            figure=figure,
        )
        for kind, subject in (("dropout", "dropout"), ("penalty", "R + R₁"))
    ]
