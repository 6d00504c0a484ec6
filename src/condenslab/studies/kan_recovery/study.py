"""From how many samples does training recover a spline network, as its width grows and as its grid does?"""

from condenslab.studies.contract.parts import Part
from condenslab.studies.contract.study import Study
from condenslab.studies.kan_recovery.cases import PRESETS, RankCase, TrainCase, make_cases, parameters
from condenslab.studies.kan_recovery.claims import statements

STUDY = Study(
    name="kan_recovery",
    revision=1,
    question="How many samples does training need to recover a spline network: does its width cost some, or its grid?",
    source="decks 001 and 002, Kolmogorov–Arnold networks (no settings are stated)",
    part="generalization",
    deck="001",
    presets=PRESETS,
    make_cases=make_cases,
    parts=(
        Part(
            case=RankCase,
            run="condenslab.studies.kan_recovery.runs:measure",
            seconds=lambda case: 0.6 + 2e-8 * parameters(case.width, case.refinements) ** 3,
            bytes=lambda case: 8 * 12 * parameters(case.width, case.refinements) ** 2,
        ),
        Part(
            case=TrainCase,
            run="condenslab.studies.kan_recovery.runs:run",
            varies=("samples", "seed", "std", "rate", "risk"),
            together=True,
            seconds=lambda case: case.steps * (5e-6 + 4e-9 * case.most * parameters(case.width, case.refinements)),
            bytes=lambda case: 8 * 20 * case.most * parameters(case.width, case.refinements),
        ),
    ),
    statements=statements,
    figures="condenslab.studies.kan_recovery.draw:drawings",
)
