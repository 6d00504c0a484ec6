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


def flows(cases: Sequence[Case], progress: Progress) -> list[Outcome]:
    """Follows all flows in one program.

    Args:
        cases: The flows.
        progress: Called with (fraction, text).
    """
    risks, starts, target, grid = [], [], _target(), np.linspace(-2.0, 2.0, 1000)[:, None]
    for case in cases:
        x = np.zeros((LARGEST, 1))
        x[: case.samples, 0] = np.linspace(-2.0, 2.0, case.samples)
        y = np.asarray(target(jnp.asarray(x)))
        risks.append(EmpiricalRisk(x, y, (np.arange(LARGEST) < case.samples).astype(float)))
        random = np.random.default_rng([case.seed, 4])
        base = 0.0 if case.start == "small" else np.asarray(networks.ravel(_point(case.start, case.seed)))
        theta = base + case.spread * random.standard_normal(6)
        like = networks.TwoLayer(jnp.zeros((2, 1)), jnp.zeros(2), jnp.zeros((1, 2)), None, target.activation)
        starts.append(networks.unravel(jnp.asarray(theta), like))
    until = [training.Until(time=case.time, risk=1e-16) for case in cases]
    runs = train.ensemble(training.flow, risks, starts, until=until, max_steps=cases[0].max_steps, progress=progress)
    truth = np.asarray(target(jnp.asarray(grid)))

    def outcome(case: Case, run: Any) -> Outcome:
        error = float(np.mean((np.asarray(run.network(jnp.asarray(grid))) - truth) ** 2))
        risk = float(run.records["risk"][-1])
        return Outcome({"error": error, "risk": risk, "steps": run.steps, "stop": run.stop.value})

    return train.outcomes(cases, runs, outcome)
