"""Computes the narrow networks of the table study: held-out errors by width, and fits to all samples."""

from typing import TYPE_CHECKING, Any

import jax.numpy as jnp
import numpy as np

from condenslab import measures, networks
from condenslab.studies.table.cases import FitsCase, FoldsCase
from condenslab.studies.table.narrow import fits, losses
from condenslab.studies.table.network import Narrow
from condenslab.studies.table.problem import Problem, cut, make_problem
from condenslab.sweeps import Outcome, Progress

if TYPE_CHECKING:
    from condenslab.tasks import Table


def run_folds(case: FoldsCase, progress: Progress, *, data: "Table | None" = None) -> Outcome:
    """Returns the loss of every sample under the networks of each width that were fitted without it.

    Args:
        case: The case.
        progress: Called with (fraction, text).
        data: The user's own table, or None for the built-in one.
    """
    problem = make_problem(data, case.noise)
    folds = cut(len(problem.inputs), case.folds, case.seed)
    found = fits(
        problem.inputs,
        problem.targets,
        np.arange(case.folds)[:, None] != folds,
        most=case.most,
        starts=case.starts,
        activation=case.activation,
        labels=problem.labels,
        random=np.random.default_rng(case.seed),
        progress=lambda fraction: progress(fraction, f"{case.folds} folds left out and predicted"),
    )
    held = np.full((case.most + 1, len(folds)), np.nan)
    right = np.full_like(held, np.nan)
    for fold, networks_of in enumerate(found):
        out = folds == fold
        x, y = problem.inputs[out], problem.targets[out]
        for width, network in enumerate(networks_of):
            held[width, out] = losses(network, x, y, labels=problem.labels)
            right[width, out] = np.argmax(network(x), axis=1) == np.argmax(y, axis=1)
    arrays = {"held": held, "folds": folds} | ({"right": right} if problem.labels else {})
    return Outcome({"labels": problem.labels}, arrays)


def run_fits(case: FitsCase, progress: Progress, *, data: "Table | None" = None) -> Outcome:
    """Returns the networks of each width fitted to all samples, in the table's units, with their errors and ranks.

    Args:
        case: The case.
        progress: Called with (fraction, text).
        data: The user's own table, or None for the built-in one.
    """
    problem = make_problem(data, case.noise)
    found = fits(
        problem.inputs,
        problem.targets,
        np.ones((1, len(problem.inputs)), bool),
        most=case.most,
        starts=case.starts,
        activation=case.activation,
        labels=problem.labels,
        random=np.random.default_rng([case.seed, case.most]),
        progress=lambda fraction: progress(0.7 * fraction, "fits of each width"),
    )[0]
    values: dict[str, Any] = {
        "losses": [float(losses(n, problem.inputs, problem.targets, labels=problem.labels).mean()) for n in found],
        "ranks": [],
        "ranks_decided": [],
        "labels": problem.labels,
        "height": problem.height.tolist(),
        "samples": len(problem.inputs),
    }
    arrays, wrong = {}, 0.0
    for width, network in enumerate(found):
        rank, decided = _rank(network, problem)
        values["ranks"].append(rank)
        values["ranks_decided"].append(decided)
        own = problem.in_units(network)
        wrong = max(wrong, _difference(own, network, problem))
        arrays |= {f"{name}_{width}": part for name, part in _parts(own).items()}
    return Outcome(values | {"file_error": wrong}, arrays)


def _difference(own: Narrow, network: Narrow, problem: Problem) -> float:
    """Returns by how much the network in the table's units differs from the standardised one, in spreads."""
    given = problem.inputs * problem.scale + problem.shift
    return float(np.max(np.abs((own(given) - problem.level) / problem.height - network(problem.inputs))))


def _rank(network: Narrow, problem: Problem) -> tuple[int, bool]:
    """Returns the model rank, the number of parameters that the function uses, and whether it is decided.

    Probabilities of classes are functions of the differences of logits: these count, one fewer than there are classes.
    Inputs that are the same in all samples do not.
    """
    outgoing, level, inputs = network.outgoing, network.level, problem.inputs[:, problem.varies]
    if problem.labels:
        outgoing, level = outgoing[:-1] - outgoing[-1], level[:-1] - level[-1]
    if network.width == 0:
        return len(level), True
    own = networks.TwoLayer(
        jnp.asarray(network.weights[:, problem.varies]),
        jnp.asarray(network.biases),
        jnp.asarray(outgoing),
        jnp.asarray(level),
        networks.activation(network.activation),
    )
    count = 2 * networks.parameter_count(own)
    low, high = inputs.min(axis=0), inputs.max(axis=0)
    random = np.random.default_rng(0)
    # Half of them where each neuron bends: a step between two samples is straight on all others.
    probes = np.concatenate([random.uniform(low, high, (count, inputs.shape[1])), measures.covering_probes(0, own)])
    rank = measures.model_rank(own, probes)
    return rank.value, rank.decided


def _parts(network: Narrow) -> dict[str, np.ndarray]:
    return {
        "weights": network.weights,
        "biases": network.biases,
        "outgoing": network.outgoing,
        "level": network.level,
    }
