"""The study exercise_proof: the deck's exercise answered by theorems."""

from condenslab.studies.exercise_proof.study import STUDY

__all__ = ["STUDY"]
