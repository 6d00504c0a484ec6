"""The training_similarity study: networks of every width stagnate at the same risks, with the same functions."""

from condenslab.studies.training_similarity.study import STUDY

__all__ = ["STUDY"]
