"""Studies: questions with claims. `studies.run("recovery")` computes what is missing and decides the claims."""

from condenslab.studies.claims import Claim, wilson
from condenslab.studies.launch import Plan, environment, execute, plan, run
from condenslab.studies.registry import REGISTRY, get, names
from condenslab.studies.study import Drawing, Outcome, Study

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
