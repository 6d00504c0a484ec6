"""How few neurons does a network need that rests on a plateau of its loss?"""

from condenslab.studies.contract.parts import Part
from condenslab.studies.contract.study import Study
from condenslab.studies.pruning.cases import PRESETS, Case, make_cases
from condenslab.studies.pruning.claims import SHARE, statements

STUDY = Study(
    name="pruning",
    revision=2,
    question="How few neurons does a network need that rests on a plateau of its loss?",
    source="EP21 Fig. 5; deck 000 (reduction of a trained network)",
    part="condensation",
    deck="000",
    presets=PRESETS,
    make_cases=make_cases,
    parts=(
        Part(
            case=Case,
            run="condenslab.studies.pruning.runs:run",
            # three matrix products a step, measured on one core
            seconds=lambda c: 4.0 + 4.5e-8 * c.width * c.images * (c.epochs + 2 * SHARE * c.retrain),
            bytes=lambda c: 4 * 800 * c.width * 70 + 4 * 784 * 5000,
        ),
    ),
    statements=statements,
    figures="condenslab.studies.pruning.draw:drawings",
    precision="float32",
)
