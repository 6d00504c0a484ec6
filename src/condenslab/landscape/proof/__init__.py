"""Proofs by ball arithmetic: critical points, inertia, ranks and completeness as theorems, with certificates."""

from condenslab.landscape.proof.decompose import Neuron
from condenslab.landscape.proof.embedded import EmbeddedProof, embedded
from condenslab.landscape.proof.points import PointProof
from condenslab.landscape.proof.problem import Problem, Shape, Teacher, problem_from_dict, problem_of
from condenslab.landscape.proof.prove import prove
from condenslab.landscape.proof.signs import ProvenInertia, proven_inertia

__all__ = [
    "EmbeddedProof",
    "Neuron",
    "PointProof",
    "Problem",
    "ProvenInertia",
    "Shape",
    "Teacher",
    "embedded",
    "problem_from_dict",
    "problem_of",
    "prove",
    "proven_inertia",
]
