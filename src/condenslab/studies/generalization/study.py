"""Does a small initialisation interpolate better than a large one, when both are trained to the same risk?"""

from condenslab.studies.contract.study import Study
from condenslab.studies.generalization.cases import PRESETS, make_cases
from condenslab.studies.generalization.claims import statements
from condenslab.studies.shared.descents import DESCENTS

STUDY = Study(
    name="generalization",
    revision=1,
    question="Does a small initialisation interpolate better than a large one?",
    source="decks 000, 001 and 003; Luo et al., JMLR 22(71) 2021, Fig. 2 (there with ReLU)",
    part="generalization",
    deck="000",
    presets=PRESETS,
    make_cases=make_cases,
    parts=(DESCENTS,),
    statements=statements,
    figures="condenslab.studies.generalization.draw:drawings",
)
