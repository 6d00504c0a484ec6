"""Derivatives of units in the parameters, enclosed, and with them the Jacobian of a network's outputs."""

from collections.abc import Sequence
from typing import Any

from condenslab.landscape.proof.exact import Balls, flint, matrix_of
from condenslab.landscape.proof.passes import Layer, forward, places
from condenslab.landscape.proof.shapes import Shape

Tangent = tuple[list[int], Any]
"""The derivative of a unit for every sample: in which parameters, and an `arb_mat` of shape (sample, parameter)."""


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
    depends, moves = [], []
    for j, (columns, moved) in enumerate(inner):
        depends += columns
        moves.append((moved * theta[layer.weight(i, j)]).tolist())
    rows = [[entry for part in parts for entry in part] for parts in zip(*moves, rows, strict=True)]
    return depends + own, matrix_of(rows, len(depends) + len(own))


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


def scaled(rows: Balls, factors: list[Any], size: int) -> Any:
    """Returns rows times their factors as an `arb_mat`.

    Args:
        rows: The rows.
        factors: One a row.
        size: The length of a row.
    """
    return matrix_of([[factor * entry for entry in row] for row, factor in zip(rows, factors, strict=True)], size)


def jacobian_rows(shape: Shape, theta: Sequence[Any], inputs: Balls) -> Balls:
    """Returns ∂f_o(x_i)/∂θ as balls, shape (output·sample, param), the samples of output 0 first.

    Args:
        shape: The network's shape.
        theta: θ, balls.
        inputs: x, balls, shape (sample, input).
    """
    run = forward(shape, theta, inputs)
    inner: list[Tangent] = []
    layers = places(shape)
    for number, layer in enumerate(layers):
        moved = [tangent(layer, i, theta, run.entering[number], inner) for i in range(layer.outer)]
        dense = [spread(one, layer.end) for one in moved]
        if number == len(layers) - 1:
            return [row for _, matrix in dense for row in matrix.tolist()]
        following = []
        for i, (columns, matrix) in enumerate(dense):
            bent = scaled(matrix.tolist(), [slope[i] for slope in run.slopes[number]], len(columns))
            bent = bent + spread(inner[i], layer.end)[1] if shape.skips(number) and inner else bent
            following.append((columns, bent))
        inner = following
    raise AssertionError("a network has at least one layer")
