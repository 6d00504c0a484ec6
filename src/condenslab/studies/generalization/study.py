"""Does a small initialisation interpolate better than a large one, when both are trained to the same risk?"""

from condenslab.studies.contract.parts import Part
from condenslab.studies.contract.study import Study
from condenslab.studies.generalization.cases import PRESETS, FlowCase, make_cases
from condenslab.studies.generalization.claims import statements
from condenslab.studies.shared.descents import DESCENTS

STUDY = Study(
    name="generalization",
    revision=1,
    question="Does a small initialisation interpolate better than a large one?",
    source="decks 000 to 003; Luo et al., JMLR 22(71) 2021, Fig. 2 (there with ReLU)",
    part="generalization",
    deck="000",
    presets=PRESETS,
    make_cases=make_cases,
    parts=(
        DESCENTS,
        Part(
            case=FlowCase,
            run="condenslab.studies.generalization.flows:run",
            varies=("seed", "exponent", "risk"),
            seconds=lambda case: 0.05 + 1e-3 * case.width,
            bytes=lambda case: 8 * 60 * case.width * case.samples,
        ),
    ),
    statements=statements,
    figures="condenslab.studies.generalization.draw:drawings",
)
