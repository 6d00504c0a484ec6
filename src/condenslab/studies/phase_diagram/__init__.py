"""The phase diagram study: where on the plane (γ, γ′) do wide two-layer ReLU networks condense?"""

from condenslab.studies.phase_diagram.study import STUDY

__all__ = ["STUDY"]
