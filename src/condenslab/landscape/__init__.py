"""The loss landscape of networks: embedding, reduction, critical points, slices, branches and symmetries.

`width` and `depth` embed, `reduction` undoes embedding in width, `slices` looks along directions; every edit comes with
a `receipt`. The layers that all of them edit are those of `networks.layered`.
"""

from condenslab.landscape.branches import Branch, branch_point, branches, separating_rank
from condenslab.landscape.critical.atlas import AtlasEntry, Chao1, CriticalAtlas, chao1, critical_atlas
from condenslab.landscape.critical.certificate import Certificate, certificate
from condenslab.landscape.critical.certify import CriticalPoint
from condenslab.landscape.critical.degeneracy import (
    CriticalSubspace,
    SaddleCertificate,
    critical_subspace,
    local_test_matrix,
    saddle_certificate,
)
from condenslab.landscape.critical.directional import (
    DirectionalStationarity,
    directional_derivative,
    directional_stationarity,
)
from condenslab.landscape.critical.perturbation import dead_neurons, perturbed_changes
from condenslab.landscape.critical.points import CriticalPoints, critical_points, critical_points_from
from condenslab.landscape.critical.polishing import Polish, polish
from condenslab.landscape.critical.starts import StartLaw
from condenslab.landscape.critical.stationary import Fate
from condenslab.landscape.depth.layer_merging import LayerMerge, merge_layers
from condenslab.landscape.depth.lifting import Lifting, lift
from condenslab.landscape.depth.segments import AffineSegment, affine_segments, tangent_segment
from condenslab.landscape.manifolds import (
    InvariantManifold,
    TangentCheck,
    escaping_gradient,
    invariant_manifold,
    tangent_check,
)
from condenslab.landscape.parameter_axes import Axis
from condenslab.landscape.receipt import Receipt, make_receipt, risk_receipt
from condenslab.landscape.reduction.reduce import Reduction, reduce
from condenslab.landscape.slices.directions import (
    TrajectoryPlane,
    hessian_directions,
    random_directions,
    trajectory_plane,
)
from condenslab.landscape.slices.plane import RiskSlice, risk_slice
from condenslab.landscape.symmetry import AxisSymmetry, discover_symmetries
from condenslab.landscape.width.compatible import CompatibleEmbedding
from condenslab.landscape.width.constructors import (
    as_compatible,
    compose,
    k_step,
    null_neuron,
    three_fold,
    two_fold_null,
)
from condenslab.landscape.width.counting import critical_subspaces, minimal_subspaces
from condenslab.landscape.width.dimension import CriticalSet, EmbeddedDimension, critical_set, embedded_dimension
from condenslab.landscape.width.fixture import make_critical
from condenslab.landscape.width.splitting import Splitting, embed, equal_splitting, split, split_to_width, splitting

__all__ = [
    "AffineSegment",
    "AtlasEntry",
    "Axis",
    "AxisSymmetry",
    "Branch",
    "Certificate",
    "Chao1",
    "CompatibleEmbedding",
    "CriticalAtlas",
    "CriticalPoint",
    "CriticalPoints",
    "CriticalSet",
    "CriticalSubspace",
    "DirectionalStationarity",
    "EmbeddedDimension",
    "Fate",
    "InvariantManifold",
    "LayerMerge",
    "Lifting",
    "Polish",
    "Receipt",
    "Reduction",
    "RiskSlice",
    "SaddleCertificate",
    "Splitting",
    "StartLaw",
    "TangentCheck",
    "TrajectoryPlane",
    "affine_segments",
    "as_compatible",
    "branch_point",
    "branches",
    "certificate",
    "chao1",
    "compose",
    "critical_atlas",
    "critical_points",
    "critical_points_from",
    "critical_set",
    "critical_subspace",
    "critical_subspaces",
    "dead_neurons",
    "directional_derivative",
    "directional_stationarity",
    "discover_symmetries",
    "embed",
    "embedded_dimension",
    "equal_splitting",
    "escaping_gradient",
    "hessian_directions",
    "invariant_manifold",
    "k_step",
    "lift",
    "local_test_matrix",
    "make_critical",
    "make_receipt",
    "merge_layers",
    "minimal_subspaces",
    "null_neuron",
    "perturbed_changes",
    "polish",
    "random_directions",
    "reduce",
    "risk_receipt",
    "risk_slice",
    "saddle_certificate",
    "separating_rank",
    "split",
    "split_to_width",
    "splitting",
    "tangent_check",
    "tangent_segment",
    "three_fold",
    "trajectory_plane",
    "two_fold_null",
]
