"""What are a shallow network's critical points and plateaus in a deeper one?"""

from condenslab.studies.contract.parts import Part
from condenslab.studies.contract.study import Study
from condenslab.studies.embedding_depth.cases import (
    HIDDEN,
    PRESETS,
    LiftCase,
    MergeCase,
    NormCase,
    PlateauCase,
    make_cases,
)
from condenslab.studies.embedding_depth.claims import statements

PARTS = (
    Part(
        case=PlateauCase,
        run="condenslab.studies.embedding_depth.plateaus:run_plateaus",
        varies=("seed", "std"),
        # Six operations a weight and sample, and the recorded parameters of 120 moments.
        seconds=lambda case: 1.0 + case.steps * (1e-5 + 6 * 50 * case.width**2 * (case.depth - 1) / 4.5e10),
        bytes=lambda case: 8 * 4 * 120 * case.width * (case.width * (case.depth - 1) + 4),
        together=True,
    ),
    Part(
        case=LiftCase,
        run="condenslab.studies.embedding_depth.lifts:run_lift",
        seconds=lambda case: 6.0 + 0.1 * case.starts,
        bytes=lambda _: 2**24,
    ),
    Part(
        case=MergeCase,
        run="condenslab.studies.embedding_depth.merges:run_merges",
        varies=("seed", "variance"),
        seconds=lambda case: 3.0 + case.steps * (3e-4 + 6 * 1000 * case.width**2 * HIDDEN / 2e11),
        bytes=lambda case: 8 * 4 * 5000 * (case.width * HIDDEN + 784),  # a network's states on all images
        together=True,
    ),
    Part(
        case=NormCase,
        run="condenslab.studies.embedding_depth.normed:run_normed",
        varies=("seed", "gamma", "std"),
        apart=lambda case: case.gamma is None,
        seconds=lambda case: 0.5 + 4e-5 * case.steps,
        bytes=lambda case: 8 * 200 * case.width,
        together=True,
    ),
)

STUDY = Study(
    name="embedding_depth",
    revision=1,
    question="What are a shallow network's critical points and plateaus in a deeper one?",
    source="Bai, Luo, Xu & Zhang, arXiv 2205.13283, Figs 3, 4, 5 and 7",
    part="landscape",
    deck="000",
    presets=PRESETS,
    make_cases=make_cases,
    parts=PARTS,
    statements=statements,
    figures="condenslab.studies.embedding_depth.draw:drawings",
)
