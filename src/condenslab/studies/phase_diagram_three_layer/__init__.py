"""The three-layer phase diagram: each layer can be linear or condensed on its own."""

from condenslab.studies.phase_diagram_three_layer.study import STUDY

__all__ = ["STUDY"]
