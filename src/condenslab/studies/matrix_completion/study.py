"""Which entries of a low-rank matrix determine the others?"""

from condenslab.studies.contract.parts import Part
from condenslab.studies.contract.study import Study
from condenslab.studies.matrix_completion.cases import PRESETS, OrderCase, RankCase, make_cases
from condenslab.studies.matrix_completion.claims import statements
from condenslab.studies.shared.completion.cases import PART

STUDY = Study(
    name="matrix_completion",
    revision=2,
    question="Which entries of a low-rank matrix determine the others?",
    source="deck 001, matrix factorisation; LSH (arXiv 2211.11623), Figs 2 to 5; OPT, Figs 2 and 3",
    part="generalization",
    deck="001",
    presets=PRESETS,
    make_cases=make_cases,
    parts=(
        Part(
            case=RankCase,
            run="condenslab.studies.matrix_completion.runs:run_rank",
            varies=("target",),
            seconds=lambda _: 0.1,
        ),
        Part(
            case=OrderCase,
            run="condenslab.studies.matrix_completion.runs:run_order",
            varies=("order", "target"),
            seconds=lambda _: 0.1,
        ),
        PART,
    ),
    statements=statements,
    figures="condenslab.studies.matrix_completion.draw:drawings",
)
