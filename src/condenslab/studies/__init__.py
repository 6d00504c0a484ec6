"""Studies: questions with claims. `studies.run("recovery")` computes what is missing and decides the claims."""

from condenslab.studies.contract.claims import Claim, wilson
from condenslab.studies.contract.study import Drawing, Outcome, Study
from condenslab.studies.launch import Plan, environment, execute, plan, run
from condenslab.studies.registry import REGISTRY, get, names

__all__ = [
    "REGISTRY",
    "Claim",
    "Drawing",
    "Outcome",
    "Plan",
    "Study",
    "environment",
    "execute",
    "get",
    "names",
    "plan",
    "run",
    "wilson",
]
