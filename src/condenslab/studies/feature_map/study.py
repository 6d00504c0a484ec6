"""How do the features of wide ReLU networks scatter across the phase diagram, and does the width matter?"""

from condenslab.studies.contract.parts import Part
from condenslab.studies.contract.study import Study
from condenslab.studies.feature_map.cases import PRESETS, FeatureCase, make_cases
from condenslab.studies.feature_map.claims import PD, statements

STUDY = Study(
    name="feature_map",
    revision=1,
    question="How do features scatter across the phase diagram, and does the width matter?",
    source=f"{PD}; deck 002, 'Feature distribution'",
    part="condensation",
    deck="002",
    presets=PRESETS,
    make_cases=make_cases,
    parts=(
        Part(
            case=FeatureCase,
            run="condenslab.studies.feature_map.runs:run",
            varies=("gamma", "gamma_prime", "seed"),
            seconds=lambda case: 0.02 + 4e-6 * case.width,
            # the neurons of a run, before and after, on the host and in the program
            bytes=lambda case: 8 * case.width * 60,
        ),
    ),
    statements=statements,
    figures="condenslab.studies.feature_map.draw:drawings",
)
