"""What becomes of a minimum of a narrow network in a wider one?"""

from condenslab.studies.contract.parts import Part
from condenslab.studies.contract.study import Study
from condenslab.studies.embedding_width.cases import (
    PRESETS,
    EscapeCase,
    IrisCase,
    PublishedIrisCase,
    SplitCase,
    make_cases,
)
from condenslab.studies.embedding_width.claims import statements
from condenslab.studies.shared.proven.cases import PART as PROOFS

_SEARCH = 8 * 4 * 40**2 + 2**22

PARTS = (
    Part(
        case=SplitCase,
        run="condenslab.studies.embedding_width.runs:run_split",
        varies=("seed", "wide"),
        seconds=lambda case: 2.0 + 0.01 * case.starts + 3.0 * (case.wide / 500) ** 3,
        bytes=lambda case: 8 * 4 * (3 * case.wide) ** 2 + 2**22,  # the dense Hessian of the wide network
    ),
    Part(
        case=EscapeCase,
        run="condenslab.studies.embedding_width.runs:run_escapes",
        varies=("seed", "time", "size"),
        seconds=lambda _: 2.0,
        bytes=lambda _: _SEARCH,
        together=True,
    ),
    Part(
        case=IrisCase,
        run="condenslab.studies.embedding_width.runs:run_iris",
        seconds=lambda case: 2.0 + 0.03 * case.starts,
        bytes=lambda _: _SEARCH,
    ),
    Part(
        case=PublishedIrisCase,
        run="condenslab.studies.embedding_width.runs:run_published_iris",
        varies=(),
        seconds=lambda _: 3.0,
        bytes=lambda _: _SEARCH,
    ),
    PROOFS,
)

STUDY = Study(
    name="embedding_width",
    revision=2,
    question="What becomes of a minimum of a narrow network when its neurons are split?",
    source="deck 000 (embedding principle in width); EP21 Figs 1, 3, 4",
    part="landscape",
    deck="000",
    presets=PRESETS,
    make_cases=make_cases,
    parts=PARTS,
    statements=statements,
    figures="condenslab.studies.embedding_width.draw:drawings",
)
