"""Critical points as plain values, for a record that `condenslab prove` reads, and back."""

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from condenslab.errors import UserError
from condenslab.landscape.proof.problem import Problem, problem_from_dict
from condenslab.landscape.proof.shapes import canonical, shape_from, shape_of, shape_values
from condenslab.networks import MLP, TwoLayer, activation


def stored_points(problem: Problem, networks: Sequence[TwoLayer | MLP]) -> dict[str, Any]:
    """Returns what a record holds of critical points, under `values["critical_points"]`.

    Args:
        problem: Their exact problem; two-layer points may have any width.
        networks: The points.
    """
    points = [{"network": shape_values(shape_of(n)), "theta": canonical(n).tolist()} for n in networks]
    return {"problem": problem.as_dict(), "points": points}


def points_of(values: Any) -> tuple[Problem, list[TwoLayer | MLP]]:
    """Returns the problem and the networks that `stored_points` wrote.

    Args:
        values: What a record holds.

    Raises:
        UserError: They are of another form.
    """
    problem, described = described_points(values)
    return problem, [network_of(point) for point in described]


def described_points(values: Any) -> tuple[Problem, list[Any]]:
    """Returns the problem, and what `network_of` makes the networks of: one that is malformed spoils no other.

    Args:
        values: What a record holds.

    Raises:
        UserError: They are of another form, or the problem is none.
    """
    if not isinstance(values, dict) or not isinstance(values.get("points"), list):
        raise UserError("critical points in a record need a problem and a list of points. Got something else.")
    return problem_from_dict(values.get("problem")), values["points"]


def network_of(point: Any) -> TwoLayer | MLP:
    """Returns the network of a point that `stored_points` wrote.

    Args:
        point: Its plain values.

    Raises:
        UserError: They are of another form, or not as many finite numbers as the network has parameters.
    """
    try:
        return _network(point["network"], point["theta"])
    except (AttributeError, KeyError, OverflowError, TypeError, ValueError) as error:
        raise UserError(f"a critical point in a record needs a network and its theta: {error}") from error


def _network(described: dict[str, Any], theta: list[float]) -> TwoLayer | MLP:
    shape = shape_from(described)
    numbers = np.asarray(theta, dtype=np.float64)
    if numbers.shape != (shape.size,) or not np.all(np.isfinite(numbers)):
        finite = int(np.isfinite(numbers).sum())
        raise ValueError(f"{shape.size} finite parameters are needed. Got {numbers.size}, {finite} of them finite.")
    weights, biases, start = [], [], 0
    for inner, outer, biased in zip(shape.widths[:-1], shape.widths[1:], shape.biases, strict=True):
        end = start + inner * outer
        weights.append(jnp.asarray(numbers[start:end].reshape(outer, inner)))
        biases.append(jnp.asarray(numbers[end : end + outer]) if biased else None)
        start = end + outer * biased
    if len(weights) == 2 and not shape.residual:
        return TwoLayer(weights[0], biases[0], weights[1], biases[1], activation(shape.activation))
    return MLP(tuple(weights), tuple(biases), activation(shape.activation), shape.residual)
