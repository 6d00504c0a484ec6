"""Do more data free a deep network from a plateau sooner?"""

from condenslab.studies.contract.parts import Part
from condenslab.studies.contract.study import Study
from condenslab.studies.plateau_data.cases import PRESETS, EscapeCase, make_cases
from condenslab.studies.plateau_data.claims import statements

STUDY = Study(
    name="plateau_data",
    revision=1,
    question="Do more data free a deep network from a plateau sooner?",
    source="Bai, Luo, Xu & Zhang, arXiv 2205.13283, Fig. 6 and Proposition 3",
    part="landscape",
    deck="000",
    presets=PRESETS,
    make_cases=make_cases,
    parts=(
        Part(
            case=EscapeCase,
            run="condenslab.studies.plateau_data.runs:run",
            varies=("seed", "std"),
            # Six operations a weight and sample; about a third of the steps are taken before the plateau is left.
            seconds=lambda case: (
                1.0
                + (case.before + case.steps / 3) * (1e-5 + 6 * case.samples * case.width**2 * (case.depth - 1) / 4.5e10)
            ),
            bytes=lambda _: 8 * 4 * 160,
            together=True,
        ),
    ),
    statements=statements,
    figures="condenslab.studies.plateau_data.draw:drawings",
)
