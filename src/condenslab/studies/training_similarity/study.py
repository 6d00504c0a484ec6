"""Do networks of every width stagnate at the same risks?"""

from condenslab.studies.contract.parts import Part
from condenslab.studies.contract.study import Study
from condenslab.studies.training_similarity.cases import PRESETS, LevelsCase, TrialCase, make_cases
from condenslab.studies.training_similarity.claims import statements

PARTS = (
    Part(
        case=LevelsCase,
        run="condenslab.studies.training_similarity.runs:run_levels",
        varies=(),
        seconds=lambda case: 0.01 * 9**case.width / 9,
        bytes=lambda case: 8 * 20_000 * case.samples * 2 * case.width * 3,  # the enumeration's matrices
    ),
    Part(
        case=TrialCase,
        run="condenslab.studies.training_similarity.runs:run_trials",
        # From measurements; small networks are bound by overhead.
        seconds=lambda case: case.steps * (1.2e-7 + 3.5e-10 * case.width * case.samples),
        bytes=lambda case: 8 * 240 * (3 * case.width + case.samples),  # the recorded parameters
        together=True,
    ),
)

STUDY = Study(
    name="training_similarity",
    revision=2,
    question="Do networks of every width stagnate at the same risks, with the same functions?",
    source="Xu & Zhang, lecture notes, chapter 'embedding principle', section 1.1 (loss spectrum)",
    part="landscape",
    deck="000",
    presets=PRESETS,
    make_cases=make_cases,
    parts=PARTS,
    statements=statements,
    figures="condenslab.studies.training_similarity.draw:drawings",
)
