"""Grows random decoders and measures what changes, and looks for symmetries from the outputs alone."""

from typing import Any

import jax
import numpy as np
from jax.flatten_util import ravel_pytree

from condenslab import landscape, losses, measures, networks
from condenslab.networks import Decoder, widening
from condenslab.risk import EmpiricalRisk
from condenslab.studies.shared.decoders import Normalisation
from condenslab.studies.transformer_symmetry.cases import SPLIT, Case, Discovery
from condenslab.sweeps import Outcome, Progress
from condenslab.training import AdamW

_SIZES = {"vocabulary": 7, "length": 4, "d_model": 4, "heads": 2, "d_k": 2, "d_v": 3, "d_ff": 5, "depth": 1}


def grow(network: Decoder, growth: str) -> Decoder:
    """Returns the decoder grown one way.

    Args:
        network: A decoder of one block.
        growth: One of `GROWTHS`.
    """
    if growth == "a head split":
        return widening.split_head(network, 0, 1)
    if growth == "a neuron split":
        return widening.split_neuron(network, 0, 2)
    return widening.widen_heads(network, 0, d_k=3, d_v=4) if growth == "wider heads" else widening.repeat_model(network)


def _drawn(normalisation: Normalisation, seed: int) -> tuple[Decoder, np.ndarray]:
    """Returns a random decoder, scales and shifts random too, and tokens."""
    network = networks.decoder(seed, gamma=0.4, normalisation=normalisation, activation="tanh", **_SIZES)
    theta, back = ravel_pytree(network)
    tokens = np.random.default_rng([seed, 47]).integers(_SIZES["vocabulary"], size=(60, _SIZES["length"]))
    return back(theta + 0.2 * jax.random.normal(jax.random.key(seed + 1), theta.shape)), tokens


def measure(case: Case, progress: Progress) -> Outcome:
    """Returns what growing changes: output, gradient, rank, and what reduction and training make of it.

    Args:
        case: The case.
        progress: Not called: a case takes a moment.
    """
    narrow, tokens = _drawn(case.normalisation, case.seed)
    wide = grow(narrow, case.growth)
    risk = EmpiricalRisk(tokens, np.eye(_SIZES["vocabulary"])[tokens[:, 0]], loss=losses.CrossEntropy())
    output = float(np.abs(wide(tokens) - narrow(tokens)).max() / np.abs(narrow(tokens)).max())
    reduced = landscape.reduce(wide, threshold=1e-9).network
    one, other = (np.asarray(measures.output_jacobian(net, risk.inputs)) for net in (narrow, wide))
    one, other = (part.reshape(-1, part.shape[-1]) for part in (one, other))
    values = {
        "output": output,
        "gradient": _unexplained(one, other),
        "back": _unexplained(other, one),
        "rank_before": _numerical_rank(one),
        "rank_after": _numerical_rank(other),
        "left": networks.parameter_count(reduced) - networks.parameter_count(narrow),
        "apart": _apart(case, wide, risk),
        "parameters_before": networks.parameter_count(narrow),
        "parameters_after": networks.parameter_count(wide),
    }
    return Outcome(values)


def _unexplained(one: np.ndarray, other: np.ndarray) -> float:
    """Returns the largest relative residual of J′ = J·A, with one A for all outputs and samples.

    Where it vanishes, the gradient of every risk of the outputs is carried by A too: what is critical stays critical.

    Args:
        one: J, with more rows than its rank: shape (sample · output, param).
        other: J′.
    """
    solution = np.linalg.lstsq(one, other, rcond=1e-12)[0]
    return float(np.abs(one @ solution - other).max() / np.abs(other).max())


def _numerical_rank(jacobian: np.ndarray) -> int:
    values = np.linalg.svd(jacobian, compute_uv=False)
    return int(np.sum(values > 1e-12 * values[0]))


def _apart(case: Case, wide: Decoder, risk: Any) -> float:
    """Returns the relative distance of the two halves of a split unit after training."""
    if case.growth not in SPLIT:
        return 0.0
    method = AdamW(1e-2, decay=0.1)

    def step(t: Any, carried: tuple[Any, Any]) -> tuple[Any, Any]:
        return method.step(carried[0], risk.gradient(carried[0]), carried[1], t)[:2]

    trained = jax.jit(lambda net: jax.lax.fori_loop(0, case.steps, step, (net, method.begin(net)))[0])(wide)
    if case.growth == "a head split":
        halves = [
            part[0][np.array([1, 2])] for part in (trained.queries, trained.keys, trained.values, trained.outputs)
        ]
    else:
        halves = [trained.expand[0].T[np.array([2, -1])], trained.contract[0][np.array([2, -1])]]
    return max(float(np.abs(one - other).max() / np.abs(one).max()) for one, other in halves)


def discover(case: Discovery, progress: Progress) -> Outcome:
    """Returns how many of the expected permutations are missing, or others found.

    Args:
        case: The case.
        progress: Not called.
    """
    sizes = {**_SIZES, "vocabulary": 11, "length": 6, "d_model": 5, "d_k": 3, "d_v": 4, "d_ff": 8}
    network = networks.decoder(case.seed, gamma=0.3, normalisation=case.normalisation, activation="tanh", **sizes)
    tokens = np.random.default_rng([case.seed, 53]).integers(11, size=(8, 5))
    found = landscape.discover_symmetries(network, tokens, case.seed, kinds=("permutation",), tolerance=1e-8)
    expected = {(2, 4), (3, 2), (4, 2), (8, 2), (5, 13 if case.normalisation == "post" else 15)}
    seen = {(one.size, len(one.axes)) for one in found}
    return Outcome({"missing": len(expected ^ seen), "found": len(found)})
