"""Studies: questions with claims. `studies.run("recovery")` computes what is missing and decides the claims."""

from condenslab.studies.contract.claims import Claim, wilson
from condenslab.studies.contract.criteria import Criterion, Share, above, at_least, at_most, below, exactly, within
from condenslab.studies.contract.endings import Unfinished
from condenslab.studies.contract.evidence import Evidence
from condenslab.studies.contract.parts import Part
from condenslab.studies.contract.statements import Measured, Statement
from condenslab.studies.contract.study import Drawing, Study
from condenslab.studies.environment import environment
from condenslab.studies.launch import Plan, execute, plan, run, told
from condenslab.studies.registry import REGISTRY, get, names
from condenslab.sweeps import Outcome

__all__ = [
    "REGISTRY",
    "Claim",
    "Criterion",
    "Drawing",
    "Evidence",
    "Measured",
    "Outcome",
    "Part",
    "Plan",
    "Share",
    "Statement",
    "Study",
    "Unfinished",
    "above",
    "at_least",
    "at_most",
    "below",
    "environment",
    "exactly",
    "execute",
    "get",
    "names",
    "plan",
    "run",
    "told",
    "wilson",
    "within",
]
