"""Planning: the closed form, a measurement beside it, what would change, and what experiments saw."""

from condenslab.sample_size.planning.answer import Change, SamplePlan, plan
from condenslab.sample_size.planning.experiments import Practical
from condenslab.sample_size.planning.request import KNOWS, NEEDS, PlanRequest, option

__all__ = ["KNOWS", "NEEDS", "Change", "PlanRequest", "Practical", "SamplePlan", "option", "plan"]
