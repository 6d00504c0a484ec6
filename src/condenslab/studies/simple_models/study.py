"""What does small initialisation reach against the optimistic sample size, in models with nothing hidden?"""

from condenslab.studies.contract.parts import Part
from condenslab.studies.contract.study import Study
from condenslab.studies.simple_models.cases import Case, Settings, make_cases
from condenslab.studies.simple_models.claims import statements

STUDY = Study(
    name="simple_models",
    revision=1,
    question=(
        "What does small initialisation reach against the optimistic sample size, in models with nothing hidden?"
    ),
    source="deck 001, linear and non-linear models; LSH, Fig. 1; OPT, section 3",
    part="generalization",
    deck="001",
    presets={
        "tiny": Settings(trials=3, seeds=1, samples=(1, 20)),
        "quick": Settings(),
        "full": Settings(trials=100, seeds=100, rate=0.01, steps=1_000_000, samples=tuple(range(1, 21))),
    },
    make_cases=make_cases,
    parts=(
        Part(
            case=Case,
            run="condenslab.studies.simple_models.runs:descend",
            varies=("target", "samples", "std", "rate", "seed"),
            apart=lambda case: len(case.target),
            together=True,
            seconds=lambda case: 0.02 + 1e-6 * case.steps,
            bytes=lambda case: 8 * (case.padded * (len(case.target) + 2) + 8 * len(case.target)),
        ),
    ),
    statements=statements,
    figures="condenslab.studies.simple_models.draw:drawings",
)
