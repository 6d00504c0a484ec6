"""Computes ranks of target matrices and of published orders of their entries."""

from typing import Any

import jax.numpy as jnp
import numpy as np

from condenslab import measures, networks, sample_size
from condenslab.studies.matrix_completion.cases import OrderCase, RankCase
from condenslab.studies.shared.completion import targets
from condenslab.sweeps import Outcome, Progress


def run_rank(case: RankCase, progress: Progress) -> Outcome:
    """Returns the model rank of a target, numerically and over a finite field, and how few entries determine it.

    Args:
        case: The case.
        progress: Not called: a case takes a moment.
    """
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


def run_order(case: OrderCase, progress: Progress) -> Outcome:
    """Returns how many entries of a published order recover the rank-1 target, numerically and exactly.

    Args:
        case: The case.
        progress: Not called: a case takes a moment.
    """
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


def _exact_entries(factors: Any, inputs: Any) -> np.ndarray:
    return (factors[0] @ factors[1]).reshape(16, 1)
