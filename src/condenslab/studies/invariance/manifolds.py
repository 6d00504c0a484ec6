"""Which sets of parameters can training not leave, and with which methods?"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from condenslab.studies.contract.criteria import Criterion, at_least, at_most
from condenslab.studies.contract.evidence import Evidence
from condenslab.studies.contract.parts import Part
from condenslab.studies.contract.statements import Measured, Statement
from condenslab.studies.contract.study import Study
from condenslab.studies.invariance.manifold_cases import (
    AFFINE,
    BALANCED,
    CONTROL,
    LOSSES,
    METHODS,
    PRESETS,
    Case,
    LossCase,
    Manifold,
    Settings,
    make_cases,
)

ROUNDING = 1e-12
"""Ties are broken by the last bit of a matrix product and grow along directions of negative curvature."""
LEFT = 100 * ROUNDING
"""What a manifold has been left by: far above rounding."""
ANGLE = 1e-6
DISTANCES = "Distance to each manifold along training"
LOSS_FIGURE = "The gradient of any loss along each manifold"
"""Titles of the drawings."""
_THEORY = "Zhao, Luo & Zhang, arXiv 2510.09564; deck 003, Theorem 4.1"
_CURVED = "arXiv 2607.12332, structural invariant manifolds of diagonal networks; conservation by homogeneity"
_ENDED = "All steps were taken"
_SLIDES = "The flow slides"
_OURS = "the bound is ours: far above rounding"


def statements(_: Settings) -> list[Statement]:
    """Returns what is claimed, with any settings.

    That GD, SGD, Adam and the flow keep an affine manifold is exact by construction, hence a test and a picture here,
    and no claim.
    """
    return [*_tangents(), *_any_loss(), *_curved(), _no_manifold()]


def _read(
    name: str, manifold: Any, method: Any = METHODS, ended: tuple[str, ...] = (_ENDED,)
) -> Callable[[Evidence], Measured]:
    """Returns a reader of a value of the runs from a manifold, or from several, by a method.

    Records of an earlier version are done whatever their run stopped for, and say it: those settle nothing.
    """

    def of(evidence: Evidence) -> Measured:
        runs = evidence.where(Case, manifold=manifold, method=method)
        stops = runs.each(lambda record: record.values["stop"])
        early = [stop for stop in stops if stop is not None and not stop.startswith(ended)]
        why = f"{len(early)} of {len(stops)} runs stopped early: {early[0]}" if early else ""
        return Measured(runs.each(lambda record: record.values[name]), unsettled=why)

    return of


def _tangents() -> list[Statement]:
    return [
        Statement(
            "on it the gradient is tangent, for the data of every seed",
            _THEORY,
            _read("normal_gradient", AFFINE, "flow"),
            at_most(ROUNDING),
            note="part of the gradient that is normal",
            of="starts",
            label="on an affine structural invariant manifold the gradient is tangent",
        ),
        Statement(
            "the tangent space is the common kernel of Dgᵀ − id, Theorem 4.1",
            _THEORY,
            _read("tangent_angle", AFFINE, "flow"),
            at_most(ANGLE),
            note="largest principal angle, rad",
            of="starts",
        ),
    ]


def _any_loss() -> list[Statement]:
    def normal(name: str, *manifolds: Manifold) -> Callable[[Evidence], list[float | None]]:
        return lambda evidence: evidence.where(LossCase, manifold=manifolds).each(lambda record: record.values[name])

    return [
        Statement(
            "structural invariance: the gradient is tangent for any loss and data",
            f"{_THEORY}, Definition 3.1: for every real-analytic loss and every data set",
            normal("largest", *AFFINE),
            at_most(ROUNDING),
            note=f"largest normal part of the gradient, over random data sets; {', '.join(LOSSES)} loss",
            of="starts and losses",
            figure=LOSS_FIGURE,
        ),
        Statement(
            "neurons of equal input and unequal output weights have no tangent gradient, whatever the loss and data",
            f"deck 003, corollary; {_OURS}",
            normal("smallest", CONTROL),
            at_least(1e-4),
            note="smallest normal part of the gradient, over random data sets",
            of="starts and losses",
            label="with unequal output weights the gradient leaves equal input weights, whatever the loss",
            figure=LOSS_FIGURE,
        ),
    ]


def _curved() -> list[Statement]:
    return [
        _change(
            "the curved manifold a² − ‖w‖² = c of a ReLU neuron is kept by gradient flow on orthogonal inputs",
            _CURVED,
            _crossing,
            at_most(1e-6),
            label="the curved manifold a² − ‖w‖² = c is kept by gradient flow",
        ),
        _change("on any inputs it is kept until the flow slides along a kink", _CURVED, _sliding, at_most(1e-6)),
        Statement(
            "a step of GD changes a² − ‖w‖² by η²((∂R/∂a)² − ‖∂R/∂w‖²)",
            f"{_CURVED}, by which a ∂R/∂a = w·∂R/∂w",
            _read("unexplained", "balanced", "GD"),
            at_most(ROUNDING),
            note="largest difference of the change so far and the sum of the steps, relative to ‖θ‖²",
            of="seeds",
            figure=DISTANCES,
        ),
        _change(
            "GD leaves that curved manifold",
            f"{_CURVED}; {_OURS}",
            _read("distance", "balanced", "GD"),
            at_least(LEFT),
            label="GD leaves the curved manifold a² − ‖w‖² = c",
        ),
    ]


def _change(
    text: str, source: str, values: Callable[[Evidence], Measured], criterion: Criterion, label: str = ""
) -> Statement:
    """Returns a claim on how much a² − ‖w‖² changes along training."""
    return Statement(text, source, values, criterion, note="relative change", of="seeds", label=label, figure=DISTANCES)


def _crossing(evidence: Evidence) -> Measured:
    """Reads how far flows on orthogonal inputs got from the manifold, and that they are no linear networks'."""
    found = _read("distance", BALANCED[1], "flow")(evidence)
    flipped = evidence.where(Case, manifold=BALANCED[1], method="flow").each(lambda record: record.values["flipped"])
    known = [count for count in flipped if count is not None]
    return replace(found, note=f"{min(known)} to {max(known)} preactivations change sign" if known else "")


def _sliding(evidence: Evidence) -> Measured:
    """Reads how far flows got from the manifold until they slid, and when that was."""
    found = _read("distance", "balanced", "flow", (_ENDED, _SLIDES))(evidence)
    times = evidence.where(Case, manifold="balanced", method="flow").each(
        lambda record: record.values["end"] if record.values["stop"].startswith(_SLIDES) else None
    )
    slid = [time for time in times if time is not None]
    return replace(found, note=f"{len(slid)} slide, from time {min(slid):.2g} to {max(slid):.2g} on" if slid else "")


def _no_manifold() -> Statement:
    return Statement(
        "equal input weights with unequal output weights are no invariant manifold",
        f"deck 003, corollary; {_OURS}",
        _read("distance", "equal input weights"),
        at_least(1e-3),
        note="distance under flow",
        of="seeds",
        figure=DISTANCES,
    )


MANIFOLDS = Study(
    name="invariant_manifolds",
    revision=3,
    question="Which sets of parameters can training not leave, and with which methods?",
    source=(
        "decks 002 and 003 (Theorem 4.1 and its corollary); Zhao, Luo & Zhang, arXiv 2510.09564; arXiv 2607.12332 "
        "(affine manifolds are exactly invariant under GD and SGD, curved ones under gradient flow only)"
    ),
    part="landscape",
    deck="003",
    presets=PRESETS,
    make_cases=make_cases,
    parts=(
        Part(
            case=Case,
            run="condenslab.studies.invariance.runs:run_cases",
            varies=("seed", "manifold"),
            apart=lambda case: case.manifold if case.manifold in BALANCED else "",  # which decides network and inputs
            seconds=lambda _: 0.5,
            bytes=lambda case: 8 * 4 * case.width * 400,  # a recorded run
            together=True,
        ),
        Part(
            case=LossCase,
            run="condenslab.studies.invariance.losses:measure",
            seconds=lambda case: 0.3 + 0.01 * case.sets,
        ),
    ),
    statements=statements,
    figures="condenslab.studies.invariance.draw:manifold_drawings",
)
