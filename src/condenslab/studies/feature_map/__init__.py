"""The study of the feature map: where on the phase diagram the neurons of wide ReLU networks gather."""

from condenslab.studies.feature_map.study import STUDY

__all__ = ["STUDY"]
