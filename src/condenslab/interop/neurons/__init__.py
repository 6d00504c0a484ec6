"""Whether the layers of a trained network have condensed: neurons and their directions, beside two nulls."""

from condenslab.interop.neurons.measurement import Measurement, measure, measure_arrays
from condenslab.interop.neurons.report import HeadReport, LayerReport, Null

__all__ = ["HeadReport", "LayerReport", "Measurement", "Null", "measure", "measure_arrays"]
