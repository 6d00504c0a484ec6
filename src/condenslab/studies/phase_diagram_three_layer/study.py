"""Which layers of a three-layer ReLU network condense? The data draws the boundary, no formula is borrowed."""

from condenslab.studies.contract.parts import Part
from condenslab.studies.contract.study import Study
from condenslab.studies.phase_diagram_three_layer.cases import PRESETS, LayerCase, make_cases
from condenslab.studies.phase_diagram_three_layer.claims import SOURCE, statements

STUDY = Study(
    name="phase_diagram_three_layer",
    revision=1,
    question="Which layers of a three-layer ReLU network condense?",
    source=SOURCE,
    part="condensation",
    deck="002",
    presets=PRESETS,
    make_cases=make_cases,
    parts=(
        Part(
            case=LayerCase,
            run="condenslab.studies.phase_diagram_three_layer.flows:run_layers",
            varies=("gamma2", "gamma3", "seed", "risk", "tolerance", "max_steps"),
            seconds=lambda case: 0.1 + 5e-6 * case.width**2,
            # gradients of four outputs at two places, and the weights
            bytes=lambda case: 8 * 2 * 20 * case.width * (case.width + 3),
        ),
    ),
    statements=statements,
    figures="condenslab.studies.phase_diagram_three_layer.draw:drawings",
)
