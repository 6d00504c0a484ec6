"""Which branches has the target set, how does gradient flow come to them, and from how many samples does it recover?

The first study is of the example with 6 parameters: σ = exp, two neurons, two inputs, a target of one neuron. The
second holds the table of Theorem 5.4 against flows from small balls around points of every branch.
"""

from condenslab.studies.branches import claims, stability
from condenslab.studies.branches.cases import (
    PRESETS,
    STABILITY_PRESETS,
    PointCase,
    RateCase,
    SliceCase,
    StabilityCase,
    branch_cases,
    setting_cases,
)
from condenslab.studies.contract.parts import Part
from condenslab.studies.contract.study import Study

_RATES = Part(
    case=RateCase,
    run="condenslab.studies.branches.flows:run_rates",
    varies=("branch", "seed", "radius", "time"),
    together=True,
    seconds=lambda case: 0.5,  # without compilation
    bytes=lambda case: 400_000,
)
_STABILITY = Part(
    case=StabilityCase,
    run="condenslab.studies.branches.flows:run_stability",
    varies=("samples", "seed", "radius", "time"),
    together=True,
    seconds=lambda case: 0.03 * case.trials * case.width,
    bytes=lambda case: 20_000 * case.trials * case.width,
)
_POINTS = Part(
    case=PointCase,
    run="condenslab.studies.branches.points:run_points",
    varies=("samples", "seed", "radius", "time", "places"),
    together=True,
    seconds=lambda case: 0.02 * case.points * case.flows * case.width,
    bytes=lambda case: 60_000 * case.points * case.flows * case.width,
)
_SLICES = Part(
    case=SliceCase,
    run="condenslab.studies.branches.slices:run_slice",
    varies=("seed",),
    seconds=lambda case: 0.3,
    bytes=lambda case: 2_000_000,
)

STUDY = Study(
    name="branches",
    revision=1,
    question="Which branches has the set of global minima, and how does gradient flow come to them?",
    source=f"{claims.DECK}; {claims.GM}, Sections 3 to 5",
    part="landscape",
    deck="000",
    presets=PRESETS,
    make_cases=branch_cases,
    parts=(_RATES, _STABILITY, _SLICES),
    statements=claims.statements,
    figures="condenslab.studies.branches.draw:branch_drawings",
)

STABILITY = Study(
    name="recovery_stability",
    revision=1,
    question="From how many samples does gradient flow from near a branch recover the target?",
    source=stability.SOURCE,
    part="landscape",
    deck="000",
    presets=STABILITY_PRESETS,
    make_cases=setting_cases,
    parts=(_STABILITY, _POINTS),
    statements=stability.statements,
    figures="condenslab.studies.branches.draw:stability_drawings",
)
