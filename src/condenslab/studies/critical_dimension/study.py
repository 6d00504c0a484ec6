"""How large is the critical set into which a critical point embeds?"""

from condenslab.studies.contract.parts import Part
from condenslab.studies.contract.study import Study
from condenslab.studies.critical_dimension.cases import PRESETS, EmbeddingCase, make_cases
from condenslab.studies.critical_dimension.claims import statements

STUDY = Study(
    name="critical_dimension",
    revision=1,
    question="How does the dimension of a critical set grow with the neurons that embedding adds?",
    source="EP21, Theorem 2; EP22, Theorem 6.1 and section 6.1; deck 000, 'critical affine subspaces'",
    part="landscape",
    deck="000",
    presets=PRESETS,
    make_cases=make_cases,
    parts=(
        Part(
            case=EmbeddingCase,
            run="condenslab.studies.critical_dimension.compute:run_case",
            seconds=lambda _: 0.4,  # nearly all of it compilation
            bytes=lambda case: 8 * 4 * (4 * (2 + max(case.added)) ** 2) ** 2,  # a dense Hessian, several times
        ),
    ),
    statements=statements,
    figures="condenslab.studies.critical_dimension.draw:drawings",
)
