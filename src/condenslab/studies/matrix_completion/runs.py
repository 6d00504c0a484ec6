"""Computes ranks of target matrices and orders, and gradient descent from small initialisation on observed entries."""

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import Array

from condenslab import measures, networks, sample_size, training
from condenslab.risk import EmpiricalRisk
from condenslab.studies.matrix_completion import targets
from condenslab.studies.matrix_completion.cases import OrderCase, RankCase, TrainCase
from condenslab.sweeps import Outcome, Progress

_LEVEL = 1e-9
"""Training error that ends a run (LSH, App. C)."""
_BROKEN = (training.Stop.NOT_FINITE,)


def run_rank(case: RankCase) -> Outcome:
    """Returns the model rank of a target, numerically and over a finite field, and how few entries determine it."""
    target = targets.exact(case.target)
    features = tangents_at(targets.numbers(case.target))
    found = measures.rank(features[:, 0])
    exact = measures.exact_model_rank(_exact_entries, targets.exact_factors(target), np.zeros((1, 1), dtype=int))
    design = sample_size.minimal_design(features)
    values = {
        "rank": found.value,
        "rank_decided": found.decided,
        "exact": exact.value,
        "matrix_rank": measures.exact_rank(target).value,
        "hooks": sample_size.first_recovering(features, targets.hook_order(targets.numbers(case.target))),
        "minimal": len(design.samples) if design.rank.decided else None,
        "design": list(design.samples),
    }
    return Outcome(values, {"spectrum": found.singular_values})


def run_order(case: OrderCase) -> Outcome:
    """Returns how many entries of a published order recover the rank-1 target, numerically and exactly."""
    order = targets.printed_order(case.order)
    target = targets.exact(case.target)
    first = sample_size.first_recovering(tangents_at(targets.numbers(case.target)), order)
    jacobian = measures.exact_jacobian(_exact_entries, targets.exact_factors(target), np.zeros((1, 1), dtype=int))
    whole = measures.exact_rank(jacobian).value
    exact = [measures.exact_rank(jacobian[list(order[:n])]).value for n in range(1, len(order) + 1)]
    reached = [n for n, value in enumerate(exact, start=1) if value == whole]
    ranks = sample_size.order_ranks(tangents_at(targets.numbers(case.target)), order)
    values = {"first": first, "exact_first": min(reached, default=None)}
    return Outcome(values, {"ranks": np.array([rank.value for rank in ranks]), "exact_ranks": np.array(exact)})


def tangents_at(target: np.ndarray) -> np.ndarray:
    """Returns the tangents of all entries at the balanced factors A = U√S, B = √S·Vᵀ, shape (16, 1, 32).

    Args:
        target: Shape (4, 4).
    """
    u, s, v = np.linalg.svd(target)
    s = np.sqrt(np.where(s > 1e-10 * s[0], s, 0.0))
    network = networks.MatrixFactorisation(jnp.asarray(u * s), jnp.asarray(s[:, None] * v))
    return sample_size.tangent_features(network, networks.index_pairs(4, 4))


def run_training(cases: Sequence[TrainCase], progress: Progress | None) -> list[Outcome]:
    """Trains all cases in one program: the entries that are not observed have weight 0."""
    starts = [_start(case) for case in cases]
    runs = training.ensemble(
        training.descend,
        [_risk(case) for case in cases],
        starts,
        [training.GradientDescent(case.rate) for case in cases],
        steps=cases[0].steps,
        until=[training.Until(risk=_LEVEL)] * len(cases),
        at=(),
        progress=progress,
    )
    if any(run.stop is training.Stop.INTERRUPTED for run in runs):
        raise KeyboardInterrupt
    return [_outcome(case, run) for case, run in zip(cases, runs, strict=True)]


def _outcome(case: TrainCase, run: training.Trajectory) -> Outcome:
    product = np.asarray(run.network[0] @ run.network[1])
    errors = product - targets.numbers(case.target)
    seen = errors.reshape(-1)[list(case.observed)]
    values = {
        "test_error": float(np.mean(errors**2)),
        "train_error": float(np.mean(seen**2)),
        "steps": run.steps,
        "stop": run.stop.value,
    }
    arrays = {"matrix": product}
    broken = run.stop in _BROKEN
    return Outcome(values, arrays, "diverged" if broken else "done", run.stop.value if broken else "")


def _start(case: TrainCase) -> list[Array]:
    random = np.random.default_rng([case.seed, 0])
    return [jnp.asarray(case.std * random.standard_normal((4, 4))) for _ in range(2)]


def _risk(case: TrainCase) -> EmpiricalRisk:
    weights = np.zeros(16)
    weights[list(case.observed)] = 1.0
    return EmpiricalRisk(np.zeros((16, 1)), targets.numbers(case.target).reshape(-1, 1), weights, predict=_entries)


def _entries(factors: Sequence[Array], inputs: Array) -> Array:
    """Returns all sixteen entries of A·B: as fast as the observed ones, and every design is one program."""
    return jnp.reshape(factors[0] @ factors[1], (16, 1))


def _exact_entries(factors: Any, inputs: Any) -> np.ndarray:
    return (factors[0] @ factors[1]).reshape(16, 1)
