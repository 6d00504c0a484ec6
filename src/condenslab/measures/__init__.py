"""What can be read off a network: condensation, rank, curvature, distance; each number with its evidence."""

from condenslab.measures.bounds import RankBounds, rank_bounds
from condenslab.measures.cells import further_probes
from condenslab.measures.condensation import (
    Condensation,
    Group,
    GroupCounts,
    amplitudes,
    condensation,
    group_counts,
    orientations,
)
from condenslab.measures.curvature import Inertia, inertia
from condenslab.measures.distance import Alignment, align, relative_distance
from condenslab.measures.exact_rank import PRIME, ExactRank, exact_jacobian, exact_model_rank, exact_rank
from condenslab.measures.group_tracking import Event, GroupHistory, Track, track_groups
from condenslab.measures.initial_stage import (
    CondensedDirections,
    InitialStage,
    Orientations,
    condensed_directions,
    initial_stage,
    layer_inputs,
    orientation_count,
)
from condenslab.measures.jacobian import output_jacobian
from condenslab.measures.layer_inertia import inertia_by_layer
from condenslab.measures.linearisation import LayerLinearity, linearisation
from condenslab.measures.mechanism import Mechanism, mechanisms
from condenslab.measures.neurons import Neurons, hidden_neurons
from condenslab.measures.point_inertia import inertia_at
from condenslab.measures.probes import Saturation, cell_probes, covering_probes, saturation
from condenslab.measures.rank import Rank, model_rank, rank
from condenslab.measures.similarity import EffectiveRatio, cosine_similarity, effective_ratio
from condenslab.measures.spectral import InertiaBounds, inertia_bounds, inertia_bounds_at
from condenslab.measures.weight_condensation import (
    WeightCondensation,
    decoder_condensation,
    effective_rank,
    weight_condensation,
)
from condenslab.scaling import Slope, width_slope, zero_crossing

__all__ = [
    "PRIME",
    "Alignment",
    "Condensation",
    "CondensedDirections",
    "EffectiveRatio",
    "Event",
    "ExactRank",
    "Group",
    "GroupCounts",
    "GroupHistory",
    "Inertia",
    "InertiaBounds",
    "InitialStage",
    "LayerLinearity",
    "Mechanism",
    "Neurons",
    "Orientations",
    "Rank",
    "RankBounds",
    "Saturation",
    "Slope",
    "Track",
    "WeightCondensation",
    "align",
    "amplitudes",
    "cell_probes",
    "condensation",
    "condensed_directions",
    "cosine_similarity",
    "covering_probes",
    "decoder_condensation",
    "effective_rank",
    "effective_ratio",
    "exact_jacobian",
    "exact_model_rank",
    "exact_rank",
    "further_probes",
    "group_counts",
    "hidden_neurons",
    "inertia",
    "inertia_at",
    "inertia_bounds",
    "inertia_bounds_at",
    "inertia_by_layer",
    "initial_stage",
    "layer_inputs",
    "linearisation",
    "mechanisms",
    "model_rank",
    "orientation_count",
    "orientations",
    "output_jacobian",
    "rank",
    "rank_bounds",
    "relative_distance",
    "saturation",
    "track_groups",
    "weight_condensation",
    "width_slope",
    "zero_crossing",
]
