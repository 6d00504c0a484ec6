"""Symmetries of architectures, and the manifolds that they make invariant under training."""

from condenslab.studies.invariance.discovery import DISCOVERY
from condenslab.studies.invariance.manifolds import MANIFOLDS

__all__ = ["DISCOVERY", "MANIFOLDS"]
