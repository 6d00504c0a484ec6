"""Why can a network of 1,500 parameters recover a target from 50 samples?"""

from condenslab.studies.contract.parts import Part
from condenslab.studies.contract.study import Study
from condenslab.studies.recovery.cases import PRESETS, CriticalCase, FlowCase, make_cases
from condenslab.studies.recovery.claims import statements
from condenslab.studies.shared.proven.cases import PART as PROOFS

_STORED_STEPS = 4000
"""Accepted solver steps that a flow is expected to record, for the estimate of memory."""


def _flow_bytes(case: FlowCase) -> int:
    """Returns the size of the recorded parameters and outputs and of a step's matrices."""
    parameters, samples = (case.inputs + 2) * case.width, case.samples
    solved = min(samples, parameters)
    return 8 * (_STORED_STEPS * (parameters + samples) + 3 * solved * parameters + 2 * solved * solved)


def _flow_seconds(case: FlowCase) -> float:
    return 1.0 + 4.0 * _step(case.samples, (case.inputs + 2) * case.width) / _step(50, 1500)


def _step(samples: int, parameters: int) -> float:
    """Returns the operations of a step of the flow: a solve of the smaller of samples and parameters."""
    solved = min(samples, parameters)
    return float(samples) * parameters * solved + float(solved) ** 3


def _critical_bytes(case: CriticalCase) -> int:
    """Returns the size of the dense Hessian, and of the search's tangents."""
    parameters = (case.inputs + 2) * max(case.width, case.wide)
    return 8 * (4 * parameters * parameters + 4 * case.samples * case.width * (case.inputs + 2))


def _critical_seconds(case: CriticalCase) -> float:
    """Returns a rough time: most of it is compilation for narrow networks and few samples."""
    many = max(1.0, case.samples / 50)
    wide = (case.inputs + 2) * case.wide / 1500
    return 6.0 + 0.01 * case.starts * many + 3.0 * wide**2 * max(wide, many / 30)


PARTS = (
    Part(
        case=FlowCase,
        run="condenslab.studies.recovery.flows:run_flows",
        varies=("start", "seed", "l2", "risk", "threshold", "raw_rank"),
        seconds=_flow_seconds,
        bytes=_flow_bytes,
        together=True,
        takes_data=True,
    ),
    Part(
        case=CriticalCase,
        run="condenslab.studies.recovery.functions:run_critical",
        seconds=_critical_seconds,
        bytes=_critical_bytes,
        takes_data=True,
    ),
    PROOFS,
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
    own_table="table",
)
