"""Why can a network of 1,500 parameters recover a target from 50 samples?"""

from condenslab.studies.contract.parts import Part
from condenslab.studies.contract.study import Study
from condenslab.studies.recovery.cases import PRESETS, CriticalCase, FlowCase, make_cases
from condenslab.studies.recovery.claims import statements

_STORED_STEPS = 4000
"""Accepted solver steps that a flow is expected to record, for the estimate of memory."""

PARTS = (
    Part(
        case=FlowCase,
        run="condenslab.studies.recovery.flows:run_flows",
        varies=("start", "seed", "l2", "risk", "threshold", "raw_rank"),
        seconds=lambda case: 1.0 + 4.0 * case.width / 500,
        bytes=lambda case: 8 * 3 * case.width * _STORED_STEPS,
        together=True,
        takes_data=True,
    ),
    Part(
        case=CriticalCase,
        run="condenslab.studies.recovery.functions:run_critical",
        seconds=lambda case: 6.0 + 0.01 * case.starts + 3.0 * (case.wide / 500) ** 3,  # mostly compilation
        bytes=lambda case: 8 * 4 * (3 * max(case.width, case.wide)) ** 2,  # the dense Hessian
        takes_data=True,
    ),
)

STUDY = Study(
    name="recovery",
    revision=2,
    question="Why can a network of 1,500 parameters recover a target from 50 samples?",
    source="deck 000 (exercise and Fig. 'Typical training behaviour'), deck 003; EP21 Figs 1, 3, 4",
    part="condensation",
    deck="000",
    presets=PRESETS,
    make_cases=make_cases,
    parts=PARTS,
    statements=statements,
    figures="condenslab.studies.recovery.draw:drawings",
    accepts_data=True,
)
