"""Are the critical points of narrow networks critical in wide ones, at any depth and for any loss?"""

from condenslab.studies.contract.parts import Part
from condenslab.studies.contract.study import Study
from condenslab.studies.embedding_losses.cases import OUTPUTS, PRESETS, WIDTH, Case, make_cases
from condenslab.studies.embedding_losses.claims import statements


def _bytes(case: Case) -> int:
    """Returns the bytes of the Hessian of three copies with its tangents on every sample."""
    parameters = 3 * (3 * WIDTH) * (case.depth + 2) * (3 * WIDTH)
    return 8 * parameters * (parameters + case.samples * OUTPUTS)


STUDY = Study(
    name="embedding_losses",
    revision=1,
    question="Are the critical points of narrow networks critical in wide ones, at any depth and for any loss?",
    source="deck 000, embedding principle in width; EP21, Theorem 1; EP22, Theorems 4.1 to 4.3, 5.1, 6.2 and 6.3",
    part="landscape",
    deck="000",
    presets=PRESETS,
    make_cases=make_cases,
    parts=(
        Part(
            case=Case,
            run="condenslab.studies.embedding_losses.runs:measure",
            seconds=lambda case: 0.3 + 0.1 * case.depth,
            bytes=_bytes,
        ),
    ),
    statements=statements,
    figures="condenslab.studies.embedding_losses.draw:drawings",
)
