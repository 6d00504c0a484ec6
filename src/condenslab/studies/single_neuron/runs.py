"""Follows gradient flows of two neurons, and computes the ranks at the target points."""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from condenslab import landscape, measures, networks, training
from condenslab.networks import TwoLayer
from condenslab.risk import EmpiricalRisk
from condenslab.studies.contract import train
from condenslab.studies.single_neuron.cases import LARGEST, Case, Start
from condenslab.sweeps import Outcome, Progress

_RTOL = 1e-6
"""Near a merged pair R is about 5e-5·Δ⁴, Δ the distance of the pair: 1e-24 at Δ = 1e-5. With the default, 1e-4, steps
are as long as an error of that size allows, and R comes and goes about 1e-19 instead of falling."""


def _target() -> TwoLayer:
    return networks.TwoLayer(jnp.ones((1, 1)), jnp.ones(1), jnp.ones((1, 1)), None, networks.activation("tanh"))


def _point(start: Start, seed: int) -> TwoLayer:
    """Returns a random point of a branch of the target set."""
    merged, dead = landscape.branches(2, 1)
    return landscape.branch_point(_target(), merged if start == "merged" else dead, jax.random.key(seed))


def ranks(case: Case, progress: Progress) -> Outcome:
    """Returns the model ranks at target points and the codimensions of the branches.

    Args:
        case: The case.
        progress: Not called: a case takes a moment.
    """
    points = {name: _point(name, case.seed) for name in ("merged", "dead")}
    points["generic"] = networks.two_layer(
        case.seed, width=2, inputs=1, activation="tanh", scale=networks.Scale(1.0, 1.0)
    )
    found = {name: measures.model_rank(point, measures.covering_probes(0, point, 60)) for name, point in points.items()}
    codimensions = [branch.codimension(2) for branch in landscape.branches(2, 1)]
    values = {name: rank.value if rank.decided else None for name, rank in found.items()}
    return Outcome(values | {"codimensions": codimensions})


def _samples(case: Case) -> np.ndarray:
    return np.linspace(-2.0, 2.0, case.samples)


def basin(point: TwoLayer, inputs: np.ndarray) -> tuple[float, float]:
    """Returns σ/(4L), and σ: that near to a point with a dead neuron the Jacobian of the residuals/√n keeps its rank.

    σ is its smallest singular value at the point that is not zero: the fourth, the codimension of the branch, or the
    n-th. L bounds its derivative: with z = (x, 1) the Hessian of a·tanh(w·z) has norm at most |z| + |a|·c·|z|², where
    c = 4/(3√3) is the largest |tanh″|. Within σ/(2L) that singular value stays above σ/2, so that there R falls at a
    linear rate; a start at half of that leaves room for the way of the flow.

    Args:
        point: A target point of two neurons, one of them dead.
        inputs: Samples, shape (sample,).
    """
    a, w, b = point.output_weights[0], point.input_weights[:, 0], point.biases
    outputs = np.tanh(np.outer(inputs, w) + np.asarray(b))
    slopes = (1 - outputs**2) * np.asarray(a)
    jacobian = np.hstack([outputs, slopes * inputs[:, None], slopes]) / np.sqrt(len(inputs))
    sizes = np.linalg.svd(jacobian, compute_uv=False)
    z = np.sqrt(1 + inputs**2)
    largest = float(np.abs(a).max()) + 0.1  # the output weights move by less
    derivative = np.sqrt(np.mean((z + largest * 4 / (3 * np.sqrt(3)) * z**2) ** 2))
    smallest = float(sizes[min(len(inputs), 4) - 1])
    return smallest / (4 * float(derivative)), smallest


def flows(cases: Sequence[Case], progress: Progress) -> list[Outcome]:
    """Follows all flows in one program.

    Args:
        cases: The flows.
        progress: Called with (fraction, text).
    """
    risks, starts, target, grid = [], [], _target(), np.linspace(-2.0, 2.0, 1000)[:, None]
    for case in cases:
        x = np.zeros((LARGEST, 1))
        x[: case.samples, 0] = _samples(case)
        y = np.asarray(target(jnp.asarray(x)))
        risks.append(EmpiricalRisk(x, y, (np.arange(LARGEST) < case.samples).astype(float)))
        random = np.random.default_rng([case.seed, 4])
        base, spread = 0.0, case.spread
        if case.start != "small":
            point = _point(case.start, case.seed)
            base = np.asarray(networks.ravel(point))
            if case.start == "dead":
                spread = min(spread, basin(point, _samples(case))[0] / np.sqrt(6))
        theta = base + spread * random.standard_normal(6)
        like = networks.TwoLayer(jnp.zeros((2, 1)), jnp.zeros(2), jnp.zeros((1, 2)), None, target.activation)
        starts.append(networks.unravel(jnp.asarray(theta), like))
    until = [training.Until(time=case.time, risk=case.risk) for case in cases]
    options: dict[str, Any] = {"max_steps": cases[0].max_steps, "rtol": _RTOL, "progress": progress}
    runs = train.ensemble(training.flow, risks, starts, until=until, **options)
    truth = np.asarray(target(jnp.asarray(grid)))

    def outcome(case: Case, run: Any) -> Outcome:
        error = float(np.mean((np.asarray(run.network(jnp.asarray(grid))) - truth) ** 2))
        risk = float(run.records["risk"][-1])
        smallest = basin(_point("dead", case.seed), _samples(case))[1] if case.start == "dead" else None
        return Outcome({"error": error, "risk": risk, "steps": run.steps, "stop": run.stop.value, "smallest": smallest})

    return train.outcomes(cases, runs, outcome)
