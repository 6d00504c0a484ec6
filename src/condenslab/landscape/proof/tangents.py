"""The Jacobian of a dense network's outputs in its parameters, enclosed."""

from collections.abc import Sequence
from typing import Any

from condenslab.landscape.proof.enclosure import forward, places, scaled, tangent
from condenslab.landscape.proof.exact import Balls
from condenslab.landscape.proof.problem import Shape


def jacobian_rows(shape: Shape, theta: Sequence[Any], inputs: Balls) -> Balls:
    """Returns ∂f_o(x_i)/∂θ as balls, shape (output·sample, param), the samples of output 0 first.

    Args:
        shape: The network's shape.
        theta: θ, balls.
        inputs: x, balls, shape (sample, input).
    """
    run, inner = forward(shape, theta, inputs), []
    for number, layer in enumerate(places(shape)):
        moved = [tangent(layer, i, theta, run.entering[number], inner, shape.size) for i in range(layer.outer)]
        if number == len(shape.biases) - 1:
            return [row for matrix in moved for row in matrix.tolist()]
        following = []
        for i, matrix in enumerate(moved):
            bent = scaled(matrix.tolist(), [slope[i] for slope in run.slopes[number]], shape.size)
            following.append(bent + inner[i] if shape.skips(number) and inner else bent)
        inner = following
    raise AssertionError("a network has at least one layer")
