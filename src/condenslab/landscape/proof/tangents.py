"""The Jacobian of a dense network's outputs in its parameters, enclosed."""

from collections.abc import Sequence
from typing import Any

from condenslab.landscape.proof.enclosure import Tangent, forward, places, scaled, spread, tangent
from condenslab.landscape.proof.exact import Balls
from condenslab.landscape.proof.problem import Shape


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
