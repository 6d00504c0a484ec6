"""How many directions of function space can a network move in, condensed and not?"""

from condenslab.studies.contract.parts import Part
from condenslab.studies.contract.study import Study
from condenslab.studies.model_rank.cases import Case, Settings, make_cases
from condenslab.studies.model_rank.claims import statements

STUDY = Study(
    name="model_rank",
    revision=2,
    question="How many directions of function space can a network move in, condensed and not?",
    source="deck 001, model rank of the tanh pair; LLR1 Corollary 7; LSH Fig. 5",
    part="generalization",
    deck="001",
    presets={
        "tiny": Settings(seeds=1, width=6),
        "quick": Settings(),
        "full": Settings(seeds=50, width=100),
    },
    make_cases=make_cases,
    parts=(
        Part(
            case=Case,
            run="condenslab.studies.model_rank.runs:fixed",
            when=lambda case: case.kind != "run",
            seconds=lambda _: 0.2,
        ),
        Part(
            case=Case,
            run="condenslab.studies.model_rank.runs:follow",
            when=lambda case: case.kind == "run",
            varies=("seed", "std"),
            together=True,
            seconds=lambda case: 1.0 + 0.02 * case.width,
            bytes=lambda case: 8 * 3 * max(case.width, 8) * 2_000,
        ),
    ),
    statements=statements,
    figures="condenslab.studies.model_rank.draw:drawings",
)
