"""Proofs by ball arithmetic: critical points, inertia, ranks and completeness as theorems, with certificates."""

from condenslab.landscape.proof.carried import CarriedProof
from condenslab.landscape.proof.compatible import CompatibleProof, compatible
from condenslab.landscape.proof.complete import Completeness, complete_width_one
from condenslab.landscape.proof.decompose import Neuron
from condenslab.landscape.proof.distinct import DistinctFunctions, distinct_functions
from condenslab.landscape.proof.embedded import EmbeddedProof, embedded
from condenslab.landscape.proof.embedding import Embedding
from condenslab.landscape.proof.evidence import number
from condenslab.landscape.proof.points import PointProof
from condenslab.landscape.proof.problem import Problem, Teacher, problem_from_dict, problem_of
from condenslab.landscape.proof.prove import prove
from condenslab.landscape.proof.ranks import RankProof, proven_rank, with_proof
from condenslab.landscape.proof.roots import Root
from condenslab.landscape.proof.shapes import Shape
from condenslab.landscape.proof.signs import ProvenInertia, proven_inertia
from condenslab.landscape.proof.stored import described_points, network_of, points_of, stored_points
from condenslab.landscape.proof.width_two import Exclusion, exclude_width_two

__all__ = [
    "CarriedProof",
    "CompatibleProof",
    "Completeness",
    "DistinctFunctions",
    "EmbeddedProof",
    "Embedding",
    "Exclusion",
    "Neuron",
    "PointProof",
    "Problem",
    "ProvenInertia",
    "RankProof",
    "Root",
    "Shape",
    "Teacher",
    "compatible",
    "complete_width_one",
    "described_points",
    "distinct_functions",
    "embedded",
    "exclude_width_two",
    "network_of",
    "number",
    "points_of",
    "problem_from_dict",
    "problem_of",
    "prove",
    "proven_inertia",
    "proven_rank",
    "stored_points",
    "with_proof",
]
