"""Computes the cases: proofs of critical points of the exercise, and completeness of width 1."""

from fractions import Fraction
from typing import Any

import jax.numpy as jnp
import numpy as np

from condenslab import landscape, networks
from condenslab.landscape import proof
from condenslab.networks import TwoLayer
from condenslab.risk import EmpiricalRisk
from condenslab.studies.contract import train
from condenslab.studies.exercise_proof.cases import BoxCase, PointsCase
from condenslab.sweeps import Outcome, Progress

SAMPLES, EDGE, STEP = 50, 15, 7
_WIDTHS = (1, 2, 3)


def exercise() -> tuple[EmpiricalRisk, proof.Problem, TwoLayer]:
    """Returns the deck's risk in floats, the exact problem behind it, and the teacher.

    x_i = −15 + 30i/49 exactly, and y_i the exact value of tanh(x_i − 7) + tanh(x_i) + tanh(x_i + 7).
    """
    teacher = _network([(1.0, 1.0, -STEP), (1.0, 1.0, 0.0), (1.0, 1.0, STEP)])
    exact = [[Fraction(-EDGE) + Fraction(2 * EDGE * i, SAMPLES - 1)] for i in range(SAMPLES)]
    x = jnp.asarray(np.array([[float(row[0])] for row in exact]))
    risk = EmpiricalRisk(x, teacher(x))
    return risk, proof.problem_of(risk, teacher, inputs=exact, teacher=teacher), teacher


def prove_points(case: PointsCase, progress: Progress) -> Outcome:
    """Returns what is proven of the critical points that searches of widths 1, 2 and 3 find.

    Args:
        case: The case.
        progress: Called after every search and every proof.
    """
    risk, problem, teacher = exercise()
    zero = _network([(0.0, 0.0, 0.0)])
    found: list[TwoLayer] = [zero, teacher]
    for width in _WIDTHS:
        search = train.critical_points(risk, width=width, starts=case.starts * width**2, key=case.seed)
        found += [point.network for point in search.points if point.network.width]
        progress(0.6 * width / len(_WIDTHS), f"width {width} searched")
    proofs = []
    for number, network in enumerate(found):
        proofs.append(proof.prove(problem, network))
        progress(0.6 + 0.4 * number / len(found), f"{number + 1} of {len(found)} points proven")
    distinct = proof.distinct_functions(proofs)
    line = proof.prove(problem, landscape.split_to_width(_first(found, proofs, 1), 3))
    values = {
        "parameters": problem.of_width(3).shape.size,
        "points": len(proofs),
        "proven": sum(one.proven for one in proofs),
        "distinct": distinct.count,
        "open": sum(one.inertia.open for one in distinct.members) if distinct.members else None,
        "teacher_defect": _defect(proofs[1]),
        "most_negative": max((one.inertia.negative for one in proofs if one.proven), default=None),
        "line": {"dimension": line.dimension if isinstance(line, proof.EmbeddedProof) and line.proven else None}
        | {"inertia": list(line.inertia.counts)},
        "unproven": [one.reason for one in proofs if not one.proven],
        "critical_points": proof.stored_points(problem, found),
    }
    return Outcome(values | _table(distinct), {"inputs": np.asarray(risk.inputs)[:, 0]} | _curves(distinct))


def complete(case: BoxCase, progress: Progress) -> Outcome:
    """Returns which critical functions of width 1 are proven to be all in the box.

    Args:
        case: The case.
        progress: Called with the decided part of the box.
    """
    _, problem, _ = exercise()
    weight = Fraction(case.step).limit_denominator(10**6) * (SAMPLES - 1) / (2 * EDGE)
    found = proof.complete_width_one(
        problem.of_width(1),
        largest_weight=weight,
        max_boxes=case.boxes,
        progress=lambda part: progress(part, "of the box is decided"),
    )
    return Outcome(
        {
            "functions": len(found.roots),
            "undecided_share": 1 - found.excluded,
            "complete": found.complete,
            "every_bias": found.every_bias,
            "boxes": found.boxes,
            "largest_weight": float(weight),
            "outside": found.outside,
        }
    )


def _first(found: list[TwoLayer], proofs: list[Any], width: int) -> TwoLayer:
    """Returns a proven point of that width, the zero function where the search found none."""
    chosen = (n for n, p in zip(found[2:], proofs[2:], strict=True) if p.proven and n.width == width)
    return next(chosen, found[0])


def _defect(teacher: Any) -> int:
    """Returns how many of the nine directions at the teacher are not proven to curve upwards; R = 0 by construction."""
    return teacher.problem.shape.size - teacher.inertia.positive if teacher.proven else teacher.problem.shape.size


def _table(distinct: proof.DistinctFunctions) -> dict[str, Any]:
    members = distinct.members
    return {
        "inertia": [list(member.inertia.counts) for member in members],
        "isolated": [member.isolated for member in members],
        "risks": [float(proof.number(member.risk[0])) for member in members],
        "widths": [_width(member) for member in members],
        "radii": [member.radius if isinstance(member, proof.PointProof) else None for member in members],
    }


def _curves(distinct: proof.DistinctFunctions) -> dict[str, np.ndarray]:
    rows = [[float(row[0].mid()) for row in member.outputs()] for member in distinct.members]
    return {"outputs": np.array(rows).reshape(len(rows), SAMPLES)}


def _width(member: proof.PointProof | proof.EmbeddedProof) -> int:
    problem = member.problem if isinstance(member, proof.PointProof) else member.narrow.problem
    return problem.shape.widths[1]


def _network(neurons: list[tuple[float, float, float]]) -> TwoLayer:
    a, w, b = (jnp.asarray([float(neuron[k]) for neuron in neurons]) for k in range(3))
    return TwoLayer(w[:, None], b, a[None, :], None, networks.activation("tanh"))
