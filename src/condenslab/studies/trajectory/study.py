"""How do groups of neurons form along training, and does their number grow?"""

from condenslab.studies.contract.parts import Part
from condenslab.studies.contract.study import Study
from condenslab.studies.trajectory.cases import PRESETS, Case, make_cases
from condenslab.studies.trajectory.claims import statements

STUDY = Study(
    name="trajectory",
    revision=1,
    question="How do groups of neurons form along training, and does their number grow?",
    source=(
        "deck 002, '1d example'; Xu's lecture notes, Figs 1.5 and 1.7 (LN); overview of condensation, arXiv "
        "2504.09484; dlphenomena/condensation, condense.ipynb"
    ),
    part="condensation",
    deck="002",
    presets=PRESETS,
    make_cases=make_cases,
    parts=(
        Part(
            case=Case,
            run="condenslab.studies.trajectory.runs:run",
            seconds=lambda case: 0.5 + 1e-8 * case.steps * case.width,
            bytes=lambda case: 8 * 3 * case.width * 320,  # the recorded parameters
            together=True,
        ),
    ),
    statements=statements,
    figures="condenslab.studies.trajectory.draw:drawings",
)
