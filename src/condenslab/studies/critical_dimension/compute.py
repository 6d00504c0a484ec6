"""Computes the cases: a critical point made to order, a random compatible embedding, the spectrum of its Hessian."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np

from condenslab import landscape, measures, networks
from condenslab.landscape import CompatibleEmbedding
from condenslab.networks import MLP
from condenslab.studies.critical_dimension.cases import EmbeddingCase
from condenslab.sweeps import Outcome, Progress

_FIRST = ((1.1, 0.9), (-0.8, 1.6))
_SECOND = ((1.7, -1.2, 0.4), (0.8, 1.9, -0.7))
_LAST = (1.3, -1.1, 0.2)
"""(weights, bias) of a tanh network 1-2-2-1 whose parameters are all of order 1; 1-2-1 leaves out the middle layer."""


def run_case(case: EmbeddingCase, progress: Progress) -> Outcome:
    """Returns the counts of the Hessian's eigenvalues, narrow and embedded, beside the predicted dimensions.

    Args:
        case: The case.
        progress: Called with (fraction, text) at the end.
    """
    narrow = _narrow(case)
    risk = landscape.make_critical(narrow, np.linspace(-5.0, 5.0, case.samples)[:, None], jax.random.key(case.seed))
    embedding = _random_embedding(case, np.random.default_rng(case.seed))
    wide = narrow if embedding is None else embedding(narrow)
    receipt = landscape.risk_receipt(risk, narrow, wide)
    before, after = measures.inertia_at(risk, narrow), measures.inertia_at(risk, wide)
    predicted = landscape.embedded_dimension(case.narrow, [a + b for a, b in zip(case.narrow, case.added, strict=True)])
    values = {
        "proved": predicted.proved,
        "heuristic": predicted.heuristic,
        "narrow_corank": before.zero,
        "narrow_decided": before.decided,
        "corank": after.zero,
        "decided": after.decided,
        "gap": min(after.gap, 99.0),
        "inertia": list(after.counts),
        "gradient": after.gradient_norm,
        "output_difference": receipt.relative_difference,
        "tolerance": after.tolerance,
        "floor": after.floor,
    }
    progress(1.0, f"{case.narrow} with {case.added} more neurons")
    return Outcome(values, {"eigenvalues": after.eigenvalues})


def _narrow(case: EmbeddingCase) -> MLP:
    first, second, last = (np.array(rows) for rows in (_FIRST, _SECOND, _LAST))
    weights, biases = [first[:, :1]], [first[:, 1]]
    if len(case.narrow) == 2:
        weights, biases = [*weights, second[:, :2]], [*biases, second[:, 2]]
    weights, biases = [*weights, last[None, :2]], [*biases, last[2:]]
    return MLP(tuple(map(jnp.asarray, weights)), tuple(map(jnp.asarray, biases)), networks.activation("tanh"))


def _random_embedding(case: EmbeddingCase, random: np.random.Generator) -> CompatibleEmbedding | None:
    """Returns a general compatible embedding without null neurons: random copies, random shares that obey Condition 1.

    With β^[l] a random vector that sums to 1 over the copies of each neuron, the shares into copies i ∈ I_l⁻¹(k) from
    copies j ∈ I_{l−1}⁻¹(s) have row sums 1 and Σ_i β_i·α_ij = β_j: α = 1·βᵀ + P·G·Q with G Gaussian, P the projection
    along 1 on the β_l-null vectors and Q that on rows that sum to 0.
    """
    if not any(case.added):
        return None
    index = [np.zeros(1, dtype=int)]
    for width, more in zip(case.narrow, case.added, strict=True):
        index.append(np.concatenate([np.arange(width), random.integers(0, width, more)]))
    index.append(np.zeros(1, dtype=int))
    betas = [_betas(copies, random) for copies in index]
    shares = [_shares(*pair, random) for pair in itertools.pairwise(zip(index, betas, strict=True))]
    terms = tuple(np.zeros(len(share)) for share in shares)
    return CompatibleEmbedding(tuple(tuple(row.tolist()) for row in index[1:-1]), tuple(shares), terms)


def _betas(copies: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Returns β: shares between 0.3 and 0.7 of equal size on average, which sum to 1 over the copies of each neuron."""
    beta = random.uniform(0.3, 0.7, len(copies))
    return beta / np.bincount(copies, weights=beta)[copies]


def _shares(
    before: tuple[np.ndarray, np.ndarray], after: tuple[np.ndarray, np.ndarray], random: np.random.Generator
) -> np.ndarray:
    (columns, column_betas), (rows, row_betas) = before, after
    shares = np.zeros((len(rows), len(columns)))
    for k, s in itertools.product(np.unique(rows), np.unique(columns)):
        copies, sources = np.flatnonzero(rows == k), np.flatnonzero(columns == s)
        beta, out = row_betas[copies], column_betas[sources]
        noise = 0.3 * random.normal(size=(len(copies), len(sources)))
        noise -= noise.mean(axis=1, keepdims=True)  # rows keep their sum
        noise -= (beta @ noise)[None, :]  # Σ_i β_i·noise_ij = 0, since Σβ = 1
        shares[np.ix_(copies, sources)] = out[None, :] + noise
    return shares
