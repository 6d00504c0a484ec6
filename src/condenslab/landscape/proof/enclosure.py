"""Enclosures of R, its gradient and its Hessian over a box of parameters, for dense networks of any depth.

With z_l = W_l·h_{l−1} + b_l, h_l = σ(z_l) (+ h_{l−1} where a layer skips), e_l = ∂R/∂z_l and δ_l = ∂R/∂h_l,

    ∂R/∂W_l = Σ_s e_l h_{l−1}ᵀ,
    ∇²R = Σ_s Dz_Lᵀ·ℓ″·Dz_L + Σ_{l<L} Σ_s Dz_lᵀ diag(δ_l·σ″(z_l)) Dz_l + C + Cᵀ,

D the derivative in the parameters on which a unit depends and C the rows Σ_s e_l[i]·Dh_{l−1}[j] at the parameters
W_l[i, j]: z_l is bilinear in W_l and h_{l−1}, so nothing else of second order arises. Every sum over samples is a
product of ball matrices.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from condenslab.landscape.proof.exact import Balls, flint, matrix_of
from condenslab.landscape.proof.passes import Layer, Pass, added, forward, input_balls, loss_parts, places
from condenslab.landscape.proof.problem import Problem
from condenslab.landscape.proof.shapes import Shape
from condenslab.landscape.proof.tangents import Tangent, scaled, spread, tangent


@dataclass(frozen=True)
class Enclosure:
    """R, ∇R and ∇²R over a box, entry by entry; the Hessian is None where it was not asked for."""

    value: Any
    gradient: list[Any]
    hessian: Any


def enclose(problem: Problem, theta: Sequence[Any], *, hessian: bool) -> Enclosure:
    """Encloses R, ∇R and ∇²R for every θ in a box, in the working precision.

    Args:
        problem: The problem.
        theta: The box, one ball a parameter.
        hessian: Whether the Hessian is needed.
    """
    shape, layers = problem.shape, places(problem.shape)
    run = forward(shape, theta, input_balls(problem))
    value, last, curvature = loss_parts(problem, run.outputs)
    errors, deltas = _backward(shape, theta, run, last)
    gradient: list[Any] = [flint.arb(0)] * shape.size
    for layer, error, entering in zip(layers, errors, run.entering, strict=True):
        transposed = matrix_of(error, layer.outer).transpose()
        rows = (transposed * matrix_of(entering, layer.inner)).tolist()
        sums = (transposed * matrix_of([[flint.arb(1)]] * problem.samples, 1)).tolist()
        for i in range(layer.outer):
            gradient[layer.weight(i, 0) : layer.weight(i, layer.inner)] = rows[i] if layer.inner else []
            if layer.biased:
                gradient[layer.bias(i)] = sums[i][0]
    if not hessian:
        return Enclosure(value, gradient, None)
    return Enclosure(value, gradient, _hessian(shape, theta, run, (errors, deltas), curvature))


def _backward(shape: Shape, theta: Sequence[Any], run: Pass, last: Balls) -> tuple[list[Balls], list[Balls]]:
    """Returns e_1 … e_L and δ_1 … δ_{L−1}, each of shape (sample, unit)."""
    layers = places(shape)
    errors, deltas = [last], []
    for number in reversed(range(1, len(layers))):
        layer = layers[number]
        rows = [[theta[layer.weight(i, j)] for j in range(layer.inner)] for i in range(layer.outer)]
        delta = (matrix_of(errors[0], layer.outer) * matrix_of(rows, layer.inner)).tolist()
        if shape.skips(number):
            delta = added(delta, deltas[0])
        deltas.insert(0, delta)
        slopes = run.slopes[number - 1]
        errors.insert(0, [[d * s for d, s in zip(*pair, strict=True)] for pair in zip(delta, slopes, strict=True)])
    return errors, deltas


def _hessian(
    shape: Shape, theta: Sequence[Any], run: Pass, adjoint: tuple[list[Balls], list[Balls]], curvature: list[Balls]
) -> Any:
    size, layers = shape.size, places(shape)
    errors, deltas = adjoint
    total, cross = ([[flint.arb(0)] * size for _ in range(size)] for _ in range(2))
    inner: list[Tangent] = []
    for number, layer in enumerate(layers):
        tangents = [tangent(layer, i, theta, run.entering[number], inner) for i in range(layer.outer)]
        _add_cross(cross, layer, errors[number], inner)
        if number == len(layers) - 1:
            _add_outputs(total, tangents, curvature)
            break
        following = []
        for i, (columns, moving) in enumerate(tangents):
            rows = moving.tolist()
            bend = [d[i] * c[i] for d, c in zip(deltas[number], run.curvatures[number], strict=True)]
            _add_block(total, columns, columns, moving.transpose() * scaled(rows, bend, len(columns)))
            following.append((columns, scaled(rows, [s[i] for s in run.slopes[number]], len(columns))))
        if number or shape.skips(number + 1):
            following = [spread(moved, layer.end) for moved in following]
        if shape.skips(number) and inner:
            pairs = zip(following, inner, strict=True)
            following = [(own, moved + spread(before, layer.end)[1]) for (own, moved), before in pairs]
        inner = following
    upper = {(i, j): total[i][j] + cross[i][j] for i in range(size) for j in range(i, size)}
    return flint.arb_mat(size, size, [upper[min(i, j), max(i, j)] for i in range(size) for j in range(size)])


def _add_cross(cross: Balls, layer: Layer, error: Balls, inner: list[Tangent]) -> None:
    """Adds the part of C + Cᵀ above the diagonal: whatever moves what enters a layer comes before its weights."""
    transposed = matrix_of(error, layer.outer).transpose()
    for j, (columns, moved) in enumerate(inner):
        for i, row in enumerate((transposed * moved).tolist()):
            own = layer.weight(i, j)
            for place, entry in zip(columns, row, strict=True):
                cross[place][own] += entry


def _add_outputs(total: Balls, tangents: list[Tangent], curvature: list[Balls]) -> None:
    """Adds Σ_s Dz_Lᵀ·ℓ″·Dz_L."""
    for k, (right, matrix) in enumerate(tangents):
        rows = matrix.tolist()
        for o, (left, moving) in enumerate(tangents):
            factors = [bend[o][k] for bend in curvature]
            if any(factor != 0 for factor in factors):
                _add_block(total, left, right, moving.transpose() * scaled(rows, factors, len(right)))


def _add_block(total: Balls, rows: list[int], columns: list[int], block: Any) -> None:
    for place, entries in zip(rows, block.tolist(), strict=True):
        row = total[place]
        for column, entry in zip(columns, entries, strict=True):
            row[column] += entry
