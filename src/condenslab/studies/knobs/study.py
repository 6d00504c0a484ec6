"""Which knobs make a network condense more? On one task with one measure, every knob is turned alone."""

from condenslab.studies.contract.study import Study
from condenslab.studies.knobs.cases import PRESETS, make_cases
from condenslab.studies.knobs.claims import statements
from condenslab.studies.shared.descents import DESCENTS

STUDY = Study(
    name="knobs",
    revision=1,
    question="Which knobs make a network condense more: initial scale, learning rate, decay, dropout?",
    source=(
        "deck 002: 'smaller initialization, dropout, larger weight decay, large learning rate'; Zhang & Xu, TPAMI 2024"
    ),
    part="condensation",
    deck="002",
    presets=PRESETS,
    make_cases=make_cases,
    parts=(DESCENTS,),
    statements=statements,
    figures="condenslab.studies.knobs.draw:drawings",
)
