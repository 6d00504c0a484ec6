"""Does training on more samples than the optimistic number forgive badly chosen scales and rates?"""

from condenslab.studies.contract.study import Study
from condenslab.studies.shared.completion.cases import PART
from condenslab.studies.tuning_tolerance.cases import PRESETS, make_cases
from condenslab.studies.tuning_tolerance.claims import statements

STUDY = Study(
    name="tuning_tolerance",
    revision=1,
    question="Does training on more samples than the optimistic number forgive badly chosen scales and rates?",
    source="deck 001, optimistic sample size and tuning; OPT (arXiv 2307.08921), Fig. 3b",
    part="generalization",
    deck="001",
    presets=PRESETS,
    make_cases=make_cases,
    parts=(PART,),
    statements=statements,
    figures="condenslab.studies.tuning_tolerance.draw:drawings",
)
