"""The study `knob_efficiency`: which knobs that condense also predict better just above the optimistic sample size."""

from condenslab.studies.knob_efficiency.study import STUDY

__all__ = ["STUDY"]
