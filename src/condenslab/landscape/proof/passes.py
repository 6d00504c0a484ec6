"""A dense network's pass forward in balls: where its parameters are, its outputs, the risk and what it asks of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from condenslab.landscape.proof.activations import ball_activation
from condenslab.landscape.proof.exact import Balls, ball, flint, matrix_of
from condenslab.landscape.proof.problem import Problem, Teacher, data_balls
from condenslab.landscape.proof.shapes import Shape


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


@dataclass(frozen=True)
class Pass:
    """A forward pass: what enters each layer, and σ, σ′, σ″ of the preactivations of the hidden ones."""

    entering: list[Balls]
    slopes: list[Balls]
    curvatures: list[Balls]
    outputs: Balls


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
        hidden = added(values, hidden) if shape.skips(number) else values
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


def _affine(layer: Layer, theta: Sequence[Any], hidden: Balls) -> Balls:
    columns = [[theta[layer.weight(i, j)] for i in range(layer.outer)] for j in range(layer.inner)]
    product = matrix_of(hidden, layer.inner) * matrix_of(columns, layer.outer)
    rows = product.tolist()
    if not layer.biased:
        return rows
    return [[value + theta[layer.bias(i)] for i, value in enumerate(row)] for row in rows]


def added(first: Balls, second: Balls) -> Balls:
    """Returns the sum of two tables of balls, entry by entry.

    Args:
        first: A table, shape (sample, unit).
        second: Another of the same shape.
    """
    return [[a + b for a, b in zip(*rows, strict=True)] for rows in zip(first, second, strict=True)]


def _softmax(f: list[Any]) -> list[Any]:
    return [
        1 / sum(((other - own).exp() if k != o else flint.arb(1) for k, other in enumerate(f)), flint.arb(0))
        for o, own in enumerate(f)
    ]
