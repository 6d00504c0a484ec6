"""The normalised flow of wide two-layer ReLU networks: an engine of its own on the driver of all training."""

from condenslab.training.normalised.flow import normalised_bytes, normalised_flow
from condenslab.training.normalised.run import Features, NormalisedRun

__all__ = ["Features", "NormalisedRun", "normalised_bytes", "normalised_flow"]
