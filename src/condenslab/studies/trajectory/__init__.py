"""The study of trajectories: how groups of neurons appear, move and merge along training."""

from condenslab.studies.trajectory.study import STUDY

__all__ = ["STUDY"]
