"""Do the knobs that make a network condense also make it need fewer samples? Each is turned alone at a fixed n."""

from condenslab.studies.contract.study import Study
from condenslab.studies.knob_efficiency.cases import PRESETS, make_cases
from condenslab.studies.knob_efficiency.claims import statements
from condenslab.studies.shared.descents import DESCENTS

STUDY = Study(
    name="knob_efficiency",
    revision=1,
    question="Do weight decay, dropout and larger rates, like small initial scales, make few samples go further?",
    source="deck 001, 'ways to improve sample efficiency'; deck 002, 'ways to facilitate condensation'",
    part="generalization",
    deck="001",
    presets=PRESETS,
    make_cases=make_cases,
    parts=(DESCENTS,),
    statements=statements,
    figures="condenslab.studies.knob_efficiency.draw:drawings",
)
