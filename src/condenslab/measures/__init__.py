"""What can be read off a network: condensation, rank, curvature, distance; each number with its evidence."""

from condenslab.measures.condensation import (
    Condensation,
    Group,
    GroupCounts,
    amplitudes,
    condensation,
    group_counts,
    orientations,
)
from condenslab.measures.curvature import Inertia, inertia, inertia_at
from condenslab.measures.distance import Alignment, align, relative_distance
from condenslab.measures.neurons import Neurons, hidden_neurons
from condenslab.measures.rank import Rank, model_rank, rank
from condenslab.measures.similarity import EffectiveRatio, cosine_similarity, effective_ratio

__all__ = [
    "Alignment",
    "Condensation",
    "EffectiveRatio",
    "Group",
    "GroupCounts",
    "Inertia",
    "Neurons",
    "Rank",
    "align",
    "amplitudes",
    "condensation",
    "cosine_similarity",
    "effective_ratio",
    "group_counts",
    "hidden_neurons",
    "inertia",
    "inertia_at",
    "model_rank",
    "orientations",
    "rank",
    "relative_distance",
]
