"""The deck's exercise answered by theorems instead of numbers."""

from collections.abc import Callable
from typing import Any

from condenslab.studies.contract.criteria import at_least, exactly
from condenslab.studies.contract.evidence import Evidence
from condenslab.studies.contract.parts import Part
from condenslab.studies.contract.statements import Statement
from condenslab.studies.contract.study import Study
from condenslab.studies.exercise_proof.cases import BoxCase, PointsCase, Settings, make_cases

_DECK = "deck 000, exercise on three tanh steps"
_FIGURE = "Critical functions with proven inertia"


def statements(settings: Settings) -> list[Statement]:
    """Returns what is claimed.

    Args:
        settings: The settings.
    """
    return [*_answers(), *_further(settings)]


def _answers() -> list[Statement]:
    """Returns the deck's own questions, answered."""
    return [
        Statement(
            "the parameter space of three tanh neurons with biases has dimension 9",
            _DECK,
            _of("parameters"),
            exactly(9),
        ),
        Statement(
            "R has a minimum of loss 0, proven: the target itself, with every direction curving upwards",
            _DECK,
            _of("teacher_defect"),
            exactly(0),
            note="R = 0 by construction; directions not proven to curve upwards",
            label="R has a minimum of loss 0, proven: the target itself",
        ),
        Statement(
            "R is not convex, proven: a critical point with a direction of negative curvature",
            _DECK,
            _of("most_negative"),
            at_least(1),
            note="most negative directions proven at one point",
        ),
        Statement(
            "there are infinitely many non-global critical points, proven: an affine space of them",
            _DECK,
            lambda evidence: _points(evidence).each(lambda record: record.values["line"]["dimension"]),
            at_least(1),
            note="dimension of the space of splittings of a proven point of width 1 in width 3",
        ),
        Statement(
            "there are at least five critical functions, proven: their outputs are apart in pairs",
            _DECK,
            _of("distinct"),
            at_least(5),
            note="critical functions proven to differ, the zero function among them",
            figure=_FIGURE,
        ),
    ]


def _further(settings: Settings) -> list[Statement]:
    """Returns what the deck does not ask: signs of every curvature, and that width 1 has no other function."""
    return [
        Statement(
            "the inertia of every one of them is proven",
            "own criterion: deck 000 asks which of them are minima",
            _of("open"),
            exactly(0),
            note="signs of Hessian eigenvalues left open",
            figure=_FIGURE,
        ),
        Statement(
            "width 1 has exactly one critical function besides 0 in the box, every bias included",
            "Zhang et al., J. Mach. Learn. 1(1), 2022, Figure 4.4(c), found one by training",
            lambda evidence: evidence.where(BoxCase).each(_complete_count),
            exactly(1),
            note=f"proven by branch and bound over |w|·dx ≤ {settings.step:g}",
            label="width 1 has exactly one critical function besides 0 in the box",
        ),
    ]


def _points(evidence: Evidence) -> Evidence:
    return evidence.where(PointsCase)


def _of(name: str) -> Callable[[Evidence], list[Any]]:
    return lambda evidence: _points(evidence).each(lambda record: record.values[name])


def _complete_count(record: Any) -> int | None:
    """Returns the number of functions where nothing of the box is left, else None."""
    return record.values["functions"] if record.values["complete"] and record.values["every_bias"] else None


STUDY = Study(
    name="exercise_proof",
    revision=1,
    question="Which critical points does the three-tanh problem have, as theorems?",
    source="deck 000, exercise; Krawczyk 1969 and ball arithmetic for the proofs",
    part="landscape",
    deck="000",
    presets={
        "tiny": Settings(starts=4, step=0.06, boxes=40),
        "quick": Settings(),
        "full": Settings(starts=500, seeds=3, step=3.0, boxes=200_000),
    },
    make_cases=make_cases,
    parts=(
        Part(
            case=PointsCase,
            run="condenslab.studies.exercise_proof.compute:prove_points",
            seconds=lambda case: 5 + 0.25 * case.starts,
        ),
        Part(
            case=BoxCase,
            run="condenslab.studies.exercise_proof.compute:complete",
            varies=(),
            seconds=lambda case: 0.003 * min(case.boxes, 13_000 * case.step),
        ),
    ),
    statements=statements,
    figures="condenslab.studies.exercise_proof.draw:drawings",
)
