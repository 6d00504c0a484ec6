"""Proves the inertia of the lowest minima of widths 1 and 2, and of what they are embedded into."""

import jax.numpy as jnp

from condenslab import landscape, networks, tasks
from condenslab.landscape import proof
from condenslab.networks import TwoLayer
from condenslab.risk import EmpiricalRisk
from condenslab.studies.contract import train
from condenslab.studies.shared.proven.cases import ProofCase
from condenslab.sweeps import Outcome, Progress

_NEAR = {
    1: ((3.746951, 0.089537, 0.0),),
    2: ((-2.341854, -0.154989, -0.417625), (0.788588, 1.302005, -9.335645)),
}
"""Width → neurons (a, w, b) near its lowest minimum; Newton's method makes them stationary, and the proof exact."""


def prove_inertias(case: ProofCase, progress: Progress) -> Outcome:
    """Returns the proven inertia of the minimum and of every embedding, -1 for a part that is open.

    Args:
        case: The case.
        progress: Called after every proof.
    """
    task = tasks.task("three_tanh")
    risk = EmpiricalRisk(jnp.asarray(task.inputs), jnp.asarray(task.targets))
    a, w, b = (jnp.asarray(column) for column in zip(*_NEAR[case.width], strict=True))
    start = TwoLayer(w[:, None], b, a[None, :], None, networks.activation("tanh"))
    minimum, _ = train.polish(risk, start)
    problem = proof.problem_of(risk, minimum)
    widths = (case.width, *case.wide)
    proofs = []
    for number, width in enumerate(widths, start=1):
        proofs.append(proof.prove(problem, landscape.split_to_width(minimum, width)))
        progress(number / len(widths), f"proof at width {width}")
    values = {
        "widths": list(widths),
        "counts": [list(p.inertia.counts) if p.proven and not p.inertia.open else [-1, -1, -1] for p in proofs],
        "reasons": [p.reason for p in proofs],
        "critical_points": proof.stored_points(problem, [minimum]),
    }
    return Outcome(values)
