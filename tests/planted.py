"""Matrices, networks and Hessians whose rank or inertia is known by construction, drawn near every threshold.

Nothing here uses the library's own decisions: ranks of matrices come from rational arithmetic on their entries or from
the factors they are made of, those of networks from the theory (linear independence of σ(w_k·x + b_k) and its
derivatives for distinct neurons), inertias from Sylvester's law.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import jax.numpy as jnp
import numpy as np
import scipy.linalg

from condenslab.measures import output_jacobian
from condenslab.networks import TwoLayer, activation


@dataclass(frozen=True, eq=False)
class PlantedMatrix:
    """A matrix, its true rank (or inertia), and whether its smallest non-zero value is 10³ times the noise."""

    name: str
    matrix: np.ndarray
    truth: object
    clear: bool


@dataclass(frozen=True, eq=False)
class PlantedNetwork:
    """A network, probes, and the true rank of its Jacobian there."""

    name: str
    network: TwoLayer
    probes: np.ndarray
    truth: int
    clear: bool


def exact_rank(matrix: np.ndarray) -> int:
    """Returns the rank of a matrix of dyadic rationals (floats), by elimination in rational numbers."""
    rows = [[Fraction(float(entry)) for entry in row] for row in matrix]
    found = 0
    for column in range(len(rows[0]) if rows else 0):
        pivot = next((i for i in range(found, len(rows)) if rows[i][column] != 0), None)
        if pivot is None:
            continue
        rows[found], rows[pivot] = rows[pivot], rows[found]
        for i in range(found + 1, len(rows)):
            factor = rows[i][column] / rows[found][column]
            rows[i] = [a - factor * b for a, b in zip(rows[i], rows[found], strict=True)]
        found += 1
    return found


def _clear(matrix: np.ndarray, rank: int) -> bool:
    values = np.linalg.svd(matrix, compute_uv=False)
    noise = np.finfo(float).eps * values.max(initial=0.0) * max(matrix.shape)
    return rank == 0 or bool(values[rank - 1] >= 1e3 * noise)


def matrices(seed: int, count: int) -> Iterator[PlantedMatrix]:
    """Yields matrices of known rank: products, scaled rows, a value near the noise, Hilbert and Vandermonde."""
    random = np.random.default_rng([seed, 1])
    for number in range(count):
        kind = number % 6
        rows, columns = (int(n) for n in random.integers(2, 13, 2))
        inner = int(random.integers(0, min(rows, columns) + 1))
        if kind == 0:  # whole numbers: nothing is rounded
            name, matrix = "integers", _whole(random, rows, inner) @ _whole(random, inner, columns)
            truth = exact_rank(matrix)
        elif kind == 1:  # rows and columns of very different units
            scales = [2.0 ** random.integers(-30, 31, n) for n in (rows, columns)]
            matrix = _whole(random, rows, inner) @ _whole(random, inner, columns)
            name, truth = "units", exact_rank(matrix)
            matrix = scales[0][:, None] * matrix * scales[1][None, :]
        elif kind == 2:  # a whole matrix of lower rank plus 2⁻ᵏ times one of rank one, exactly
            low = _whole(random, rows, max(inner - 1, 0)) @ _whole(random, max(inner - 1, 0), columns)
            depth = int(random.integers(8, 44))
            matrix = low + 2.0**-depth * np.outer(random.integers(-1, 2, rows), random.integers(-1, 2, columns))
            name, truth = f"a value of 2^-{depth}", exact_rank(matrix)
        elif kind == 3:  # rounded factors and a rounded product
            matrix, name = random.normal(size=(rows, inner)) @ random.normal(size=(inner, columns)), "rounded product"
            truth = inner
        elif kind == 4:
            size = int(random.integers(3, 13))
            matrix, name, truth = scipy.linalg.hilbert(size), f"Hilbert {size}", size
        else:
            nodes = np.sort(random.uniform(-1, 1, rows))
            matrix, name = np.vander(nodes, columns), f"Vandermonde {rows} x {columns}"
            truth = min(rows, columns)
        yield PlantedMatrix(name, matrix, truth, _clear(matrix, truth))


def symmetric(seed: int, count: int) -> Iterator[PlantedMatrix]:
    """Yields symmetric matrices LDLᵀ of known inertia, exact or rounded, and Gram matrices of ill condition."""
    random = np.random.default_rng([seed, 2])
    for number in range(count):
        kind, size = number % 4, int(random.integers(2, 11))
        signs = random.integers(-1, 2, size)
        if kind == 0:  # unimodular L, eigenvalues that reach down to the noise, all exact
            lower = np.tril(random.integers(-1, 2, (size, size)), -1) + np.eye(size)
            name, matrix = "congruence", (lower * signs * 2.0 ** -random.integers(0, 30, size)) @ lower.T
        elif kind == 1:
            lower = np.tril(random.integers(-1, 2, (size, size)), -1) + np.eye(size)
            units = 2.0 ** random.integers(-20, 21, size)
            name, matrix = "units", units[:, None] * ((lower * signs) @ lower.T) * units[None, :]
        elif kind == 2:
            turned = np.linalg.qr(random.normal(size=(size, size)))[0]
            matrix = (turned * (signs * 10.0 ** random.uniform(-9, 0, size))) @ turned.T
            name, matrix = "rounded", (matrix + matrix.T) / 2
        else:
            name, matrix, signs = f"Hilbert {size}", scipy.linalg.hilbert(size), np.ones(size, int)
        truth = tuple(int(np.sum(signs == sign)) for sign in (1, 0, -1))
        sizes = np.sort(np.abs(np.linalg.eigvalsh(matrix)))[::-1]
        noise = np.finfo(float).eps * sizes[0] * size
        live = size - truth[1]
        yield PlantedMatrix(name, matrix, truth, live == 0 or bool(sizes[live - 1] >= 1e3 * noise))


def networks(seed: int, count: int) -> Iterator[PlantedNetwork]:
    """Yields two-layer networks, weights of std 1 to 1e-4, generic or with copied, mirrored, dead and null neurons.

    Distinct neurons (up to sign) have independent σ, σ′ and σ′x: m_w + m_a·(d + b) for m_w distinct ones, m_a of them
    with an output weight, b = 1 with biases. A mirrored neuron is the same one for tanh alone.
    """
    random = np.random.default_rng([seed, 3])
    for number in range(count):
        sigma, biased = ("tanh", "sigmoid", "gelu", "softplus")[number % 4], bool(random.integers(2))
        inputs, generic = int(random.integers(1, 3)), int(random.integers(1, 5))
        std = float(10.0 ** random.uniform(-4, 0))
        own = std * random.normal(size=(generic, inputs + biased))
        outgoing = random.normal(size=generic)
        base, alive = own, np.ones(generic, bool)
        for _ in range(int(random.integers(0, 3)) if number % 2 else 0):
            chosen, change = int(random.integers(generic)), int(random.integers(3))
            sign = -1.0 if change == 1 and sigma == "tanh" else 1.0
            own = np.concatenate([own, sign * base[chosen : chosen + 1]])
            outgoing = np.append(outgoing, 0.0 if change == 2 else random.normal())
        if number % 8 == 5 and generic > 1:  # a neuron that is not heard
            alive[0] = False
            outgoing = np.where(np.all(np.abs(own) == np.abs(own[0]), axis=1), 0.0, outgoing)
        weights, biases = own[:, :inputs], own[:, inputs] if biased else None
        network = TwoLayer(
            jnp.asarray(weights),
            None if biases is None else jnp.asarray(biases),
            jnp.asarray(outgoing[None, :]),
            None,
            activation(sigma),
        )
        truth = generic + int(alive.sum()) * (inputs + biased)
        probes = random.uniform(-1, 1, (3 * len(own) * (inputs + 1 + biased), inputs))
        # The float64 Jacobian says only how far above the noise the smallest value is.
        jacobian = np.asarray(output_jacobian(network, probes))[:, 0]
        yield PlantedNetwork(f"{sigma}, std {std:.1e}", network, probes, truth, _clear(jacobian, truth))


def _whole(random: np.random.Generator, rows: int, columns: int) -> np.ndarray:
    return random.integers(-3, 4, (rows, columns)).astype(float)
