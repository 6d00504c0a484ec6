"""Do measured ranks fill the tables of optimistic sample sizes, row by row?"""

from condenslab.studies.contract.parts import Part
from condenslab.studies.contract.study import Study
from condenslab.studies.optimistic_tables.cases import (
    DeepCase,
    DenseCase,
    KernelCase,
    MappingCase,
    MatrixCase,
    Settings,
    make_cases,
)
from condenslab.studies.optimistic_tables.claims import statements

_RUNS = "condenslab.studies.optimistic_tables.runs"

STUDY = Study(
    name="optimistic_tables",
    revision=2,
    question="Do measured ranks fill the tables of optimistic sample sizes, row by row?",
    source="decks 001 and 003; arXiv 2406.18035, Theorems 4 and 5, Lemma 12, Table 3; LSH, Lemma 2",
    part="generalization",
    deck="001",
    presets={
        "tiny": Settings(seeds=1, width=2, inputs=(2,), kernels=1, zeros=(0, 1), side=2),
        "quick": Settings(),
        "full": Settings(seeds=20, width=6, inputs=(1, 2, 3, 5), kernels=3, zeros=(0, 1, 3, 5), kernel_seeds=3, side=6),
    },
    make_cases=make_cases,
    parts=(
        Part(case=DenseCase, run=f"{_RUNS}:dense", seconds=lambda case: 0.3 + 0.03 * case.width),
        Part(
            case=KernelCase,
            run=f"{_RUNS}:kernels",
            seconds=lambda case: {"shared": 0.4, "unshared": 1.0, "full": 4.5}[case.sharing] * case.intrinsic**2,
            bytes=lambda case: 8 * 6 * (17 * 9 * (case.intrinsic + 1)) ** 2,
        ),
        Part(case=MatrixCase, run=f"{_RUNS}:matrices", seconds=lambda _: 0.05),
        Part(case=DeepCase, run=f"{_RUNS}:deep", seconds=lambda _: 0.5),
        Part(case=MappingCase, run=f"{_RUNS}:mappings", seconds=lambda _: 0.5),
    ),
    statements=statements,
    figures="condenslab.studies.optimistic_tables.draw:drawings",
)
