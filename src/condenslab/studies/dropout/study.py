"""Does dropout make neurons condense, and is it its mean, the penalty R₁, that does?"""

from condenslab.studies.contract.study import Study
from condenslab.studies.dropout.cases import PRESETS, make_cases
from condenslab.studies.dropout.claims import statements
from condenslab.studies.shared.descents import DESCENTS

STUDY = Study(
    name="dropout",
    revision=1,
    question="Does dropout make neurons condense, and is it its mean, the penalty R₁, that does?",
    source="deck 002, knobs; Zhang & Xu, 'Implicit regularization of dropout', TPAMI 2024, Figs 4, 5, 7a, b",
    part="condensation",
    deck="002",
    presets=PRESETS,
    make_cases=make_cases,
    parts=(DESCENTS,),
    statements=statements,
    figures="condenslab.studies.dropout.draw:drawings",
)
