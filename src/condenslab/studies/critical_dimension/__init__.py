"""The critical_dimension study: the corank of the Hessian at embedded critical points against the neurons added."""

from condenslab.studies.critical_dimension.study import STUDY

__all__ = ["STUDY"]
