"""Where on the plane (γ, γ′) do wide two-layer ReLU networks condense?"""

from condenslab.studies.contract.parts import Part
from condenslab.studies.contract.study import Study
from condenslab.studies.phase_diagram.cases import PRESETS, ChoiceCase, PointCase, make_cases
from condenslab.studies.phase_diagram.claims import statements

STUDY = Study(
    name="phase_diagram",
    revision=1,
    question="Where on the plane (γ, γ′) do wide two-layer ReLU networks condense?",
    source="Luo et al., JMLR 22(71), 2021 (PD), Figs 2, 3, 4, 5; deck 002, 'Phase diagram'",
    part="condensation",
    deck="002",
    presets=PRESETS,
    make_cases=make_cases,
    parts=(
        Part(
            case=PointCase,
            run="condenslab.studies.phase_diagram.flows:run_points",
            varies=("gamma", "gamma_prime", "seed"),
            together=True,
            # about 160 tried steps a point, most of them at large γ
            seconds=lambda case: 0.02 + case.width * (8e-6 if case.data == "square" else 3e-4),
            bytes=lambda case: 8 * case.width * (60 if case.data == "square" else 600),
        ),
        Part(
            case=ChoiceCase,
            run="condenslab.studies.phase_diagram.flows:run_choice",
            seconds=lambda case: 0.5 + 2e-7 * case.steps * case.width,
            bytes=lambda case: 8 * case.width * 60,
        ),
    ),
    statements=statements,
    figures="condenslab.studies.phase_diagram.draw:drawings",
)
