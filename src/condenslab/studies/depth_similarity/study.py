"""Do ReLU networks of different depths rest at the same risks, and do deeper ones rest longer?"""

from condenslab.studies.contract.parts import Part
from condenslab.studies.contract.study import Study
from condenslab.studies.depth_similarity.cases import PRESETS, DepthCase, make_cases
from condenslab.studies.depth_similarity.claims import statements

STUDY = Study(
    name="depth_similarity",
    revision=1,
    question="Do networks of different depths rest at the same risks, and deeper ones longer?",
    source="Bai, Luo, Xu & Zhang, arXiv 2205.13283, Fig. 1",
    part="landscape",
    deck="000",
    presets=PRESETS,
    make_cases=make_cases,
    parts=(
        Part(
            case=DepthCase,
            run="condenslab.studies.depth_similarity.runs:run",
            varies=("seed", "std", "rate"),
            # Six operations a weight and sample, and the recorded outputs.
            seconds=lambda case: 1.0 + case.steps * (5e-6 + 6 * 150 * case.width**2 * (case.depth - 1) / 2e10),
            bytes=lambda _: 8 * 4 * 200 * 150 * 3,
            together=True,
        ),
    ),
    statements=statements,
    figures="condenslab.studies.depth_similarity.draw:drawings",
)
