"""The relu_stationary study: where ReLU networks rest, tested by one-sided derivatives."""

from condenslab.studies.relu_stationary.study import STUDY

__all__ = ["STUDY"]
