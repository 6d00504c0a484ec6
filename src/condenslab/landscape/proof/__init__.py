"""Proofs by ball arithmetic: critical points, inertia, ranks and completeness as theorems, with certificates."""

from condenslab.landscape.proof.complete import Completeness, Root, complete_width_one
from condenslab.landscape.proof.decompose import Neuron
from condenslab.landscape.proof.embedded import EmbeddedProof, embedded
from condenslab.landscape.proof.points import PointProof
from condenslab.landscape.proof.problem import Problem, Shape, Teacher, problem_from_dict, problem_of
from condenslab.landscape.proof.prove import prove
from condenslab.landscape.proof.ranks import RankProof, proven_rank, with_proof
from condenslab.landscape.proof.signs import ProvenInertia, proven_inertia

__all__ = [
    "Completeness",
    "EmbeddedProof",
    "Neuron",
    "PointProof",
    "Problem",
    "ProvenInertia",
    "RankProof",
    "Root",
    "Shape",
    "Teacher",
    "complete_width_one",
    "embedded",
    "problem_from_dict",
    "problem_of",
    "prove",
    "proven_inertia",
    "proven_rank",
    "with_proof",
]
