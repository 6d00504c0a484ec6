"""Networks whose model rank is known without this package: by balls of a thousand bits, or by theory."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import flint
import jax.numpy as jnp
import numpy as np
from scipy.interpolate import BSpline

from condenslab import measures, networks
from condenslab.networks import spline

_BITS = 1500
_STDS = (1.0, 0.3, 0.1, 3e-2, 1e-2, 1e-3, 1e-4)


@dataclass(frozen=True, eq=False)
class Drawn:
    """A network, probes and the true rank of the Jacobian there.

    Attributes:
        name: What was drawn.
        network: θ.
        probes: Shape (sample, input).
        truth: The rank, known from outside.
    """

    name: str
    network: Any
    probes: np.ndarray
    truth: int


def generic(count: int, seed: int = 0) -> Iterator[Drawn]:
    """Yields two-layer networks of 1 to 4 neurons with weights and biases from N(0, std²), output weights from N(0, 1).

    Args:
        count: How many; 3 activations, 7 standard deviations, 4 widths, 1 or 2 inputs, biases or none, in turn.
        seed: Of the weights and the probes, three times as many as parameters, uniform on [−1, 1].
    """
    random = np.random.default_rng(seed)
    for number in range(count):
        sigma = ("tanh", "sigmoid", "gelu")[number % 3]
        std = _STDS[number // 3 % 7]
        width, inputs, biased = 1 + number // 21 % 4, 1 + number // 84 % 2, number // 168 % 2 == 0
        weights, outgoing = std * random.normal(size=(width, inputs)), random.normal(size=width)
        biases = std * random.normal(size=width) if biased else None
        probes = random.uniform(-1, 1, (3 * width * (inputs + 1 + biased), inputs))
        arrays = jnp.asarray(weights), None if biases is None else jnp.asarray(biases), jnp.asarray(outgoing[None])
        network = networks.TwoLayer(*arrays, None, networks.activation(sigma))
        truth = ball_rank(ball_tangents(sigma, weights, biases, outgoing, probes))
        yield Drawn(
            f"{sigma}, std {std:.0e}, {width} neurons, {inputs} inputs, biases {biased}", network, probes, truth
        )


def kans(seeds: int, refinements: int = 4) -> Iterator[Drawn]:
    """Yields Φ(φ₁(x₁) + φ₂(x₂)) of cubic splines on grids of 3, 6, 12 … intervals, with the probes of `kan_grid`.

    Args:
        seeds: How many networks, seeds 0, 1, 2 …
        refinements: How many grids of each.
    """
    for seed in range(seeds):
        network, intervals = networks.kan(seed, widths=(2, 1, 1), intervals=3, std=0.25, law="uniform"), 3
        ends = spline_range(network)
        for _ in range(refinements):
            count = 20 * networks.parameter_count(network)
            drawn = measures.cell_probes(seed, [np.linspace(-1.0, 1.0, intervals + 1)] * 2, count)
            probes = measures.further_probes(network, drawn, seed)
            yield Drawn(f"seed {seed}, {intervals} intervals", network, probes, spline_rank(ends, 3, intervals))
            network, intervals = spline.refine(network), 2 * intervals


def spline_range(network: networks.KAN) -> tuple[float, float]:
    """Returns the smallest and the largest value of φ₁(x₁) + φ₂(x₂) on [−1, 1]².

    Args:
        network: Of widths (2, 1, 1).
    """
    knots, low, high = np.asarray(network.knots[0]), 0.0, 0.0
    for row in np.asarray(network.coefficients[0]).reshape(2, -1):
        phi = BSpline(knots, row, 3)
        slope = phi.derivative()
        fine = np.linspace(-1, 1, 4097)
        turns = [_root(slope, a, b) for a, b in itertools.pairwise(fine) if slope(a) * slope(b) < 0]
        values = phi(np.array([-1.0, *turns, 1.0]))
        low, high = low + values.min(), high + values.max()
    return float(low), float(high)


def spline_rank(ends: tuple[float, float], coarse: int, intervals: int) -> int:
    """Returns the model rank of Φ(φ₁ + φ₂), all cubic splines on refined grids over [−1, 1].

    ∂f spans the splines in h = φ₁ + φ₂ over the m intervals that h reaches, of dimension m + 3, and Φ′(h)·g₁(x₁),
    Φ′(h)·g₂(x₂), of 2(G + 3) − 1: the constants are in both. A function of h alone among the latter is Φ′(h)·(α + βh).
    It is a spline of degree 3 and two derivatives only where it is smooth at the k knots of the coarse grid, at which Φ
    bends, inside of the range: for all α, β if k = 0, for (h − knot)·Φ′(h) if k = 1, for none else.

    Args:
        ends: The range of h.
        coarse: Intervals of the grid at whose knots Φ bends.
        intervals: G, of the refined grid.
    """

    def inside(count: int) -> int:
        knots = np.linspace(-1, 1, count + 1)
        return int(np.sum((knots > ends[0]) & (knots < ends[1])))

    return inside(intervals) + 1 + 3 + 2 * (intervals + 3) - 1 - max(0, 2 - inside(coarse))


def ball_tangents(
    sigma: str, weights: np.ndarray, biases: np.ndarray | None, outgoing: np.ndarray, probes: np.ndarray
) -> list[list[Any]]:
    """Returns the derivatives of Σ a_k σ(w_k·x + b_k) in all parameters, as balls, one row a probe.

    Args:
        sigma: Its name.
        weights: Shape (neuron, input).
        biases: Shape (neuron,) or None.
        outgoing: a, shape (neuron,).
        probes: Shape (sample, input).
    """
    rows = []
    with flint.ctx.workprec(_BITS):
        for x in probes:
            point, row = [flint.arb(float(value)) for value in x], []
            for k, w in enumerate(weights):
                z = sum((flint.arb(float(u)) * v for u, v in zip(w, point, strict=True)), flint.arb(0))
                value, slope = _derivatives(sigma, z + (0 if biases is None else flint.arb(float(biases[k]))))
                slope *= flint.arb(float(outgoing[k]))
                row += [value, *(slope * v for v in point), *([] if biases is None else [slope])]
            rows.append(row)
    return rows


def ball_rank(rows: list[list[Any]]) -> int:
    """Returns the rank of a matrix of balls, by elimination: every pivot is proven non-zero, the rest is below 2⁻¹⁰⁰⁰.

    Args:
        rows: Balls; changed.

    Raises:
        ValueError: The balls are too wide to tell.
    """
    size, found = len(rows[0]), 0
    with flint.ctx.workprec(_BITS):
        while found < min(len(rows), size):
            places = [(i, j) for i in range(found, len(rows)) for j in range(found, size)]
            i, j = max(places, key=lambda place: rows[place[0]][place[1]].abs_lower())
            if rows[i][j].contains(0):
                if any(rows[i][j].abs_upper() > flint.arb(2) ** -1000 for i, j in places):
                    raise ValueError(f"the rank is {found} or more: {_BITS} bits do not tell.")
                return found
            rows[found], rows[i] = rows[i], rows[found]
            for row in rows:
                row[found], row[j] = row[j], row[found]
            for row in rows[found + 1 :]:
                factor = row[found] / rows[found][found]
                for column in range(found + 1, size):
                    row[column] -= factor * rows[found][column]
            found += 1
    return found


def _derivatives(sigma: str, z: Any) -> tuple[Any, Any]:
    """Returns σ and σ′ by their closed forms."""
    if sigma == "tanh":
        value = z.tanh()
        return value, 1 - value**2
    if sigma == "sigmoid":
        value = 1 / (1 + (-z).exp())
        return value, value * (1 - value)
    normal = (1 + (z / flint.arb(2).sqrt()).erf()) / 2
    return z * normal, normal + z * (-z * z / 2).exp() / (2 * flint.arb.pi()).sqrt()


def _root(function: Any, low: float, high: float) -> float:
    """Returns where a function changes its sign, by bisection."""
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if function(low) * function(middle) > 0 else (low, middle)
    return (low + high) / 2
