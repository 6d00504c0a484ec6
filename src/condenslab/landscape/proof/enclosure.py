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
from functools import lru_cache
from typing import Any

from condenslab.landscape.proof.activations import ball_activation
from condenslab.landscape.proof.exact import Balls, ball, flint, matrix_of
from condenslab.landscape.proof.problem import Problem, Shape, Teacher, data_balls


@dataclass(frozen=True)
class Layer:
    """Where a layer's parameters are in θ: W[i][j] at start + i·inner + j, b[i] at start + outer·inner + i."""

    start: int
    inner: int
    outer: int
    biased: bool

    @property
    def end(self) -> int:
        """Where the next layer's parameters begin."""
        return self.start + (self.inner + self.biased) * self.outer

    def weight(self, i: int, j: int) -> int:
        """Returns the place of W[i][j]."""
        return self.start + i * self.inner + j

    def bias(self, i: int) -> int:
        """Returns the place of b[i]."""
        return self.start + self.outer * self.inner + i


Tangent = tuple[list[int], Any]
"""The derivative of a unit for every sample: in which parameters, and an `arb_mat` of shape (sample, parameter)."""


@dataclass(frozen=True)
class Pass:
    """A forward pass: what enters each layer, and σ, σ′, σ″ of the preactivations of the hidden ones."""

    entering: list[Balls]
    slopes: list[Balls]
    curvatures: list[Balls]
    outputs: Balls


@dataclass(frozen=True)
class Enclosure:
    """R, ∇R and ∇²R over a box, entry by entry; the Hessian is None where it was not asked for."""

    value: Any
    gradient: list[Any]
    hessian: Any


def places(shape: Shape) -> list[Layer]:
    """Returns where each layer's parameters are.

    Args:
        shape: The network's shape.
    """
    found: list[Layer] = []
    for inner, outer, biased in zip(shape.widths[:-1], shape.widths[1:], shape.biases, strict=True):
        found.append(Layer(found[-1].end if found else 0, inner, outer, biased))
    return found


def forward(shape: Shape, theta: Sequence[Any], inputs: Balls) -> Pass:
    """Returns a forward pass.

    Args:
        shape: The network's shape.
        theta: θ, balls.
        inputs: x, balls, shape (sample, input).
    """
    sigma = ball_activation(shape.activation)
    entering, slopes, curvatures, hidden = [], [], [], inputs
    layers = places(shape)
    for number, layer in enumerate(layers):
        entering.append(hidden)
        z = _affine(layer, theta, hidden)
        if number == len(layers) - 1:
            return Pass(entering, slopes, curvatures, z)
        found = [[sigma(value) for value in row] for row in z]
        values, first, second = ([[entry[k] for entry in row] for row in found] for k in range(3))
        slopes.append(first)
        curvatures.append(second)
        hidden = _added(values, hidden) if shape.skips(number) else values
    raise AssertionError("a network has at least one layer")


def target_balls(problem: Problem) -> Balls:
    """Returns y as balls of the working precision, by the teacher where the problem has one.

    Args:
        problem: The problem.
    """
    return _data(problem, flint.ctx.prec)[1]


def input_balls(problem: Problem) -> Balls:
    """Returns x as balls of the working precision.

    Args:
        problem: The problem.
    """
    return _data(problem, flint.ctx.prec)[0]


@lru_cache(maxsize=8)
def _data(problem: Problem, bits: int) -> tuple[Balls, Balls, list[Any]]:
    """Returns x, y and p in the working precision, which is part of the key; a proof asks for them many times."""
    assert bits == flint.ctx.prec
    inputs, weights = data_balls(problem.inputs), [ball(str(p)) for p in problem.probabilities()]
    if not isinstance(problem.targets, Teacher):
        return inputs, data_balls(problem.targets), weights
    theta = [ball(text) for text in problem.targets.theta]
    return inputs, forward(problem.targets.shape, theta, inputs).outputs, weights


def loss_parts(problem: Problem, outputs: Balls) -> tuple[Any, Balls, list[Balls]]:
    """Returns R, p_i·∂ℓ/∂f, shape (sample, output), and p_i·∂²ℓ/∂f², shape (sample, output, output).

    Args:
        problem: The problem.
        outputs: f, balls, shape (sample, output).
    """
    _, targets, weights = _data(problem, flint.ctx.prec)
    value, slopes, curvatures = flint.arb(0), [], []
    for p, f, y in zip(weights, outputs, targets, strict=True):
        if problem.loss == "squared":
            residual = [a - b for a, b in zip(f, y, strict=True)]
            value += p * sum((r * r for r in residual), flint.arb(0))
            slopes.append([2 * p * r for r in residual])
            curvatures.append([[2 * p if i == j else flint.arb(0) for j in range(len(f))] for i in range(len(f))])
            continue
        shares = _softmax(f)
        value -= p * sum((t * s.log() for t, s in zip(y, shares, strict=True)), flint.arb(0))
        slopes.append([p * (s - t) for s, t in zip(shares, y, strict=True)])
        curvatures.append(
            [[p * (a * (1 - a) if i == j else -a * b) for j, b in enumerate(shares)] for i, a in enumerate(shares)]
        )
    return value, slopes, curvatures


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


def _affine(layer: Layer, theta: Sequence[Any], hidden: Balls) -> Balls:
    columns = [[theta[layer.weight(i, j)] for i in range(layer.outer)] for j in range(layer.inner)]
    product = matrix_of(hidden, layer.inner) * matrix_of(columns, layer.outer)
    rows = product.tolist()
    if not layer.biased:
        return rows
    return [[value + theta[layer.bias(i)] for i, value in enumerate(row)] for row in rows]


def _added(first: Balls, second: Balls) -> Balls:
    return [[a + b for a, b in zip(*rows, strict=True)] for rows in zip(first, second, strict=True)]


def _softmax(f: list[Any]) -> list[Any]:
    return [
        1 / sum(((other - own).exp() if k != o else flint.arb(1) for k, other in enumerate(f)), flint.arb(0))
        for o, own in enumerate(f)
    ]


def _backward(shape: Shape, theta: Sequence[Any], run: Pass, last: Balls) -> tuple[list[Balls], list[Balls]]:
    """Returns e_1 … e_L and δ_1 … δ_{L−1}, each of shape (sample, unit)."""
    layers = places(shape)
    errors, deltas = [last], []
    for number in reversed(range(1, len(layers))):
        layer = layers[number]
        rows = [[theta[layer.weight(i, j)] for j in range(layer.inner)] for i in range(layer.outer)]
        delta = (matrix_of(errors[0], layer.outer) * matrix_of(rows, layer.inner)).tolist()
        if shape.skips(number):
            delta = _added(delta, deltas[0])
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
    return matrix_of([[a + b for a, b in zip(*rows, strict=True)] for rows in zip(total, cross, strict=True)], size)


def tangent(layer: Layer, i: int, theta: Sequence[Any], entering: Balls, inner: list[Tangent]) -> Tangent:
    """Returns Dz[i] for every sample: the parameters on which it depends, and the derivatives in them.

    Args:
        layer: The layer of z.
        i: Its unit.
        theta: θ, balls.
        entering: What enters the layer, shape (sample, inner).
        inner: The same derivatives of what enters, one a unit; none for the data.
    """
    own = list(range(layer.weight(i, 0), layer.weight(i, layer.inner))) + ([layer.bias(i)] if layer.biased else [])
    rows = [[*values, flint.arb(1)] if layer.biased else values for values in entering]
    if not inner:
        return own, matrix_of(rows, len(own))
    if len(inner[0][0]) == layer.start:
        before = inner[0][1] * theta[layer.weight(i, 0)]
        for j, (_, moved) in enumerate(inner[1:], start=1):
            before += moved * theta[layer.weight(i, j)]
        rows = [first + last for first, last in zip(before.tolist(), rows, strict=True)]
        return [*range(layer.start), *own], matrix_of(rows, layer.start + len(own))
    places, moves = [], []
    for j, (columns, moved) in enumerate(inner):
        places += columns
        moves.append((moved * theta[layer.weight(i, j)]).tolist())
    rows = [[entry for part in parts for entry in part] for parts in zip(*moves, rows, strict=True)]
    return places + own, matrix_of(rows, len(places) + len(own))


def spread(moved: Tangent, size: int) -> Tangent:
    """Returns a derivative in the first `size` parameters, 0 where it does not depend on them.

    Args:
        moved: The derivative.
        size: The number of parameters.
    """
    columns, matrix = moved
    rows = []
    for entries in matrix.tolist():
        row = [flint.arb(0)] * size
        for place, entry in zip(columns, entries, strict=True):
            row[place] = entry
        rows.append(row)
    return list(range(size)), matrix_of(rows, size)


def _add_cross(cross: Balls, layer: Layer, error: Balls, inner: list[Tangent]) -> None:
    """Adds C + Cᵀ."""
    transposed = matrix_of(error, layer.outer).transpose()
    for j, (columns, moved) in enumerate(inner):
        for i, row in enumerate((transposed * moved).tolist()):
            own = layer.weight(i, j)
            for place, entry in zip(columns, row, strict=True):
                cross[own][place] += entry
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


def scaled(rows: Balls, factors: list[Any], size: int) -> Any:
    """Returns rows times their factors as an `arb_mat`.

    Args:
        rows: The rows.
        factors: One a row.
        size: The length of a row.
    """
    return matrix_of([[factor * entry for entry in row] for row, factor in zip(rows, factors, strict=True)], size)
